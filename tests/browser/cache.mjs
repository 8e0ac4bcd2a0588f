// What is kept on the device: once downloaded it is not fetched again, wherever it is used; and no storage is no obstacle.

import { NETWORK, run, until, waitDescribed, waitState } from "./browser.mjs";
import { assert, assertEqual } from "./load.mjs";
import { startSite } from "./site.mjs";
import { damage, entries, hold, truncate } from "./stored.mjs";

const TINY = "vitrine/tiny-sentiment";
const SMALL = "checkpoints/bert-sequence-classification";
const MINILM = "sentence-transformers/all-MiniLM-L6-v2";
const TEXT = "I like this very much";

const weights = (hub) => hub.requests.filter(({ origin }) => origin === "cdn");
const sent = (hub) => weights(hub).reduce((sum, one) => sum + one.sent, 0);
const sizeOf = (hub, model = TINY) => hub.repository(model).commit("main").files.get("model.safetensors").bytes().length;
const widget = (t, model = TINY, more = "") => `<model-widget model="${model}" endpoint="${t.hub.endpoint}" ${more}></model-widget>`;

/** The output, or an error. */
async function output(page, selector) {
  const { output, error } = await run(page, TEXT, undefined, selector);
  assert(output, () => `${error.code}: ${error.message}`);
  return output;
}

export const tests = [
  {
    name: "a second visit fetches no file, and answers without its host",
    async run(t) {
      const visitor = await t.visitor({ allow: [NETWORK] });
      const first = await visitor.open(widget(t));
      const expected = await output(first);
      await first.close();
      t.hub.requests.length = 0;
      const second = await visitor.open(widget(t));
      const label = await waitDescribed(second);
      assert((await second.locator("model-widget .consent .badge").count()) === 1, `not said to be stored: ${label}`);
      assertEqual(await output(second), expected, "output of the second visit");
      assertEqual(t.hub.requests.map(({ path }) => path), [`/api/models/${TINY}/revision/main`], "requests of the second visit");
      await second.close();
      await t.hub.stop();
      try {
        const third = await visitor.open(widget(t));
        assertEqual(await output(third), expected, "output without the host");
        await visitor.context.setOffline(true);
        await third.evaluate(() => document.querySelector("model-widget").unload());
        assertEqual(await output(third), expected, "output without a network");
      } finally {
        await t.hub.start();
      }
    },
  },
  {
    name: "five widgets of one model on a page download it once",
    async run(t) {
      const body = [1, 2, 3, 4, 5].map((index) => widget(t, TINY, `id="w${index}"`)).join("");
      const page = await t.open(body);
      const outputs = await Promise.all([1, 2, 3, 4, 5].map((index) => output(page, `#w${index}`)));
      for (const one of outputs) assertEqual(one, outputs[0], "output");
      assertEqual([weights(t.hub).length, sent(t.hub)], [1, sizeOf(t.hub)], "downloads and bytes");
      const names = await Promise.all(page.workers().map((worker) => worker.evaluate(() => self.name)));
      assertEqual(names.filter((name) => name !== "beside").length, 1, "workers that are not beside another");
    },
  },
  {
    name: "two tabs at the same time download each byte once",
    async run(t) {
      t.hub.fault(/safetensors$/, "drip", { bytes: 1 << 18, every: 20, times: Infinity });
      const visitor = await t.visitor();
      const pages = [await visitor.open(widget(t)), await visitor.open(widget(t))];
      const [one, two] = await Promise.all(pages.map((page) => output(page)));
      assertEqual(one, two, "outputs");
      assertEqual([weights(t.hub).length, sent(t.hub)], [1, sizeOf(t.hub)], "downloads and bytes");
    },
  },
  {
    name: "a tab that is closed in the middle of a download leaves it to the other",
    async run(t) {
      t.hub.fault(/safetensors$/, "drip", { bytes: 1 << 17, every: 20 });
      const visitor = await t.visitor({ allow: [NETWORK] });
      const [one, two] = [await visitor.open(widget(t)), await visitor.open(widget(t))];
      await one.evaluate(() => void document.querySelector("model-widget").load().catch(() => {}));
      await until(() => sent(t.hub) > 3e6, "the download");
      const waiting = output(two);
      await two.waitForTimeout(300);
      await one.close();
      assert((await waiting).length === 2, "the other tab's output");
      assertEqual(weights(t.hub).length, 2, "downloads");
      const [begin] = /\d+/.exec(weights(t.hub)[1].range ?? "0");
      assert(Number(begin) >= 2 << 20, `the other tab began at ${begin}`);
    },
  },
  {
    name: "over the storage's quota a model works from memory",
    async run(t) {
      for (const quotaSize of [1000, 3_000_000]) {
        const visitor = await t.visitor({ allow: [NETWORK] });
        const page = await visitor.open(widget(t));
        const session = await visitor.context.newCDPSession(page);
        await session.send("Storage.overrideQuotaForOrigin", { origin: t.site.origin, quotaSize });
        const expected = await output(page);
        assert(expected.length === 2, "output");
        await page.reload();
        await page.waitForFunction(() => customElements.get("model-widget"));
        assertEqual(await output(page), expected, `output of a second visit with ${quotaSize} bytes`);
        const kept = (await entries(page, "safetensors")).reduce((sum, [, size]) => sum + size, 0);
        // The browser checks before a write, so the eight that are under way at once may all get in.
        assert(kept <= quotaSize + (8 << 20), `${kept} bytes are kept of ${quotaSize}`);
        await session.send("Storage.overrideQuotaForOrigin", { origin: t.site.origin });
      }
    },
  },
  {
    name: "without a storage, or with one that refuses, a model works from memory",
    async run(t) {
      const noFiles = 'StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException("no", "SecurityError"));';
      for (const [name, storage] of Object.entries({
        "no caches": 'Object.defineProperty(globalThis, "caches", { value: undefined });',
        "caches that refuse": 'CacheStorage.prototype.open = () => Promise.reject(new DOMException("no", "SecurityError"));',
        "caches that throw": 'Object.defineProperty(globalThis, "caches", { get() { throw new DOMException("no", "SecurityError"); } });',
        "writes that fail": 'Cache.prototype.put = () => Promise.reject(new DOMException("no", "UnknownError"));',
        "no locks": "delete Navigator.prototype.locks; if (globalThis.WorkerNavigator) delete WorkerNavigator.prototype.locks;",
      })) {
        const script = `${noFiles} ${storage}`;
        const head = `<script>${script.replace("if (globalThis.WorkerNavigator) ", "globalThis.WorkerNavigator && ")}</script>`;
        const inWorker = script.replace("delete Navigator.prototype.locks; ", "");
        const site = t.keep(await startSite({ replace: { "/worker.js": (text) => `${inWorker}\n${text}` } }));
        const page = await t.open({ model: SMALL }, { site, head });
        try {
          assert((await output(page)).length > 0, "no output");
          const { output: again, error } = await run(page, "Another text");
          assert(again, () => error.message);
          const list = await page.evaluate(async () => {
            const { stored } = await import("/vitrine.js");
            return stored().catch((error) => ({ code: error.code }));
          });
          if (!["no locks", "writes that fail"].includes(name)) assertEqual(list.code ?? list, list.code ? "storage" : [], "what is stored");
        } catch (error) {
          throw new Error(`${name}: ${error.message}`);
        }
      }
    },
  },
  {
    name: "damage of what is stored is noticed and mended",
    async run(t) {
      const visitor = await t.visitor();
      const page = await visitor.open(widget(t));
      const expected = await output(page);
      const chunks = (await entries(page, "safetensors/\\d")).map(([key]) => key);
      assert(chunks.length > 5, `${chunks.length} chunks`);
      const hows = ["bytes[bytes.length >> 1] ^= 1; return bytes", "return bytes.slice(0, -1)", "return new Uint8Array()", null];
      for (const [index, how] of hows.entries()) {
        const url = chunks[index * 2];
        const [, offset, length] = /(\d+)-(\d+)$/.exec(url).map(Number);
        await damage(page, url, how);
        t.hub.requests.length = 0;
        await page.reload();
        await page.waitForFunction(() => customElements.get("model-widget"));
        assertEqual(await output(page), expected, `output after damage ${index}`);
        const hole = `bytes=${offset}-${offset + length - 1}`;
        assertEqual(weights(t.hub).map(({ range }) => range), [hole], `damage ${index}: requests`);
        assertEqual(sent(t.hub), length, "bytes that were fetched");
      }
      t.hub.requests.length = 0;
      await page.reload();
      await page.waitForFunction(() => customElements.get("model-widget"));
      assertEqual(await output(page), expected, "output of the mended storage");
      assertEqual(weights(t.hub).length, 0, "downloads after the mending");
    },
  },
  {
    name: "what was quantized here is read again, and made again where it is damaged",
    async run(t) {
      const visitor = await t.visitor();
      const page = await visitor.open(widget(t, MINILM, 'dtype="q8" task="feature-extraction"'));
      await page.evaluate(() => {
        document.querySelector("model-widget").addEventListener("progress", ({ detail }) => (window.last = detail));
      });
      const expected = await output(page);
      const complete = () =>
        until(async () => (await entries(page, "q8-None/verified")).length, "the quantized copy is complete");
      await complete();
      const size = (await entries(page, "q8-None/\\d")).reduce((sum, [, bytes]) => sum + bytes, 0);
      assert(size > 22e6 && size < 24e6, `${size} bytes of 90.9 million are kept`);
      const again = async (what, least, most) => {
        t.hub.requests.length = 0;
        await page.evaluate(() => document.querySelector("model-widget").unload());
        assertEqual(await output(page), expected, `output ${what}`);
        const { total } = await page.evaluate(() => window.last);
        assert(total > least && total < most, `${what}: ${total} bytes were read`);
        assertEqual(weights(t.hub).length, 0, `downloads ${what}`);
      };
      await again("from the copy", 22e6, 24e6);
      for (const [index, how] of ["bytes[bytes.length >> 1] ^= 1; return bytes", null].entries()) {
        await damage(page, (await entries(page, "q8-None/\\d")).at(-1 - index)[0], how);
        await again("from the author's file, without its table", 43e6, 46e6);
        await complete();
        await again("from the new copy", 22e6, 24e6);
      }
      await page.evaluate(() => document.querySelector("model-widget").unload());
      await page.evaluate(() => document.querySelector("model-widget").setAttribute("dtype", "f32"));
      const exact = await output(page);
      assert(JSON.stringify(exact) !== JSON.stringify(expected), "f32 is not read from the copy");
    },
  },
  {
    name: "a file is completed while opening what is stored takes its time",
    async run(t) {
      const script = `const open = FileSystemFileHandle.prototype.createSyncAccessHandle;
        FileSystemFileHandle.prototype.createSyncAccessHandle = async function () {
          await new Promise((resolve) => setTimeout(resolve, 300));
          return open.call(this);
        };`;
      const site = t.keep(await startSite({ replace: { "/worker.js": (text) => `${script}\n${text}` } }));
      const page = await (await t.visitor({ site })).open(widget(t));
      const expected = await output(page);
      const chunks = (await entries(page, "safetensors/\\d")).map(([key]) => key);
      // Before what is read of the storage comes what is written to it.
      const gone = chunks.filter((_, index) => index % 4 < 3);
      for (const key of gone) await damage(page, key, null);
      t.hub.requests.length = 0;
      await page.reload();
      await page.waitForFunction(() => customElements.get("model-widget"));
      assertEqual(await output(page), expected, "output");
      assertEqual((await entries(page, "safetensors/\\d")).map(([key]) => key), chunks, "chunks");
      assert(gone.length > 4 && sent(t.hub) < sizeOf(t.hub), `${sent(t.hub)} bytes were fetched`);
    },
  },
  {
    name: "a tab that never closes what is stored does not hold up another",
    async run(t) {
      const visitor = await t.visitor();
      const page = await visitor.open(widget(t));
      const expected = await output(page);
      await page.goto("about:blank");
      const other = await visitor.open("");
      await hold(other, "model.safetensors");
      t.hub.requests.length = 0;
      const again = await visitor.open(widget(t));
      assertEqual(await output(again), expected, "output");
      assertEqual(sent(t.hub), sizeOf(t.hub), "bytes that were fetched");
      const twice = (await entries(again, "safetensors/\\d")).filter(([key], index, all) => all[index - 1]?.[0] === key);
      assertEqual(twice, [], "chunks that are stored twice");
      await other.close();
      // Waits until it is closed.
      await damage(again, (await entries(again, "safetensors/\\d"))[0][0], "return bytes");
      t.hub.requests.length = 0;
      await again.evaluate(() => document.querySelector("model-widget").unload());
      assertEqual(await output(again), expected, "output of what was stored before");
      assertEqual(sent(t.hub), 0, "bytes that were fetched then");
    },
  },
  {
    name: "bytes that a loss of power took are fetched again",
    async run(t) {
      const visitor = await t.visitor();
      const page = await visitor.open(widget(t));
      const expected = await output(page);
      await page.goto("about:blank");
      const other = await visitor.open("");
      const left = await truncate(other, "model.safetensors");
      t.hub.requests.length = 0;
      const again = await visitor.open(widget(t));
      assertEqual(await output(again), expected, "output");
      const missing = sizeOf(t.hub) - left;
      assert(sent(t.hub) >= missing && sent(t.hub) <= missing + (1 << 20), `${sent(t.hub)} bytes were fetched, ${missing} were missing`);
    },
  },
  {
    name: "without a file system, or with one that opens nothing, the Cache API keeps the files",
    async run(t) {
      const refused = '() => Promise.reject(new DOMException("no", "SecurityError"))';
      for (const method of ["StorageManager.prototype.getDirectory", "FileSystemFileHandle.prototype.createSyncAccessHandle"]) {
        const script = `if (globalThis.${method.split(".")[0]}) ${method} = ${refused};`;
        const site = t.keep(await startSite({ replace: { "/worker.js": (text) => `${script}\n${text}` } }));
        const visitor = await t.visitor({ site });
        const head = `<script>${script}</script>`;
        const expected = await output(await visitor.open(widget(t), { head }));
        t.hub.requests.length = 0;
        const page = await visitor.open(widget(t), { head });
        assertEqual(await output(page), expected, "output of the second visit");
        const requests = t.hub.requests.map(({ path }) => path);
        assertEqual(requests, [`/api/models/${TINY}/revision/main`], `${method}: requests of the second visit`);
        const left = await page.evaluate(async () => (await import("/vitrine.js")).remove());
        assertEqual(left, [], `${method}: left after the removal`);
      }
    },
  },
  {
    name: "two tabs read what is stored at the same time",
    async run(t) {
      const visitor = await t.visitor();
      const expected = await output(await visitor.open(widget(t)));
      t.hub.requests.length = 0;
      const pages = [await visitor.open(widget(t)), await visitor.open(widget(t)), await visitor.open(widget(t))];
      for (const one of await Promise.all(pages.map((page) => output(page)))) assertEqual(one, expected, "output");
      assertEqual(weights(t.hub).length, 0, "downloads");
    },
  },
  {
    name: "damage of a small file or of the description is noticed and mended",
    async run(t) {
      const visitor = await t.visitor();
      const page = await visitor.open(widget(t, SMALL));
      const expected = await output(page);
      for (const [pattern, how] of [
        ["/config\\.json/\\d", "bytes[5] ^= 1; return bytes"],
        ["/tokenizer\\.json/\\d", "return new Uint8Array()"],
        ["^snapshot/", "return bytes.slice(0, 10)"],
      ]) {
        const [[url]] = await entries(page, pattern);
        await damage(page, url, how);
        await page.reload();
        await page.waitForFunction(() => customElements.get("model-widget"));
        assertEqual(await output(page), expected, `output after damage of ${url}`);
      }
    },
  },
  {
    name: "what is stored is listed and can be removed",
    async run(t) {
      const page = await t.open(widget(t, TINY, 'id="a"') + widget(t, SMALL, 'id="b"'));
      await output(page, "#a");
      await output(page, "#b");
      const planned = (model) =>
        [...t.hub.repository(model).commit("main").files]
          .filter(([path]) => /^(config|tokenizer|tokenizer_config|special_tokens_map)\.json$|safetensors$/.test(path))
          .reduce((sum, [, file]) => sum + file.bytes().length, 0);
      const expected = [SMALL, TINY].map((model) => ({
        endpoint: t.hub.endpoint, model, commit: t.hub.repository(model).commit("main").sha, bytes: planned(model),
      }));
      const order = (list) => [...list].sort((a, b) => (a.model < b.model ? -1 : 1))
        .map(({ endpoint, model, commit, bytes }) => ({ endpoint, model, commit, bytes }));
      const call = (name, argument) => page.evaluate(async ([name, argument]) => {
        const module = await import("/vitrine.js");
        return module[name](argument ?? undefined);
      }, [name, argument]);
      const list = await call("stored");
      assertEqual(order(list), expected, "stored");
      const left = await call("remove", list.find(({ model }) => model === TINY));
      assertEqual(order(left), [expected[0]], "left after the removal of one");
      assertEqual((await entries(page, "tiny-sentiment")).length, 0, "entries of what was removed");
      assertEqual(await call("remove"), [], "left after the removal of all");
      assertEqual((await entries(page, "")).length, 0, "entries after the removal of all");
      assert((await output(page, "#a")).length === 2, "what is in memory goes on");
    },
  },
  {
    name: "a new commit's files are fetched",
    async run(t) {
      const visitor = await t.visitor();
      const page = await visitor.open(widget(t));
      const before = await output(page);
      const repository = t.hub.repository(TINY);
      const config = JSON.parse(repository.commit("main").files.get("config.json").bytes());
      config.id2label = { 0: "SAD", 1: "HAPPY" };
      config.label2id = { SAD: 0, HAPPY: 1 };
      const sha = repository.update({ "config.json": JSON.stringify(config) });
      t.hub.requests.length = 0;
      await page.reload();
      await page.waitForFunction(() => customElements.get("model-widget"));
      const after = await output(page);
      assertEqual(after.map(({ label }) => label).sort(), ["HAPPY", "SAD"], "labels");
      assertEqual(after.map(({ score }) => score), before.map(({ score }) => score), "scores");
      assert(t.hub.bodies(/config\.json$/).every(({ path }) => path.includes(sha)), "files of the old commit");
      // A revision that is pinned stays.
      const pinned = repository.commits[0].sha;
      const old = await visitor.open(widget(t, TINY, `revision="${pinned}"`));
      assertEqual(await output(old), before, "output of the old commit");
      await waitState(old, "ready");
    },
  },
];
