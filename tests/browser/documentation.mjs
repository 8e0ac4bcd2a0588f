// Sites that documentation tools have built, on a host without headers: their widgets answer, from the same host and another.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NETWORK, property, waitDescribed, waitState } from "./browser.mjs";
import { ROOT } from "./repositories.mjs";
import { startSite } from "./site.mjs";
import { startStaticHost } from "./static-host.mjs";

/** What Python answers. */
const CASE = JSON.parse(readFileSync(join(ROOT, "tests/cases/text-classification/tiny-sentiment-negative/case.json"), "utf8"));
const SITES = join(ROOT, "target/embedding/sites");

/** Loads and runs a widget of a page or frame as a reader does, and compares the answer with Python's. */
async function answers(page) {
  await waitDescribed(page);
  await page.locator("model-widget [data-action=load]").click();
  await waitState(page, "ready");
  await page.locator("model-widget [data-field=text]").fill(CASE.inputs);
  await page.locator("model-widget [part~=run]").click();
  await page.waitForFunction(() => document.querySelector("model-widget").output);
  assert.match(await page.locator("model-widget [part~=output] [part~=item]").first().innerText(), new RegExp(CASE.output[0].label, "i"));
  const output = await property(page, "output");
  assert.deepEqual(output.map(({ label }) => label), CASE.output.map(({ label }) => label));
  output.forEach(({ score }, index) => assert.ok(Math.abs(score - CASE.output[index].score) <= CASE.tolerance.absolute, `${score}`));
}

/** Opens a page of a built site whose Vitrine is on the same host, or on another. */
async function visit(t, folder, path, other, allow = []) {
  const elsewhere = other ? t.keep(await startSite({ cors: true })).origin : undefined;
  const host = t.keep(await startStaticHost(join(SITES, folder), elsewhere));
  const visitor = await t.visitor({ allow });
  // Pages of some tools ask other hosts for what a test does without.
  await visitor.context.route((url) => url.hostname !== "127.0.0.1", (route) => route.abort());
  return visitor.visit(host.origin + path);
}

/** The widget of each built page answers, whether Vitrine is on the same host or not. */
const built = (tool, folder, path, allow) => ({
  name: `a page of ${tool} answers`,
  async run(t) {
    for (const other of [false, true]) await answers(await visit(t, folder, path, other, allow));
  },
});

/** The same in a frame, which takes its widget's height. */
const framed = (tool, folder, path, allow) => ({
  name: `a page of ${tool} answers in its frame`,
  async run(t) {
    for (const other of [false, true]) {
      const page = await visit(t, folder, path, other, allow);
      const frame = await page.waitForSelector("iframe[data-vitrine]");
      const inner = await frame.contentFrame();
      await answers(inner);
      await page.waitForFunction(() => document.querySelector("iframe[data-vitrine]").style.height);
    }
  },
});

/** A page that is reached without the browser's own navigation: the widget answers, and again after going back and forth. */
const withoutReload = (tool, folder) => ({
  name: `a page of ${tool} that is reached by a link answers`,
  async run(t) {
    const page = await visit(t, folder, "/", false);
    await page.evaluate(() => (globalThis.sameDocument = true));
    // The tools' own scripts take links over once they have what they fetch.
    await page.waitForLoadState("networkidle");
    const link = page.getByRole("link", { name: "A page with a model" });
    await link.click();
    await answers(page);
    await page.goBack();
    await link.waitFor();
    await page.goForward();
    await answers(page);
    assert.equal(await page.evaluate(() => globalThis.sameDocument), true, "the document is another");
  },
});

export const tests = [
  built("plain HTML", "plain", "/"),
  framed("plain HTML", "plain", "/frame"),
  built("mdBook", "mdbook", "/guide/sentiment.html"),
  built("MkDocs", "mkdocs", "/sentiment/"),
  withoutReload("MkDocs with instant navigation", "mkdocs"),
  built("Sphinx in reStructuredText", "sphinx-html", "/restructured.html"),
  built("Sphinx in MyST", "sphinx-html", "/markdown.html"),
  framed("Jupyter", "jupyter", "/notebook.html", NETWORK),
  built("Docusaurus in MDX", "docusaurus", "/sentiment"),
  withoutReload("Docusaurus", "docusaurus"),
  {
    name: "a script stands only on the pages that have a widget, and code is no widget",
    async run() {
      const page = (path) => readFileSync(join(SITES, path), "utf8");
      for (const path of ["mdbook/plain.html", "sphinx-html/index.html"]) assert.doesNotMatch(page(path), /model-widget/);
      for (const path of ["mdbook/guide/sentiment.html", "sphinx-html/markdown.html"]) {
        assert.equal(page(path).match(/<script[^>]*model-widget\.js/g).length, 1, path);
      }
      assert.match(page("mdbook/plain.html"), /<code>\{\{#model vitrine\/tiny-sentiment\}\}<\/code>/);
    },
  },
  {
    name: "where Sphinx makes no web page, what shows without script stands for the widget",
    async run() {
      const text = (name) => readFileSync(join(SITES, "sphinx-text", `${name}.txt`), "utf8").trim().split("\n").slice(2);
      assert.deepEqual(text("restructured"), ["", "What shows *without* script."]);
      assert.deepEqual(text("markdown"), ["", "vitrine/tiny-sentiment"]);
    },
  },
];
