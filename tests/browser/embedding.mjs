// The widget in pages of other people: strict policies, other origins, isolation, sandboxes, a base address, hostile styles.

import assert from "node:assert/strict";
import { NETWORK, property, run, shownText, waitDescribed, waitState } from "./browser.mjs";
import { MODEL as TINY } from "./element.mjs";
import { pageOf, startSite, widgetOf } from "./site.mjs";

/** Small, and shared by two workers all the same. */
const MODEL = { ...TINY, cores: 2 };

const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** A site that sends these headers with everything. */
const site = async (t, headers, options) => t.keep(await startSite({ headers, ...options }));

/** The widget's page with the script from another address. */
const pageFrom = (script, attributes, head = "") =>
  pageOf(widgetOf(attributes), head).replace('src="/model-widget.js"', `src="${script}"`);

/** Notes what a policy forbids, in the page and, as far as it is told, in its worker. */
const watchPolicy = (context) =>
  context.addInitScript(() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => violations.push(`${effectiveDirective} ${blockedURI}`));
  });

/** Describes, loads and runs the widget of a page or frame, and says what a policy has forbidden meanwhile. */
async function works(page) {
  await waitDescribed(page);
  const { output, error } = await run(page, "some text");
  assert.equal(error, undefined, JSON.stringify(error));
  assert.equal(output.length, 3);
  const workers = (page.page?.() ?? page).workers();
  assert.equal(workers.length, 2, "workers");
  assert.deepEqual(await page.evaluate(() => globalThis.violations ?? []), []);
}

/** A page under this policy works without a single violation. */
async function underPolicy(t, policy, script, sites) {
  const own = await site(t, { "content-security-policy": policy }, sites);
  const visitor = await t.visitor({ site: own });
  await watchPolicy(visitor.context);
  const path = own.page(pageFrom(script, { ...MODEL, endpoint: t.hub.endpoint }).replace('href="data:,"', 'href="/favicon.ico"'));
  const page = await visitor.visit(own.origin + path, { defined: true });
  await works(page);
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  return page;
}

/** The frame in a page of the visitor's, which may run scripts and nothing else. */
async function sandboxed(t, attribute, address = t.site.origin) {
  const visitor = await t.visitor();
  const frame = `<iframe sandbox="allow-scripts" width="800" height="900" ${attribute}></iframe>`;
  const page = await visitor.visit(address + t.site.page(`<!DOCTYPE html><title>A page</title><link rel="icon" href="data:,">${frame}`));
  const inner = page.frames()[1];
  await inner.waitForFunction(() => globalThis.customElements?.get("model-widget"));
  assert.equal(await inner.evaluate(() => globalThis.origin), "null");
  return inner;
}

export const tests = [
  {
    name: "a strict policy needs no more than the README says",
    run: (t) =>
      underPolicy(
        t,
        `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${t.hub.endpoint} ${t.hub.cdn}`,
        "/model-widget.js",
      ),
  },
  {
    name: "a policy without the endpoint is told as a failure",
    async run(t) {
      const own = await site(t, { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" });
      const visitor = await t.visitor({ site: own, allow: [NETWORK, /Content Security Policy|violates the document/i] });
      const page = await visitor.visit(own.origin + own.page(pageOf(widgetOf({ ...MODEL, endpoint: t.hub.endpoint }))), { defined: true });
      await waitState(page, "error");
      assert.ok(["cors", "network"].includes((await property(page, "error")).code));
    },
  },
  {
    name: "a policy without WebAssembly leaves the page's own content",
    async run(t) {
      const own = await site(t, { "content-security-policy": "script-src 'self'" });
      const visitor = await t.visitor({ site: own, allow: [NETWORK, /WebAssembly|Content Security Policy/i] });
      const page = await visitor.visit(own.origin + own.page(pageOf(widgetOf(MODEL, '<p id="plain">Plain</p>'))), { defined: true });
      await waitState(page, "error");
      assert.equal((await property(page, "error")).code, "unsupported-browser");
      assert.ok(await page.locator("#plain").isVisible());
    },
  },
  {
    name: "the script may come from another origin",
    async run(t) {
      const host = await site(t, {}, { cors: true });
      const visitor = await t.visitor();
      const path = t.site.page(pageFrom(`${host.origin}/model-widget.js`, { ...MODEL, endpoint: t.hub.endpoint }));
      const page = await visitor.visit(t.site.origin + path, { defined: true });
      await works(page);
      assert.equal(await page.evaluate(() => crossOriginIsolated), false);
      assert.ok(!t.site.requests.some(({ path }) => /worker|element|vitrine/.test(path)), "nothing is sought on the page's own host");
      assert.ok((await shownText(page)).includes(`src="${host.origin}/model-widget.js"`), "the snippet names that origin");
    },
  },
  {
    name: "the script may come from another origin under a strict policy",
    async run(t) {
      const host = await site(t, {}, { cors: true });
      const connect = `${host.origin} ${t.hub.endpoint} ${t.hub.cdn}`;
      const policy = `default-src 'self'; script-src ${host.origin} 'wasm-unsafe-eval'; connect-src ${connect}; worker-src blob:`;
      await underPolicy(t, policy, `${host.origin}/model-widget.js`);
    },
  },
  {
    name: "an isolated page works, with its own script and with one of another origin",
    async run(t) {
      const host = await site(t, {}, { cors: true });
      const own = await site(t, ISOLATED);
      for (const script of ["/model-widget.js", `${host.origin}/model-widget.js`]) {
        const visitor = await t.visitor({ site: own });
        const path = own.page(pageFrom(script, { ...MODEL, endpoint: t.hub.endpoint }).replace("<script", '<script crossorigin="anonymous"'));
        const page = await visitor.visit(own.origin + path, { defined: true });
        assert.equal(await page.evaluate(() => crossOriginIsolated), true);
        await works(page);
      }
    },
  },
  {
    name: "a sandboxed frame without an origin works from memory, with a page of its own",
    async run(t) {
      const host = await site(t, {}, { cors: true });
      const path = host.page(pageOf(widgetOf({ ...MODEL, endpoint: t.hub.endpoint })));
      const frame = await sandboxed(t, `src="${host.origin}${path}"`);
      await works(frame);
      assert.match(await shownText(frame), /Ready(?! offline)/, "nothing is said to be kept");
      assert.deepEqual(await frame.evaluate(async () => (await (await import("/vitrine.js")).stored().catch(() => []))), []);
    },
  },
  {
    name: "a sandboxed frame without an origin works from memory, with a page in its markup",
    async run(t) {
      const host = await site(t, {}, { cors: true });
      const html = pageFrom(`${host.origin}/model-widget.js`, { ...MODEL, endpoint: t.hub.endpoint });
      await works(await sandboxed(t, `srcdoc="${html.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`));
    },
  },
  {
    name: "a frame of another origin works",
    async run(t) {
      const host = await site(t, {});
      const path = host.page(pageOf(widgetOf({ ...MODEL, endpoint: t.hub.endpoint })));
      const visitor = await t.visitor();
      const frame = `<iframe width="800" height="900" src="${host.origin}${path}"></iframe>`;
      const page = await visitor.visit(t.site.origin + t.site.page(`<!DOCTYPE html><title>A page</title>${frame}`));
      await works(page.frames()[1]);
    },
  },
  {
    name: "a base address moves relative endpoints and nothing else",
    async run(t) {
      const host = await site(t, {}, { cors: true });
      const visitor = await t.visitor();
      const html = pageFrom(`${t.site.origin}/model-widget.js`, { model: "vitrine/tiny-sentiment", endpoint: "models" });
      const page = await visitor.visit(t.site.origin + t.site.page(html.replace("<head>", `<head><base href="${host.origin}/">`)), { defined: true });
      assert.equal((await run(page, "I love it")).output[0].label, "POSITIVE");
      assert.ok(host.requests.some(({ path }) => path.endsWith("model.safetensors")));
      assert.ok(t.site.requests.some(({ path }) => path === "/worker.js"));
    },
  },
  {
    name: "hostile styles of the page do not reach the inside",
    async run(t) {
      const look = async (style) => {
        // Narrow: on a host that is no block any more, only the wide layout is lost.
        const visitor = await t.visitor({ viewport: { width: 500, height: 900 } });
        const page = await visitor.open({ ...MODEL, endpoint: t.hub.endpoint, style: "font-size: 16px" }, { head: `<style>${style}</style>` });
        await waitDescribed(page);
        const found = await page.evaluate(() => {
          const { shadowRoot } = document.querySelector("model-widget");
          const names = ["display", "position", "color", "background-color", "font-family", "font-size", "font-weight", "line-height",
            "letter-spacing", "text-transform", "text-align", "text-indent", "white-space", "direction", "cursor", "border-top-width", "visibility"];
          return [".widget", "[part~=run]", "textarea", ".title", ".badge", ".icon", "summary", "[data-action=load]", "pre", "label"].flatMap((selector) => {
            const style = getComputedStyle(shadowRoot.querySelector(selector));
            return names.map((name) => `${selector} ${name}: ${style.getPropertyValue(name)}`);
          });
        });
        assert.equal((await run(page, "some text")).output.length, 3);
        return found;
      };
      const plain = await look("");
      const pages = {
        inherited: `body { line-height: 3; letter-spacing: 9px; word-spacing: 1em; text-transform: uppercase; text-align: right;
          text-indent: 3em; white-space: nowrap; color: red; font-family: fantasy; font-weight: 900 }`,
        selectors: `p, button, div, span, pre, label { display: none !important; color: transparent !important }
          svg { width: 900px !important } textarea { position: fixed !important } .widget, .badge, .title { visibility: hidden }`,
        reset: "* { margin: 0; padding: 0; box-sizing: border-box; font: inherit; color: inherit; line-height: 1 }",
        unset: "* { all: unset }",
      };
      const wrong = [];
      for (const [name, style] of Object.entries(pages)) {
        const differing = (await look(style)).filter((line) => !plain.includes(line));
        if (differing.length) wrong.push(`${name}: ${differing.join("; ")}`);
      }
      assert.equal(wrong.join("\n"), "");
    },
  },
];
