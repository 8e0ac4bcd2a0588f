// Hostile repositories: public payloads in metadata, examples, labels and names of files, on pages that `vitrine page` makes
// of them, must not do anything there, whether the pages' policy is in force or not.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MADE, vitrine } from "./pages-fixtures.mjs";
import { ROOT } from "./repositories.mjs";
import { startStaticHost } from "./static-host.mjs";
import { payloads } from "./xss.mjs";

/** Payloads of a model: its page has each of them in every place. */
const EACH = 150;

const TINY = join(ROOT, "www/models/vitrine/tiny-sentiment");

/** Metadata in which each payload stands in every place that a page shows. */
function card(some) {
  const results = some.map((payload) => ({
    task: { type: "text-classification", name: payload },
    dataset: { type: payload, name: payload, config: payload, split: payload },
    metrics: [{ type: payload, name: payload, value: payload }],
    source: { name: payload, url: payload },
  }));
  const widget = some.map((payload) => ({
    text: payload, example_title: payload, group: payload,
    output: [{ label: payload, score: 0.9 }, { label: "other", score: 0.1 }],
  }));
  const metadata = {
    pipeline_tag: "text-classification", library_name: some[0], license: some, license_name: some[1], license_link: some[2],
    language: some, tags: some, datasets: some, base_model: some, metrics: some, new_version: some[3], thumbnail: some[4],
    co2_eq_emissions: { emissions: 1, source: some[5], training_type: some[6], geographical_location: some[7], hardware_used: some[8] },
    "model-index": [{ name: some[9], results }], widget,
  };
  // JSON is YAML, but for the separators of lines and paragraphs that YAML knows beside the line feed.
  const json = JSON.stringify(metadata).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/g, " ");
  return `---\n${json}\n---\nA hostile card.\n`;
}

/** A name that a file can have. */
const fileName = (payload) => payload.replace(/[/\\:\0\r\n]/g, "∕").replace(/^\.+/, "").slice(0, 60);

/** Writes the hostile repositories; answers their ids. */
function makeModels(folder) {
  rmSync(folder, { recursive: true, force: true });
  const all = payloads();
  const ids = [];
  for (let at = 0; at < all.length; at += EACH) {
    const some = all.slice(at, at + EACH);
    while (some.length < 10) some.push(all[0]);
    const id = `hostile/model-${ids.length}`;
    const place = join(folder, id);
    mkdirSync(place, { recursive: true });
    // One of them runs for real, with payloads as its labels.
    if (ids.length === 0) cpSync(TINY, place, { recursive: true });
    const labels = Object.fromEntries([some.find((one) => one.includes("<img")) ?? some[0], some[1]].map((label, index) => [index, label]));
    const config = { model_type: "bert", architectures: ["BertForSequenceClassification"] };
    if (ids.length > 0) writeFileSync(join(place, "config.json"), JSON.stringify(config));
    else {
      const own = JSON.parse(readFileSync(join(place, "config.json")));
      writeFileSync(join(place, "config.json"), JSON.stringify({ ...own, id2label: labels }));
    }
    writeFileSync(join(place, "README.md"), card(some));
    for (const payload of some) {
      const name = fileName(payload);
      if (name.trim() && Buffer.byteLength(name) < 250) writeFileSync(join(place, name), "x");
    }
    ids.push(id);
  }
  return ids;
}

/** In every frame, before anything else: reports calls that only a payload makes. */
function watch() {
  const report = console.info.bind(console, "watch");
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
    window[name] = () => report(name);
  }
}

/** Shows everything on a page and does to all of it what a visitor can. */
function provoke() {
  const TYPES = ["click", "mouseover", "mouseenter", "focus", "focusin", "error", "load", "toggle", "animationstart", "pointerover", "keydown"];
  const roots = [document];
  const all = () => roots.flatMap((root) => [...root.querySelectorAll("*")]);
  for (const element of all()) if (element.shadowRoot) roots.push(element.shadowRoot);
  // A click on a link of the web is the reader's wish: it is not followed.
  for (const root of roots) root.addEventListener("click", (event) => event.target.closest?.("a[href]") && event.preventDefault(), true);
  for (const details of document.querySelectorAll("details")) details.open = true;
  const problems = [];
  const elements = all();
  for (const element of elements) {
    for (const { name, value } of element.attributes) if (/^on/.test(name)) problems.push(`${element.localName} ${name}=${value}`);
    if (element.protocol && !["http:", "https:", "mailto:", "data:"].includes(element.protocol)) problems.push(element.href);
    if (["iframe", "object", "embed", "base"].includes(element.localName)) problems.push(element.outerHTML);
    const { action } = element.dataset ?? {};
    if (["copy-snippet", "unload", "forget", "load"].includes(action)) continue;
    for (const type of TYPES) element.dispatchEvent(new Event(type, { bubbles: type === "click", cancelable: true }));
  }
  return { elements: elements.length, problems };
}

export const tests = [
  {
    name: "payloads in metadata, examples, labels and names of files do nothing on pages and in the index",
    async run(t) {
      const folder = join(MADE, "hostile-models");
      const out = join(MADE, "sites/hostile");
      const ids = makeModels(folder);
      rmSync(out, { recursive: true, force: true });
      const made = vitrine("page", folder, "--out", out, "--site", join(ROOT, "dist"));
      assert.equal(made.status, 0, made.stderr);
      const site = t.keep(await startStaticHost(out));
      // The policy would stop what slips through: it must not be needed.
      const visitor = await t.visitor({ allow: [/./], bypassCSP: true });
      const noted = [];
      await visitor.context.addInitScript(watch);
      await visitor.context.route((url) => url.origin !== site.origin && !/^(data|blob|about):/.test(url.protocol), (route) => {
        noted.push(`request ${route.request().url()}`);
        return route.abort();
      });
      visitor.context.on("dialog", (dialog) => (noted.push(`dialog ${dialog.type()}`), dialog.dismiss()));
      const open = async (path) => {
        const page = await visitor.context.newPage();
        const address = `${site.origin}/${path}`;
        page.on("console", (message) => message.text().startsWith("watch ") && noted.push(`${message.text()} on ${path}`));
        page.on("framenavigated", (frame) => {
          if (frame === page.mainFrame() && frame.url().split("?")[0] !== address) noted.push(`to ${frame.url()} from ${path}`);
        });
        await page.goto(address);
        return page;
      };
      let elements = 0;
      for (const [index, id] of ids.entries()) {
        const page = await open(`${id}/index.html`);
        await page.waitForFunction(() => document.querySelector("model-widget").shadowRoot?.querySelector("[part~=run]"));
        if (index === 0) {
          const labels = await page.evaluate(async () => (await document.querySelector("model-widget").run("good")).map(({ label }) => label));
          assert.ok(labels.some((label) => label.includes("<")), labels.join());
        }
        const found = await page.evaluate(provoke);
        elements += found.elements;
        assert.deepEqual(found.problems, [], id);
        await page.close();
      }
      assert.ok(elements > payloads().length * 20, `only ${elements} elements`);
      const index = await open("index.html");
      await index.fill("input[type=search]", "hostile");
      await index.waitForFunction((count) => document.querySelector("[data-status]").textContent.includes(count), String(ids.length));
      assert.deepEqual((await index.evaluate(provoke)).problems, []);
      await index.waitForTimeout(300);
      assert.deepEqual(noted, []);
      // What would run is noted.
      await index.evaluate(() => (document.querySelector("[data-results]").innerHTML = "<img src=x onerror=alert(1)>"));
      await index.waitForTimeout(300);
      assert.deepEqual(noted, ["watch alert on index.html"]);
    },
  },
];
