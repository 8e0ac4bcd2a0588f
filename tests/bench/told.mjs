// What the widget tells of a load before it begins, time and memory, beside what the load then takes.

import { told, waitDescribed } from "../browser/browser.mjs";
import { CASES } from "./latency.mjs";
import { PRELUDE, wasmBytes } from "./memory.mjs";
import { startSite } from "./server.mjs";
import { median } from "./statistics.mjs";

const ROUNDS = { full: 3, quick: 1 };

/** Links by name, in bits a second. */
const RATES = { "20mbit": 20e6, "50mbit": 50e6, "100mbit": 100e6, "300mbit": 300e6 };

const MODEL = CASES["1x16"].model;

/** What is loaded, by name: attributes of the widget. */
const WIDGETS = {
  f32: { model: MODEL, dtype: "f32" },
  q8: { model: MODEL, dtype: "q8" },
  compact: { model: MODEL.replace("bench/", "compact/"), dtype: "auto" },
};

/** Runs the section: a list of lines, one for each link and widget. */
export async function measureTold({ browser, quick, say }) {
  const lines = [];
  for (const [link, bits] of Object.entries(RATES)) {
    const site = await startSite({ compressed: true, rate: bits / 8, latency: 20, prelude: { "/dist/worker.js": PRELUDE } });
    for (const [name, attributes] of Object.entries(WIDGETS)) {
      const rounds = [];
      for (let round = 0; round < ROUNDS[quick ? "quick" : "full"]; round++) rounds.push(await load(browser, site, attributes));
      const middle = (part) => median(rounds.map((each) => each[part]));
      const line = { link, name, ...Object.fromEntries(Object.keys(rounds[0]).map((part) => [part, middle(part)])) };
      lines.push(line);
      const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
      say(`${link} ${name}: ${line.seconds.toFixed(1)} s told, ${line.took.toFixed(1)} taken; ${megabytes(line.memory)} told, ${megabytes(line.used)} taken`);
    }
    await site.stop();
  }
  return lines;
}

/** One load in a context of its own: `{ seconds, memory }` as told, `{ took, used }` as found. */
async function load(browser, site, attributes) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(PRELUDE);
  await page.goto(`${site.origin}/page/widget.html#${encodeURIComponent(JSON.stringify(attributes))}`);
  await waitDescribed(page);
  const { seconds, memory } = await told(page);
  const before = await page.evaluate(wasmBytes);
  const begin = Date.now();
  await page.evaluate(() => document.querySelector("model-widget").load());
  const took = (Date.now() - begin) / 1000;
  // The page's own module was there before; the told memory is that of the worker.
  const used = (await page.evaluate(wasmBytes)) - before;
  await context.close();
  return { seconds, memory, took, used };
}
