// The element's contract: attributes, properties, methods, events, states, parts and slots, and its life in a page.

import assert from "node:assert/strict";
import { property, run, shownText, until, waitDescribed, waitState } from "./browser.mjs";

export const MODEL = { model: "checkpoints/bert-sequence-classification", task: "text-classification" };
const OTHER = "checkpoints/bert-multi-label";
const WEIGHTS = /model\.safetensors$/;
const EVENTS = ["loadstart", "progress", "load", "output", "abort", "error"];

/** Notes every event of the widget, on it and on the document. */
export const record = (page) =>
  page.evaluate((names) => {
    const widget = document.querySelector("model-widget");
    globalThis.events = [];
    globalThis.bubbled = [];
    for (const name of names) {
      widget.addEventListener(name, ({ detail, bubbles, composed, cancelable }) =>
        events.push({ name, detail, flags: [bubbles, composed, cancelable], state: widget.readyState }),
      );
      document.addEventListener(name, ({ target }) => target === widget && bubbled.push(name));
    }
  }, EVENTS);

/** The names of the events up to now, repeated ones once. */
export const names = async (page) =>
  (await page.evaluate(() => events.map(({ name }) => name))).filter((name, index, all) => name !== all[index - 1]);

/** The weights stop coming after a few bytes; answers what waits until they have. */
function stall(t) {
  t.hub.fault(WEIGHTS, "stall", { at: 5000 });
  return () => until(() => t.hub.bodies(WEIGHTS).some(({ sent }) => sent === 5000), "the weights stall");
}

/** Begins a load or a run; its outcome comes from `ended`. */
export const begin = (page, method, ...args) =>
  page.evaluate(([method, args]) => {
    const widget = (globalThis.widget = document.querySelector("model-widget"));
    globalThis.ended = widget[method](...args).then(() => "done", ({ name, code }) => `${name} ${code}`);
  }, [method, args]);
const ended = (page) => page.evaluate(() => ended);

export const tests = [
  {
    name: "attributes and properties are the same, with defaults",
    async run(t) {
      const page = await (await t.visitor()).open("<model-widget hidden></model-widget>");
      const found = await page.evaluate(() => {
        const w = document.querySelector("model-widget");
        const all = ["model", "revision", "task", "endpoint", "dtype", "loading", "cores", "theme"];
        const absent = all.map((name) => w[name]);
        const reflected = all.every((name) => ((w[name] = "x y"), w.getAttribute(name) === "x y" && w[name] === "x y"));
        const taken = all.every((name) => (w.setAttribute(name, "z"), w[name] === "z"));
        const removed = all.every((name) => ((w[name] = null), !w.hasAttribute(name)));
        const rest = [w.inputs, w.parameters, w.output, w.error, w.readyState, w.token ?? null];
        return { absent, reflected, taken, removed, rest };
      });
      const absent = ["", "main", "", "", "auto", "click", "auto", "auto"];
      const rest = [null, null, null, null, "idle", null];
      assert.deepEqual(found, { absent, reflected: true, taken: true, removed: true, rest });
    },
  },
  {
    name: "properties set before the definition are taken over",
    async run(t) {
      const set = { ...MODEL, endpoint: t.hub.endpoint, inputs: "early bird", parameters: { top_k: 1 } };
      const page = await t.open(
        `<model-widget></model-widget><script>Object.assign(document.querySelector("model-widget"), ${JSON.stringify(set)})</script>`,
      );
      await waitDescribed(page);
      assert.deepEqual(await page.evaluate(() => {
        const w = document.querySelector("model-widget");
        return [w.inputs, w.parameters, w.getAttribute("model"), w.shadowRoot.querySelector("textarea").value, Object.keys(w)];
      }), ["early bird", { top_k: 1 }, MODEL.model, "early bird", []]);
      assert.equal((await run(page)).output.length, 1);
    },
  },
  {
    name: "an element is the same however it comes into the page",
    async run(t) {
      const page = await t.open({ ...MODEL, id: "parsed" });
      await page.evaluate(([attributes]) => {
        const make = (id) => {
          const widget = document.createElement("model-widget");
          Object.assign(widget, attributes, { id });
          return widget;
        };
        const main = document.querySelector("main");
        const created = make("created");
        created.inputs = "a";
        main.append(created);
        const markup = make("markup").outerHTML;
        main.insertAdjacentHTML("beforeend", markup);
        main.append(document.createRange().createContextualFragment(markup.replace("markup", "fragment")));
        main.append(Object.assign(created.cloneNode(true), { id: "cloned" }));
        const made = new (customElements.get("model-widget"))();
        main.append(Object.assign(made, attributes, { id: "constructed" }));
        const shadow = document.createElement("div");
        main.append(shadow);
        shadow.attachShadow({ mode: "open" }).innerHTML = markup.replace("markup", "inside");
        globalThis.inside = shadow.shadowRoot.firstElementChild;
      }, [{ ...MODEL, endpoint: t.hub.endpoint }]);
      for (const id of ["parsed", "created", "markup", "fragment", "cloned", "constructed"]) {
        assert.equal((await run(page, "some text", {}, `#${id}`)).output?.length, 3, id);
      }
      assert.equal(await page.evaluate(async () => (await inside.run("some text")).length), 3);
      assert.equal(t.hub.bodies(WEIGHTS).length, 1, "the weights are fetched once for all widgets");
    },
  },
  {
    name: "moving it in the document keeps what it is doing",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      await record(page);
      t.hub.fault(WEIGHTS, "drip", { bytes: 4000, every: 30 });
      const move = () => page.evaluate(async () => {
        const w = document.querySelector("model-widget");
        const place = document.createElement("div");
        document.querySelector("main").prepend(place);
        w.remove();
        place.append(w);
        await new Promise((done) => setTimeout(done, 50));
        place.append(w);
        return w.readyState;
      });
      assert.equal(await move(), "idle");
      await begin(page, "load");
      await until(() => t.hub.bodies(WEIGHTS).some(({ sent }) => sent > 0), "the weights come");
      assert.equal(await move(), "loading");
      await waitState(page, "ready");
      const { output } = await run(page, "some text");
      assert.equal(await move(), "ready");
      await page.waitForTimeout(200);
      assert.deepEqual(await property(page, "output"), output);
      assert.deepEqual(await names(page), ["loadstart", "progress", "load", "output"]);
      assert.equal(t.hub.bodies(WEIGHTS).length, 1);
    },
  },
  {
    name: "removed while loading, it stops, and can come back",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      await record(page);
      const stalled = stall(t);
      await begin(page, "load");
      await stalled();
      await page.evaluate(() => widget.remove());
      assert.equal(await ended(page), "ModelError aborted");
      await until(() => t.hub.bodies(WEIGHTS).every(({ closed }) => closed), "the request ends");
      assert.deepEqual(await page.evaluate(() => [widget.readyState, widget.error, widget.output]), ["idle", null, null]);
      assert.ok(!(await names(page)).includes("error"));
      await page.evaluate(() => document.querySelector("main").append(widget));
      assert.equal((await run(page, "some text")).output?.length, 3);
    },
  },
  {
    name: "another model while loading or ready begins anew and drops old results",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      await record(page);
      const stalled = stall(t);
      await begin(page, "run", "some text");
      await stalled();
      await page.evaluate((other) => (widget.model = other), OTHER);
      assert.equal(await ended(page), "ModelError aborted");
      assert.deepEqual(await page.evaluate(() => [widget.readyState, widget.output]), ["idle", null]);
      const { output } = await run(page, "some text");
      assert.ok(output.some(({ label }) => label === "joy"));
      await page.evaluate((model) => (document.querySelector("model-widget").model = model), MODEL.model);
      const now = await page.evaluate(() => (({ readyState, output, error }) => [readyState, output, error])(document.querySelector("model-widget")));
      assert.deepEqual(now, ["idle", null, null]);
      await waitDescribed(page);
      assert.ok(!(await shownText(page)).includes("joy"), await shownText(page));
      assert.ok((await run(page, "some text")).output.some(({ label }) => label === "neutral"));
      // What is not about the model leaves it as it is.
      await page.evaluate(() => Object.assign(document.querySelector("model-widget"), { theme: "dark", loading: "eager" }));
      assert.equal(await property(page, "readyState"), "ready");
      assert.ok(!(await names(page)).includes("error"));
    },
  },
  {
    name: "events tell a load and a run in order, with details, and none bubbles",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      await record(page);
      t.hub.fault(WEIGHTS, "drip", { bytes: 20_000, every: 20 });
      const { output, property: own, again } = await page.evaluate(async () => {
        const w = document.querySelector("model-widget");
        const output = await w.run("some text", { top_k: 2 });
        return { output, property: w.output, again: await Promise.all([w.load(), w.load()]) };
      });
      assert.equal(output.length, 2);
      assert.deepEqual(own, output);
      assert.deepEqual(again, [null, null].map(() => again[0]));
      const events = await page.evaluate(() => globalThis.events);
      assert.deepEqual(await names(page), ["loadstart", "progress", "load", "output"]);
      assert.deepEqual(await page.evaluate(() => bubbled), []);
      assert.ok(events.every(({ flags }) => flags.every((flag) => !flag)));
      const states = { loadstart: "loading", progress: "loading", load: "ready", output: "ready" };
      assert.ok(events.every(({ name, state }) => states[name] === state), JSON.stringify(events.map(({ name, state }) => [name, state])));
      const progress = events.filter(({ name }) => name === "progress").map(({ detail }) => detail);
      assert.ok(progress.length > 3);
      const { total } = progress[0];
      for (const [index, detail] of progress.entries()) {
        assert.deepEqual(Object.keys(detail).sort(), ["file", "loaded", "phase", "total"]);
        assert.ok(["waiting", "download", "build"].includes(detail.phase));
        assert.equal(detail.total, total);
        assert.ok(detail.loaded <= total && detail.loaded >= (progress[index - 1]?.loaded ?? 0));
      }
      assert.equal(progress.at(-1).loaded, total);
      const { detail } = events.at(-1);
      assert.deepEqual(Object.keys(detail).sort(), ["elapsed", "inputs", "output"]);
      assert.deepEqual([detail.inputs, detail.output, detail.elapsed > 0], ["some text", output, true]);
    },
  },
  {
    name: "several callers share one load",
    async run(t) {
      const page = await t.open(MODEL);
      await record(page);
      await page.evaluate(() => {
        const w = document.querySelector("model-widget");
        return Promise.all([w.load(), w.load(), w.run("some text"), w.load()].map((one) => one.catch(() => {})));
      });
      assert.deepEqual(await names(page), ["loadstart", "progress", "load", "output"]);
      assert.equal(await page.evaluate(() => events.filter(({ name }) => name === "loadstart").length), 1);
      assert.equal(t.hub.bodies(WEIGHTS).length, 1);
    },
  },
  {
    name: "abort stops a load and a run, which can be begun again",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      await record(page);
      const stalled = stall(t);
      await begin(page, "run", "some text");
      await stalled();
      const stop = () => page.evaluate(async () => (widget.abort(), [await ended, widget.readyState, widget.error]));
      assert.deepEqual(await stop(), ["ModelError aborted", "idle", null]);
      await page.evaluate(() => widget.load());
      const whileRunning = await page.evaluate(async () => {
        globalThis.ended = widget.run("some text").then(() => "done", ({ name, code }) => `${name} ${code}`);
        while (widget.readyState !== "running") await Promise.resolve();
        widget.abort();
        return [await ended, widget.readyState, widget.error];
      });
      assert.deepEqual(whileRunning, ["ModelError aborted", "ready", null]);
      assert.deepEqual(await names(page), ["loadstart", "progress", "abort", "loadstart", "progress", "load", "abort"]);
      assert.equal((await run(page, "some text")).output.length, 3);
    },
  },
  {
    name: "a newer run replaces an older",
    async run(t) {
      const page = await t.open(MODEL);
      await page.evaluate(() => document.querySelector("model-widget").load());
      await record(page);
      const codes = await page.evaluate(() => {
        const w = document.querySelector("model-widget");
        const all = ["one", "two", "three"].map((text) => w.run(text).then(() => text, ({ code }) => code));
        return Promise.all(all);
      });
      assert.deepEqual(codes, ["aborted", "aborted", "three"]);
      assert.deepEqual(await page.evaluate(() => events.filter(({ name }) => name === "output").map(({ detail }) => detail.inputs)), ["three"]);
    },
  },
  {
    name: "listeners may call it back",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      const heard = await page.evaluate(async (other) => {
        const w = document.querySelector("model-widget");
        const heard = [];
        const quietly = (promise) => promise.catch(() => {});
        const once = (name, then) => w.addEventListener(name, () => (heard.push(name), then()), { once: true });
        once("loadstart", () => (quietly(w.load()), (w.inputs = "b"), w.output));
        once("progress", () => (quietly(w.load()), w.abort()));
        once("abort", () => quietly(w.run("a")));
        once("load", () => w.remove());
        await w.load().catch(() => {});
        while (!heard.includes("load")) await new Promise((done) => setTimeout(done, 10));
        await new Promise((done) => setTimeout(done, 50));
        const away = w.readyState;
        once("output", () => ((w.model = other), w.unload(), w.remove()));
        document.querySelector("main").append(w);
        await w.run("a").catch(() => {});
        return [heard, away, w.readyState];
      }, OTHER);
      assert.deepEqual(heard, [["loadstart", "progress", "abort", "load", "output"], "idle", "idle"]);
    },
  },
  {
    name: "states match :state() and aria-busy",
    async run(t) {
      const page = await t.open(MODEL);
      await waitDescribed(page);
      const seen = () => page.evaluate(() => {
        const w = document.querySelector("model-widget");
        const matching = ["idle", "loading", "ready", "running", "error"].filter((state) => w.matches(`:state(${state})`));
        return [w.readyState, matching.filter((state) => state !== "idle"), w.ariaBusy ?? w.getAttribute("aria-busy")];
      });
      assert.deepEqual((await seen()).slice(0, 2), ["idle", []]);
      const stalled = stall(t);
      await begin(page, "load");
      await stalled();
      assert.deepEqual(await seen(), ["loading", ["loading"], "true"]);
      await page.evaluate(() => widget.abort());
      await page.evaluate(() => document.querySelector("model-widget").load());
      assert.deepEqual(await seen(), ["ready", ["ready"], "false"]);
      const running = await page.evaluate(async () => {
        const running = widget.run("some text");
        while (widget.readyState !== "running") await Promise.resolve();
        const matches = widget.matches(":state(running)");
        await running;
        return matches;
      });
      assert.equal(running, true);
      await run(page, 5);
      assert.deepEqual(await seen(), ["error", ["error"], "false"]);
    },
  },
  {
    name: "unload gives the model back, and clears what failed",
    async run(t) {
      const page = await t.open(MODEL);
      await run(page, "some text");
      await run(page, 5);
      await page.evaluate(() => document.querySelector("model-widget").unload());
      assert.deepEqual(await page.evaluate(() => (({ readyState, error }) => [readyState, error])(document.querySelector("model-widget"))), ["idle", null]);
      assert.ok(await page.locator("[data-action=load]").isVisible());
      assert.equal(await page.locator("[data-region=error] .failure").count(), 0);
      t.hub.requests.length = 0;
      assert.equal((await run(page, "some text")).output.length, 3);
      assert.equal(t.hub.bodies(WEIGHTS).length, 0, "the second load reads from the device");
    },
  },
];
