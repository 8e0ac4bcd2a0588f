// Measures what a first visit downloads before any weight, and compares it with the budget of tests/sizes.json.
//
// Usage: node sizes.mjs DIST BUDGET.json. Budgets are bytes after brotli at quality 11, which is what a good host sends. Of
// files with " | " between them a visit downloads one, and the largest is counted.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const GENEROUS = 1.03; // A budget this far above the measured size no longer guards anything.

/** The size of `bytes` after brotli at its highest quality. */
function compressedSize(bytes) {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  }).length;
}

const [dist, budgetFile] = process.argv.slice(2);
if (!budgetFile) {
  console.error("usage: node sizes.mjs DIST BUDGET.json");
  process.exit(2);
}
const budget = JSON.parse(readFileSync(budgetFile, "utf8"));
const problems = [];
const warnings = [];

/** Prints one line of the table and judges it. */
function row(name, raw, brotli, allowed) {
  const cells = [raw, brotli, allowed].map((bytes) => bytes.toLocaleString("en").padStart(11));
  console.log(`${name.padEnd(32)}${cells.join("")}`);
  if (brotli > allowed) problems.push(`${name} is ${brotli} bytes after brotli, its budget is ${allowed}`);
  else if (allowed > brotli * GENEROUS) warnings.push(`${name} leaves ${allowed - brotli} bytes of its budget unused`);
}

console.log(`${"file".padEnd(32)}${["raw", "brotli", "budget"].map((title) => title.padStart(11)).join("")}`);
const total = { raw: 0, brotli: 0 };
for (const [names, allowed] of Object.entries(budget.files)) {
  let largest = { raw: 0, brotli: 0 };
  for (const name of names.split(" | ")) {
    try {
      const bytes = readFileSync(join(dist, name));
      const size = { raw: bytes.length, brotli: compressedSize(bytes) };
      row(name, size.raw, size.brotli, allowed);
      if (size.brotli > largest.brotli) largest = size;
    } catch {
      problems.push(`${name} is not in ${dist}`);
    }
  }
  total.raw += largest.raw;
  total.brotli += largest.brotli;
}
row("total", total.raw, total.brotli, budget.total);
for (const warning of warnings) console.log(`note: ${warning}`);
for (const problem of problems) console.log(`over budget: ${problem}`);
process.exit(problems.length ? 1 : 0);
