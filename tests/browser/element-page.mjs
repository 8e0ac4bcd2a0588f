// What the element does with a page around it: slots, parts, when it loads, copies of the script; and what it refuses.

import assert from "node:assert/strict";
import { NETWORK, property, run, shownText, until, waitDescribed, waitState } from "./browser.mjs";
import { MODEL, begin, record } from "./element.mjs";
import { startSite, widgetOf } from "./site.mjs";

const CONTENT = `<p id="plain">What shows without script</p><p slot="poster" id="poster">A poster</p>
  <p slot="error" id="failed">Our own error</p><p slot="footer" id="foot">Our own footer</p>`;

/** A page with a widget and content in all of its slots. */
const withSlots = (t, attributes = MODEL, content = CONTENT) =>
  t.open(widgetOf({ endpoint: t.hub.endpoint, ...attributes }, content));

const visible = (page, ...ids) => Promise.all(ids.map((id) => page.locator(`#${id}`).isVisible()));

export const tests = [
  {
    name: "without script, what stands in the element shows",
    async run(t) {
      const visitor = await t.visitor({ javaScriptEnabled: false });
      const page = await visitor.open(widgetOf(MODEL, CONTENT), { defined: false });
      assert.deepEqual(await visible(page, "plain"), [true]);
    },
  },
  {
    name: "until the script is there, and where it cannot start, what stands in the element shows",
    async run(t) {
      const site = t.keep(await startSite({ missing: ["/element/element_bg.wasm"] }));
      const visitor = await t.visitor({ site, allow: NETWORK });
      const page = await visitor.open(widgetOf({ ...MODEL, endpoint: t.hub.endpoint }, CONTENT));
      await waitState(page, "error");
      assert.equal((await property(page, "error")).code, "unsupported-browser");
      assert.deepEqual(await visible(page, "plain"), [true]);
      assert.equal((await run(page, "some text")).error.code, "unsupported-browser");
    },
  },
  {
    name: "the slots show at their time",
    async run(t) {
      const page = await withSlots(t);
      await waitDescribed(page);
      const shown = () => visible(page, "plain", "poster", "failed", "foot");
      assert.deepEqual(await shown(), [false, true, false, true]);
      t.hub.fault(/model\.safetensors$/, "drip", { bytes: 4000, every: 30 });
      await begin(page, "load");
      assert.deepEqual(await shown(), [false, false, false, true]);
      await waitState(page, "ready");
      assert.deepEqual(await shown(), [false, false, false, true]);
      await run(page, 5);
      assert.deepEqual(await shown(), [false, false, true, true]);
      assert.equal(await page.locator(".failure").isVisible(), false, "the page's own error stands for the widget's");
      await run(page, "some text");
      assert.deepEqual(await shown(), [false, false, false, true]);
      await page.evaluate(() => document.querySelector("model-widget").unload());
      assert.deepEqual(await shown(), [false, true, false, true]);
    },
  },
  {
    name: "every part can be styled",
    async run(t) {
      const page = await t.open(MODEL);
      await page.addStyleTag({ content: "model-widget::part(score) { color: rgb(1, 2, 3) }" });
      await waitDescribed(page);
      const parts = () => page.evaluate(() => {
        const { shadowRoot } = document.querySelector("model-widget");
        return [...new Set([...shadowRoot.querySelectorAll("[part]")].flatMap(({ part }) => [...part]))];
      });
      const found = new Set(await parts());
      t.hub.fault(/model\.safetensors$/, "drip", { bytes: 4000, every: 30 });
      await begin(page, "load");
      for (const part of await parts()) found.add(part);
      await waitState(page, "ready");
      await run(page, "some text");
      for (const part of await parts()) found.add(part);
      const documented = "form label input run progress output item score bar error footer".split(" ");
      assert.deepEqual([...found].sort(), documented.sort());
      assert.equal(await page.locator("[part~=score]").first().evaluate((score) => getComputedStyle(score).color), "rgb(1, 2, 3)");
    },
  },
  {
    name: "custom properties and the theme reach the inside",
    async run(t) {
      const page = await t.open({ ...MODEL, theme: "dark", style: "--vitrine-accent: rgb(9, 8, 7); --vitrine-radius: 0" });
      await waitDescribed(page);
      const look = () => page.evaluate(() => {
        const { shadowRoot } = document.querySelector("model-widget");
        const style = (selector) => getComputedStyle(shadowRoot.querySelector(selector));
        return [style("[part~=run]").backgroundColor, style(".widget").borderRadius, style(".widget").backgroundColor];
      });
      const dark = await look();
      assert.deepEqual(dark.slice(0, 2), ["rgb(9, 8, 7)", "0px"]);
      await page.evaluate(() => (document.querySelector("model-widget").theme = "light"));
      assert.notEqual((await look())[2], dark[2]);
      assert.equal((await look())[2], "rgb(255, 255, 255)");
    },
  },
  {
    name: "two copies of the script on a page get along",
    async run(t) {
      const other = t.keep(await startSite({ cors: true }));
      const head = `<script type="module" src="/model-widget.js?again"></script>
        <script type="module" src="${other.origin}/model-widget.js"></script>`;
      const page = await (await t.visitor()).open({ ...MODEL, endpoint: t.hub.endpoint }, { head });
      assert.equal((await run(page, "some text")).output.length, 3);
      const found = await page.evaluate(async (origin) => {
        const copies = await Promise.all(["/model-widget.js?again", `${origin}/model-widget.js`].map((url) => import(url)));
        const { pipeline } = await import(`${origin}/vitrine.js`);
        const { model, task, endpoint } = document.querySelector("model-widget");
        return [copies.every(({ ModelWidget }) => ModelWidget), (await (await pipeline(task, model, { endpoint }))("a")).length];
      }, other.origin);
      assert.deepEqual(found, [true, 3]);
    },
  },
  {
    name: "nothing is asked of the host before the widget is near",
    async run(t) {
      const tall = '<div style="height: 5000px"></div>';
      const widgets = ["click", "visible"].map((loading) => widgetOf({ ...MODEL, endpoint: t.hub.endpoint, loading, id: loading }));
      const page = await t.open(tall + widgets.join(tall));
      await page.waitForTimeout(500);
      assert.equal(t.hub.requests.length + t.hub.preflights.length, 0);
      assert.ok(!t.site.requests.some(({ path }) => path.startsWith("/worker")), "no worker either");
      await page.locator("#click").scrollIntoViewIfNeeded();
      await waitDescribed(page, "#click");
      await page.waitForTimeout(200);
      assert.equal(t.hub.bodies(/safetensors$/).length, 0, "a click is waited for");
      assert.equal(await property(page, "readyState", "#visible"), "idle");
      await page.locator("#visible").scrollIntoViewIfNeeded();
      await waitState(page, "ready", { selector: "#visible" });
      assert.equal(await property(page, "readyState", "#click"), "idle");
    },
  },
  {
    name: "`eager` loads at once, even out of sight, and only once",
    async run(t) {
      const page = await t.open(`<div style="height: 5000px"></div>${widgetOf({ ...MODEL, endpoint: t.hub.endpoint, loading: "eager" })}`);
      await waitState(page, "ready");
      await page.evaluate(() => document.querySelector("main").prepend(document.querySelector("model-widget")));
      await page.waitForTimeout(100);
      assert.equal(await property(page, "readyState"), "ready");
      assert.equal(t.hub.bodies(/safetensors$/).length, 1);
    },
  },
  {
    name: "an element without a model is no error until it is asked to load one",
    async run(t) {
      const page = await t.open("<model-widget></model-widget>");
      await record(page);
      await page.waitForTimeout(500);
      assert.deepEqual(await page.evaluate(() => events.map(({ detail }) => detail)), []);
      assert.equal(await property(page, "readyState"), "idle");
      const { error } = await run(page, "some text");
      assert.equal(error.code, "invalid-inputs");
      await page.evaluate((attributes) => Object.assign(document.querySelector("model-widget"), attributes), { ...MODEL, endpoint: t.hub.endpoint });
      assert.equal((await run(page, "some text")).output?.length, 3);
    },
  },
  {
    name: "failures have a code, in the promise, the property, the event and the widget",
    async run(t) {
      const legacy = { model: "checkpoints/bert-base-legacy", task: "text-classification" };
      const odd = t.hub.repository("checkpoints/bert-multi-label");
      const config = JSON.parse(odd.commit("main").files.get("config.json").bytes().toString());
      odd.update({ "config.json": JSON.stringify({ ...config, model_type: "mamba", architectures: ["MambaForSequenceClassification"] }) });
      const cases = [
        [{ ...MODEL, model: "no/body" }, "repo-not-found", "no/body"],
        [{ ...MODEL, revision: "nowhere" }, "revision-not-found", "nowhere"],
        [{ ...MODEL, task: "text-generation" }, "unsupported-task", "text-classification"],
        [legacy, "unsupported-head", "feature-extraction"],
        [{ ...MODEL, model: "checkpoints/bert-multi-label" }, "unsupported-architecture", "mamba"],
        [{ ...MODEL, dtype: "q3" }, "unsupported-dtype", "f16"],
        ...["a/b/c", "../etc", "a b", "-a/b", "a/b?x", "http://x/y"].map((model) => [{ ...MODEL, model }, "invalid-inputs", model]),
        ...["a..b", "a b"].map((revision) => [{ ...MODEL, revision }, "invalid-inputs", revision]),
        [{ ...MODEL, endpoint: "ftp://x" }, "invalid-inputs", "ftp://x"],
      ];
      const page = await t.open(MODEL, { allow: NETWORK });
      await waitDescribed(page);
      const wrong = [];
      for (const [attributes, code, part] of cases) {
        const found = await page.evaluate(async (attributes) => {
          const widget = document.createElement("model-widget");
          for (const [name, value] of Object.entries(attributes)) widget.setAttribute(name, value);
          document.querySelector("model-widget").replaceWith(widget);
          const detail = new Promise((done) => widget.addEventListener("error", ({ detail }) => done(detail), { once: true }));
          const error = await widget.load().then(() => ({}), (error) => error);
          const { name, code, message } = error;
          const shown = widget.shadowRoot.querySelector(".failure")?.dataset.code;
          return [error instanceof Error, name, code, message, shown, widget.readyState, widget.error, code && (await detail)];
        }, { endpoint: t.hub.endpoint, ...attributes });
        const message = found[3];
        const offered = /^unsupported-(head|task)$/.test(code) ? { tasks: found.at(-1)?.tasks } : {};
        const detail = { code, message, ...offered };
        const expected = [true, "ModelError", code, message, code, "error", detail, detail];
        if (offered.tasks && !offered.tasks.includes(part)) wrong.push(`${code} does not offer ${part}`);
        if (JSON.stringify(found) !== JSON.stringify(expected)) wrong.push(`${JSON.stringify(attributes)}: ${JSON.stringify(found)}`);
        if (!message?.includes(part)) wrong.push(`${code}: \`${message}\` does not name ${part}`);
      }
      assert.equal(wrong.join("\n"), "");
    },
  },
  {
    name: "inputs and parameters that do not fit are refused, in words of the task",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      const wrong = [];
      const bad = [{ top_k: -1 }, { top_k: 0 }, { top_k: 1.5 }, { top_k: "x" }, { function_to_apply: "tanh" }, { unknown: 1 }, "text", 5, [1]];
      const calls = [
        ...bad.map((parameters) => ["some text", parameters]),
        ...[5, [], {}, ["a", "b"], { text: 5 }, true].map((inputs) => [inputs, {}]),
      ];
      for (const [inputs, parameters] of calls) {
        const { output, error } = await run(page, inputs, parameters);
        const what = `${JSON.stringify(inputs)} ${JSON.stringify(parameters)}`;
        if (error?.code !== "invalid-inputs") wrong.push(`${what}: ${JSON.stringify(output ?? error)}`);
        else if (/variant|enum|usize|struct|serde/.test(error.message)) wrong.push(`${what}: \`${error.message}\` speaks of Rust`);
      }
      assert.equal((await run(page, "some text", { top_k: 1 })).output.length, 1, "it works on");
      assert.equal(wrong.join("\n"), "");
    },
  },
  {
    name: "parameters that the form has no control for are kept",
    async run(t) {
      const page = await t.open({ model: "checkpoints/sentence-concat", task: "feature-extraction" });
      await waitDescribed(page);
      const asked = await page.evaluate(() => {
        const widget = document.querySelector("model-widget");
        widget.parameters = { prompt_name: "query", normalize: true };
        return widget.parameters;
      });
      assert.deepEqual(asked, { prompt_name: "query", normalize: true });
      const { output: plain } = await run(page, "some text", {});
      const { output: prompted } = await run(page, "some text", { prompt_name: "query" });
      assert.notDeepEqual(prompted, plain);
    },
  },
  {
    name: "what the visitor types is what is run, whatever a script has set before",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      await record(page);
      for (const inputs of ["one", { text: "one", text_pair: "two" }]) {
        await page.evaluate((inputs) => (document.querySelector("model-widget").inputs = inputs), inputs);
        await page.locator("[data-field=text]").fill("typed by hand");
        await page.locator("[part~=run]").click();
        const seen = await until(() => page.evaluate(() => events.filter(({ name }) => name === "output").pop()?.detail.inputs), "output");
        assert.ok(JSON.stringify(seen).includes("typed by hand"), JSON.stringify(seen));
        await page.evaluate(() => (events.length = 0));
      }
    },
  },
  {
    name: "what is typed, and the focus, outlast the description",
    async run(t) {
      t.hub.fault(/^\/api\/models/, "drip", { bytes: 300, every: 300 });
      const page = await t.open({ model: "vitrine/tiny-sentiment", task: "text-classification" });
      await page.locator("[data-field=text]").click();
      await page.keyboard.type("half a sen");
      await waitDescribed(page);
      await page.keyboard.type("tence");
      assert.equal(await page.locator("[data-field=text]").inputValue(), "half a sentence");
    },
  },
  {
    name: "a text that is too long is cut, which the visitor is told",
    async run(t) {
      const page = await t.open({ model: "checkpoints/sentence-mean", task: "feature-extraction" });
      await run(page, "some text");
      assert.equal(await page.locator(".note").count(), 0);
      await run(page, "some text ".repeat(200));
      const note = await page.locator(".note").innerText();
      assert.match(note, /only \d+ of its \d+ tokens/);
      assert.ok((await shownText(page)).includes(note));
      assert.equal((await run(page, "some text ".repeat(200), { truncate: false })).error.code, "invalid-inputs");
    },
  },
  {
    name: "a host that falls silent leaves what has come on show",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      await record(page);
      t.hub.fault(/model\.safetensors$/, "stall", { at: 50_000 });
      await begin(page, "load");
      await until(() => t.hub.bodies(/model\.safetensors$/).some(({ sent }) => sent === 50_000), "the weights stall");
      const shown = () => page.locator(".loading").innerText();
      await until(async () => /model\.safetensors/.test(await shown()), "the file that is waited for is named", 5000);
      assert.ok((await page.evaluate(() => events.filter(({ name }) => name === "progress").pop().detail.loaded)) > 11_418, "more than the small files");
    },
  },
];
