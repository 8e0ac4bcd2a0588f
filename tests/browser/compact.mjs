// Compact checkpoints that `vitrine convert` makes, beside the originals that they were made of.

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { memoryOf, run, shownText, until, waitDescribed, watched } from "./browser.mjs";
import { entries } from "./stored.mjs";
import { MADE, vitrine } from "./pages-fixtures.mjs";
import { ROOT } from "./repositories.mjs";
import { startSite } from "./site.mjs";

const MINILM = "sentence-transformers/all-MiniLM-L6-v2";
const WEIGHTS = /model\.(q8\.|fp16\.)?safetensors$/;

/** Sixteen tokens, and what Python's library makes of them in f32 (tests/bench/make_expected.py). */
const { texts: [TEXT], embeddings: [EXPECTED] } = JSON.parse(readFileSync(join(ROOT, "tests/bench/expected/1x16.json"), "utf8"));

/** The compact file of MiniLM in this dtype. */
function compactFile(dtype, name) {
  const out = join(MADE, `compact-${dtype}`);
  const { status, stderr } = vitrine("convert", join(ROOT, "target/models", MINILM), "--dtype", dtype, "--out", out, "--force");
  assert.equal(status, 0, stderr);
  const bytes = readFileSync(join(out, name));
  rmSync(out, { recursive: true });
  return bytes;
}

/** Bytes of weights that the host has sent, by their files. */
const sent = (hub) =>
  hub.bodies(WEIGHTS).reduce((sums, { path, sent }) => {
    const name = path.split("/").at(-1);
    return { ...sums, [name]: (sums[name] ?? 0) + sent };
  }, {});

const cosine = (a, b) => {
  const dot = (a, b) => a.reduce((sum, number, index) => sum + number * b[index], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

export const tests = [
  {
    name: "a first answer takes half of a compact file, memory is as told, and the widget says what it took",
    async run(t) {
      for (const [dtype, name, most, memory] of [
        ["q8", "model.q8.safetensors", 12_500_000, [26, 34]],
        ["f16", "model.fp16.safetensors", 23_000_000, [95, 110]],
      ]) {
        t.hub.reset();
        const bytes = compactFile(dtype, name);
        t.hub.copy(MINILM, "author/compact");
        t.hub.repository("author/compact").update({ [name]: bytes });
        const site = t.keep(await startSite({ replace: watched }));
        const page = await t.open({ model: "author/compact", task: "feature-extraction" }, { site });
        const told = await waitDescribed(page);
        const [, toldMegabytes] = /Takes ([\d.]+) MB of memory/.exec(await shownText(page));
        const { output, error } = await run(page, TEXT);
        assert.equal(error, undefined, JSON.stringify(error));
        const first = sent(t.hub);
        const used = (await memoryOf(page)) / 1e6;
        t.print(`${dtype}: ${told}; ${JSON.stringify(first)} sent; ${toldMegabytes} MB told, ${used.toFixed(1)} used`);
        assert.deepEqual(Object.keys(first), [name]);
        assert.ok(first[name] < most, `${first[name]} bytes before the first answer`);
        assert.ok(used > memory[0] && used < memory[1], `${used} MB`);
        assert.ok(Math.abs(toldMegabytes / used - 1) < 0.15, `${toldMegabytes} MB told, ${used} used`);
        assert.ok((await shownText(page)).includes(name), "the widget names the file");
        const close = cosine(output.flat(2), EXPECTED);
        assert.ok(close > 0.99, `cosine ${close}`);
        await until(async () => (await entries(page, `/${name}/verified`)).length, "the rest has come, and is what its author made");
        assert.ok(sent(t.hub)[name] < bytes.length * 1.05, "and came once");
        await page.close();
      }
    },
  },
  {
    name: "a compact file of other weights than those beside it is not taken",
    async run(t) {
      t.hub.copy(MINILM, "author/stale");
      const repository = t.hub.repository("author/stale");
      const bytes = compactFile("q8", "model.q8.safetensors");
      const original = Buffer.from(repository.commit("main").files.get("model.safetensors").bytes());
      original[original.length - 1] ^= 1;
      repository.update({ "model.q8.safetensors": bytes, "model.safetensors": original });
      const page = await t.open({ model: "author/stale", task: "feature-extraction" });
      await waitDescribed(page);
      const { error } = await run(page, TEXT);
      assert.equal(error, undefined, JSON.stringify(error));
      const { "model.q8.safetensors": looked, "model.safetensors": taken } = sent(t.hub);
      assert.ok(looked <= 65_536 && taken > 40_000_000, `${looked} and ${taken} bytes`);
    },
  },
];
