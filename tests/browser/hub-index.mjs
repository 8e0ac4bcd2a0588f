// The index of a static hub: what it finds is what a straightforward look at all models finds; by address, by key and without script.

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { NETWORK } from "./browser.mjs";
import { folderOf, host, INDEX } from "./pages-fixtures.mjs";

/** Results on a page. */
const PAGE = 20;
const FACETS = ["task", "library", "language", "licence", "size"];
/** Bounds of the sizes, in parameters, by the value that stands in an address. */
const SIZES = { "10M": [0, 1e7], "100M": [1e7, 1e8], "1B": [1e8, 1e9], more: [1e9, Infinity] };

const wordsOf = (text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/** Ids that fit, by looking at all models. */
function fitting({ search = "", ...facets }, models = INDEX) {
  const fits = (model) => {
    const words = [model.id, ...model.tags].flatMap(wordsOf);
    const values = {
      task: [model.task], library: [model.library], language: model.languages, licence: [model.licence],
      size: Object.keys(SIZES).filter((size) => model.parameters >= SIZES[size][0] && model.parameters < SIZES[size][1]),
    };
    return wordsOf(search).every((asked) => words.some((word) => word.startsWith(asked))) &&
      Object.entries(facets).every(([key, value]) => !value || values[key].includes(value));
  };
  return models.filter(fits).map(({ id }) => id).sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
}

const shown = (page) => page.locator("[data-results] .row > a").allInnerTexts();
const said = (page) => page.locator("[data-status]").innerText();

/** Waits until so many models are said to be found. */
const finds = (page, count) =>
  page.waitForFunction((text) => document.querySelector("[data-status]").textContent.startsWith(text), count === 0 ? "No model" : count === 1 ? "1 model" : `${count} models`);

/** Fills the form in, and expects what fits: its number, and all of it page by page where there are few pages. */
async function expect(page, asked) {
  for (const [key, value] of Object.entries(asked)) {
    if (key === "search") await page.locator("#search").fill(value);
    else await page.locator(`#filter-${key}`).selectOption(value);
  }
  await expectShown(page, fitting(asked), JSON.stringify(asked));
}

async function expectShown(page, wanted, what) {
  await finds(page, wanted.length).catch(async () => assert.fail(`${what}: ${wanted.length} fit, shown is ${await said(page)}`));
  const found = await shown(page);
  if (wanted.length > 3 * PAGE) wanted = wanted.slice(0, PAGE);
  while (found.length < wanted.length) {
    const next = page.locator("[data-pages] button", { hasText: "Next" });
    const before = await page.locator("[data-pages] span").innerText();
    await next.click();
    await page.waitForFunction((before) => document.querySelector("[data-pages] span").textContent !== before, before);
    found.push(...(await shown(page)));
  }
  assert.deepEqual(found, wanted, what);
}

const open = async (t, path = "", options = {}) => {
  const site = await host(t, "index");
  const visitor = await t.visitor({ site, ...options });
  return { site, visitor, page: await visitor.visit(site.root + path) };
};

export const tests = [
  {
    name: "words are found by their beginnings, several together, whatever their case",
    async run(t) {
      const { page } = await open(t, "", { allow: NETWORK });
      for (const search of ["b", "bert", "BERT ti", "sentiment-reviews", "lab/bert", "grö", "groe", "中", "中文 qa", "v2 1", "no-such-word", "7"]) {
        await expect(page, { search });
      }
    },
  },
  {
    name: "every value of every filter finds its models, alone",
    async run(t) {
      const { page } = await open(t);
      for (const key of FACETS) {
        const options = await page.locator(`#filter-${key} option`).evaluateAll((options) => options.map(({ value, textContent }) => [value, textContent]));
        assert.ok(options.length > 2, `${key} has values`);
        for (const [value, text] of options.slice(1)) {
          const wanted = fitting({ [key]: value });
          assert.equal(Number(/\((\d+)\)$/.exec(text)[1]), wanted.length, `${key}=${value}`);
          await page.locator(`#filter-${key}`).selectOption(value);
          await finds(page, wanted.length).catch(async () => assert.fail(`${key}=${value}: ${await said(page)}`));
          assert.deepEqual(await shown(page), wanted.slice(0, PAGE), `${key}=${value}`);
        }
        await page.locator(`#filter-${key}`).selectOption("");
      }
    },
  },
  {
    name: "filters and words narrow each other, and all can be shown again",
    async run(t) {
      const { page } = await open(t, "", { allow: NETWORK });
      const nothing = Object.fromEntries(FACETS.map((key) => [key, ""]));
      for (const asked of [
        { search: "bert", task: "fill-mask" },
        { library: "transformers", language: "de" },
        { language: "ar", licence: "mit", size: "100M" },
        { search: "b", task: "text-classification", library: "transformers", language: "en", licence: "apache-2.0", size: "more" },
        { search: "v2", task: "image-classification", library: "spacy", language: "sw" },
      ]) await expect(page, { search: "", ...nothing, ...asked });
      await page.locator("button[type=reset]").click();
      await expectShown(page, fitting({}), "all of them");
      assert.equal(new URL(page.url()).search, "");
    },
  },
  {
    name: "a value of another index counts as none, and a failure is said",
    async run(t) {
      const { page, site } = await open(t, "?task=no-such-task&search=tiny", { allow: NETWORK });
      await expectShown(page, fitting({ search: "tiny" }), "the words alone");
      await page.route(/index\/words\/qa\.json/, (route) => route.fulfill({ status: 503, body: "" }), { times: 1 });
      await page.locator("#search").fill("qa");
      await page.waitForFunction(() => /cannot be reached/.test(document.querySelector("[data-status]").textContent));
      await page.locator("#search").fill("qa ");
      await finds(page, fitting({ search: "qa" }).length);
      assert.ok(site.requests.length > 0);
    },
  },
  {
    name: "the address keeps what is asked, and a reload, a link and the way back restore it",
    async run(t) {
      const { page, visitor, site } = await open(t);
      const asked = { search: "tiny", language: "en" };
      const wanted = fitting(asked);
      await page.locator("#search").fill(asked.search);
      await page.locator("#filter-language").selectOption(asked.language);
      await finds(page, wanted.length);
      await page.locator("[data-pages] button", { hasText: "Next" }).click();
      await page.waitForFunction(() => /page=2/.test(location.search));
      const address = page.url();
      assert.deepEqual(Object.fromEntries(new URL(address).searchParams), { ...asked, page: "2" });
      const second = wanted.slice(PAGE, 2 * PAGE);
      const restored = async (page) => {
        await page.waitForFunction((id) => document.querySelector("[data-results] .row > a")?.textContent === id, second[0]);
        assert.deepEqual(await shown(page), second);
        assert.equal(await page.locator("#search").inputValue(), asked.search);
        assert.equal(await page.locator("#filter-language").inputValue(), asked.language);
      };
      await page.reload();
      await restored(page);
      await restored(await visitor.visit(address));
      await page.locator("[data-results] .row > a").first().click();
      await page.waitForURL(`${site.root}${second[0]}/index.html`);
      await page.goBack();
      await restored(page);
      assert.equal(page.url(), address);
      // What a model's page links to.
      const filtered = await visitor.visit(`${site.root}${second[0]}/`);
      await filtered.locator("a.badge.library").click();
      const { library } = INDEX.find(({ id }) => id === second[0]);
      await finds(filtered, fitting({ library }).length);
    },
  },
  {
    name: "a task's link selects it, a second one lets it go, and its page begins with it",
    async run(t) {
      const { page, visitor, site } = await open(t);
      const link = page.locator('a[data-task="fill-mask"]');
      await link.click();
      await finds(page, fitting({ task: "fill-mask" }).length);
      assert.equal(await link.getAttribute("aria-current"), "page");
      await page.locator('a[data-task="question-answering"]').click();
      await finds(page, fitting({ task: "question-answering" }).length);
      assert.equal(await link.getAttribute("aria-current"), null);
      await page.locator('a[data-task="question-answering"]').click();
      await finds(page, INDEX.length);
      const own = await visitor.visit(`${site.root}tasks/fill-mask/`);
      await own.locator("#search").fill("bert");
      await finds(own, fitting({ task: "fill-mask", search: "bert" }).length);
      // All can be shown there too, and still are after a reload.
      await own.locator("button[type=reset]").click();
      await expectShown(own, fitting({}), "all of them, on a task's page");
      await own.reload();
      await expectShown(own, fitting({}), "all of them, on a task's page that is loaded again");
    },
  },
  {
    name: "with the keyboard alone: order, visible focus, task links, results, and a status that is announced",
    async run(t) {
      const { page } = await open(t);
      const focused = () =>
        page.evaluate(() => {
          const element = document.activeElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(element);
          return { name: element.id || element.dataset.task || element.type || element.textContent, visible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
        });
      const order = [];
      for (;;) {
        await page.keyboard.press("Tab");
        const { name, visible } = await focused();
        assert.ok(visible, `the focus on ${name} is not visible`);
        order.push(name);
        if (name === "reset" || order.length > 40) break;
      }
      const tasks = await page.locator("a[data-task]").evaluateAll((links) => links.map(({ dataset }) => dataset.task));
      assert.deepEqual(order, ["Skip to the content", ...tasks, "search", ...FACETS.map((key) => `filter-${key}`), "reset"]);
      await page.locator('a[data-task="fill-mask"]').focus();
      await page.keyboard.press("Enter");
      const wanted = fitting({ task: "fill-mask" });
      await finds(page, wanted.length);
      assert.equal((await focused()).name, "fill-mask", "the focus stays");
      await page.locator("#search").focus();
      await page.keyboard.type("be");
      await page.keyboard.press("Enter");
      const both = fitting({ task: "fill-mask", search: "be" });
      await finds(page, both.length);
      assert.match(page.url(), /search=be/);
      assert.equal(await page.locator("[role=status]", { hasText: `${both.length} models` }).count(), 1);
      await page.locator("button[type=reset]").focus();
      await page.keyboard.press("Tab");
      assert.equal((await focused()).name, both[0]);
    },
  },
  {
    name: "turning pages with the keyboard keeps a place to go on from",
    async run(t) {
      const { page } = await open(t, "?language=en");
      const wanted = fitting({ language: "en" });
      await finds(page, wanted.length);
      await page.locator("[data-pages] button", { hasText: "Next" }).focus();
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => /^Page 2 /.test(document.querySelector("[data-pages] span").textContent));
      assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.textContent), wanted[PAGE]);
    },
  },
  {
    name: "without script plain lists page through all models, and through those of a task",
    async run(t) {
      const { page, site } = await open(t, "", { javaScriptEnabled: false });
      assert.equal(await page.locator("form[data-search]").isVisible(), false);
      const readAll = async () => {
        const ids = await shown(page);
        while (await page.locator("a[rel=next]").count()) {
          await page.locator("a[rel=next]").click();
          ids.push(...(await shown(page)));
        }
        return ids;
      };
      assert.deepEqual(await readAll(), fitting({}));
      await page.locator('a[data-task="text-classification"]').click();
      assert.deepEqual(await readAll(), fitting({ task: "text-classification" }));
      await page.locator("header a").click();
      await page.waitForURL(`${site.root}index.html`);
      await page.locator(".row > a").first().click();
      assert.equal(await page.locator("h1").innerText(), fitting({})[0]);
    },
  },
  {
    name: "no visitor downloads the whole index",
    async run(t) {
      const { page, site } = await open(t);
      const folder = join(folderOf("index"), "index");
      const whole = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith(".json")).reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);
      const fetched = () => site.requests.filter(({ path }) => path.endsWith(".json"));
      assert.deepEqual(fetched(), [], "the first view needs none of it");
      await page.locator("#search").pressSequentially("bert");
      await finds(page, fitting({ search: "bert" }).length);
      await page.locator("#filter-language").selectOption("de");
      const wanted = fitting({ search: "bert", language: "de" });
      await finds(page, wanted.length);
      const rows = fetched().filter(({ path }) => /\/rows\//.test(path));
      assert.ok(rows.length > 0);
      const bytes = fetched().reduce((sum, { bytes }) => sum + bytes, 0);
      assert.ok(bytes < whole / 2, `${bytes} of ${whole} bytes`);
      const before = fetched().length;
      await page.locator("#filter-language").selectOption("");
      await finds(page, fitting({ search: "bert" }).length);
      assert.equal(fetched().length, before, "nothing is fetched twice");
    },
  },
];
