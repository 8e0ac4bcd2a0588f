// The benchmark: ours and the peers in one Chromium, in turns; every figure goes to results.json, tables to results.md.
//
// Usage: node bench.mjs [--quick] [--only WORD…]. Words of one kind are alternatives, those of several kinds narrow each other.

import { startBrowser } from "../browser/browser.mjs";
import { measureBatches } from "./batches.mjs";
import { measureBundles } from "./bundles.mjs";
import { measureLatency, SHAPES } from "./latency.mjs";
import { measureMemory } from "./memory.mjs";
import { measurePages } from "./pages.mjs";
import { measureProducts } from "./products.mjs";
import { measureTold } from "./told.mjs";
import { writeReport } from "./report.mjs";
import { LINKS, measureVisits } from "./visits.mjs";

const SECTIONS = {
  latency: measureLatency, batches: measureBatches, products: measureProducts, bundles: measureBundles, visits: measureVisits,
  memory: measureMemory, told: measureTold, pages: measurePages,
};
const WORDS = {
  section: Object.keys(SECTIONS), dtype: ["f32", "int8"], shape: SHAPES, page: ["isolated", "plain"],
  cores: ["1-core", "2-cores"], link: Object.keys(LINKS),
};

/** Options from the command line; stops where they cannot be understood. */
function options([...words]) {
  const quick = words[0] === "--quick";
  if (quick) words.shift();
  const only = words[0] === "--only" && words.shift() ? words : [];
  const unknown = (words === only ? only : words).filter((word) => !Object.values(WORDS).flat().includes(word));
  if (unknown.length || (words.length && !only.length)) {
    console.error(`usage: bench.mjs [--quick] [--only WORD…], of ${Object.values(WORDS).flat().join(" ")}`);
    process.exit(2);
  }
  const selected = (kind, word) => {
    const given = only.filter((word) => WORDS[kind].includes(word));
    return !given.length || given.includes(word);
  };
  return { quick, selected, whole: !quick && only.every((word) => WORDS.section.includes(word)) };
}

const { quick, selected, whole } = options(process.argv.slice(2));
const browser = await startBrowser();
const version = browser.version();
const results = {};
try {
  for (const [section, measure] of Object.entries(SECTIONS).filter(([section]) => selected("section", section))) {
    console.log(`${section}:`);
    results[section] = await measure({ browser, selected, quick, say: (text) => console.log(`  ${text}`) });
  }
} finally {
  await browser.close();
}
const wrong = writeReport(results, { whole, version });
process.exit(wrong ? 1 : 0);
