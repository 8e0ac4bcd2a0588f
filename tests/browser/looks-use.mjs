// How the widget is used: by keyboard alone, with examples and copies, without shifts of the page, long tasks or motion.

import assert from "node:assert/strict";
import { run, until, waitDescribed, waitState } from "./browser.mjs";
import { MODEL, begin } from "./element.mjs";
import { inState } from "./looks.mjs";
import { folders } from "./repositories.mjs";
import { pageOf, widgetOf } from "./site.mjs";

const WEIGHTS = /model\.safetensors$/;
const TINY = { model: "vitrine/tiny-sentiment" };
const MINILM = { model: "sentence-transformers/all-MiniLM-L6-v2" };

/** What has the focus inside the widget: its words or its name; "" where the page has lost it. */
const focused = (page) =>
  page.evaluate(() => {
    const active = document.querySelector("model-widget").shadowRoot.activeElement;
    return active ? (active.innerText || active.getAttribute("aria-label") || active.labels?.[0]?.innerText || active.tagName).trim() : "";
  });

/** Presses Tab through the widget once; answers what had the focus. */
async function tabbed(page) {
  const all = [];
  await page.evaluate(() => document.activeElement?.blur());
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    if (!now && all.length) return all;
    if (now) all.push(now);
  }
  throw new Error(`the focus does not leave the widget: ${all.join(", ")}`);
}

/** Presses Tab until this has the focus. */
async function tabTo(page, wanted) {
  for (let presses = 0; presses < 60; presses += 1) {
    if (wanted.test(await focused(page))) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${wanted}`);
}

/** Notes what moves on the page, and in which step of the widget's life. */
const watchShifts = (context) =>
  context.addInitScript(() => {
    globalThis.shifts = [];
    const steps = [];
    const frame = (now) => {
      const widget = document.querySelector("model-widget");
      const root = widget?.shadowRoot;
      const step = !root ? "first paint" : !root.querySelector(".widget") ? "definition" : root.querySelector(".pending") ? "asking" : widget.readyState;
      if (step !== steps.at(-1)?.step) steps.push({ step, now });
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    new PerformanceObserver((list) => {
      for (const { value, sources, startTime, hadRecentInput } of list.getEntries()) {
        const who = sources.map(({ node }) => node?.className || "inside").join(", ");
        const step = () => steps.findLast(({ now }) => now <= startTime + 1)?.step;
        if (!hadRecentInput) setTimeout(() => shifts.push({ value, step: step(), who }), 50);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });

export const tests = [
  ...[[360, 740], [1200, 900]].map(([width, height]) => ({
    name: `the page around it stays in its place, at ${width} pixels`,
    async run(t) {
      const visitor = await t.visitor({ viewport: { width, height } });
      await watchShifts(visitor.context);
      t.hub.fault(/^\/api\/models/, "drip", { bytes: 1000, every: 50 });
      t.hub.fault(WEIGHTS, "drip", { bytes: 1_000_000, every: 50, times: 9 });
      const html = pageOf(`${widgetOf({ ...TINY, endpoint: t.hub.endpoint }, "A model")}<p class="after">${"The page goes on. ".repeat(60)}</p>`);
      const page = await visitor.visit(t.site.origin + t.site.page(html), { defined: true });
      await waitDescribed(page);
      await page.waitForTimeout(200);
      await page.evaluate(() => document.querySelector("model-widget").load());
      await page.waitForTimeout(200);
      await run(page, "I love it");
      await page.waitForTimeout(200);
      const shifts = await page.evaluate(() => globalThis.shifts);
      // Before the script is there, only the page itself can keep the widget's place; a fast host is asked in the same frame.
      const defined = ({ step, who }) => step === "definition" || (step === "asking" && who === "after");
      const sum = shifts.filter((shift) => !defined(shift)).reduce((sum, { value }) => sum + value, 0);
      const told = shifts.filter(({ value }) => value > 0.001).map(({ value, step, who }) => `${value.toFixed(4)} in ${step}:  ${who}`).join("\n");
      assert.ok(sum < 0.05, `layout shift ${sum.toFixed(4)}:\n${told}`);
      t.print(`layout shift at ${width} pixels: ${sum.toFixed(4)}`);
    },
  })),
  {
    name: "a load and a run leave the page's thread free",
    async run(t) {
      if (!(MINILM.model in folders())) return t.print("skipped: run `./build.sh models` first");
      const page = await t.open({ ...MINILM, task: "feature-extraction" });
      await waitDescribed(page);
      await page.waitForTimeout(500);
      await page.evaluate(() => {
        globalThis.long = [];
        new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
      });
      await page.evaluate(() => document.querySelector("model-widget").load());
      const load = await page.evaluate(() => long.splice(0));
      await run(page, "The cat sits on the mat. ".repeat(100));
      const ran = await page.evaluate(() => long.splice(0));
      t.print(`longest tasks of the page: load ${Math.max(0, ...load)} ms (${load.length} over 50), run ${Math.max(0, ...ran)} ms`);
      assert.deepEqual([load, ran], [[], []]);
    },
  },
  {
    name: "Tab reaches everything and leaves",
    async run(t) {
      const page = await inState(t, "described");
      const before = await tabbed(page);
      for (const part of [/A film review/, /Disappointment/, /^Text$/, /^Parameters$/, /^Load and run$/, /^Load model/, /files$/, /^JSON$/, /^Copy$/, /^Embed$/]) {
        assert.ok(before.some((name) => part.test(name)), `${part} is not among ${before.join(", ")}`);
      }
      await run(page, "I love it");
      const after = await tabbed(page);
      for (const part of [/^Run$/, /^Free memory$/, /^Remove from this device/]) assert.ok(after.some((name) => part.test(name)), String(part));
      await tabTo(page, /^Parameters$/);
      await page.keyboard.press("Enter");
      assert.ok((await tabbed(page)).includes("top_k"));
    },
  },
  {
    name: "the focus is seen on everything that takes it",
    async run(t) {
      const page = await inState(t, "described");
      const bare = [];
      for (let presses = 0; presses < 30; presses += 1) {
        await page.keyboard.press("Tab");
        const found = await page.evaluate(() => {
          const active = document.querySelector("model-widget").shadowRoot.activeElement;
          const { outlineStyle, outlineWidth } = active ? getComputedStyle(active) : {};
          return active && (outlineStyle === "none" || parseFloat(outlineWidth) < 2) && (active.innerText || active.tagName);
        });
        if (found) bare.push(found);
      }
      assert.deepEqual(bare, []);
    },
  },
  {
    name: "by keyboard alone: load, stop, load again, run",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      t.hub.fault(WEIGHTS, "stall", { at: 5000 });
      await tabTo(page, /^Load model/);
      await page.keyboard.press("Enter");
      await until(() => t.hub.bodies(WEIGHTS).some(({ sent }) => sent === 5000), "the weights stall");
      assert.equal(await focused(page), "Stop");
      await page.keyboard.press("Enter");
      await waitState(page, "idle");
      assert.match(await focused(page), /^Load model/);
      await page.keyboard.press("Enter");
      await waitState(page, "ready");
      assert.equal(await focused(page), "Run");
      await page.keyboard.press("Enter");
      await page.locator("[part=score]").first().waitFor();
      assert.equal(await focused(page), "Run");
    },
  },
  {
    name: "stopping a run, retrying and unloading keep the focus in the widget",
    async run(t) {
      const page = await t.open({ model: "checkpoints/sentence-mean", task: "feature-extraction" });
      await page.evaluate(() => document.querySelector("model-widget").load());
      await begin(page, "run", Array(20_000).fill("some text ".repeat(12)));
      await waitState(page, "running");
      await tabTo(page, /^Stop$/);
      await page.keyboard.press("Enter");
      await waitState(page, "ready");
      assert.equal(await focused(page), "Run");
      await tabTo(page, /^Free memory$/);
      await page.keyboard.press("Enter");
      await waitState(page, "idle");
      assert.notEqual(await focused(page), "");
      const broken = await inState(t, "failed-load");
      t.hub.recover();
      await tabTo(broken, /^Try again$/);
      await broken.keyboard.press("Enter");
      await waitState(broken, "ready");
      assert.notEqual(await focused(broken), "");
    },
  },
  ...["Control", "Meta"].map((key) => ({
    name: `${key}+Enter loads and runs from the field, which keeps the focus`,
    async run(t) {
      const page = await t.open(TINY);
      await waitDescribed(page);
      await page.locator("[data-field=text]").fill("I love it");
      await page.keyboard.press(`${key}+Enter`);
      await waitState(page, "ready");
      await page.locator(".result:not(:has(.author))").waitFor();
      assert.equal(await focused(page), "Text");
      assert.equal(await page.evaluate(() => document.querySelector("model-widget").output[0].label), "POSITIVE");
    },
  })),
  {
    name: "Enter in the field of a token uses it, whatever is held with it",
    async run(t) {
      for (const keys of ["Enter", "Control+Enter"]) {
        t.hub.reset();
        const page = await inState(t, "gated");
        t.hub.close(MODEL.model, "gated", ["hf_let_me_in"]);
        await page.locator("[data-token]").fill("hf_let_me_in");
        await page.keyboard.press(keys);
        await until(() => t.hub.requests.some(({ authorization }) => authorization === "Bearer hf_let_me_in"), `${keys} sends it`, 10_000);
        await waitState(page, "ready");
        assert.notEqual(await focused(page), "");
      }
    },
  },
  {
    name: "examples come with their groups, titles and the author's output, with no download",
    async run(t) {
      const page = await inState(t, "described");
      assert.deepEqual(await page.locator(".group").allInnerTexts(), ["Reviews", "Short phrases"]);
      assert.equal(await page.locator(".chip").count(), 10);
      const shown = () => page.locator(".result").innerText();
      assert.match(await shown(), /Author’s example output[^]*POSITIVE[^]*0\.909/);
      await page.locator(".chip", { hasText: "A restaurant review" }).press("Enter");
      assert.match(await shown(), /Author’s example output[^]*NEGATIVE[^]*0\.937/);
      assert.match(await page.locator("[data-field=text]").inputValue(), /^We waited an hour/);
      assert.match(await focused(page), /^A restaurant review/);
      await page.locator(".chip", { hasText: "Negation" }).click();
      assert.equal(await page.locator(".result").count(), 0, "no output of another example");
      assert.equal(t.hub.bodies(WEIGHTS).length, 0);
      await run(page);
      await page.locator(".chip", { hasText: "Enthusiasm" }).click();
      await page.waitForFunction(() => document.querySelector("model-widget").output?.[0].label === "POSITIVE");
    },
  },
  {
    name: "the output is copied and shown as JSON; the snippet names the commit",
    async run(t) {
      const visitor = await t.visitor({ permissions: ["clipboard-read", "clipboard-write"] });
      const page = await visitor.open({ ...TINY, endpoint: t.hub.endpoint });
      const { output } = await run(page, "I love it");
      const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
      const json = page.locator("[data-action=json]");
      assert.equal(await page.locator("[data-view=json]").isVisible(), false);
      await json.press("Enter");
      assert.equal(await json.getAttribute("aria-expanded"), "true");
      assert.equal(await focused(page), "JSON");
      assert.deepEqual(JSON.parse(await page.locator("[data-view=json] pre").innerText()), output);
      await run(page, "I hate it");
      assert.ok(await page.locator("[data-view=json]").isVisible(), "it stays open");
      await json.press("Enter");
      assert.equal(await page.locator("[data-view=json]").isVisible(), false);
      await page.locator("[data-action=copy]").press("Enter");
      await page.locator("[data-action=copy]", { hasText: "Copied" }).waitFor();
      assert.deepEqual(JSON.parse(await clipboard()), await page.evaluate(() => document.querySelector("model-widget").output));
      await page.locator(".embed summary").click();
      await page.locator("[data-action=copy-snippet]").click();
      await page.locator("[data-action=copy-snippet]", { hasText: "Copied" }).waitFor();
      const snippet = await clipboard();
      const { sha } = t.hub.repository(TINY.model).commit("main");
      assert.ok(snippet.includes(`revision="${sha}"`) && snippet.includes(`src="${t.site.origin}/model-widget.js"`), snippet);
      const path = t.site.page(`<!DOCTYPE html><title>Embedded</title>${snippet}`);
      const embedded = await (await t.visitor()).visit(t.site.origin + path, { defined: true });
      assert.equal((await run(embedded, "I love it")).output[0].label, "POSITIVE");
    },
  },
  {
    name: "the rows of a list are added and removed by keyboard",
    async run(t) {
      const page = await t.open({ model: "checkpoints/sentence-mean", task: "sentence-similarity" });
      await waitDescribed(page);
      const sentences = () => page.evaluate(() => document.querySelector("model-widget").inputs.sentences);
      const before = await sentences();
      await page.locator("[data-action=add-item]").press("Enter");
      await page.keyboard.type("one more");
      assert.deepEqual(await sentences(), [...before, "one more"]);
      await page.locator("[data-action=remove-item]").first().press("Enter");
      assert.deepEqual(await sentences(), [...before.slice(1), "one more"]);
      assert.notEqual(await focused(page), "");
    },
  },
  {
    name: "nothing moves for those who ask for less motion",
    async run(t) {
      for (const [state, least] of [["loading", 0], ["running", 1]]) {
        const page = await inState(t, state);
        const moving = () => page.evaluate(() => document.querySelector("model-widget").shadowRoot.getAnimations().length);
        assert.ok((await moving()) >= least, "there is motion otherwise");
        await page.emulateMedia({ reducedMotion: "reduce" });
        assert.equal(await moving(), 0);
      }
    },
  },
  {
    name: "what happens is said to those who do not see it",
    async run(t) {
      const page = await t.open(TINY);
      await waitDescribed(page);
      await page.evaluate(() => {
        globalThis.said = [];
        for (const region of document.querySelector("model-widget").shadowRoot.querySelectorAll("[role=status], [role=alert]")) {
          new MutationObserver(() => said.push(`${region.role}: ${region.textContent}`)).observe(region, { childList: true, characterData: true, subtree: true });
        }
      });
      await run(page, "I love it");
      await run(page, 5);
      const said = await page.evaluate(() => globalThis.said);
      assert.ok(said.some((text) => /^status: 100% loaded/.test(text)), said.join("; "));
      assert.ok(said.some((text) => /^status: Result: POSITIVE, 0\.937/.test(text)), said.join("; "));
      assert.ok(said.some((text) => /^alert: \S+/.test(text)), said.join("; "));
    },
  },
];
