// How the widget looks in every state, theme, direction and width: no finding of axe, nothing that overflows, pictures to look at.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { NETWORK, run, until, waitDescribed, waitState } from "./browser.mjs";
import { MODEL, begin } from "./element.mjs";
import { ROOT } from "./repositories.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const WEIGHTS = /model\.safetensors$/;
const SENTENCES = {
  source_sentence: "That is a happy person",
  sentences: ["That is a happy dog", "That is a very happy person, one with a longer sentence that takes more than a line", "Today is a sunny day"],
};
const SIMILARITY = { model: "checkpoints/sentence-mean", task: "sentence-similarity" };
const FEATURES = { model: "checkpoints/sentence-mean", task: "feature-extraction" };

/** Every state: what the widget is, and how it gets there. */
export const STATES = {
  described: [{ model: "vitrine/tiny-sentiment" }],
  loading: [MODEL, async (t, page) => {
    t.hub.fault(WEIGHTS, "stall", { at: 50_000 });
    await begin(page, "load");
    await until(() => t.hub.bodies(WEIGHTS).some(({ sent }) => sent === 50_000), "the weights stall");
  }],
  ready: [MODEL, (t, page) => page.evaluate(() => document.querySelector("model-widget").load())],
  scores: [{ model: "vitrine/tiny-sentiment" }, (t, page) => run(page, "I love it")],
  "labels-and-parameters": [{ model: "checkpoints/bert-multi-label", task: "text-classification" }, (t, page) => run(page, "I love it", { function_to_apply: "none" })],
  similarities: [SIMILARITY, (t, page) => run(page, SENTENCES)],
  numbers: [FEATURES, (t, page) => run(page, "I love it, but this is a long sentence. ".repeat(20))],
  "everything-open": [{ model: "vitrine/tiny-sentiment" }, async (t, page) => {
    await run(page, "I love it");
    await page.locator("[data-action=json]").click();
    await page.evaluate(() => document.querySelector("model-widget").shadowRoot.querySelectorAll("details").forEach((one) => (one.open = true)));
  }],
  running: [FEATURES, async (t, page) => {
    // A run that the worker never hears of does not end.
    await page.evaluate(() => document.querySelector("model-widget").load());
    await page.evaluate(() => (Worker.prototype.postMessage = () => {}));
    await begin(page, "run", "I love it");
    await waitState(page, "running");
  }],
  "not-found": [{ model: "no/body" }, (t, page) => waitState(page, "error")],
  "failed-run": [MODEL, (t, page) => run(page, 5)],
  "failed-load": [MODEL, (t, page) => {
    t.hub.fault(WEIGHTS, "status", { status: 503, times: 99 });
    return run(page, "some text");
  }],
  gated: [MODEL, (t, page) => {
    t.hub.close(MODEL.model, "gated");
    return run(page, "some text");
  }],
};

/** Looks of a page: its colours, its direction. */
const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  rtl: { colorScheme: "light", dir: "rtl" },
  forced: { colorScheme: "dark", forcedColors: "active" },
};

/** A page with a widget in one of the states. */
export async function inState(t, state, attributes = {}, options = {}) {
  const [own, reach] = STATES[state];
  const visitor = await t.visitor({ allow: NETWORK, ...options });
  const page = await visitor.open({ endpoint: t.hub.endpoint, ...own, ...attributes });
  if (own.model !== "no/body") await waitDescribed(page);
  await reach?.(t, page);
  return page;
}

async function look(page, { dir = "ltr", ...media }) {
  // Without motion, no colour is still on its way to another.
  await page.emulateMedia({ forcedColors: "none", reducedMotion: "reduce", ...media });
  await page.evaluate((dir) => (document.documentElement.dir = dir), dir);
}

/** What axe finds, one line each. */
export async function findings(page) {
  return page.evaluate(async () => {
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, any }) => `${id} ${target.flat().pop()} ${any[0]?.message ?? ""}`));
  });
}

/** Elements of the widget that are wider than their place, other than those that scroll. */
export const overflowing = (page) =>
  page.evaluate(() => {
    const w = document.querySelector("model-widget");
    const inside = [...w.shadowRoot.querySelectorAll("*")].filter((element) => {
      const { overflowX, display, visibility } = getComputedStyle(element);
      if (display === "none" || display === "contents" || visibility === "hidden" || element.closest(".unseen, svg, pre, input, .scroll, .examples, .file")) return false;
      const [box, frame] = [element.getBoundingClientRect(), w.getBoundingClientRect()];
      const outside = box.width > 0 && (box.left < frame.left - 0.5 || box.right > frame.right + 0.5);
      return outside || (overflowX === "clip" && element.scrollWidth > element.clientWidth);
    });
    const whole = document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth ? ["the page scrolls sideways"] : [];
    return [...whole, ...inside.map(({ tagName, className }) => `${tagName}.${className}`)];
  });

/** Controls that are too small to hit (WCAG 2.2, 2.5.8), and texts that are cut off. */
const cramped = (page) =>
  page.evaluate(() => {
    const { shadowRoot } = document.querySelector("model-widget");
    return [...shadowRoot.querySelectorAll("button, input, select, textarea, summary")].flatMap((element) => {
      const { width, height } = element.getBoundingClientRect();
      return width && (width < 24 || height < 24) ? [`${element.tagName}.${element.className} ${width}×${height}`] : [];
    });
  });

export const tests = Object.keys(STATES).map((state) => ({
  name: `nothing overflows, is too small to hit, or found by axe: ${state}`,
  async run(t) {
    const page = await inState(t, state);
    await page.addScriptTag({ path: AXE });
    const folder = join(ROOT, "target/screenshots");
    mkdirSync(folder, { recursive: true });
    const wrong = [];
    for (const [name, media] of Object.entries(LOOKS)) {
      await look(page, media);
      for (const width of [1200, 768, 360, 280]) {
        await page.setViewportSize({ width, height: 1000 });
        wrong.push(...(await overflowing(page)).map((found) => `${name} ${width}: ${found} overflows`));
        if (width === 360 || width === 1200 || name === "light") {
          await page.screenshot({ path: join(folder, `${state}-${width}-${name}.png`), fullPage: true });
        }
        if (name === "light") wrong.push(...(await cramped(page)).map((found) => `${width}: ${found} is too small to hit`));
        if (width === 768) wrong.push(...(await findings(page)).map((found) => `${name}: ${found}`));
      }
    }
    assert.equal(wrong.join("\n"), "");
  },
}));
