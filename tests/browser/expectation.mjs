// What the widget tells before a load: memory, time, and that a model cannot fit; and what a load and many runs then take.

import assert from "node:assert/strict";
import { Visitor, memoryOf, run, shownText, told, waitDescribed, waitState, watched } from "./browser.mjs";
import { Link } from "./hub.mjs";
import { startSite } from "./site.mjs";

const TINY = "vitrine/tiny-sentiment";
const MINILM = "sentence-transformers/all-MiniLM-L6-v2";
const TASK = "text-classification";

/** The files of a repository whose weights are said to have this many bytes; none of them is there. */
const huge = (hub, id, claims) =>
  hub.repository(id, {
    "README.md": `---\npipeline_tag: ${TASK}\n---\n`,
    "config.json": '{"model_type": "bert", "architectures": ["BertForSequenceClassification"]}',
    "tokenizer.json": "{}",
    "model.safetensors": { bytes: "nothing", claims },
  });

export const tests = [
  {
    name: "memory and time are told from the size of the model and the speed of the page's own downloads",
    async run(t) {
      const entry = { responseStart: 100, responseEnd: 372, encodedBodySize: 680_000, transferSize: 680_300 };
      const cached = { ...entry, responseEnd: 101, transferSize: 300 };
      for (const [entries, downlink, expected] of [
        // 2.5 MB/s for the 44.5 MB before the table; what came from the cache tells nothing.
        [[cached, entry], 10, "about 18 s"],
        // Not measured: what the browser takes the connection for, with one digit.
        [[cached], 10, "about 40 s"],
        [[], 1.5, "about 3 min 20 s"],
        [[], 0, ""],
      ]) {
        const visitor = await t.visitor();
        await visitor.context.addInitScript(([entries, downlink]) => {
          performance.getEntriesByType = () => entries;
          Object.defineProperty(navigator, "connection", { value: { downlink } });
          Object.defineProperty(navigator, "deviceMemory", { value: 8 });
        }, [entries, downlink]);
        const page = await visitor.open({ model: MINILM, endpoint: t.hub.endpoint });
        await waitDescribed(page);
        const text = await shownText(page);
        assert.match(text, /Takes (99\.\d|10\d) MB of memory/);
        assert.ok(expected ? text.includes(expected) : !text.includes("connection"), `${expected}: ${text}`);
      }
    },
  },
  {
    name: "memory is used as it was told",
    async run(t) {
      for (const [model, megabits] of [[TINY, 20], [MINILM, 50]]) {
        t.hub.reset();
        t.hub.link = new Link(megabits);
        const site = t.keep(await startSite({ replace: watched, link: t.hub.link }));
        const page = await t.open({ model }, { site });
        await waitDescribed(page);
        const { seconds, memory } = await told(page);
        const begin = Date.now();
        await page.evaluate(() => document.querySelector("model-widget").load());
        const took = (Date.now() - begin) / 1000;
        const used = await memoryOf(page);
        const against = (told, found, unit) => `${told} ${unit} told, ${found.toFixed(1)} found (${(told / found).toFixed(2)})`;
        t.print(`${model} on ${megabits} Mbit/s: ${against(seconds, took, "s")}; memory: ${against(memory / 1e6, used / 1e6, "MB")}`);
        assert.ok(memory / used > 0.85 && memory / used < 1.15, `${memory} bytes told, ${used} used`);
        // What it still fetches would slow the next one.
        await page.close();
      }
    },
  },
  {
    name: "a model that cannot fit is refused before its download, by the widget and by the module",
    async run(t) {
      huge(t.hub, "huge/model", 18_000_000_000);
      const page = await t.open({ model: "huge/model", task: TASK });
      await waitState(page, "error");
      const { code, message } = await page.evaluate(() => document.querySelector("model-widget").error);
      assert.equal(code, "out-of-memory");
      assert.match(message, /needs about 4\.\d GB of memory with dtype q8; this browser tab can hold 4\.0 GB$/);
      assert.ok((await shownText(page)).includes(message.slice(1)), "the sentence is shown");
      assert.equal(await page.locator("model-widget [data-action=load]").count(), 0, "there is no button to load it");
      assert.equal(await page.locator("model-widget [data-action=retry]").count(), 0, "trying again is no use");
      assert.ok(await page.locator("model-widget textarea").count(), "the form is shown");
      const loading = await page.evaluate(() => document.querySelector("model-widget").load().catch(({ name, code }) => `${name} ${code}`));
      assert.equal(loading, "ModelError out-of-memory");
      const ofModule = await page.evaluate(async ([task, endpoint]) => {
        const { pipeline } = await import("/vitrine.js");
        return pipeline(task, "huge/model", { endpoint }).catch(({ code, message }) => ({ code, message }));
      }, [TASK, t.hub.endpoint]);
      assert.deepEqual(ofModule, { code, message });
      assert.deepEqual(t.hub.bodies(/safetensors/), [], "no weights were asked for");
    },
  },
  ...[["the tokenizer", 1], ["the weights", 30], ["a part of the weights", 4, "beside"]].map(([what, megabytes, name = ""]) => ({
    name: `a tab without memory for ${what} says so`,
    async run(t) {
      // Leaves so much of the memory that the module of this worker can address.
      const taken = `if (self.name === "${name}") { const { instantiate } = WebAssembly;
        WebAssembly.instantiate = async (...given) => {
          const instance = await instantiate(...given);
          const { memory } = instance.exports;
          memory.grow(65536 - memory.buffer.byteLength / 65536 - ${16 * megabytes});
          return instance;
        }; }\n`;
      const site = t.keep(await startSite({ replace: { "/worker.js": (text) => taken + text } }));
      const visitor = await t.visitor({ site, allow: [/unreachable|RuntimeError|memory/i] });
      const page = await visitor.open({ model: MINILM, endpoint: t.hub.endpoint, cores: name ? 2 : 1 });
      await waitDescribed(page);
      const { error } = await run(page, "some text");
      assert.equal(error?.code, "out-of-memory", JSON.stringify(error));
      assert.match(error.message, /no memory left: [\d.]+ MB more were needed|no room for \d+ bytes/);
    },
  })),
  {
    name: "a dtype that cannot fit is refused with the one that does, which then is not",
    async run(t) {
      huge(t.hub, "huge/model", 9_000_000_000);
      const page = await t.open({ model: "huge/model", task: TASK, dtype: "f32" });
      await waitState(page, "error");
      const { message } = await page.evaluate(() => document.querySelector("model-widget").error);
      assert.match(message, /needs about 9\.2 GB .* can hold 4\.0 GB\. With dtype q8 it needs 2\.4 GB$/);
      for (const dtype of ["q8", "auto"]) {
        await page.evaluate((dtype) => (document.querySelector("model-widget").dtype = dtype), dtype);
        await waitDescribed(page);
        assert.equal(await page.evaluate(() => document.querySelector("model-widget").error), null);
        assert.match(await shownText(page), /Takes 2\.4 GB of memory/);
      }
    },
  },
  {
    name: "cores that are no number of cores are refused, in the widget and in the module",
    async run(t) {
      const page = await t.open({ model: TINY, cores: "many" });
      await waitState(page, "error");
      assert.equal((await run(page, "a text")).error.code, "invalid-inputs");
      await page.evaluate(() => (document.querySelector("model-widget").cores = "1"));
      assert.equal((await run(page, "a text")).output.length, 2);
      const found = await page.evaluate(async ([task, model, endpoint]) => {
        const { pipeline } = await import("/vitrine.js");
        const load = (cores) => pipeline(task, model, { endpoint, cores }).then(() => "loaded", ({ code }) => code);
        return [await load(0), await load(1.5), await load("two"), await load(2), await load("auto"), await load("1")];
      }, [TASK, TINY, t.hub.endpoint]);
      assert.deepEqual(found, ["invalid-inputs", "invalid-inputs", "invalid-inputs", "loaded", "loaded", "loaded"]);
    },
  },
  {
    name: "ten widgets of one model hold one copy, and all answer",
    async run(t) {
      const site = t.keep(await startSite({ replace: watched }));
      const [used, workers] = [{}, {}];
      for (const count of [1, 10]) {
        const widget = `<model-widget model="${MINILM}" task="feature-extraction" endpoint="${t.hub.endpoint}"></model-widget>`;
        const page = await t.open(widget.repeat(count), { site });
        const lengths = await page.evaluate(async () => {
          const widgets = [...document.querySelectorAll("model-widget")];
          const outputs = await Promise.all(widgets.map((widget) => widget.run("a text")));
          return outputs.map((output) => output.flat(Infinity).length);
        });
        assert.equal(lengths.length, count);
        assert.ok(lengths.every((length) => length > 0 && length === lengths[0]), String(lengths));
        workers[count] = page.workers().length;
        used[count] = await memoryOf(page);
      }
      assert.equal(workers[10], workers[1]);
      t.print(`memory of one widget ${used[1] / 1e6} MB, of ten ${used[10] / 1e6} MB`);
      assert.ok(used[10] <= used[1] + 2e6, `${used[10]} bytes for ten, ${used[1]} for one`);
    },
  },
  {
    name: "a page that is open for 1,000 runs does not grow",
    async run(t) {
      const site = t.keep(await startSite({ replace: watched }));
      const visitor = await Visitor.of(t.browser, site);
      t.keep({ stop: () => visitor.close() });
      const page = await visitor.open({ model: TINY, endpoint: t.hub.endpoint });
      const session = await visitor.context.newCDPSession(page);
      const runs = (count) =>
        page.evaluate(async (count) => {
          const widget = document.querySelector("model-widget");
          for (let number = 0; number < count; number += 1) await widget.run(`a text with the number ${number % 10}`);
        }, count);
      const look = async () => {
        await session.send("HeapProfiler.collectGarbage");
        const { usedSize } = await session.send("Runtime.getHeapUsage");
        const { nodes } = await session.send("Memory.getDOMCounters");
        return { memory: await memoryOf(page), heap: usedSize, nodes };
      };
      await runs(20);
      const before = await look();
      await runs(980);
      const after = await look();
      t.print(`after 20 runs ${JSON.stringify(before)}, after 1,000 ${JSON.stringify(after)}`);
      assert.equal(after.memory, before.memory);
      assert.ok(after.heap <= before.heap + 2e6, `the page's heap grew from ${before.heap} to ${after.heap}`);
      assert.ok(after.nodes <= before.nodes + 500, `the page's nodes grew from ${before.nodes} to ${after.nodes}`);
      visitor.check();
    },
  },
];
