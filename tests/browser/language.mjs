// The widget, pages and the gallery in the languages that there are tables of: which one is taken, and what it looks like.

import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { NETWORK, run, until, waitDescribed, waitState } from "./browser.mjs";
import { STATES, inState, overflowing } from "./looks.mjs";
import { MADE, indexModels, vitrine, writeIndexModels } from "./pages-fixtures.mjs";
import { ROOT } from "./repositories.mjs";
import { startSite, widgetOf } from "./site.mjs";
import { startStaticHost } from "./static-host.mjs";

const MODEL = { model: "vitrine/tiny-sentiment" };
const TABLES = /^\/locales\//;

/** What stands on the button that loads, and the language that the words are marked with. */
const said = (page, selector) =>
  page.evaluate((selector) => {
    const root = document.querySelector(selector).shadowRoot;
    return [root.querySelector("[data-action=load] span").textContent.split(" · ")[0], root.querySelector(".widget").lang];
  }, selector);

const tables = (site) => site.requests.map(({ path }) => path).filter((path) => TABLES.test(path));

/** The site that `vitrine page` makes of a folder in a language. */
async function pagesIn(t, lang, folder) {
  const out = join(MADE, "sites", `language-${lang}`);
  rmSync(out, { recursive: true, force: true });
  const { status, stderr } = vitrine("page", folder, "--out", out, "--site", join(ROOT, "dist"), "--lang", lang);
  assert.equal(status, 0, stderr);
  return t.keep(await startStaticHost(out));
}

export const tests = [
  {
    name: "each widget speaks the language of its place, and a table is fetched once, where it is needed",
    async run(t) {
      const widget = (id, more = {}) => widgetOf({ id, endpoint: t.hub.endpoint, ...MODEL, ...more });
      const page = await t.open(`${widget("en")}<div lang="de-AT">${widget("de")}${widget("de2")}<p lang="ja">${widget("ja")}</p></div>
        ${widget("fr", { lang: "FR" })}`);
      for (const id of ["en", "de", "de2", "ja", "fr"]) {
        await page.locator(`#${id}`).scrollIntoViewIfNeeded();
        await waitDescribed(page, `#${id}`);
      }
      assert.deepEqual(await said(page, "#en"), ["Load model", "en"]);
      assert.deepEqual(await said(page, "#de"), ["Modell laden", "de"]);
      assert.deepEqual(await said(page, "#de2"), ["Modell laden", "de"]);
      assert.deepEqual(await said(page, "#ja"), ["Load model", "en"]);
      assert.deepEqual(await said(page, "#fr"), ["Charger le modèle", "fr"]);
      assert.deepEqual(tables(t.site).sort(), ["/locales/de.json", "/locales/fr.json"]);
      // What is done in one of them is said in its language.
      await run(page, "I like this", undefined, "#de");
      await run(page, "I like this", undefined, "#en");
      assert.match(await page.locator("#de .bars .score").first().innerText(), /^0,\d{3}$/);
      assert.match(await page.locator("#en .bars .score").first().innerText(), /^0\.\d{3}$/);
      await page.locator("#de [data-action=json]").click();
      assert.match(await page.locator("#de pre.json").innerText(), /"score": 0\.\d+/);
    },
  },
  {
    name: "a widget whose lang changes, or that moves to another language, says the same in it, and typing goes on",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      await page.locator("[data-field=text]").fill("What I typed");
      const becomes = async (change, expected) => {
        await page.evaluate(change);
        await until(async () => (await said(page, "model-widget"))[1] === expected[1], `the language ${expected[1]}`);
        assert.deepEqual(await said(page, "model-widget"), expected);
        assert.equal(await page.locator("[data-field=text]").inputValue(), "What I typed");
      };
      await becomes(() => (document.querySelector("model-widget").lang = "es"), ["Cargar modelo", "es"]);
      await becomes(() => document.querySelector("model-widget").removeAttribute("lang"), ["Load model", "en"]);
      await becomes(() => {
        const place = document.body.appendChild(document.createElement("section"));
        place.lang = "zh-CN";
        place.append(document.querySelector("model-widget"));
      }, ["加载模型", "zh"]);
    },
  },
  {
    name: "without its table a widget speaks English, and says so",
    async run(t) {
      const broken = [{ missing: ["/locales/de.json"] }, { replace: { "/locales/de.json": () => "<!DOCTYPE html>" } }];
      for (const options of broken) {
        const site = t.keep(await startSite(options));
        const page = await t.open({ ...MODEL, lang: "de" }, { site, allow: NETWORK });
        await waitDescribed(page);
        assert.deepEqual(await said(page, "model-widget"), ["Load model", "en"]);
      }
    },
  },
  {
    name: "what a library says of a failure is marked as English, what is missing is said in the widget's language",
    async run(t) {
      const page = await t.open({ ...MODEL, lang: "de" });
      await waitDescribed(page);
      await page.locator("[data-field=text]").fill("");
      await page.locator("[part~=run]").click();
      await waitState(page, "error");
      assert.equal(await page.locator(".failure .message").innerText(), "Geben Sie einen Text ein.");
      assert.equal(await page.locator(".failure .message").getAttribute("lang"), null);
      assert.equal((await page.evaluate(() => document.querySelector("model-widget").error)).message, "Enter some text.");
      await run(page, 5);
      assert.equal(await page.locator(".failure .message").getAttribute("lang"), "en");
      assert.equal(await page.locator(".failure .title").innerText(), "Die Eingaben passen nicht");
    },
  },
  ...[["en-XA", "ltr"], ["ar", "rtl"], ["de", "ltr"]].map(([lang, dir]) => ({
    name: `nothing overflows in any state: ${lang}`,
    async run(t) {
      const wrong = [];
      for (const state of Object.keys(STATES)) {
        t.hub.reset();
        const page = await inState(t, state, { lang });
        await page.evaluate((dir) => (document.documentElement.dir = dir), dir);
        for (const width of [900, 360, 280]) {
          await page.setViewportSize({ width, height: 1000 });
          wrong.push(...(await overflowing(page)).map((found) => `${state} ${width}: ${found}`));
        }
        await page.close();
      }
      assert.equal(wrong.join("\n"), "");
    },
  })),
  {
    name: "the gallery and a frame's page speak the language that their address asks for",
    async run(t) {
      // A static host has no list of models.
      const visitor = await t.visitor({ allow: NETWORK });
      const gallery = await visitor.visit(`${t.site.origin}/index.html?lang=ar`, { defined: true });
      await gallery.waitForFunction(() => document.querySelector("#try").textContent === "جرّب نموذجًا");
      assert.deepEqual(await gallery.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), ["ar", "rtl"]);
      await gallery.waitForFunction(() => document.querySelector("#stored").shadowRoot.textContent.includes("لا توجد نماذج"));
      await waitDescribed(gallery);
      assert.deepEqual(await said(gallery, "model-widget"), ["تحميل النموذج", "ar"]);
      const frame = await visitor.visit(`${t.site.origin}/embed.html?lang=fr`);
      await frame.waitForFunction(() => document.querySelector("[role=alert]")?.textContent.startsWith("Aucun modèle"));
      const english = await (await t.visitor({ allow: NETWORK })).visit(`${t.site.origin}/index.html`, { defined: true });
      assert.equal(await english.locator("#try").innerText(), "Try a model");
    },
  },
  {
    name: "an index counts in its language, with and without script alike",
    async run(t) {
      const folder = join(MADE, "language-models");
      rmSync(folder, { recursive: true, force: true });
      const models = indexModels(40);
      writeIndexModels(folder, models);
      const site = await pagesIn(t, "de", folder);
      const page = await (await t.visitor()).visit(`${site.origin}/index.html`);
      const status = page.locator("[data-status]");
      assert.equal(await status.innerText(), "40 Modelle");
      const rows = () => page.locator("[data-results] .row").evaluateAll((rows) => Object.fromEntries(rows.map((row) => [row.querySelector("a").textContent, row.querySelector("p").textContent.replace(/\s+/g, " ").trim()])));
      const plain = await rows();
      const option = await page.locator("select[name=task] option").nth(1);
      const [, name, count] = /^(.*) \((\d+)\)$/.exec(await option.textContent());
      await page.locator("select[name=task]").selectOption({ index: 1 });
      await page.waitForFunction((count) => document.querySelector("[data-status]").textContent === `${count} ${count === "1" ? "Modell" : "Modelle"}`, count);
      const found = await rows();
      for (const [id, facts] of Object.entries(found)) {
        assert.ok(facts.startsWith(name), facts);
        assert.equal(facts.replaceAll(" ", ""), plain[id].replaceAll(" ", ""));
      }
      assert.match(Object.values(plain).join(" "), /\d,\d[kMB] Parameter/);
      await page.locator("button[type=reset]").click();
      await page.locator("#search").fill(models[0].id.split("/")[1]);
      await page.waitForFunction(() => /^\d+ Modelle?$/.test(document.querySelector("[data-status]").textContent));
    },
  },
  {
    name: "a bundle speaks its language from disk",
    async run(t) {
      mkdirSync(MADE, { recursive: true });
      const out = join(MADE, "language.html");
      const words = ["--out", out, "--site", join(ROOT, "dist"), "--lang", "es", "--force"];
      const { status, stderr } = vitrine("bundle", join(ROOT, "www/models/vitrine/tiny-sentiment"), ...words);
      assert.equal(status, 0, stderr);
      const page = await (await t.visitor()).visit(`file://${out}`);
      await waitDescribed(page);
      assert.deepEqual(await said(page, "model-widget"), ["Cargar modelo", "es"]);
      assert.equal(await page.locator("#files-title").innerText(), "Archivos");
    },
  },
  {
    name: "pages do not scroll sideways in long words, nor from right to left",
    async run(t) {
      for (const lang of ["en-XA", "ar"]) {
        const site = await pagesIn(t, lang, join(ROOT, "www/models/vitrine/tiny-sentiment"));
        const page = await (await t.visitor()).visit(`${site.origin}/index.html`);
        await waitDescribed(page);
        assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).direction), lang === "ar" ? "rtl" : "ltr");
        await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
        for (const width of [1200, 360]) {
          await page.setViewportSize({ width, height: 1000 });
          assert.deepEqual(await overflowing(page), [], `${lang} ${width}`);
        }
      }
    },
  },
];
