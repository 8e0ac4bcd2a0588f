// What is stopped stops at once, and what is wanted afterwards works.

import { NETWORK, property, run, until, waitDescribed } from "./browser.mjs";
import { assert, assertEqual } from "./load.mjs";
import { MINILM, SLOW, TEXT, TINY, begin, long, outcome, output, weights } from "./recovery.mjs";

const AT_ONCE = 200;

/** Stops what is going on: `{code, took}`, with the milliseconds until the run of `begin` was rejected. */
const abort = (page) =>
  page.evaluate(async () => {
    const start = performance.now();
    document.querySelector("model-widget").abort();
    const { error } = await window.outcome;
    return { code: error?.code, took: performance.now() - start };
  });

function assertAborted({ code, took }, when) {
  assertEqual(code, "aborted", when);
  assert(took <= AT_ONCE, `${when}: rejected after ${took} ms`);
}

export const tests = [
  {
    name: "an abort while the host is asked",
    async run(t) {
      t.hub.fault(/revision/, "hang");
      const page = await t.open({ model: TINY }, { allow: [NETWORK] });
      await until(() => t.hub.requests.length, "the question");
      await begin(page);
      await page.waitForTimeout(50);
      assertAborted(await abort(page), "while the host is asked");
      assert(["idle", "error"].includes(await property(page, "readyState")), "state");
      await t.hub.stop();
      await t.hub.start();
      assert((await output(page)).length === 2, "a later run");
    },
  },
  {
    name: "an abort in a download stops it",
    async run(t) {
      t.hub.fault(/safetensors$/, "drip", SLOW);
      const page = await t.open({ model: TINY }, { allow: [NETWORK] });
      await begin(page);
      const transfer = await until(() => weights(t.hub).find(({ sent }) => sent > 1e6), "the download");
      assertAborted(await abort(page), "in a download");
      await until(() => transfer.closed, "the end of the transfer", 2000);
      assert(transfer.sent < 8e6, `${transfer.sent} bytes were sent`);
      assertEqual(await property(page, "readyState"), "idle", "state");
      assert((await output(page)).length === 2, "a later run");
    },
  },
  {
    name: "an abort while the model is built",
    async run(t) {
      const page = await t.open({ model: MINILM });
      await waitDescribed(page);
      const inputs = { source_sentence: "a", sentences: ["b"] };
      const { code, took, phase } = await page.evaluate(async (inputs) => {
        const widget = document.querySelector("model-widget");
        let [start, phase] = [NaN, ""];
        widget.addEventListener("progress", ({ detail }) => {
          if (phase || detail.phase !== "build") return;
          [start, phase] = [performance.now(), detail.phase];
          widget.abort();
        });
        const code = await widget.run(inputs).then(() => "answered", ({ code }) => code);
        return { code, took: performance.now() - start, phase };
      }, inputs);
      assertAborted({ code, took }, `in the phase ${phase}`);
      assertEqual(await property(page, "readyState"), "idle", "state");
      assert((await output(page, inputs)).length === 1, "a later run");
      // What the stopped load had built all the same is given back with the rest: a new load reads the files again.
      const reports = await page.evaluate(async () => {
        const widget = document.querySelector("model-widget");
        widget.unload();
        let reports = 0;
        widget.addEventListener("progress", () => (reports += 1));
        await widget.load();
        return reports;
      });
      assert(reports > 0, "the model of the stopped load is still in memory");
    },
  },
  {
    name: "an abort in a run, by the element and by a signal",
    async run(t) {
      const page = await t.open({ model: MINILM });
      const inputs = { source_sentence: "a", sentences: ["b"] };
      const expected = await output(page, inputs);
      await begin(page, long(60));
      await page.waitForTimeout(300);
      assertEqual(await property(page, "readyState"), "running", "state");
      assertAborted(await abort(page), "in a run");
      assertEqual(await property(page, "readyState"), "ready", "state after it");
      assertEqual(await output(page, inputs), expected, "a later run");
      const { code, took, later } = await page.evaluate(async ([model, endpoint, inputs, short]) => {
        const { pipeline } = await import("/vitrine.js");
        const similar = await pipeline("sentence-similarity", model, { endpoint });
        const controller = new AbortController();
        const running = similar(inputs, undefined, { signal: controller.signal }).catch(({ code }) => code);
        await new Promise((resolve) => setTimeout(resolve, 300));
        const start = performance.now();
        controller.abort();
        const code = await running;
        const took = performance.now() - start;
        return { code, took, later: await similar(short) };
      }, [MINILM, t.hub.endpoint, long(60), inputs]);
      assertAborted({ code, took }, "by a signal");
      assertEqual(later, expected, "a later call");
    },
  },
  {
    name: "a signal stops a module's load",
    async run(t) {
      t.hub.fault(/safetensors$/, "drip", SLOW);
      const page = await t.open("<p></p>", { allow: [NETWORK] });
      const { codes, took } = await page.evaluate(async ([model, endpoint]) => {
        const { pipeline } = await import("/vitrine.js");
        const attempt = (options) => pipeline("text-classification", model, { endpoint, ...options }).then(() => "loaded", ({ code }) => code);
        const controller = new AbortController();
        let start;
        const onprogress = ({ loaded }) => {
          if (loaded < 1e6 || start) return;
          start = performance.now();
          controller.abort();
        };
        const first = await attempt({ signal: controller.signal, onprogress });
        const took = performance.now() - start;
        return { codes: [first, await attempt({ signal: controller.signal }), await attempt()], took };
      }, [TINY, t.hub.endpoint]);
      assertEqual(codes, ["aborted", "aborted", "loaded"], "a stopped load, a signal that has stopped, a later load");
      assert(took <= AT_ONCE, `rejected after ${took} ms`);
    },
  },
  {
    name: "a newer run replaces an older one",
    async run(t) {
      const page = await t.open({ model: MINILM });
      const inputs = { source_sentence: "a", sentences: ["b", "c"] };
      const both = () => page.evaluate(async ([first, second]) => {
        const widget = document.querySelector("model-widget");
        const outputs = [];
        widget.addEventListener("output", ({ detail }) => outputs.push(detail.output.length));
        const runs = [widget.run(first), widget.run(second)];
        const settled = await Promise.all(runs.map((run) => run.then(({ length }) => length, ({ code }) => code)));
        return [settled, outputs];
      }, [long(30), inputs]);
      assertEqual(await both(), [["aborted", 2], [2]], "before the model is loaded");
      assertEqual(await both(), [["aborted", 2], [2]], "with the model loaded");
      await begin(page, long(30));
      await page.waitForTimeout(200);
      assert((await output(page, inputs)).length === 2, "in a run");
      assertEqual((await outcome(page)).error?.code, "aborted", "the older run");
      assertEqual(await property(page, "readyState"), "ready", "state");
    },
  },
  {
    name: "an element that is removed while it loads stops its transfer; one that is moved goes on",
    async run(t) {
      t.hub.fault(/safetensors$/, "drip", { ...SLOW, times: 2 });
      const page = await t.open({ model: TINY }, { allow: [NETWORK] });
      await begin(page);
      const transfer = await until(() => weights(t.hub).find(({ sent }) => sent > 1e6), "the download");
      await page.evaluate(() => document.body.append(document.querySelector("model-widget")));
      await page.waitForTimeout(200);
      assert(!transfer.closed, "moved, it stopped");
      await page.evaluate(() => {
        window.widget = document.querySelector("model-widget");
        widget.remove();
      });
      await until(() => transfer.closed, "the end of the transfer", 2000);
      assert(transfer.sent < 8e6, `${transfer.sent} bytes were sent`);
      assertEqual((await outcome(page)).error?.code, "aborted", "the run");
      await page.evaluate(() => document.body.append(widget));
      assert((await output(page)).length === 2, "back in the document");
    },
  },
  {
    name: "another model in the middle of a load stops the transfer of the first",
    async run(t) {
      t.hub.fault(/safetensors$/, "drip", SLOW);
      const page = await t.open({ model: TINY, task: "text-classification" }, { allow: [NETWORK] });
      await begin(page);
      const transfer = await until(() => weights(t.hub).find(({ sent }) => sent > 1e6), "the download");
      await page.evaluate(() => (document.querySelector("model-widget").model = "checkpoints/bert-regression"));
      await until(() => transfer.closed, "the end of the transfer", 2000);
      assertEqual((await outcome(page)).error?.code, "aborted", "the run");
      const found = await output(page);
      const other = await t.open({ model: "checkpoints/bert-regression", task: "text-classification" });
      assertEqual(found, await output(other), "output of the other model");
    },
  },
  {
    name: "a load that is stopped for one widget goes on for another, and so does what is given back",
    async run(t) {
      t.hub.fault(/safetensors$/, "drip", SLOW);
      const one = `<model-widget model="${TINY}" endpoint="${t.hub.endpoint}"`;
      const page = await t.open(`${one}></model-widget>${one} id="other"></model-widget>`);
      await begin(page);
      const other = run(page, TEXT, undefined, "#other");
      const transfer = await until(() => weights(t.hub).find(({ sent }) => sent > 1e6), "the download");
      assertAborted(await abort(page), "the first widget");
      assert((await other).output?.length === 2, () => "the other widget");
      assertEqual([weights(t.hub).length, transfer.sent > 8e6], [1, true], "downloads");
      assert((await output(page)).length === 2, "the first widget, later");
      await page.evaluate(() => document.querySelector("model-widget").unload());
      assert((await run(page, TEXT, undefined, "#other")).output?.length === 2, "the other widget after the first gave back");
    },
  },
  {
    name: "a run right after an abort, an unload or a removal is a new one",
    async run(t) {
      t.hub.fault(/safetensors$/, "drip", { ...SLOW, times: 3 });
      const page = await t.open({ model: TINY }, { allow: [NETWORK] });
      for (const how of ["abort", "unload", "remove"]) {
        await begin(page);
        const before = weights(t.hub).length;
        await until(() => weights(t.hub)[before]?.sent > 3e5, `${how}: the download`);
        const found = await page.evaluate(async ([how, text]) => {
          const widget = document.querySelector("model-widget");
          widget[how]();
          if (how === "remove") {
            await new Promise((resolve) => setTimeout(resolve, 100));
            document.body.append(widget);
          }
          return widget.run(text).then(({ length }) => length, ({ code }) => code);
        }, [how, TEXT]);
        assertEqual([(await outcome(page)).error?.code, found], ["aborted", 2], how);
        await page.evaluate(async () => {
          document.querySelector("model-widget").unload();
          await (await import("/vitrine.js")).remove();
        });
      }
    },
  },
];
