// A model's page on a static host: what it says with and without script, what it asks for, and that what it offers works.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { numbersOf } from "../numbers.mjs";
import { NETWORK, run, waitDescribed } from "./browser.mjs";
import { history, folderOf, host, MADE, picture, PICTURES, vitrine } from "./pages-fixtures.mjs";
import { ROOT } from "./repositories.mjs";

const HEAVY = /\.(safetensors|wasm)$|\/worker/;
const expected = (name) => JSON.parse(readFileSync(join(ROOT, "tests/cases/text-classification", name, "case.json")));
/** What Python answers with each of the checkpoints that the pages' models have. */
const TWO_LABELS = expected("tiny-sentiment-negative");
const THREE_LABELS = expected("sequence-classification");

/** The page's text in lines, as people see it. */
const lines = (locator) => locator.allInnerTexts().then((texts) => texts.map((text) => text.replace(/\s+/g, " ").trim()));

/** Pairs of a list of terms. */
const facts = (page) =>
  page.locator(".facts dl > div").evaluateAll((rows) => Object.fromEntries(rows.map((row) => [row.children[0].textContent, row.children[1].textContent])));

/** Rows of cells of a table. */
const cells = (table) => table.evaluate((table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim())));

/** The widget answers as Python does. */
async function answers(page, { inputs, output, tolerance }) {
  await waitDescribed(page);
  const answer = await run(page, inputs);
  assert.ok(answer.output, JSON.stringify(answer.error));
  assert.deepEqual(answer.output.map(({ label }) => label), output.map(({ label }) => label));
  for (const [at, { score }] of output.entries()) assert.ok(Math.abs(answer.output[at].score - score) <= tolerance.absolute);
}

/** Whatever a page asks other hosts for; none of it leaves the machine, and pictures are answered with one. */
async function watchOthers(visitor, site) {
  const others = [];
  await visitor.context.route((url) => url.origin !== site.origin && !/^(data|blob):/.test(url.protocol), (route) => {
    others.push(route.request().url());
    return route.fulfill({ contentType: "image/png", body: picture(8, 8) });
  });
  return others;
}

const withoutScript = (t, site) => t.visitor({ site, javaScriptEnabled: false });

export const tests = [
  {
    name: "without script a page has everything but the widget, and asks for nothing heavy",
    async run(t) {
      const site = await host(t, "all");
      const visitor = await withoutScript(t, site);
      const others = await watchOthers(visitor, site);
      const page = await visitor.visit(`${site.root}lab/everything/`);
      await page.waitForLoadState("networkidle");
      assert.deepEqual(others, []);
      assert.deepEqual(site.requests.filter(({ path }) => HEAVY.test(path)), []);
      assert.match(await page.locator(".fallback").innerText(), /JavaScript/);
      assert.equal(await page.locator("button:visible").count(), 0, "no button that does nothing");
      const [first, second] = await page.locator(".example").all();
      // The author's own outputs, in the card's order and with its scores.
      assert.deepEqual(await lines(first.locator(".label")), ["negative", "neutral", "positive"]);
      assert.deepEqual(await lines(first.locator(".score")), ["0.750", "0.200", "0.050"]);
      assert.match(await first.innerText(), /The plot was <b>thin<\/b> & slow\./);
      assert.equal(await second.locator("h3").innerText(), "فيلم");
      assert.equal(await page.locator("#card .card-text").getByText("The footnote.").count(), 1);
    },
  },
  {
    name: "what to know is one click from the answer, and what the card lacks is said to be missing",
    async run(t) {
      const site = await host(t, "all");
      for (const javaScriptEnabled of [true, false]) {
        const page = await (await t.visitor({ site, javaScriptEnabled, allow: NETWORK })).visit(`${site.root}lab/everything/`);
        if (javaScriptEnabled) await waitDescribed(page);
        const topics = page.locator("model-widget .topics > details");
        assert.deepEqual(await lines(topics.locator("summary")), ["Intended uses", "Limitations", "Bias and risks", "Training data", "Evaluation"]);
        await topics.nth(1).locator("summary").click();
        assert.ok(await topics.getByText("It knows reviews of films alone.").first().isVisible());
        await topics.nth(0).locator("summary").click();
        assert.ok(await topics.nth(0).getByText("reviews of films").isVisible());
      }
      const page = await (await t.visitor({ site })).visit(`${site.root}lab/no-card/`);
      await waitDescribed(page);
      const topics = page.locator("model-widget .topics > details");
      assert.deepEqual(await lines(topics.locator(".missing")), Array(5).fill("missing"));
      await topics.nth(1).locator("summary").click();
      assert.match(await topics.nth(1).innerText(), /names no limitations/);
    },
  },
  {
    name: "badges, facts, results and emissions are those of the files and the card",
    async run(t) {
      const site = await host(t, "all");
      const page = await (await withoutScript(t, site)).visit(`${site.root}lab/everything/`);
      const weights = readFileSync(join(MADE, "models/lab/everything/model.safetensors"));
      const numbers = numbersOf(weights);
      const { model_type } = JSON.parse(readFileSync(join(MADE, "models/lab/everything/config.json")));
      const said = await facts(page);
      const header = JSON.parse(weights.subarray(8, 8 + Number(weights.readBigUInt64LE())));
      const dtypes = new Set(Object.entries(header).filter(([name]) => name !== "__metadata__").map(([, { dtype }]) => dtype));
      assert.equal(said["Number format"], [...dtypes].join(", "));
      assert.equal(said.Parameters, `${(numbers / 1e3).toFixed(1)}k`);
      assert.equal(said.Architecture, model_type);
      assert.equal(said.Weights, `${(weights.length / 1e3).toFixed(weights.length < 1e5 ? 1 : 0)} kB`);
      assert.match(said["Emissions of training"], /^149\.2 kg CO₂eq .*fine-tuning.*8 V100.*Quebec.*CodeCarbon/);
      const badges = await page.locator(".badges").evaluate((list) =>
        Object.fromEntries([...list.children].map((group) => [group.querySelector("dt").textContent, [...group.querySelectorAll("dd")].map((one) => [one.textContent, one.querySelector("a")?.getAttribute("href") ?? null])])));
      assert.deepEqual(badges, {
        Task: [["Text Classification", "../../index.html?task=text-classification"]],
        Library: [["transformers", "../../index.html?library=transformers"]],
        Licence: [["fair-use-1.0", "../../lab/everything/resolve/main/LICENSE"]],
        Languages: ["en", "ar", "de"].map((code) => [code, `../../index.html?language=${code}`]),
        "Data sets": [["stanfordnlp/imdb", "https://huggingface.co/datasets/stanfordnlp/imdb"]],
        "fine-tuned from": [["google-bert/bert-base-uncased", "https://huggingface.co/google-bert/bert-base-uncased"]],
        Papers: ["1810.04805", "1908.10084"].map((id) => [`arXiv:${id}`, `https://arxiv.org/abs/${id}`]),
        Tags: [["reviews", null], ["not-for-all-audiences", null]],
      });
      const source = page.locator("#results a");
      assert.deepEqual(await cells(page.locator("#results table")), [
        ["Sentiment of reviews", "IMDb (plain_text, test)", "Accuracy", "0.91055", "The leaderboard verified"],
        ["Sentiment of reviews", "IMDb (plain_text, test)", "f1", "88.5", "The leaderboard"],
      ]);
      assert.equal(await source.first().getAttribute("href"), "https://board.example/imdb");
      const notices = await lines(page.locator(".notice:not([data-remote-images])"));
      assert.ok(notices.some((text) => /newer version.*lab\/reviews/.test(text)) && notices.some((text) => /unsuitable/.test(text)), notices.join("\n"));
    },
  },
  {
    name: "files have their sizes and their hashes, and their links lead to them",
    async run(t) {
      const site = await host(t, "all");
      const page = await (await withoutScript(t, site)).visit(`${site.root}lab/everything/`);
      const rows = await page.locator("table.files tbody tr:not(.total)").evaluateAll((rows) =>
        rows.map((row) => ({ path: row.cells[0].textContent, size: row.cells[1].textContent, hash: row.cells[2].textContent, url: row.querySelector("a").href })));
      const folder = join(MADE, "models/lab/everything");
      const paths = readdirSync(folder, { recursive: true }).filter((path) => statSync(join(folder, path)).isFile());
      assert.deepEqual(rows.map(({ path }) => path).sort(), paths.sort());
      for (const { path, size, hash, url } of rows) {
        const bytes = readFileSync(join(folder, path));
        assert.equal(hash, createHash("sha256").update(bytes).digest("hex"), path);
        if (bytes.length < 1000) assert.equal(size, `${bytes.length} B`, path);
        else assert.ok(Math.abs(parseFloat(size) / (bytes.length / 1e3) - 1) < 0.01 && size.endsWith(" kB"), `${path}: ${size}`);
        assert.deepEqual(Buffer.from(await (await fetch(url)).arrayBuffer()), bytes, path);
      }
    },
  },
  {
    name: "nothing is asked of other hosts before pictures are, and after it they alone",
    async run(t) {
      const site = await host(t, "all");
      const visitor = await t.visitor({ site });
      const others = await watchOthers(visitor, site);
      const page = await visitor.visit(`${site.root}lab/everything/`);
      await answers(page, THREE_LABELS);
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      await page.locator("footer.site").scrollIntoViewIfNeeded();
      await page.waitForLoadState("networkidle");
      assert.deepEqual(others, []);
      // Pictures of the repository itself need no consent.
      await page.waitForFunction(() => [...document.querySelectorAll("#card img")].filter((image) => image.checkVisibility()).every((image) => image.naturalWidth > 0));
      await page.locator("[data-action=show-images]").click();
      await page.waitForFunction(() => [...document.querySelectorAll("#card img")].length === 5);
      await page.waitForLoadState("networkidle");
      assert.deepEqual([...new Set(others)].sort(), [`${PICTURES}/badge.png`, `${PICTURES}/plot.png`]);
      assert.equal(await page.locator("[data-remote-images]").count(), 0);
    },
  },
  {
    name: "each version's page has the widget of its commit, which answers as Python does",
    async run(t) {
      const site = await host(t, "reviews");
      const visitor = await t.visitor({ site });
      const page = await visitor.visit(site.root);
      const versions = await page.locator("table.versions tbody tr").evaluateAll((rows) =>
        rows.map((row) => ({ name: row.querySelector("a").textContent, kind: row.querySelector(".muted")?.textContent, url: row.querySelector("a").href, title: row.cells[2].textContent })));
      const at = (commit) => (commit === history.now ? `${site.root}index.html` : `${site.root}tree/${commit}/index.html`);
      const named = Object.fromEntries(versions.map(({ name, kind, url }) => [`${kind ?? "Commit"} ${name}`, url]));
      for (const [name, commit] of [["Branch main", "now"], ["Branch old", "three"], ["Tag v1", "three"], ["Tag v2", "two"]]) {
        assert.equal(named[name], at(history[commit]), `${name} of ${JSON.stringify(named)}`);
      }
      assert.ok(versions.some(({ title }) => title === "Two labels <b>now</b>"));
      for (const [url, commit, wanted] of [[at(history.now), history.now, TWO_LABELS], [named["Tag v1"], history.three, THREE_LABELS], [named["Tag v2"], history.two, TWO_LABELS]]) {
        const before = site.requests.length;
        const page = await visitor.visit(url);
        await answers(page, wanted);
        const asked = site.requests.slice(before).map(({ path }) => path).filter((path) => /\/(resolve|revision)\//.test(path));
        assert.ok(asked.length > 0 || url !== at(history.now));
        for (const path of asked) assert.ok(path.includes(`/resolve/${commit}/`) || path.endsWith(`/revision/${commit}`), `${path} on the page of ${commit}`);
        assert.equal(await page.locator("a[aria-current=page]").first().getAttribute("href").then((href) => new URL(href, page.url()).href), url);
        const notice = page.locator(".notice a");
        assert.equal(await notice.count(), commit === history.now ? 0 : 1);
        if (commit !== history.now) assert.equal(await notice.evaluate((link) => link.href), at(history.now));
        await page.close();
      }
    },
  },
  {
    name: "the code to use a model pins its commit: JavaScript runs in the page, Python is Python",
    async run(t) {
      const site = await host(t, "reviews");
      const visitor = await t.visitor({ site });
      const page = await visitor.visit(site.root);
      await waitDescribed(page);
      const code = await page.locator("#use details").evaluateAll((parts) => Object.fromEntries(parts.map((part) => [part.querySelector("summary").textContent, part.querySelector("code").textContent])));
      assert.deepEqual(Object.keys(code).sort(), ["HTML", "JavaScript", "Python", "Rust"]);
      for (const [language, text] of Object.entries(code)) assert.ok(text.includes(history.now), `${language} names no commit`);
      const logged = page.waitForEvent("console", { predicate: (message) => message.type() === "log" });
      await runModule(page, site, code.JavaScript);
      const output = await (await logged).args()[0].jsonValue();
      assert.deepEqual(output.map(({ label }) => label), ["POSITIVE", "NEGATIVE"]);
      const folder = join(MADE, "snippets");
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      for (const [path, text] of Object.entries({ "now.py": code.Python, "everything.py": await pythonOf(t, "lab/everything"), "no-config.py": await pythonOf(t, "lab/no-config") })) {
        writeFileSync(join(folder, path), text);
        const { status, stderr } = spawnSync("python3", ["-m", "py_compile", join(folder, path)], { encoding: "utf8" });
        assert.equal(status, 0, stderr);
      }
    },
  },
  {
    name: "code can be copied",
    async run(t) {
      const site = await host(t, "tiny");
      const visitor = await t.visitor({ site, permissions: ["clipboard-read", "clipboard-write"] });
      const page = await visitor.visit(site.root);
      const code = page.locator("#use .code").first();
      await code.locator("button").click();
      await code.getByText("Copied").waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await code.locator("code").textContent());
    },
  },
  {
    name: "a page without card, config or words says so",
    async run(t) {
      const site = await host(t, "all");
      const visitor = await withoutScript(t, site);
      for (const [id, sentences] of Object.entries({
        "lab/no-card": [/no model card/], "lab/no-config": [/names no task/, /A card alone/], "lab/no-words": [/names no task/, /card has no text/],
      })) {
        const text = await (await visitor.visit(`${site.root}${id}/`)).locator("main").innerText();
        for (const sentence of sentences) assert.match(text, sentence, id);
      }
    },
  },
  {
    name: "a second run removes what no model has any more, and a folder of others is refused",
    async run() {
      const out = join(MADE, "sites/again");
      rmSync(out, { recursive: true, force: true });
      const [models, dist] = [folderOf("all") && join(MADE, "models"), join(ROOT, "dist")];
      const page = (...words) => vitrine("page", ...words, "--out", out, "--site", dist);
      assert.equal(page(join(models, "lab/no-config"), join(models, "lab/no-words")).status, 0);
      assert.ok(existsSync(join(out, "no-config/index.html")) && existsSync(join(out, "no-words/index.html")));
      writeFileSync(join(out, "own.txt"), "kept");
      assert.equal(page(join(models, "lab/no-config"), join(models, "lab/no-card")).status, 0);
      assert.ok(existsSync(join(out, "no-config/index.html")) && existsSync(join(out, "no-card/index.html")));
      assert.ok(!existsSync(join(out, "no-words")), "a page of no model is left over");
      assert.equal(readFileSync(join(out, "own.txt"), "utf8"), "kept");
      const foreign = join(MADE, "foreign");
      mkdirSync(foreign, { recursive: true });
      writeFileSync(join(foreign, "thesis.txt"), "years of work");
      const { status, stderr } = vitrine("page", join(models, "lab/no-config"), "--out", foreign, "--site", dist);
      assert.equal(status, 1);
      assert.match(stderr, /has not written/);
      assert.deepEqual(readdirSync(foreign), ["thesis.txt"]);
    },
  },
];

/** Runs code as a module of the page, which lets scripts in as files of its site alone. */
async function runModule(page, site, code) {
  await page.route(`${site.root}snippet.js`, (route) => route.fulfill({ contentType: "text/javascript", body: code }));
  await page.addScriptTag({ type: "module", url: `${site.root}snippet.js` });
}

async function pythonOf(t, id) {
  const site = await host(t, "all");
  const page = await (await withoutScript(t, site)).visit(`${site.root}${id}/`);
  return page.locator("#use code").first().textContent();
}
