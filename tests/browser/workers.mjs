// A model that several workers share, on pages with shared memory and without: the same answers, nothing held twice, and a
// lost worker replaced. And a first answer before a model's table has come.

import { until } from "./browser.mjs";
import { assert, assertEqual } from "./load.mjs";
import { startSite } from "./site.mjs";
import { entries } from "./stored.mjs";

const MINILM = "sentence-transformers/all-MiniLM-L6-v2";
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** Tells each worker's memory by a channel, and ends those beside the first when told so. */
const WATCHED = `
  const beside = self.name === "beside";
  const channel = new BroadcastChannel("test");
  channel.onmessage = ({ data }) => { if (data === "end" && beside) self.close(); };
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (...given) => {
    const instance = await instantiate(...given);
    const { memory } = (instance.instance ?? instance).exports;
    setInterval(() => channel.postMessage({ name: self.name, bytes: memory.buffer.byteLength }), 100);
    return instance;
  };\n`;

const watched = (t, headers) =>
  startSite({ headers, replace: { "/worker.js": (text) => WATCHED + text } }).then((site) => t.keep(site));

/** A page with `window.load(options)` and `window.memory`: bytes of the workers by their names. */
async function open(t, site) {
  const page = await t.open("<p>No widget</p>", { site, defined: false });
  await page.evaluate(async ([endpoint, model]) => {
    const { pipeline } = await import("/vitrine.js");
    window.memory = {};
    const channel = new BroadcastChannel("test");
    channel.onmessage = ({ data }) => { if (data.bytes) memory[data.name] = data.bytes; };
    window.end = () => channel.postMessage("end");
    window.load = async (options) => {
      window.model = await pipeline("feature-extraction", model, { endpoint, ...options });
    };
  }, [t.hub.endpoint, MINILM]);
  return page;
}

/** `window.memory` of the workers of these names, as they tell it from now on: one that works tells nothing meanwhile. */
async function memoryNow(page, ...names) {
  await page.evaluate(() => (window.memory = {}));
  await until(() => page.evaluate((names) => names.every((name) => memory[name]), names), "the workers tell their memory");
  return page.evaluate(() => memory);
}

const embed = (page, text) => page.evaluate((text) => model(text), text);

/** The largest difference of two vectors. */
const distance = (a, b) => Math.max(...a.flat().map((number, index) => Math.abs(number - b.flat()[index])));

const sharing = (name, headers) => ({
  name: `two workers compute what one does, ${name}`,
  async run(t) {
    const page = await open(t, await watched(t, headers));
    assertEqual(await page.evaluate(() => crossOriginIsolated), headers !== undefined, "the page is isolated");
    const texts = ["A cat", "It was a bright cold day in April, and the clocks were striking thirteen. ".repeat(30)];
    await page.evaluate(() => load({ cores: 1 }));
    const expected = [await embed(page, texts[0]), await embed(page, texts[1])];
    const alone = await until(() => page.evaluate(() => memory[""]), "the worker tells its memory");
    await page.evaluate(() => model.unload());
    for (const dtype of ["f32", "q8"]) {
      const fresh = await open(t, await watched(t, headers));
      await fresh.evaluate((dtype) => load({ cores: 2, dtype }), dtype);
      const closest = dtype === "f32" ? 1e-5 : 0.02;
      for (const [index, text] of texts.entries()) {
        const found = distance(await embed(fresh, text), expected[index]);
        assert(found < closest, `${dtype}, text ${index}: ${found} apart`);
      }
      const both = await memoryNow(fresh, "", "beside");
      t.print(`${name}, ${dtype}: ${both[""]} and ${both.beside} bytes; alone in f32 ${alone}`);
      // The layers, 42.6 MB in f32, are split; the second worker's own code and stack stand on top.
      const half = dtype === "f32" ? 21_500_000 : 5_500_000;
      assert(both.beside > half * 0.95 && both.beside < half * 1.3 + 4_000_000, `beside: ${both.beside}`);
      assert(both[""] < alone, `the first holds ${both[""]} of ${alone} bytes`);
      await fresh.close();
    }
  },
});

const losing = (name, headers) => ({
  name: `a worker that is lost is replaced, ${name}`,
  async run(t) {
    const page = await open(t, await watched(t, headers));
    await page.evaluate(() => load({ cores: 2 }));
    const expected = await embed(page, "A cat sits outside");
    await until(() => page.evaluate(() => memory.beside > 0), "the second worker is there");
    // In mid-run: a long text takes a second, and the worker ends within it.
    const long = "The clocks were striking thirteen. ".repeat(60);
    const answer = page.evaluate((texts) => model(texts), Array(40).fill(long));
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 150)).then(() => end()));
    assertEqual((await answer).length, 40, "the run that was interrupted has its answers");
    await page.evaluate(() => end());
    const found = await embed(page, "A cat sits outside");
    assert(distance(found, expected) < 1e-5, "the answer after it");
  },
});

/** Holds the first worker up for 80 ms after each call, so that the answer waits for it. */
const HELD_UP = `
  const { notify } = Atomics;
  if (self.name !== "beside") {
    Atomics.notify = (...given) => {
      const woken = notify(...given);
      for (const end = performance.now() + 80; performance.now() < end; );
      return woken;
    };
  }\n`;

/** Ways in which a worker beside the first does not begin: the address that it is started from instead. */
const NOT_BEGUN = {
  "is refused": "(() => { throw new Error('refused'); })()",
  "cannot be fetched": "'/missing.js'",
  "cannot be read": "scriptOf('(')",
  "says nothing": "scriptOf('')",
  "lacks a file": "scriptOf('onmessage = ({ data }) => data.module && postMessage({ broken: 404 })')",
};

const alone = ([how, address]) => ({
  name: `a second worker that ${how} leaves one that answers`,
  async run(t) {
    const replaced = `
      if (self.name !== "beside") {
        const Begin = self.Worker;
        const scriptOf = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
        self.Worker = function (_, options) { return new Begin(${address}, options); };
        self.Worker.prototype = Begin.prototype;
      }\n`;
    const site = t.keep(await startSite({ replace: { "/worker.js": (text) => replaced + text } }));
    const visitor = await t.visitor({ site, allow: [/refused|404|SyntaxError|Unexpected/] });
    const page = await visitor.open("<p>No widget</p>", { defined: false });
    const answer = await page.evaluate(async ([endpoint, model]) => {
      const { pipeline } = await import("/vitrine.js");
      const run = await pipeline("feature-extraction", model, { endpoint, cores: 2 });
      return run("A cat");
    }, [t.hub.endpoint, "checkpoints/sentence-mean"]);
    assertEqual(answer.flat().length, 32, "numbers of an embedding");
  },
});

export const tests = [
  ...Object.entries(NOT_BEGUN).map(alone),
  {
    name: "an answer waits for a worker that takes longer",
    async run(t) {
      const site = t.keep(await startSite({ headers: ISOLATED, replace: { "/worker.js": (text) => HELD_UP + text } }));
      const page = await open(t, site);
      await page.evaluate(() => load({ cores: 1 }));
      const expected = await embed(page, "A cat");
      await page.evaluate(() => {
        model.unload();
        return load({ cores: 2 });
      });
      for (let run = 0; run < 3; run++) {
        const found = distance(await embed(page, "A cat"), expected);
        assert(found < 1e-5, `run ${run}: ${found} apart`);
      }
    },
  },
  sharing("by messages"),
  sharing("by shared memory", ISOLATED),
  losing("by messages"),
  losing("by shared memory", ISOLATED),
  {
    name: "a first answer comes before the table, and the rest in the background",
    async run(t) {
      const page = await open(t, await watched(t));
      const sent = () => t.hub.requests.filter(({ path }) => path?.endsWith("model.safetensors")).reduce((sum, { sent }) => sum + sent, 0);
      await page.evaluate(() => load({ cores: 1 }));
      const first = await embed(page, "A cat sits outside");
      const bytes = sent();
      const { "": ready } = await memoryNow(page, "");
      t.print(`the first answer took ${bytes} bytes of the weights, and ${ready} of memory`);
      assert(bytes < 46_000_000, `${bytes} bytes`);
      const kept = async () => (await entries(page, "/model.safetensors/verified")).length;
      await until(kept, "the rest has come, and is what its author made", 60_000);
      const grown = (await memoryNow(page, ""))[""] - ready;
      assert(grown < 1_000_000, `the rest took ${grown} bytes of memory that were not the table's`);
      t.hub.requests.length = 0;
      const whole = await page.evaluate(async (text) => {
        model.unload();
        await load({ cores: 1 });
        return model(text);
      }, "A cat sits outside");
      assertEqual(JSON.stringify(first), JSON.stringify(whole), "the answer of the whole model");
      assertEqual(sent(), 0, "bytes of the weights that a second visit fetches");
    },
  },
  {
    name: "a host without ranges is read as a whole",
    async run(t) {
      t.hub.fault(/model\.safetensors/, "ignore-range", { times: 1_000 });
      const page = await open(t, t.site);
      await page.evaluate(() => load({ cores: 1 }));
      assertEqual((await embed(page, "A cat")).flat().length, 384, "numbers of an embedding");
    },
  },
];
