// The report: results.json with every figure, results.md with the tables that people read.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { ROOT } from "../browser/repositories.mjs";
import { MADE } from "./server.mjs";
import { targets } from "./targets.mjs";

const KEPT = join(ROOT, "tests/bench");

/**
 * Writes what was measured. Whole sections, measured at leisure, go into the repository beside those measured before; a quick
 * run and a part of a section go into target/bench. Answers whether an answer was wrong.
 */
export function writeReport(sections, { whole, version }) {
  const folder = whole ? KEPT : MADE;
  const file = join(folder, "results.json");
  const results = whole && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  for (const [section, lines] of Object.entries(sections)) results[section] = { machine: machine(version), lines };
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, undefined, 1)}\n`);
  const text = markdown(results);
  writeFileSync(join(folder, "results.md"), text);
  console.log(`\n${text}\nwritten to ${folder}/results.md and results.json`);
  return /wrong answer/.test(JSON.stringify(sections));
}

/** The machine, by name, with its day and browser. */
function machine(version) {
  const lock = JSON.parse(readFileSync(join(KEPT, "package-lock.json"), "utf8")).packages;
  const peers = ["onnxruntime-web", "@huggingface/transformers"].map((name) => `${name} ${lock[`node_modules/${name}`].version}`);
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return {
    date: new Date().toISOString().slice(0, 10), commit: commit(), processor: `${cpus()[0].model.trim()}, ${cpus().length} cores, ${memory}`,
    browser: `Chromium ${version}`, peers: peers.join(", "),
  };
}

/** The commit that was measured, and whether files differ from it; undefined where there is no repository. */
function commit() {
  const git = (...words) => spawnSync("git", words, { cwd: ROOT, encoding: "utf8" }).stdout?.trim();
  const hash = git("rev-parse", "--short", "HEAD");
  const changed = git("status", "--porcelain", "--", "crates", "www", "Cargo.lock", "build.sh");
  return hash && `commit ${hash}${changed ? " with changes" : ""}`;
}

function markdown(results) {
  const lines = Object.fromEntries(Object.entries(results).map(([section, { lines }]) => [section, lines]));
  const heads = { latency: "Latency", batches: "Many texts at once", products: "Matrix products", bundles: "Before the first weight", visits: "Visits", memory: "Peak memory", told: "What the widget tells", pages: "Static hubs" };
  const tables = { latency, batches, products, bundles, visits, memory, told, pages };
  const parts = ["# The benchmark's results", INTRODUCTION, "## Where it must arrive", targetTable(targets(lines))];
  for (const [section, head] of Object.entries(heads).filter(([section]) => results[section])) {
    const { date, commit, processor, browser, peers } = results[section].machine;
    parts.push(`## ${head}`, [date, commit, processor, browser, peers].filter(Boolean).join(" · "), tables[section](lines[section]));
  }
  return `${parts.join("\n\n")}\n`;
}

const INTRODUCTION = `Written by \`./build.sh bench\`. Times are medians of rounds in which all take turns in one browser; a ratio is the median of
the rounds' quotients, with its quartiles. Everyone is timed in its own worker, after runs that do not count: ours and
transformers.js from text to embedding, ONNX Runtime Web (ORT) and candle, which are given token ids, around the forward pass
alone; many texts at once are timed as their page sees it. Every answer of a model was compared with Python's first; products
are of random numbers, and are not. Each section names the commit that it was measured on.`;

const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const number = (value, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits) : "–");
const milliseconds = (value) => number(value, value < 100 ? 2 : 0);
const megabytes = (bytes) => number(bytes / 1e6, 2);
const quotient = (ratio) => (ratio ? `${number(ratio.median)} (${number(ratio.low)}–${number(ratio.high)})` : "–");

function targetTable(rows) {
  const measured = (row) => row.measured.map(([name, value]) => `${name} ${number(value, Math.abs(value) < 0.01 ? 4 : 2)}`).join(" · ");
  const reached = (row) => (row.reached === undefined ? "not measured" : row.reached ? "yes" : "no");
  const limits = rows.filter((row) => row.limit && row.reached === false).map(({ what, limit }) => `Not reached, ${what}: ${limit}`);
  return [table(["", "target", "measured", "reached"], rows.map((row) => [row.what, row.target, measured(row), reached(row)])), ...limits]
    .join("\n\n");
}

function latency(lines) {
  const head = ["page", "cores", "dtype", "shape", "ours, ms", "seen from the page", "ORT, ms", "ours / ORT", "transformers.js, ms", "ours / it",
    "candle, ms", "ours / it", "cosine ours", "cosine ORT"];
  return table(head, lines.map(({ page, cores, dtype, shape, peers: { vitrine, ort, transformers, candle = {} } }) => [
    page, cores[0], dtype, shape.replace("x", " × "), vitrine.missing ?? milliseconds(vitrine.elapsed),
    milliseconds(vitrine.trip), ort.missing ?? milliseconds(ort.elapsed),
    quotient(ort.ratio), transformers.missing ?? milliseconds(transformers.elapsed), quotient(transformers.ratio),
    candle.missing ?? milliseconds(candle.elapsed), quotient(candle.ratio), number(vitrine.cosine, 5), number(ort.cosine, 5),
  ]));
}

function batches(lines) {
  const head = ["cores", "dtype", "", "together, ms a text", "one by one", "together / one by one", "the same within the worker", "transformers.js together", "ours / it"];
  return table(head, lines.map(({ cores, dtype, name, milliseconds: { together, alone, transformers }, toAlone, toAloneInWorker, toTransformers }) => [
    cores[0], dtype, name, milliseconds(together), milliseconds(alone), quotient(toAlone), quotient(toAloneInWorker), milliseconds(transformers), quotient(toTransformers),
  ]));
}

function products(lines) {
  const head = ["dtype", "product", "ORT, G/s", "ours simd128, G/s", "ours / ORT", "ours relaxed, G/s", "ours / ORT"];
  return table(head, lines.map(({ dtype, product, peers: { ort, simd128, relaxed } }) => [
    dtype, product.replaceAll("x", " × "), number(ort.speed, 1), simd128.missing ?? number(simd128.speed, 1), quotient(simd128.ratio),
    relaxed.missing ?? number(relaxed.speed, 1), quotient(relaxed.ratio),
  ]));
}

function bundles(lines) {
  const files = ({ files }) => Object.entries(files).map(([path, bytes]) => `${path.split("/").at(-1)} ${bytes}`).join(" · ");
  return table(["", "bytes, brotli", "files"], lines.map((line) => [line.name, line.bytes.toLocaleString("en"), files(line)]));
}

function visits(lines) {
  const head = ["link", "", "first answer, ms", "ours / theirs", "MB", "of it runtime", "ready after the last byte, % of the download",
    "second visit's answer, ms", "ours / theirs", "ready / reading", "MB again"];
  return table(head, lines.map((line) => line.missing
    ? [line.link, line.name, line.missing, ...Array(head.length - 3).fill("")]
    : [
        line.link, line.name, number(line.answered, 0), quotient(line.answeredRatio), megabytes(line.bytes), megabytes(line.runtime),
        number(100 * line.tail, 1), number(line.again, 0), quotient(line.againRatio), number(line.readyToReading), megabytes(line.againBytes),
      ]));
}

function memory(lines) {
  const head = ["", "page's process, MB", "a blank page's, MB", "wasm, MB", "weights' file, MB", "weights resident, MB",
    "wasm / resident"];
  return table(head, lines.map(({ name, missing, process, blank, wasm, weights, resident }) => missing
    ? [name, missing, "", "", "", "", ""]
    : [name, ...[process, blank, wasm, weights, resident].map(megabytes), number(wasm / resident)]));
}

function told(lines) {
  const head = ["link", "", "told, s", "taken, s", "told, MB of memory", "taken, MB"];
  return table(head, lines.map(({ link, name, seconds, took, memory, used }) => [
    link, name, number(seconds, 1), number(took, 1), megabytes(memory), megabytes(used),
  ]));
}

function pages(lines) {
  const of = (kind) => lines.filter((line) => line.kind === kind);
  const kilobytes = ({ bytes, gzip, files }) => `${number(bytes / 1e3, 0)} (${number(gzip / 1e3, 0)}) in ${files}`;
  return [
    table(["`vitrine page`", "s", "most memory, MB"], of("build").map(({ name, seconds, peak }) => [name, number(seconds, 1), megabytes(peak)])),
    table(
      ["an index of so many models", "link", "keystroke to results, ms", "the slowest", "filter to results, ms", "first view, kB (gzip) in files", "one search", "one filter"],
      of("index").map(({ models, link, keystroke, slowest, filter, view, oneSearch, oneFilter }) => [
        models.toLocaleString("en"), link, number(keystroke, 0), number(slowest, 0), number(filter, 0), ...[view, oneSearch, oneFilter].map(kilobytes),
      ]),
    ),
    table(
      ["Lighthouse, a model's page before the click", "performance", "accessibility", "best practices", "first paint, ms", "largest paint, ms", "blocking, ms", "layout shift"],
      of("lighthouse").map(({ form, performance, accessibility, practices, paint, largest, blocking, shift }) => [
        form, number(performance, 0), number(accessibility, 0), number(practices, 0), number(paint, 0), number(largest, 0), number(blocking, 0), number(shift, 3),
      ]),
    ),
  ].join("\n\n");
}
