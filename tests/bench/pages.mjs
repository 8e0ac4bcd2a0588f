// Static hubs: how long a thousand models take and how much memory, how fast an index of ten thousand answers, what Lighthouse says.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { audit } from "../browser/lighthouse.mjs";
import { indexModels, PROGRAM, writeIndexModels } from "../browser/pages-fixtures.mjs";
import { ROOT } from "../browser/repositories.mjs";
import { startStaticHost } from "../browser/static-host.mjs";
import { MADE } from "./server.mjs";
import { median } from "./statistics.mjs";

/** Bytes of a model's weights: as small as its card, and as much as a small checkpoint. The files are sparse. */
const WEIGHTS = { "small weights": undefined, "weights of 10 MB": 10_000_000 };

/** What is typed, letter by letter, into the index. */
const TYPED = ["sentiment", "bert legal", "multilingual qa", "lab/roberta", "groesse 12"];
const FILTERED = { task: "text-classification", library: "transformers", language: "en", licence: "mit", size: "100M" };

/** Links: none slower than the machine, and one like that of a phone: 10 Mbit/s, 50 ms there and back. */
const LINKS = { loopback: undefined, "10 Mbit/s, 50 ms": { latency: 50, downloadThroughput: 10e6 / 8, uploadThroughput: 10e6 / 8 } };

/** Runs the section: a list of lines, each of a `kind`. */
export async function measurePages({ browser, quick, say }) {
  const lines = [];
  const add = (line, text) => {
    lines.push(line);
    say(text);
  };
  for (const [name, bytes] of Object.entries(WEIGHTS)) {
    const { models, out, line } = await build("pages-models", quick ? 100 : 1000, bytes);
    rmSync(out, { recursive: true });
    add({ kind: "build", name: `${models.toLocaleString("en")} models, ${name}`, models, ...line }, `${models} models, ${name}: ${line.seconds.toFixed(1)} s`);
  }
  const count = quick ? 1000 : 10_000;
  const { out, line } = await build("pages-index", count);
  add({ kind: "build", name: `${count.toLocaleString("en")} models, small weights`, models: count, ...line }, `${count} models: ${line.seconds.toFixed(1)} s`);
  for (const [link, conditions] of Object.entries(LINKS)) {
    const found = await search(browser, out, conditions);
    add({ kind: "index", link, models: count, ...found }, `${link}: a keystroke ${found.keystroke.toFixed(0)} ms, at most ${found.slowest.toFixed(0)} ms`);
  }
  rmSync(out, { recursive: true });
  const page = join(MADE, "pages-page");
  await make(join(ROOT, "www/models"), page);
  const host = await startStaticHost(page);
  for (const form of ["phone", "desktop"]) {
    const scores = [];
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const { categories, audits } = await audit(`${host.origin}/`, form, { onlyCategories: ["performance", "accessibility", "best-practices"] });
      scores.push([...Object.values(categories).map(({ score }) => 100 * score), ...TIMES.map((name) => audits[name].numericValue)]);
    }
    const [performance, accessibility, practices, paint, largest, blocking, shift] = scores[0].map((_, at) => median(scores.map((one) => one[at])));
    add({ kind: "lighthouse", form, performance, accessibility, practices, paint, largest, blocking, shift }, `Lighthouse on a ${form}: ${performance}`);
  }
  await host.stop();
  return lines;
}

const TIMES = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift"];

/** Makes models and their site; answers where it is, and what it cost. */
async function build(name, count, bytes) {
  const [folder, out] = [join(MADE, name), join(MADE, `${name}-site`)];
  rmSync(folder, { recursive: true, force: true });
  const models = indexModels(count);
  writeIndexModels(folder, models);
  if (bytes) for (const { id } of models) truncateSync(join(folder, id, "model.safetensors"), bytes);
  const line = await make(folder, out);
  rmSync(folder, { recursive: true, force: true });
  return { out, models: count, line };
}

/** Runs `vitrine page`: the seconds it takes, and the most memory that it has at once. */
async function make(folder, out) {
  rmSync(out, { recursive: true, force: true });
  const begin = performance.now();
  const child = spawn(PROGRAM, ["page", folder, "--out", out, "--site", join(ROOT, "dist")], { stdio: ["ignore", "ignore", "inherit"] });
  let peak = 0;
  const watch = setInterval(() => {
    const status = `/proc/${child.pid}/status`;
    const line = existsSync(status) && /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, "utf8"));
    if (line) peak = Math.max(peak, Number(line[1]) * 1024);
  }, 10);
  const code = await new Promise((resolve) => child.on("exit", resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`vitrine page ended with ${code}`);
  return { seconds: (performance.now() - begin) / 1000, peak };
}

/** A visitor of an index, who searches and filters. */
async function search(browser, out, conditions) {
  const host = await startStaticHost(out);
  const sizes = (requests) => {
    const gzipped = ({ path }) => {
      const file = [join(out, path), join(out, path, "index.html")].find((file) => existsSync(file) && statSync(file).isFile());
      return file ? gzipSync(readFileSync(file)).length : 0;
    };
    return { files: requests.length, bytes: requests.reduce((sum, { bytes }) => sum + bytes, 0), gzip: requests.reduce((sum, one) => sum + gzipped(one), 0) };
  };
  const open = async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    if (conditions) await (await context.newCDPSession(page)).send("Network.emulateNetworkConditions", { offline: false, ...conditions });
    await page.goto(`${host.origin}/`);
    await page.waitForFunction(() => !document.querySelector("[data-search]").hidden);
    await page.evaluate(watchResults);
    return { context, page };
  };
  const first = await open();
  const view = sizes(host.requests);
  host.requests.length = 0;
  await first.page.evaluate(() => set("search", "sentiment"));
  const oneSearch = sizes(host.requests);
  await first.context.close();
  const second = await open();
  host.requests.length = 0;
  const filters = [await second.page.evaluate(() => set("language", "en"))];
  const oneFilter = sizes(host.requests);
  for (const [name, value] of Object.entries(FILTERED)) filters.push(await second.page.evaluate(([name, value]) => set(name, value), [name, value]));
  await second.context.close();
  const strokes = [];
  for (const text of TYPED) {
    // Each text is typed by a visitor who has typed nothing yet.
    const { context, page } = await open();
    for (let length = 1; length <= text.length; length++) strokes.push(await page.evaluate((text) => set("search", text), text.slice(0, length)));
    await context.close();
  }
  await host.stop();
  return { keystroke: median(strokes), slowest: Math.max(...strokes), filter: median(filters), view, oneSearch, oneFilter };
}

/** In the page: sets a control as a visitor does, and answers the milliseconds until what is found is painted. */
function watchResults() {
  globalThis.set = (name, value) => {
    const control = document.querySelector("[data-search]").elements[name];
    const shown = new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
      });
      observer.observe(document.querySelector("[data-results]"), { childList: true });
    });
    const begin = performance.now();
    control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    return shown.then((end) => end - begin);
  };
}
