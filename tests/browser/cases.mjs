// Every case with Python's output, through a widget in the browser.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./browser.mjs";
import { ROOT } from "./repositories.mjs";

/** The cases of all tasks: `{task, name, model, inputs, parameters, output, tolerance}`. */
export function cases() {
  const folders = (path) =>
    readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== "__pycache__");
  const root = join(ROOT, "tests/cases");
  return folders(root).flatMap(({ name: task }) =>
    folders(join(root, task)).flatMap(({ name }) => {
      const read = (file) => JSON.parse(readFileSync(join(root, task, name, file), "utf8"));
      if (!existsSync(join(root, task, name, "cases.json"))) return { task, name, ...read("case.json") };
      const { cases: many, ...shared } = read("cases.json");
      return many.map((one) => ({ task, ...shared, ...one, name: `${name}/${one.name}` }));
    }),
  );
}

/** How an output differs from what is expected, as a text; undefined where it does not. */
export function difference({ output: expected, tolerance }, output) {
  return "cosine" in tolerance ? cosine(expected, output, tolerance.cosine) : absolute(expected, output, tolerance.absolute, "output");
}

function absolute(expected, found, most, at) {
  if (typeof expected === "number" && typeof found === "number") {
    return Math.abs(expected - found) <= most ? undefined : `${at}: ${found}, expected ${expected}`;
  }
  if (expected === null || typeof expected !== "object") {
    return expected === found ? undefined : `${at}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
  }
  const [keys, foundKeys] = [Object.keys(expected), Object.keys(found ?? {})];
  if (Array.isArray(expected) !== Array.isArray(found) || keys.sort().join() !== foundKeys.sort().join()) {
    return `${at}: ${JSON.stringify(found)?.slice(0, 200)}, expected ${JSON.stringify(expected).slice(0, 200)}`;
  }
  for (const key of keys) {
    const problem = absolute(expected[key], found[key], most, `${at}.${key}`);
    if (problem) return problem;
  }
}

function cosine(expected, found, least) {
  if (found?.length !== expected.length) return `${found?.length} rows, expected ${expected.length}`;
  const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
  for (const [index, row] of expected.entries()) {
    const other = found[index];
    const value = dot(row, other) / Math.sqrt(dot(row, row) * dot(other, other));
    if (!(other.length === row.length && value >= least)) return `row ${index}: cosine ${value}`;
  }
}

const groups = Map.groupBy?.(cases(), key) ?? cases().reduce((all, one) => all.set(key(one), [...(all.get(key(one)) ?? []), one]), new Map());

function key({ task, model }) {
  return `${task} ${model}`;
}

export const tests = [...groups].map(([name, group]) => ({
  name,
  async run(t) {
    const { task, model } = group[0];
    const page = await t.open({ model, task });
    const wrong = [];
    for (const one of group) {
      const { output, error } = await run(page, one.inputs, one.parameters ?? {});
      const problem = error ? `${error.code}: ${error.message}` : difference(one, output);
      if (problem) wrong.push(`${one.name}: ${problem}`);
    }
    if (wrong.length) throw new Error(`${wrong.length} of ${group.length} cases differ:\n${wrong.join("\n")}`);
  },
}));
