// How long an answer takes: ours and the peers on one page, in turns, each answer first compared with Python's.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../browser/repositories.mjs";
import { startSite, untilQuiet } from "./server.mjs";
import { closeness, inTurns, median, ratio } from "./statistics.mjs";

/** Shapes by name: texts × tokens. */
export const SHAPES = ["1x16", "1x128", "1x512", "32x128", "1x2048"];

/** At least so many milliseconds in a measurement: clocks tick in tenths of one where a page is not isolated. */
const BATCH = 50;
/** Rounds for answers under a second, and over. */
const ROUNDS = { full: [9, 3], quick: [5, 2] };

/** Each shape's texts, token ids and Python's embeddings. */
export const CASES = Object.fromEntries(
  SHAPES.map((shape) => [shape, JSON.parse(readFileSync(join(ROOT, `tests/bench/expected/${shape}.json`), "utf8"))]),
);

/** Runs the section: a list of lines, one for each page, number of cores, dtype and shape. */
export async function measureLatency({ browser, selected, quick, say }) {
  const lines = [];
  const supported = builtOptions();
  for (const page of ["isolated", "plain"].filter((word) => selected("page", word))) {
    const site = await startSite({ isolated: page === "isolated" });
    for (const cores of ["1-core", "2-cores"].filter((word) => selected("cores", word))) {
      for (const dtype of ["f32", "int8"].filter((word) => selected("dtype", word))) {
        for (const group of groups(selected)) {
          const setting = { page, cores, dtype };
          lines.push(...(await measureOn({ browser, site, setting, supported, ...group, quick, say })));
        }
      }
    }
    await site.stop();
  }
  return lines;
}

/** What this build's module takes, by its types. */
function builtOptions() {
  const types = readFileSync(join(ROOT, "dist/vitrine.d.ts"), "utf8");
  const options = /interface LoadOptions \{[^]*?\n\}/.exec(types)?.[0] ?? "";
  return { cores: /\bcores\?/.test(options), int8: /"q8"/.test(options) };
}

/** The shapes that were asked for, of one model at a time. */
function groups(selected) {
  const shapes = SHAPES.filter((shape) => selected("shape", shape));
  const models = [...new Set(shapes.map((shape) => CASES[shape].model))];
  return models.map((model) => ({ model, shapes: shapes.filter((shape) => CASES[shape].model === model) }));
}

async function measureOn({ browser, site, setting, supported, model, shapes, quick, say }) {
  const { dtype } = setting;
  const cores = Number(setting.cores[0]);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.origin}/page/page.html`);
  await page.waitForFunction(() => globalThis.bench);
  const peers = ["vitrine", "ort", "transformers", ...(dtype === "f32" && cores === 1 ? ["candle"] : [])];
  const missing = {};
  if (dtype === "int8" && !supported.int8) missing.vitrine = "not supported by this build (q8)";
  if (cores > 1 && !supported.cores) missing.vitrine = "not supported by this build (cores)";
  for (const peer of peers.filter((peer) => !missing[peer])) {
    const error = await page.evaluate((it) => bench.load(it.peer, it.peer, it), { peer, model, dtype, cores });
    if (error) missing[peer] = `${error.code}: ${error.message}`;
  }
  await untilQuiet(site);
  const lines = [];
  for (const [index, shape] of shapes.entries()) {
    const line = { ...setting, shape, peers: {}, rounds: 0 };
    const inputs = { texts: CASES[shape].texts, ids: CASES[shape].ids };
    const able = [];
    for (const peer of peers) {
      line.peers[peer] = missing[peer] ? { missing: missing[peer] } : await checked(page, peer, inputs, shape, dtype);
      if (!line.peers[peer].missing) able.push(peer);
    }
    const once = {};
    for (const peer of able) once[peer] = await warmUp(page, peer, inputs, index === 0 ? 1500 : 300);
    const slow = Math.max(...Object.values(once)) > 1000;
    line.rounds = ROUNDS[quick ? "quick" : "full"][slow ? 1 : 0];
    const everyone = Object.fromEntries(
      able.map((peer) => [peer, () => {
        const times = Math.max(1, Math.ceil(BATCH / once[peer]));
        // What others left in the caches, and cores that fell asleep, are no one's to pay for.
        return time(page, peer, inputs, times, times > 1 ? times : 0);
      }]),
    );
    const times = await inTurns(everyone, line.rounds);
    for (const peer of able) {
      Object.assign(line.peers[peer], {
        trip: median(times[peer].map(({ trip }) => trip)), elapsed: median(times[peer].map(({ elapsed }) => elapsed)),
      });
      if (peer !== "vitrine" && able.includes("vitrine")) {
        const [ours, theirs] = ["vitrine", peer].map((peer) => times[peer].map(({ elapsed }) => elapsed));
        line.peers[peer].ratio = ratio(ours, theirs);
      }
    }
    lines.push(line);
    say(describe(line));
  }
  await context.close();
  return lines;
}

const time = (page, peer, inputs, times, before = 0) =>
  page.evaluate((given) => bench.time(...given), [peer, inputs, times, before]);

/** Compares a peer's answer with Python's: `{ cosine, difference }`, and `missing` where it is wrong. */
async function checked(page, peer, inputs, shape, dtype) {
  const run = ([peer, inputs]) => bench.run(peer, inputs).then(({ embeddings }) => embeddings, (error) => String(error));
  const answer = await page.evaluate(run, [peer, inputs]);
  if (typeof answer === "string") return { missing: answer };
  const rows = Array.isArray(answer[0]) ? answer : [answer];
  const found = closeness(rows, CASES[shape].embeddings);
  const right = dtype === "f32" ? found.cosine > 0.99999 && found.difference < 1e-4 : found.cosine > 0.9;
  return right ? found : { ...found, missing: `wrong answer: cosine ${found.cosine}, difference ${found.difference}` };
}

/** Runs for so many milliseconds at least, and answers those of one run. */
async function warmUp(page, peer, inputs, least) {
  let once = (await time(page, peer, inputs, 1)).trip;
  if (once < least) once = (await time(page, peer, inputs, Math.ceil(least / once))).trip;
  return once;
}

function describe({ page, cores, dtype, shape, peers }) {
  const parts = Object.entries(peers).map(([name, { missing, trip, elapsed, ratio, cosine }]) => {
    if (missing) return `${name}: ${missing}`;
    const close = dtype === "int8" ? `, cosine ${cosine.toFixed(4)}` : "";
    if (name === "vitrine") return `${name} ${elapsed.toFixed(2)} ms (${trip.toFixed(2)} from the page)${close}`;
    return `${name} ${elapsed.toFixed(2)} ms${ratio ? ` (ours ${ratio.median.toFixed(2)})` : ""}${close}`;
  });
  return `${page} ${cores} ${dtype} ${shape}: ${parts.join(" · ")}`;
}
