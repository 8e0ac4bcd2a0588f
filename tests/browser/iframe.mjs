// The page embed.html in an iframe: what its address asks for, sandboxes, policies, and heights that only it may set.

import assert from "node:assert/strict";
import { property, until, waitDescribed, waitState } from "./browser.mjs";
import { startSite } from "./site.mjs";

const TEXT = "I like this very much";
const ADDRESS = "embed.html?model=vitrine/tiny-sentiment&endpoint=models";
const SANDBOX = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/** A page with these frames and the script that gives them their heights. */
const pageWith = (site, frames, script = '<script type="module" src="/embed-resize.js"></script>') =>
  `${site.origin}${site.page(`<!DOCTYPE html><html lang="en"><title>A page</title><link rel="icon" href="data:,">${script}${frames}`)}`;

/** The frame of this name on a page, with its document there. */
async function frameOf(page, name) {
  const frame = await (await page.waitForSelector(`iframe[name="${name}"]`)).contentFrame();
  await frame.waitForLoadState();
  return frame;
}

/** Loads and runs the widget in a frame by its buttons, which a sandbox may not stop. */
async function answers(frame) {
  await waitDescribed(frame);
  await frame.locator("[data-action=load]").click();
  await waitState(frame, "ready");
  await frame.locator("[data-field=text]").fill(TEXT);
  await frame.locator("[part~=run]").click();
  await frame.waitForFunction(() => document.querySelector("model-widget").output);
  assert.equal((await property(frame, "output"))[0].label, "POSITIVE");
}

const heightOf = (page, name) => page.evaluate((name) => document.querySelector(`iframe[name="${name}"]`).clientHeight, name);
const contentOf = (frame) => frame.evaluate(() => Math.ceil(document.documentElement.getBoundingClientRect().height));

/** Waits until a frame is as high as what it shows. */
const fits = async (page, name) => {
  const frame = await frameOf(page, name);
  return until(async () => (await heightOf(page, name)) === (await contentOf(frame)), `the height of ${name}`);
};

export const tests = [
  {
    name: "a frame of another origin answers, and is as high as its widget",
    async run(t) {
      const host = t.keep(await startSite());
      const frame = `<iframe data-vitrine name="a" title="A model" loading="lazy" allow="clipboard-write" sandbox="${SANDBOX}"
        height="300" style="border: 0; width: 100%" src="${host.origin}/${ADDRESS}"></iframe>`;
      const page = await (await t.visitor()).visit(pageWith(t.site, frame));
      const inner = await frameOf(page, "a");
      assert.notEqual(await inner.evaluate(() => origin), "null");
      await answers(inner);
      await fits(page, "a");
      assert.notEqual(await heightOf(page, "a"), 300);
      const { margin, scrolls } = await inner.evaluate(() => {
        const box = document.querySelector("model-widget").getBoundingClientRect();
        return { margin: [box.left, box.top, innerWidth - box.right], scrolls: document.documentElement.scrollHeight > innerHeight };
      });
      assert.deepEqual(margin, [0, 0, 0]);
      assert.equal(scrolls, false);
    },
  },
  {
    name: "a sandbox that takes the origin away leaves a frame that answers and is resized",
    async run(t) {
      const host = t.keep(await startSite({ cors: true }));
      const frame = `<iframe data-vitrine name="a" title="A model" sandbox="allow-scripts" src="${host.origin}/${ADDRESS}"></iframe>`;
      const page = await (await t.visitor()).visit(pageWith(t.site, frame));
      const inner = await frameOf(page, "a");
      assert.equal(await inner.evaluate(() => origin), "null");
      await answers(inner);
      await fits(page, "a");
    },
  },
  {
    name: "the address sets the element's attributes and nothing else",
    async run(t) {
      const asked = {
        model: "vitrine/tiny-sentiment", revision: "main", task: "text-classification", endpoint: "models", dtype: "f32",
        loading: "eager", cores: "1", theme: "dark",
      };
      const more = { lang: "de", onload: "alert(1)", style: "color: red", class: "x", id: "y" };
      const page = await (await t.visitor()).visit(`${t.site.origin}/embed.html?${new URLSearchParams({ ...asked, ...more })}`, { defined: true });
      const found = await page.evaluate(() => {
        const { attributes } = document.querySelector("model-widget");
        return Object.fromEntries([...attributes].map(({ name, value }) => [name, value]).filter(([name]) => name !== "aria-busy"));
      });
      assert.deepEqual(found, { ...asked, lang: more.lang });
      assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, getComputedStyle(document.documentElement).colorScheme]), ["de", "dark"]);
      await page.waitForFunction(() => document.querySelector("model-widget").readyState === "ready");
    },
  },
  {
    name: "an address without a model says what is missing",
    async run(t) {
      for (const query of ["", "?model=", "?model=%20", "?task=fill-mask"]) {
        const page = await (await t.visitor()).visit(`${t.site.origin}/embed.html${query}`, { defined: true });
        assert.match(await page.locator("[role=alert]").innerText(), /\?model=org\/name/);
        assert.equal(await page.locator("model-widget").count(), 0);
      }
    },
  },
  {
    name: "the README's policy is enough for the frame's page",
    async run(t) {
      const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
      const host = t.keep(await startSite({ headers: { "content-security-policy": policy } }));
      const visitor = await t.visitor();
      await visitor.context.addInitScript(() => {
        globalThis.violations = [];
        addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => violations.push(`${effectiveDirective} ${blockedURI}`));
      });
      const page = await visitor.visit(pageWith(t.site, `<iframe data-vitrine name="a" src="${host.origin}/${ADDRESS}&theme=dark"></iframe>`));
      const inner = await frameOf(page, "a");
      await answers(inner);
      await fits(page, "a");
      assert.deepEqual(await inner.evaluate(() => violations), []);
    },
  },
  {
    name: "heights come from the frame's own window and origin, finite and bounded",
    async run(t) {
      const host = t.keep(await startSite());
      const stranger = t.keep(await startSite());
      const empty = "<!DOCTYPE html><title>x</title><link rel='icon' href='data:,'>";
      const frames = `<iframe data-vitrine name="own" height="200" src="${host.origin}${host.page(empty)}"></iframe>
        <iframe name="plain" height="200" src="${host.origin}${host.page(empty)}"></iframe>
        <iframe data-vitrine name="moved" height="200" src="${host.origin}${host.page(empty)}"></iframe>
        <iframe name="stranger" height="200" src="${stranger.origin}${stranger.page(empty)}"></iframe>`;
      const page = await (await t.visitor()).visit(pageWith(t.site, frames));
      const moved = await frameOf(page, "moved");
      await moved.evaluate((url) => { location.href = url; }, `${stranger.origin}${stranger.page(empty)}`);
      await moved.waitForURL(`${stranger.origin}/**`);
      const heights = () => page.evaluate(() => [...document.querySelectorAll("iframe")].map(({ clientHeight }) => clientHeight));
      const send = async (name, data) => {
        const from = name ? await frameOf(page, name) : page.mainFrame();
        await from.evaluate((data) => parent.postMessage(data, "*"), data);
      };
      const height = (height) => ({ type: "vitrine:height", height });
      for (const name of ["plain", "moved", "stranger", null]) await send(name, height(700));
      for (const wrong of [NaN, Infinity, -Infinity, "700", null, [700], { valueOf: 700 }, undefined]) await send("own", height(wrong));
      for (const wrong of [null, 700, "vitrine:height", { height: 700 }, { type: "height", height: 700 }]) await send("own", wrong);
      // The frame's own message, sent last, shows that all others have been read.
      const changed = (to) => until(async () => (await heights())[0] === to, `the height ${to}`);
      await send("own", height(333));
      await changed(333);
      assert.deepEqual(await heights(), [333, 200, 200, 200]);
      for (const [told, shown] of [[1e9, 10_000], [-5, 64], [0, 64], [500, 500]]) {
        await send("own", height(told));
        await changed(shown);
      }
    },
  },
  {
    name: "a script that comes after the frame asks for its height",
    async run(t) {
      const page = await (await t.visitor()).visit(pageWith(t.site, `<iframe data-vitrine name="a" height="200" src="/${ADDRESS}"></iframe>`, ""));
      await waitDescribed(await frameOf(page, "a"));
      assert.equal(await heightOf(page, "a"), 200);
      await page.addScriptTag({ type: "module", url: "/embed-resize.js" });
      await fits(page, "a");
    },
  },
];
