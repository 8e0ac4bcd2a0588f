// Visits: from an empty cache to the first answer over several links, and again with what the first visit left.

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startProfile } from "../browser/browser.mjs";
import { CASES } from "./latency.mjs";
import { MADE, repository, startSite, untilQuiet } from "./server.mjs";
import { closeness, inTurns, median, ratio } from "./statistics.mjs";

const CASE = CASES["1x16"];

/** Links by name: bytes a second and milliseconds before an answer, and how many visits each gets. */
export const LINKS = {
  loopback: { full: 9, quick: 3 },
  "100mbit": { rate: 100e6 / 8, latency: 20, full: 3, quick: 1 },
  "20mbit": { rate: 20e6 / 8, latency: 20, full: 1, quick: 1 },
};

/** What a visitor may use, by name; `compact` is what `vitrine convert` makes. */
export const VISITORS = {
  "vitrine f32": { peer: "vitrine", model: CASE.model, dtype: "f32" },
  "vitrine q8": { peer: "vitrine", model: CASE.model, dtype: "int8" },
  "vitrine compact": { peer: "vitrine", model: CASE.model.replace("bench/", "compact/"), dtype: "int8" },
  "transformers.js f32": { peer: "transformers", model: CASE.model, dtype: "f32" },
  "transformers.js q8": { peer: "transformers", model: CASE.model, dtype: "int8" },
};

/** Pairs whose quotient tells who is faster. */
const PAIRS = [
  ["vitrine f32", "transformers.js f32"], ["vitrine q8", "transformers.js q8"], ["vitrine compact", "transformers.js q8"],
];

/** Runs the section: a list of lines, one for each link and visitor. */
export async function measureVisits({ browser, selected, quick, say }) {
  const lines = [];
  for (const [link, { rate, latency, ...rounds }] of Object.entries(LINKS).filter(([link]) => selected("link", link))) {
    const folder = mkdtempSync(join(MADE, "profile-"));
    const profile = await startProfile(folder);
    const everyone = {};
    for (const [name, visitor] of Object.entries(VISITORS).filter(([, { dtype }]) => selected("dtype", dtype))) {
      const missing = await unable(browser, visitor);
      if (missing) lines.push({ link, name, missing });
      else everyone[name] = () => visits(profile, { rate, latency }, visitor, { again: link === "loopback" });
    }
    const found = await inTurns(everyone, rounds[quick ? "quick" : "full"]);
    await profile.close();
    rmSync(folder, { recursive: true });
    const of = (name, part) => found[name].map((visit) => visit[part]);
    for (const name of Object.keys(everyone)) {
      const parts = Object.keys(found[name][0]).filter((part) => found[name][0][part] !== undefined);
      lines.push({ link, name, ...Object.fromEntries(parts.map((part) => [part, median(of(name, part))])) });
    }
    for (const [ours, theirs] of PAIRS.filter((pair) => pair.every((name) => found[name]))) {
      for (const part of link === "loopback" ? ["answered", "again"] : ["answered"]) {
        lines.find((line) => line.link === link && line.name === ours)[`${part}Ratio`] = ratio(of(ours, part), of(theirs, part));
      }
    }
    for (const line of lines.filter((line) => line.link === link)) say(describe(line));
  }
  return lines;
}

/** Why a visitor cannot be had, found out on an unhurried link. */
async function unable(browser, visitor) {
  if (!repository(visitor.model)) return "there is no such file";
  const site = await startSite();
  const context = await browser.newContext();
  const { code, message } = await visit(context, site, visitor);
  await context.close();
  await site.stop();
  return code && (code === "unsupported-dtype" ? "not supported by this build" : `${code}: ${message}`);
}

/** One visit: what the page tells, compared with Python's answer; `look` sees the page before it is closed. */
export async function visit(context, site, visitor, look) {
  const page = await context.newPage();
  const address = encodeURIComponent(JSON.stringify({ ...visitor, text: CASE.texts[0] }));
  await page.goto(`${site.origin}/page/visit.html#${address}`);
  await page.waitForFunction(() => "visit" in globalThis);
  const told = await page.evaluate(() => globalThis.visit);
  if (told.embedding) {
    const { cosine } = closeness([told.embedding].flat(told.embedding[0].length ? 1 : 0), CASE.embeddings);
    if (!(cosine > (visitor.dtype === "f32" ? 0.99999 : 0.9))) told.code = `wrong answer, cosine ${cosine}`;
  }
  await look?.(page);
  await page.close();
  return told;
}

const RUNTIME = /^\/(dist|transformers|transformers-ort)\//;
const WEIGHTS = /\.(safetensors|onnx)$/;

const isWeights = ({ path, sent }) => WEIGHTS.test(path) && sent;

/** What the visitor's requests cost: bytes of all, of scripts and wasm, and of weights. */
export function costs(requests) {
  const bytes = (list) => list.reduce((sum, { sent }) => sum + sent, 0);
  return {
    bytes: bytes(requests), runtime: bytes(requests.filter(({ path }) => RUNTIME.test(path))), weights: bytes(requests.filter(isWeights)),
  };
}

/** From when to when the weights came that a model needed to be ready; rows that a text asks for come after that. */
function download(requests, ready) {
  const needed = requests.filter((request) => isWeights(request) && request.begin < ready);
  return { begin: Math.min(...needed.map(({ begin }) => begin)), end: Math.max(...needed.map(({ end }) => Math.min(end ?? ready, ready))) };
}

/** A first visit to a site of which nothing is kept and, where asked for, one more. */
async function visits(profile, link, visitor, { again }) {
  const site = await startSite({ compressed: true, ...link });
  let [cost, requests] = [];
  const first = await visit(profile, site, visitor, async () => {
    requests = site.requests.map((request) => ({ ...request }));
    cost = costs(requests);
    // What still comes in the background is there for the second visit.
    if (again) await untilQuiet(site);
  });
  if (first.code) throw new Error(`${first.code}: ${first.message}`);
  const { bytes, runtime } = cost;
  const { begin, end } = download(requests, first.origin + first.ready);
  const found = {
    bytes, runtime, ready: first.ready, answered: first.answered, download: end - begin,
    // From the last byte to a model that is ready, as a share of the download.
    tail: (first.origin + first.ready - end) / (end - begin),
  };
  if (again) {
    site.requests.length = 0;
    const second = await visit(profile, site, visitor);
    const read = Math.max(second.read ?? (await kept(profile, site)), visitor.dtype === "f32" ? weightsBytes(visitor.model) : 0);
    const took = await reading(profile, site, read);
    Object.assign(found, {
      againBytes: costs(site.requests).bytes, againReady: second.ready, again: second.answered, read, reading: took,
      readyToReading: second.ready / took,
    });
  }
  await forget(profile, site);
  await site.stop();
  return found;
}

/** Bytes of a model's own weights, tables counted that a visit reads after it is ready. */
function weightsBytes(model) {
  const { files } = repository(model).commit("main");
  return files.get("model.safetensors").bytes().length;
}

/** Removes what a profile keeps of a site. */
async function forget(profile, site) {
  const page = await profile.newPage();
  const devtools = await profile.newCDPSession(page);
  await devtools.send("Storage.clearDataForOrigin", { origin: site.origin, storageTypes: "all" });
  await page.close();
}

/** Milliseconds from a navigation until a page's worker has read so many bytes that this device keeps, and nothing else. */
async function reading(profile, site, bytes) {
  const page = await profile.newPage();
  await page.goto(`${site.origin}/page/read.html#write=${bytes}`);
  await page.waitForFunction(() => globalThis.done);
  await page.close();
  const reader = await profile.newPage();
  await reader.goto(`${site.origin}/page/read.html`);
  const took = await (await reader.waitForFunction(() => globalThis.done)).jsonValue();
  await reader.close();
  return took;
}

/** Bytes that the caches of a site hold. */
async function kept(profile, site) {
  const page = await profile.newPage();
  await page.goto(`${site.origin}/page/blank.html`);
  const bytes = await page.evaluate(async () => {
    let bytes = 0;
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) bytes += (await (await cache.match(request)).blob()).size;
    }
    return bytes;
  });
  await page.close();
  return bytes;
}

function describe({ link, name, missing, answered, bytes, tail, again, readyToReading, answeredRatio }) {
  if (missing) return `${link} ${name}: ${missing}`;
  const first = `first answer ${answered.toFixed(0)} ms, ${(bytes / 1e6).toFixed(2)} MB, ready ${(100 * tail).toFixed(1)} % of the download after it`;
  const second = again ? `; second visit ${again.toFixed(0)} ms, ready in ${readyToReading.toFixed(2)} × reading` : "";
  return `${link} ${name}: ${first}${second}${answeredRatio ? ` (${answeredRatio.median.toFixed(2)} × theirs)` : ""}`;
}
