// The forms and outputs of every task: what a card's examples fill in, what the author's outputs look like, what a visitor changes.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { property, until, waitDescribed, waitState } from "./browser.mjs";
import { findings, overflowing } from "./looks.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const MODEL = "checkpoints/bert-sequence-classification";
const CONTEXT = "My name is Wolfgang 🦀 and I live in Berlin.";

/** Cards of each task: an example in the form of the Hub's documentation, its inputs, what is shown of its output. */
const CARDS = {
  "text-classification": {
    entry: { text: "A man eats.", text_pair: "Someone eats.", output: [{ label: "entailment", score: 0.9 }] },
    inputs: { text: "A man eats.", text_pair: "Someone eats." },
    shown: { ".bars .words": ["entailment"] },
  },
  "token-classification": {
    entry: {
      text: CONTEXT,
      parameters: { aggregation_strategy: "max" },
      output: [
        { entity_group: "PER", score: 0.99, word: "wolfgang", start: 11, end: 19 },
        { entity_group: "LOC", score: 0.98, word: "berlin", start: 36, end: 42 },
      ],
    },
    inputs: CONTEXT,
    parameters: { aggregation_strategy: "max" },
    shown: { mark: ["Wolfgang PER", "Berlin LOC"] },
  },
  "table-question-answering": {
    entry: {
      text: "How many stars?",
      table: { Repository: ["Transformers", "Datasets"], Stars: [36542, 4512], "Born in": [2018, 2020] },
      output: { answer: "SUM > 36542, 4512", aggregator: "SUM", coordinates: "", cells: "" },
    },
    inputs: { query: "How many stars?", table: [["Repository", "Stars", "Born in"], ["Transformers", "36542", "2018"], ["Datasets", "4512", "2020"]] },
    shown: { ".result .title": ["SUM > 36542, 4512 SUM"] },
  },
  "question-answering": {
    entry: { text: "Where do I live?", context: CONTEXT, output: { answer: "Berlin", score: 0.9, start: 36, end: 42 } },
    inputs: { question: "Where do I live?", context: CONTEXT },
    shown: { mark: ["Berlin"], ".bars .words": ["Berlin"] },
  },
  "zero-shot-classification": {
    entry: { text: "My phone is broken", candidate_labels: "urgent, phone", multi_class: true, output: [{ label: "phone", score: 0.9 }] },
    inputs: { text: "My phone is broken", candidate_labels: ["urgent", "phone"] },
    parameters: { multi_label: true },
    shown: { ".bars .words": ["phone"] },
  },
  "feature-extraction": { entry: { text: "Some text" }, inputs: "Some text", shown: {} },
  "fill-mask": {
    entry: { text: "Paris is the <mask> of France.", output: [{ token_str: " capital", token: 3, score: 0.9, sequence: "Paris is the capital of France." }] },
    mask_token: "[MASK]",
    inputs: "Paris is the [MASK] of France.",
    shown: { ".bars .words": ["“capital”"], ".form .hint code": ["[MASK]"] },
  },
  "sentence-similarity": {
    entry: { source_sentence: "A dog", sentences: ["A cat", "A hound"], output: [0.5, 0.9] },
    inputs: { source_sentence: "A dog", sentences: ["A cat", "A hound"] },
    shown: { ".bars .words": ["A cat", "A hound"] },
  },
  "text-ranking": {
    entry: { query: "Which animal barks?", texts: ["A cat", "A dog"], output: [{ index: 1, score: 4.5 }, { index: 0, score: -3 }] },
    inputs: { query: "Which animal barks?", texts: ["A cat", "A dog"] },
    shown: { ".bars .words": ["A dog", "A cat"] },
  },
};

/** A value as YAML. */
function yaml(value, indent = "") {
  if (typeof value !== "object") return ` ${JSON.stringify(value)}\n`;
  const lines = Array.isArray(value)
    ? value.map((item) => `${indent}-${typeof item === "object" ? ` ${yaml(item, `${indent}  `).trimStart()}` : yaml(item)}`)
    : Object.entries(value).map(([key, item]) => `${indent}${key}:${yaml(item, `${indent}  `)}`);
  return `\n${lines.join("")}`;
}

/** A page with a model whose card is this. */
async function withCard(t, task, card, inputs) {
  t.hub.repository(MODEL).update({ "README.md": `---${yaml({ pipeline_tag: task, ...card })}---\n` });
  const page = await t.open({ model: MODEL });
  if (inputs) await page.evaluate((inputs) => (document.querySelector("model-widget").inputs = inputs), inputs);
  await waitDescribed(page);
  return page;
}

const ofTask = (t, task) => {
  const { entry, mask_token } = CARDS[task];
  return withCard(t, task, { ...(mask_token && { mask_token }), widget: [entry] });
};

/** Pastes a text where the focus is. */
const paste = (page, text) =>
  page.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    const { activeElement } = document.querySelector("model-widget").shadowRoot;
    return activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true, composed: true }));
  }, text);

export const tests = [
  ...Object.entries(CARDS).map(([task, { inputs, parameters = null, shown }]) => ({
    name: `a card's example and its author's output: ${task}`,
    async run(t) {
      const page = await ofTask(t, task);
      assert.deepEqual(await property(page, "inputs"), inputs);
      assert.deepEqual(await property(page, "parameters"), parameters);
      // Reading the form gives the same as what filled it.
      await page.evaluate(() => document.querySelector("model-widget").shadowRoot.querySelector("[data-field]").dispatchEvent(new Event("input", { bubbles: true })));
      assert.deepEqual(await property(page, "inputs"), inputs);
      assert.deepEqual(await property(page, "parameters"), parameters);
      for (const [selector, texts] of Object.entries(shown)) {
        const found = await page.locator(`model-widget ${selector}`).allInnerTexts();
        assert.deepEqual(found.map((text) => text.replace(/\s+/g, " ").trim()), texts, selector);
      }
      await page.addScriptTag({ path: AXE });
      await page.evaluate(() => document.querySelector("model-widget").shadowRoot.querySelectorAll("details").forEach((one) => (one.open = true)));
      const wrong = [];
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        wrong.push(...(await findings(page)).map((found) => `${colorScheme}: ${found}`));
        for (const width of [1200, 360, 280]) {
          await page.setViewportSize({ width, height: 1000 });
          wrong.push(...(await overflowing(page)).map((found) => `${width}: ${found} overflows`));
        }
      }
      assert.equal(wrong.join("\n"), "");
    },
  })),
  {
    name: "a table is edited by keyboard, and takes the cells of a spreadsheet",
    async run(t) {
      const page = await ofTask(t, "table-question-answering");
      const table = async () => (await property(page, "inputs")).table;
      const press = (action) => page.locator(`[data-action=${action}]`).last().press("Enter");
      await press("add-row");
      await page.keyboard.type("Tokenizers");
      assert.deepEqual((await table())[3], ["Tokenizers", "", ""]);
      await press("add-column");
      await page.keyboard.type("Licence");
      assert.deepEqual((await table())[0], ["Repository", "Stars", "Born in", "Licence"]);
      await press("remove-column");
      await press("remove-row");
      assert.deepEqual(await table(), CARDS["table-question-answering"].inputs.table);
      await page.getByLabel("Row 2, column 3").focus();
      assert.equal(await paste(page, "1\t2\r\n3\t4\r\n"), false, "the box does not take it too");
      assert.deepEqual((await table()).slice(2), [["Datasets", "4512", "1", "2"], ["", "", "3", "4"]]);
      assert.equal(await paste(page, "one cell, with a comma"), true, "one cell is the box's own");
    },
  },
  {
    name: "labels are read from one line, and asked for before anything is fetched",
    async run(t) {
      const page = await withCard(t, "zero-shot-classification", { widget: [{ text: "a" }] });
      await page.locator("[part~=run]").click();
      await waitState(page, "error");
      assert.match(await page.locator(".failure .message").innerText(), /^Enter at least one label/);
      await page.locator("[data-field=candidate_labels]").fill(" urgent ,phone,, ");
      assert.deepEqual(await property(page, "inputs"), { text: "a", candidate_labels: ["urgent", "phone"] });
      assert.equal(t.hub.bodies(/model\.safetensors$/).length, 0);
    },
  },
  {
    name: "the card's parameters are in the form, an example's over them, a script's over both",
    async run(t) {
      const widget = [{ text: "a" }, { text: "b", parameters: { aggregation_strategy: "first" } }];
      const inference = { parameters: { aggregation_strategy: "max", stride: 4, temperature: 1 } };
      const page = await withCard(t, "token-classification", { inference, widget });
      const parameters = () => property(page, "parameters");
      assert.deepEqual(await parameters(), { aggregation_strategy: "max", stride: 4 });
      await page.locator(".chip").nth(1).click();
      assert.deepEqual(await parameters(), { aggregation_strategy: "first", stride: 4 });
      await page.locator(".chip").nth(0).click();
      assert.deepEqual(await parameters(), { aggregation_strategy: "max", stride: 4 });
      await page.locator("[data-parameter=ignore_labels]").fill("O, MISC");
      await page.locator("[data-parameter=stride]").fill("");
      assert.deepEqual(await parameters(), { aggregation_strategy: "max", ignore_labels: ["O", "MISC"] });
      await page.evaluate(() => (document.querySelector("model-widget").parameters = { stride: 1 }));
      assert.deepEqual(await parameters(), { aggregation_strategy: "max", stride: 1 });
    },
  },
  {
    name: "a mask is never guessed",
    async run(t) {
      const page = await withCard(t, "fill-mask", { widget: [{ text: "A <mask> here." }] });
      assert.equal(await property(page, "inputs"), "A <mask> here.");
      assert.equal(await page.locator(".form .hint code").count(), 0);
    },
  },
  {
    name: "the second text is open for models that compare two",
    async run(t) {
      const open = (page) => page.locator(".optional").evaluate((details) => details.open);
      assert.equal(await open(await withCard(t, "text-classification", { widget: [{ text: "a" }] })), false);
      assert.equal(await open(await withCard(t, "text-classification", { datasets: ["multi_nli"], widget: [{ text: "a" }] })), true);
    },
  },
  {
    name: "inputs set in the same breath as a model are those of that model",
    async run(t) {
      const page = await t.open({ model: MODEL, task: "text-classification" });
      await waitDescribed(page);
      const after = (order) =>
        page.evaluate(async (order) => {
          const w = document.querySelector("model-widget");
          const set = { inputs: () => (w.inputs = "mine"), parameters: () => (w.parameters = { top_k: 1 }), model: () => (w.model = order.model) };
          for (const name of order.names) set[name]();
          await new Promise((done) => setTimeout(done, 50));
          return [w.inputs, w.parameters];
        }, order);
      assert.deepEqual(await after({ names: ["inputs", "parameters", "model"], model: "checkpoints/bert-multi-label" }), ["mine", { top_k: 1 }]);
      assert.deepEqual(await after({ names: ["model", "inputs", "parameters"], model: MODEL }), ["mine", { top_k: 1 }]);
      await page.evaluate((model) => (document.querySelector("model-widget").model = model), "checkpoints/bert-multi-label");
      await waitDescribed(page);
      assert.notEqual(await property(page, "inputs"), "mine");
    },
  },
  {
    name: "the button runs anew while a run is on, and typing goes on meanwhile",
    async run(t) {
      const page = await t.open({ model: "checkpoints/sentence-mean", task: "feature-extraction" });
      await page.evaluate(() => document.querySelector("model-widget").load());
      await page.evaluate(() => {
        globalThis.outputs = [];
        const w = document.querySelector("model-widget");
        w.addEventListener("output", ({ detail }) => outputs.push(detail.inputs));
        globalThis.older = w.run(Array(20_000).fill("some text ".repeat(60))).then(() => "done", ({ code }) => code);
      });
      await waitState(page, "running");
      await page.locator("textarea").fill("");
      await page.locator("textarea").pressSequentially("typed meanwhile");
      assert.equal(await property(page, "readyState"), "running");
      await page.locator("[part~=run]", { hasText: "Run again" }).click();
      assert.equal(await page.evaluate(() => older), "aborted");
      await until(() => page.evaluate(() => outputs.length), "the newer run ends");
      assert.deepEqual(await page.evaluate(() => outputs), ["typed meanwhile"]);
    },
  },
];
