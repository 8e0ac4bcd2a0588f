// Bundles opened from disk, without a network: `vitrine bundle` as one file and as a folder.

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { NETWORK, property, run, shownText } from "./browser.mjs";
import { vitrine } from "./pages-fixtures.mjs";
import { ROOT } from "./repositories.mjs";

const MADE = join(ROOT, "target/bundles");
const TINY = join(ROOT, "www/models/vitrine/tiny-sentiment");
/** What Python answers with this checkpoint. */
const CASE = JSON.parse(readFileSync(join(ROOT, "tests/cases/text-classification/tiny-sentiment-negative/case.json")));

/** Makes a bundle of the tiny model; answers its address on disk. */
function bundle(name, ...words) {
  const path = join(MADE, name);
  rmSync(path, { recursive: true, force: true });
  const made = vitrine("bundle", TINY, "--out", path, "--site", join(ROOT, "dist"), ...words);
  assert.equal(made.status, 0, made.stderr);
  return pathToFileURL(name.endsWith(".html") ? path : join(path, "index.html")).href;
}

/** The bundle in a browser that is offline, and the addresses that it asks for. */
async function open(t, url, options = {}) {
  const visitor = await t.visitor({ offline: true, ...options });
  const asked = [];
  visitor.context.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url())) asked.push(request.url());
  });
  return { page: await visitor.visit(url, { defined: true }), asked };
}

async function answers(page, tolerance = CASE.tolerance.absolute) {
  const { output, error } = await run(page, CASE.inputs);
  assert.ok(output, JSON.stringify(error));
  assert.deepEqual(output.map(({ label }) => label), CASE.output.map(({ label }) => label));
  for (const [at, { score }] of CASE.output.entries()) assert.ok(Math.abs(output[at].score - score) <= tolerance, output[at].score);
}

export const tests = [
  {
    name: "one file answers as Python does, and asks for nothing but itself",
    async run(t) {
      const url = bundle("tiny.html");
      for (const cores of ["1", "2"]) {
        const { page, asked } = await open(t, url);
        await page.evaluate((cores) => document.querySelector("model-widget").setAttribute("cores", cores), cores);
        await answers(page);
        assert.deepEqual(asked, [url]);
        assert.ok((await page.locator("#card").innerText()).includes("Intended uses"), "the card");
        assert.ok(!(await shownText(page)).includes("vitrine.invalid"), "an address that no one can reach is shown");
      }
    },
  },
  {
    name: "a folder answers as Python does, and asks for nothing outside of it",
    async run(t) {
      const url = bundle("tiny");
      const { page, asked } = await open(t, url);
      const before = asked.length;
      await answers(page);
      assert.ok(asked.length > before && asked.every((one) => one.startsWith(url.replace("index.html", ""))), asked.join("\n"));
    },
  },
  {
    name: "weights of 8 bits answer nearly as Python does with the author's",
    async run(t) {
      const { page } = await open(t, bundle("small.html", "--dtype", "q8"));
      await answers(page, 0.02);
    },
  },
  {
    name: "a folder that lacks a piece says which",
    async run(t) {
      const url = bundle("torn");
      rmSync(join(MADE, "torn/pieces/8.js"));
      const { page } = await open(t, url, { allow: [NETWORK, /ERR_FILE_NOT_FOUND/, /missing from this folder/] });
      const { error } = await run(page, CASE.inputs);
      assert.ok(error?.message.includes("pieces/8.js is missing from this folder"), JSON.stringify(error));
      assert.equal((await property(page, "readyState")), "error");
    },
  },
  {
    name: "without script a bundle shows the card and the author's examples",
    async run(t) {
      const visitor = await t.visitor({ offline: true, javaScriptEnabled: false });
      const page = await visitor.visit(bundle("plain.html"));
      for (const section of ["#card", "#examples", "#files"]) assert.ok(await page.locator(section).isVisible(), section);
      assert.ok(await page.locator("#examples .example-output").first().isVisible(), "an example's output");
    },
  },
];
