// Workers that die, trap or never end: the widget ends each in an answer or an error, and goes on.

import { NETWORK, property, run, until, waitDescribed, waitState } from "./browser.mjs";
import { assert, assertEqual } from "./load.mjs";
import { startSite } from "./site.mjs";

export const TINY = "vitrine/tiny-sentiment";
export const MINILM = "sentence-transformers/all-MiniLM-L6-v2";
export const TEXT = "I like this very much";
const WORDS = Array(40).fill("It was a bright cold day in April.").join(" ");
export const SLOW = { bytes: 1 << 17, every: 20 };

/** Inputs on which a model works for seconds. */
export const long = (sentences) => ({ source_sentence: WORDS, sentences: Array.from({ length: sentences }, (_, i) => `${i} ${WORDS}`) });

/** Keeps the page's workers where a test can reach them; ends each once it has begun (`deadly`), or so many before. */
const KEEP = `<script>
  window.kept = [];
  window.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      kept.push(this);
      this.addEventListener("message", ({ data }) => { if (data.held && window.deadly) this.terminate(); });
      if (window.stillborn-- > 0) this.terminate();
    }
  };
</script>`;

/**
 * What a worker does when told `{fault: "trap"}` or `{fault: "spin"}`: its next look at the clock traps, or never ends. One
 * that has trapped must not go on: what it was in the midst of stays half done.
 */
const FAULTS = `
  const now = performance.now.bind(performance);
  let fault;
  performance.now = () => {
    if (fault === "spin") for (;;);
    if (fault === "trapped") console.error("goes on after a trap");
    if (fault === "trap") { fault = "trapped"; throw new WebAssembly.RuntimeError("unreachable"); }
    return now();
  };
  addEventListener("message", (event) => {
    if (!event.data?.fault) return;
    fault = event.data.fault;
    event.stopImmediatePropagation();
  });\n`;

const faulty = async (t) => t.keep(await startSite({ replace: { "/worker.js": (text) => FAULTS + text } }));
const order = (page, fault) => page.evaluate((fault) => kept.at(-1).postMessage({ fault }), fault);
const kill = (page) => page.evaluate(() => kept.at(-1).terminate());
export const weights = (hub) => hub.requests.filter(({ origin }) => origin === "cdn");

/** The output, or an error. */
export async function output(page, inputs = TEXT) {
  const { output, error } = await run(page, inputs);
  assert(output, () => `${error.code}: ${error.message}`);
  return output;
}

/** Begins a run, and leaves its outcome in `window.outcome`. */
export const begin = (page, inputs = TEXT) =>
  page.evaluate((inputs) => {
    const widget = document.querySelector("model-widget");
    window.outcome = widget.run(inputs).then((output) => ({ output }), ({ code, message }) => ({ error: { code, message } }));
  }, inputs);

export const outcome = (page) => page.evaluate(() => window.outcome);

/** A widget of TINY that has answered, on a page whose workers can be reached. */
async function answered(t, options = {}) {
  const page = await t.open({ model: TINY }, { head: KEEP, ...options });
  const expected = await output(page);
  t.hub.requests.length = 0;
  return { page, expected };
}

/** Keeps the page busy for so many milliseconds: what it hears of a worker waits. */
const busy = (duration) => {
  const end = performance.now() + duration;
  while (performance.now() < end);
};

export const tests = [
  {
    name: "a worker that is killed idle is replaced",
    async run(t) {
      const { page, expected } = await answered(t);
      await kill(page);
      assertEqual(await output(page), expected, "output");
      assertEqual(weights(t.hub).length, 0, "downloads");
      // At once, before its end can have been noticed, and after a while.
      await kill(page);
      await page.waitForTimeout(500);
      assertEqual(await output(page), expected, "output after a while");
      assertEqual(await property(page, "readyState"), "ready", "state");
    },
  },
  {
    name: "a worker that is killed in a load is replaced",
    async run(t) {
      t.hub.fault(/safetensors$/, "drip", SLOW);
      const page = await t.open({ model: TINY }, { head: KEEP, allow: [NETWORK] });
      await begin(page);
      await until(() => weights(t.hub).some(({ sent }) => sent > 3e6), "the download");
      await kill(page);
      const { output: found, error } = await outcome(page);
      assert(found?.length === 2, () => JSON.stringify(error));
      assertEqual(weights(t.hub).length, 2, "downloads");
      assert(weights(t.hub)[1].range, "the second worker began anew");
    },
  },
  {
    name: "a worker that is killed in a run is replaced",
    async run(t) {
      const page = await t.open({ model: MINILM }, { head: KEEP });
      const inputs = long(4);
      const expected = await output(page, inputs);
      await begin(page, inputs);
      await page.waitForTimeout(300);
      assertEqual(await property(page, "readyState"), "running", "state");
      await kill(page);
      assertEqual((await outcome(page)).output, expected, "output");
    },
  },
  {
    name: "workers that die again and again end in an error, from which the widget recovers",
    async run(t) {
      const { page, expected } = await answered(t);
      await page.evaluate(() => (window.deadly = true));
      await kill(page);
      const { error } = await run(page, TEXT);
      assertEqual(error?.code, "internal", "code");
      await page.evaluate(() => (window.deadly = false));
      await page.locator("model-widget [data-action=retry]").click();
      await waitState(page, "ready");
      assertEqual(await output(page), expected, "output");
    },
  },
  {
    name: "a worker that is killed before it has begun is noticed",
    async run(t) {
      const page = await t.open({ model: TINY }, { head: KEEP });
      await waitDescribed(page);
      await page.evaluate(() => (window.stillborn = 1));
      await begin(page);
      const { output: found, error } = await Promise.race([outcome(page), page.waitForTimeout(45_000).then(() => ({}))]);
      assert(found?.length === 2 || error?.code === "internal", () => `45 s later: ${JSON.stringify(error) ?? "nothing"}`);
      assert((await output(page)).length === 2, "a later run");
    },
  },
  {
    name: "a trap in a run or a load costs one worker",
    async run(t) {
      const { page, expected } = await answered(t, { site: await faulty(t), allow: [/unreachable/] });
      await order(page, "trap");
      assertEqual(await output(page), expected, "output after a trap in a run");
      await page.evaluate(() => document.querySelector("model-widget").unload());
      await order(page, "trap");
      await begin(page);
      await page.evaluate(busy, 500);
      assertEqual((await outcome(page)).output, expected, "output after a trap in a load");
      assertEqual(await page.evaluate(() => kept.length), 3, "workers");
    },
  },
  {
    name: "a worker that does not stop is replaced",
    async run(t) {
      const { page, expected } = await answered(t, { site: await faulty(t) });
      await order(page, "spin");
      await begin(page);
      await page.waitForTimeout(300);
      await page.evaluate(() => document.querySelector("model-widget").abort());
      assertEqual((await outcome(page)).error?.code, "aborted", "in a run without end");
      assertEqual(await output(page), expected, "a later run");
      assertEqual(await page.evaluate(() => kept.length), 2, "workers");
    },
  },
];
