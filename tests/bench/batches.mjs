// What a text costs its page where many come at once: ours together and one by one, and transformers.js together, in turns on
// one page, each answer first compared with Python's.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../browser/repositories.mjs";
import { startSite, untilQuiet } from "./server.mjs";
import { closeness, inTurns, median, ratio } from "./statistics.mjs";

const ROUNDS = { full: 7, quick: 2 };

const MIXED = JSON.parse(readFileSync(join(ROOT, "tests/bench/expected/mixed.json"), "utf8"));

/** Lists of texts by name: of people's lengths, and the short ones among them. */
const LISTS = { "48 texts of 3 to 128 tokens": Infinity, "24 texts of 3 to 32 tokens": 32 };

/** Runs the section: a list of lines, one for each number of cores, dtype and list. */
export async function measureBatches({ browser, selected, quick, say }) {
  const lines = [];
  const site = await startSite({ isolated: true });
  for (const cores of ["1-core", "2-cores"].filter((word) => selected("cores", word))) {
    for (const dtype of ["f32", "int8"].filter((word) => selected("dtype", word))) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${site.origin}/page/page.html`);
      await page.waitForFunction(() => globalThis.bench);
      for (const peer of ["vitrine", "transformers"]) {
        const options = { model: MIXED.model, dtype, cores: Number(cores[0]) };
        const error = await page.evaluate(([peer, options]) => bench.load(peer, peer, options), [peer, options]);
        if (error) throw new Error(`${peer}: ${error.code}: ${error.message}`);
      }
      await untilQuiet(site);
      for (const [name, most] of Object.entries(LISTS)) {
        const chosen = MIXED.ids.map((ids, index) => index).filter((index) => MIXED.ids[index].length <= most);
        const line = { cores, dtype, name, ...(await measure(page, chosen, dtype, ROUNDS[quick ? "quick" : "full"])) };
        lines.push(line);
        const { alone, together, transformers } = line.milliseconds;
        say(`${cores} ${dtype} ${name}: ${together.toFixed(2)} ms a text together, ${alone.toFixed(2)} one by one ` +
          `(${line.toAlone.median.toFixed(2)}), transformers.js ${transformers.toFixed(2)} (${line.toTransformers.median.toFixed(2)})`);
      }
      await context.close();
    }
  }
  await site.stop();
  return lines;
}

/** Milliseconds a text of these texts, and the quotients of the rounds. */
async function measure(page, chosen, dtype, rounds) {
  const texts = chosen.map((index) => MIXED.texts[index]);
  const expected = chosen.map((index) => MIXED.embeddings[index]);
  const one = { texts, expected, dtype };
  await checked(page, "vitrine", [texts], one);
  await checked(page, "vitrine", texts.map((text) => [text]), one);
  await checked(page, "transformers", [texts], one);
  const time = (peer, groups) => () =>
    page.evaluate(async ([peer, groups, count]) => {
      const sum = { trip: 0, elapsed: 0 };
      for (const texts of groups) {
        const { trip, elapsed } = await bench.time(peer, { texts }, 1, 0);
        sum.trip += trip / count;
        sum.elapsed += elapsed / count;
      }
      return sum;
    }, [peer, groups, texts.length]);
  const found = await inTurns({
    together: time("vitrine", [texts]),
    alone: time("vitrine", texts.map((text) => [text])),
    transformers: time("transformers", [texts]),
  }, rounds);
  const times = (who, part) => found[who].map((times) => times[part]);
  const compared = (who, part) => ratio(times("together", part), times(who, part));
  return {
    milliseconds: Object.fromEntries(Object.keys(found).map((who) => [who, median(times(who, "trip"))])),
    toAlone: compared("alone", "trip"), toAloneInWorker: compared("alone", "elapsed"), toTransformers: compared("transformers", "trip"),
  };
}

/** Throws where a peer's answers are not Python's. */
async function checked(page, peer, groups, { expected, dtype }) {
  const answers = await page.evaluate(async ([peer, groups]) => {
    const rows = [];
    for (const texts of groups) rows.push(...(await bench.run(peer, { texts })).embeddings);
    return rows;
  }, [peer, groups]);
  const { cosine } = closeness(answers, expected);
  if (!(cosine > (dtype === "f32" ? 0.99999 : 0.9))) throw new Error(`${peer}: wrong answer, cosine ${cosine}`);
}
