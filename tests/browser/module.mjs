// The module: models without a widget, stopped by signals, and what is kept on the device.

import assert from "node:assert/strict";
import { NETWORK, until } from "./browser.mjs";
import { MODEL } from "./element.mjs";

const WEIGHTS = /model\.safetensors$/;

/** Runs a function of `({module, options, model, task, settled}, ...args)` on a page with the module. */
async function on(t, script, ...args) {
  const page = await t.open("<p>No widget</p>", { defined: false, allow: NETWORK });
  return call(t, page, script, ...args);
}

const call = (t, page, script, ...args) =>
  page.evaluate(`(async () => {
    const module = await import("/vitrine.js");
    const settled = (promise) => promise.then((value) => value, ({ name, code, message }) => ({ name, code, message }));
    const given = { module, settled, ...${JSON.stringify({ ...MODEL, options: { endpoint: t.hub.endpoint } })} };
    return (${script})(given, ...${JSON.stringify(args)});
  })()`);

export const tests = [
  {
    name: "what runs on the page is asked for at once, script and module",
    async run(t) {
      const visitor = await t.visitor({ allow: NETWORK });
      const predicate = (request) => request.url().endsWith("element_bg.wasm");
      const asked = visitor.context.waitForEvent("request", { predicate, timeout: 10_000 });
      await visitor.context.route(/element\/element\.js$/, (route) => asked.then(() => route.continue(), () => route.abort()));
      const page = await visitor.open({ ...MODEL, endpoint: t.hub.endpoint });
      await page.evaluate(() => document.querySelector("model-widget").load());
    },
  },
  {
    name: "a pipeline loads, tells how far it is, runs, and is given back",
    async run(t) {
      t.hub.fault(WEIGHTS, "drip", { bytes: 20_000, every: 20 });
      const [output, top, progress, after] = await on(t, async ({ module, options, model, task, settled }) => {
        const progress = [];
        const answer = await module.pipeline(task, model, { ...options, onprogress: (detail) => progress.push(detail) });
        const found = [await answer("some text"), await answer("some text", { top_k: 1 }), progress];
        answer.unload();
        return [...found, await settled(Promise.resolve().then(() => answer("some text")))];
      });
      assert.equal(output.length, 3);
      assert.deepEqual(top, output.slice(0, 1));
      assert.ok(progress.length > 3);
      for (const [index, { phase, file, loaded, total }] of progress.entries()) {
        assert.ok(["waiting", "download", "build"].includes(phase) && typeof file === "string" && total === progress[0].total);
        assert.ok(loaded >= (progress[index - 1]?.loaded ?? 0) && loaded <= total);
      }
      assert.equal(after.name, "ModelError", `a pipeline that was given back says so: ${JSON.stringify(after)}`);
    },
  },
  {
    name: "the module and the widget share one worker, one download and one model",
    async run(t) {
      const page = await t.open(MODEL);
      await page.evaluate(() => document.querySelector("model-widget").load());
      const length = await call(t, page, async ({ module, options, model, task }) => {
        const answer = await module.pipeline(task, model, options);
        document.querySelector("model-widget").unload();
        return (await answer("some text")).length;
      });
      assert.equal(length, 3);
      assert.equal(t.hub.bodies(WEIGHTS).length, 1);
      assert.equal(t.site.requests.filter(({ path }) => path === "/worker.js").length, 1);
    },
  },
  {
    name: "a signal stops a load: before it, and during it",
    async run(t) {
      const before = await on(t, ({ module, options, model, task, settled }) =>
        settled(module.pipeline(task, model, { ...options, signal: AbortSignal.abort() })),
      );
      assert.deepEqual([before.name, before.code], ["ModelError", "aborted"]);
      assert.equal(t.hub.requests.length, 0);
      t.hub.fault(WEIGHTS, "stall", { at: 5000 });
      const page = await t.open("<p>No widget</p>", { defined: false });
      await call(t, page, ({ module, options, model, task, settled }) => {
        globalThis.controller = new AbortController();
        globalThis.loading = settled(module.pipeline(task, model, { ...options, signal: controller.signal }));
      });
      await until(() => t.hub.bodies(WEIGHTS).some(({ sent }) => sent === 5000), "the weights stall");
      const during = await page.evaluate(() => (controller.abort(), loading));
      assert.deepEqual([during.name, during.code], ["ModelError", "aborted"]);
      await until(() => t.hub.bodies(WEIGHTS).every(({ closed }) => closed), "the request ends");
      const again = await call(t, page, async ({ module, options, model, task }) => (await (await module.pipeline(task, model, options))("a")).length);
      assert.equal(again, 3);
    },
  },
  {
    name: "a signal stops a run: before it, and during it; one that comes late does no harm",
    async run(t) {
      const found = await on(t, async ({ module, options, model, task, settled }) => {
        const answer = await module.pipeline(task, model, options);
        const before = await settled(answer("a", {}, { signal: AbortSignal.abort() }));
        const controller = new AbortController();
        const running = settled(answer("a ".repeat(5000), {}, { signal: controller.signal }));
        await new Promise((done) => setTimeout(done));
        controller.abort();
        const during = await running;
        const late = new AbortController();
        const after = await answer("a", {}, { signal: late.signal });
        late.abort();
        return [before.code, during.code, after.length, (await answer("b")).length];
      });
      assert.deepEqual(found, ["aborted", "aborted", 3, 3]);
    },
  },
  {
    name: "several models at once, each with its own answers, and several runs of one in order",
    async run(t) {
      const found = await on(t, async ({ module, options, model, task }) => {
        const [one, two, three] = await Promise.all([
          module.pipeline(task, model, options),
          module.pipeline(task, "checkpoints/bert-multi-label", options),
          module.pipeline("feature-extraction", "checkpoints/sentence-mean", options),
        ]);
        const all = await Promise.all([one("a"), two("a"), three("a"), one("b"), two("b")]);
        one.unload();
        const rest = (await two("a")).length;
        return [...all.map((output) => output.length), rest];
      });
      assert.deepEqual(found.slice(0, 2), [3, 4]);
      assert.deepEqual(found.slice(3), [3, 4, 4]);
    },
  },
  {
    name: "failures are errors with a name, a code and a message",
    async run(t) {
      const found = await on(t, async ({ module, options, model, task, settled }) => {
        const load = (...args) => settled(module.pipeline(...args));
        const answer = await module.pipeline(task, model, options);
        return [
          await load(task, "no/body", options),
          await load(task, "a b", options),
          await load("text-generation", model, options),
          await load(task, "checkpoints/bert-base-legacy", options),
          await load(task, model, { ...options, revision: "nowhere" }),
          await load(task, model, { ...options, dtype: "q3" }),
          await settled(answer(5)),
          await settled(answer()),
          await settled(answer("a", { top_k: 0 })),
          await settled(answer("a", 5)),
          (await answer("a")).length,
        ];
      });
      assert.deepEqual(found.slice(0, -1).map(({ name, code }) => [name, code]), [
        "repo-not-found", "invalid-inputs", "unsupported-task", "unsupported-head", "revision-not-found", "unsupported-dtype",
        "invalid-inputs", "invalid-inputs", "invalid-inputs", "invalid-inputs",
      ].map((code) => ["ModelError", code]));
      assert.ok(found.slice(0, -1).every(({ message }) => message.length > 10));
      assert.equal(found.at(-1), 3);
    },
  },
  {
    name: "a listener or a page that throws does not harm a load",
    async run(t) {
      const length = await on(t, async ({ module, options, model, task }) => {
        const onprogress = () => { throw new Error("the page's own affair"); };
        return (await (await module.pipeline(task, model, { ...options, onprogress }))("a")).length;
      });
      assert.equal(length, 3);
    },
  },
  {
    name: "what is kept is listed and removed",
    async run(t) {
      const other = "checkpoints/bert-multi-label";
      const { none, both, one, rest, goes } = await on(t, async ({ module, options, model, task }, other) => {
        const none = await module.stored();
        const answer = await module.pipeline(task, model, options);
        await module.pipeline(task, other, options);
        const both = await module.stored();
        const one = await module.remove(both.find((stored) => stored.model === model));
        const goes = (await answer("a")).length;
        return { none, both, one, goes, rest: [await module.remove(), await module.stored()] };
      }, other);
      assert.deepEqual(none, []);
      assert.deepEqual(both.map(({ model }) => model).sort(), [MODEL.model, other].sort());
      for (const stored of both) {
        assert.deepEqual(Object.keys(stored).sort(), ["bytes", "commit", "endpoint", "model"]);
        assert.equal(stored.endpoint, t.hub.endpoint);
        assert.ok(stored.bytes > 100_000);
        assert.equal(stored.commit, t.hub.repository(stored.model).commit("main").sha);
      }
      assert.deepEqual(one.map(({ model }) => model), [other]);
      assert.equal(goes, 3, "what is in memory goes on");
      assert.deepEqual(rest, [[], []]);
    },
  },
  {
    name: "what is no stored model removes nothing",
    async run(t) {
      const left = await on(t, async ({ module, options, model, task, settled }) => {
        await module.pipeline(task, model, options);
        for (const odd of [{}, "x", 5, { model }, null]) await settled(module.remove(odd));
        return (await module.stored()).length;
      });
      assert.equal(left, 1);
    },
  },
  {
    name: "it can be imported where there is no page",
    async run(t) {
      const { pathToFileURL } = await import("node:url");
      const { ROOT } = await import("./repositories.mjs");
      for (const name of ["vitrine.js", "model-widget.js"]) await import(new URL(`dist/${name}`, pathToFileURL(ROOT)));
    },
  },
];
