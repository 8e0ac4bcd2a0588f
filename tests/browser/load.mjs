// From a widget in view to a loaded model: what is fetched when, what is said of it, and who learns of it.

import { NETWORK, memoryOf, property, run, shownText, until, waitDescribed, waitState, watched } from "./browser.mjs";
import { startPlainHost } from "./hub.mjs";
import { startSite } from "./site.mjs";
import { texts } from "./stored.mjs";

const TINY = "vitrine/tiny-sentiment";
const MINILM = "sentence-transformers/all-MiniLM-L6-v2";
const PLANNED = new RegExp(
  "^(config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|modules|sentence_bert_config|config_sentence_transformers)\\.json$" +
    "|^model\\.safetensors$|^\\d+_\\w+/(config\\.json|model\\.safetensors)$",
);
const TOKEN = "hf_canaryCANARYcanary1234567890";
const UNITS = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };

/** Throws with a text unless a condition holds. */
export function assert(condition, text) {
  if (!condition) throw new Error(typeof text === "function" ? text() : text);
}

/** Throws unless two plain values are the same. */
export function assertEqual(found, expected, what) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  assert(a === b, `${what}: ${a}, expected ${b}`);
}

/** The files that a load of a repository reads. */
function planned(hub, model) {
  return [...hub.repository(model).commit("main").files].filter(([path]) => PLANNED.test(path));
}

const bytesOf = (files) => files.reduce((sum, [, file]) => sum + file.bytes().length, 0);

const questions = (hub) => hub.requests.filter(({ path }) => path.includes("/revision/")).length;

/** Everything that a page of this origin has stored, as one text. */
export async function storageOf(page) {
  const rest = await page.evaluate(async () => {
    const databases = (await indexedDB.databases()).map(({ name }) => `IndexedDB ${name}`);
    return [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, ...databases].join("\n");
  });
  return `${rest}\n${await texts(page)}`;
}

/** Bytes of a checkpoint's tensors as f32, of those whose name matches. */
function f32Bytes(bytes, pattern) {
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  const tensors = Object.entries(header).filter(([name]) => pattern.test(name));
  return tensors.reduce((sum, [, { shape }]) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
}

async function loadsAfterToken(t, closed, code) {
  t.hub.close(TINY, closed, [TOKEN]);
  const page = await t.open({ model: TINY }, { allow: [NETWORK] });
  const first = await run(page, "I like it");
  assertEqual(first.error?.code, code, "without a token");
  const field = page.locator("model-widget [data-token]");
  await field.waitFor();
  await field.fill("hf_wrong");
  await field.press("Enter");
  // The refusal of a wrong token brings the form back, empty.
  await until(() => t.hub.requests.some(({ authorization }) => authorization === "Bearer hf_wrong"), "the wrong token");
  await waitState(page, "error");
  await page.waitForFunction(() => document.querySelector("model-widget").shadowRoot.querySelector("[data-token]")?.value === "");
  await field.fill(TOKEN);
  await field.press("Enter");
  if (closed === "private") await page.locator("model-widget [data-action=load]").click();
  await waitState(page, "ready");
  const { output, error } = await run(page, "I like it");
  assert(output?.length === 2, `with the token: ${JSON.stringify(error)}`);
  assert(t.hub.requests.some(({ authorization }) => authorization === `Bearer ${TOKEN}`), "the Hub saw no token");
  const leaked = t.hub.requests.filter(({ origin, text }) => origin === "cdn" && text.includes("hf_"));
  assertEqual(leaked.map(({ path }) => path), [], "the second origin saw a token");
  assert(!t.hub.requests.some(({ url }) => url.includes("hf_")), "a token stands in an address");
  assert(!t.site.requests.some(({ text }) => text.includes("hf_")), "the page's own host saw a token");
  assert(!(await storageOf(page)).includes("hf_"), "a token is stored");
  assert(!(await page.content()).includes(TOKEN), "a token stands in the document");
  assert(!(await shownText(page)).includes(TOKEN), "a token is shown");
  assert(!(await property(page, "token")), "a token can be read back");
}

export const tests = [
  {
    name: "nothing heavy is fetched before the click",
    async run(t) {
      const page = await t.open({ model: TINY });
      const label = await waitDescribed(page);
      await page.waitForTimeout(500);
      assertEqual(t.hub.requests.map(({ path }) => path), [`/api/models/${TINY}/revision/main`], "requests");
      const heavy = t.site.requests.filter(({ path }) => path.includes("worker"));
      assertEqual(heavy, [], "the worker's files");
      const [, number, unit] = /([\d.,]+)\s(\w+)/.exec(label) ?? [];
      const shown = Number(number?.replace(",", "")) * UNITS[unit];
      const size = bytesOf(planned(t.hub, TINY));
      assert(Math.abs(shown - size) <= size / 100, `shown: ${label}, in truth ${size} bytes`);
    },
  },
  {
    name: "one question to the API, every file once from the pinned commit, progress from 0 to all",
    async run(t) {
      for (const model of [TINY, "checkpoints/sentence-dense"]) {
        t.hub.requests.length = 0;
        const { sha } = t.hub.repository(model).commit("main");
        const page = await t.open("<p></p>");
        const seen = await page.evaluate(async (attributes) => {
          const widget = document.createElement("model-widget");
          for (const [name, value] of Object.entries(attributes)) widget.setAttribute(name, value);
          const events = [];
          for (const kind of ["loadstart", "progress", "load", "error", "abort"]) {
            widget.addEventListener(kind, ({ detail }) => events.push({ kind, ...detail }));
          }
          document.body.append(widget);
          await widget.load();
          return events;
        }, { model, endpoint: t.hub.endpoint });
        assertEqual(questions(t.hub), 1, "questions");
        const files = planned(t.hub, model);
        const read = t.hub.bodies(/resolve-cache/).map(({ path, url }) => {
          assert(path.startsWith(`/api/resolve-cache/models/${model}/${sha}/`), `not of the commit: ${url}`);
          return path.split(`/${sha}/`)[1];
        });
        assertEqual(read.sort(), files.map(([path]) => path).sort(), "files");
        const asked = t.hub.requests.filter(({ path }) => path.includes("/resolve/"));
        assert(asked.every(({ path }) => path.includes(`/resolve/${sha}/`)), "a file was asked for at a branch");
        assertEqual([seen[0].kind, seen.at(-1).kind], ["loadstart", "load"], "first and last event");
        const progress = seen.filter(({ kind }) => kind === "progress");
        const total = bytesOf(files);
        assert(progress.length > 0 && progress.every((one) => one.total === total), () => `totals: ${JSON.stringify(progress)}`);
        for (const [index, { loaded }] of progress.entries()) {
          assert(loaded <= total && loaded >= (progress[index - 1]?.loaded ?? 0), `backwards: ${JSON.stringify(progress)}`);
        }
        assertEqual(progress.at(-1).loaded, total, "loaded at the end");
      }
    },
  },
  {
    name: "progress goes forward through a slow and broken download",
    async run(t) {
      const size = t.hub.repository(TINY).commit("main").files.get("model.safetensors").bytes().length;
      t.hub.fault(/safetensors$/, "cut", { at: size >> 1 });
      t.hub.fault(/safetensors$/, "drip", { bytes: 1 << 17, every: 20 });
      const page = await t.open({ model: TINY }, { allow: [NETWORK] });
      const loaded = await page.evaluate(async () => {
        const widget = document.querySelector("model-widget");
        const loaded = [];
        widget.addEventListener("progress", ({ detail }) => loaded.push(detail.loaded));
        await widget.load();
        return loaded;
      });
      assert(loaded.length > 5, `only ${loaded.length} reports`);
      assert(loaded.every((value, index) => value >= (loaded[index - 1] ?? 0)), `backwards: ${loaded}`);
    },
  },
  {
    name: "a module's load asks once too, and tells its progress",
    async run(t) {
      const page = await t.open("<p></p>");
      const { output, last } = await page.evaluate(async ([model, endpoint]) => {
        const { pipeline } = await import("/vitrine.js");
        let last;
        const classify = await pipeline("text-classification", model, { endpoint, onprogress: (now) => (last = now) });
        const output = await classify("I like it", { top_k: 1 });
        classify.unload();
        return { output, last };
      }, [TINY, t.hub.endpoint]);
      assertEqual(output.map(({ label }) => label), ["POSITIVE"], "output");
      assertEqual([last.loaded, last.total], Array(2).fill(bytesOf(planned(t.hub, TINY))), "progress");
      assertEqual(questions(t.hub), 1, "questions");
    },
  },
  {
    name: "a gated repository loads after a token, which only the endpoint learns",
    run: (t) => loadsAfterToken(t, "gated", "gated-repo"),
  },
  {
    name: "a private repository loads after a token, which only the endpoint learns",
    run: (t) => loadsAfterToken(t, "private", "repo-not-found"),
  },
  {
    name: "a host without an API works, also where it sends a page for what it lacks",
    async run(t) {
      for (const page of [false, true]) {
        const host = t.keep(await startPlainHost({ page }));
        for (const [model, task, inputs] of [
          [TINY, "text-classification", "I like it"],
          ["checkpoints/sentence-dense", "feature-extraction", "a text"],
        ]) {
          const [there, here] = [
            await t.open({ model, task, endpoint: host.endpoint }, { allow: [NETWORK] }),
            await t.open({ model, task }),
          ];
          const [found, expected] = [await run(there, inputs), await run(here, inputs)];
          assert(expected.output, () => JSON.stringify(expected));
          assertEqual(found.output ?? found.error, expected.output, `${model}${page ? " with pages" : ""}`);
        }
        const missing = await t.open({ model: "no/model", endpoint: host.endpoint }, { allow: [NETWORK] });
        assertEqual((await run(missing, "x")).error?.code, "repo-not-found", "without a repository");
      }
    },
  },
  {
    name: "what is typed leaves the page in no request",
    async run(t) {
      const visitor = await t.visitor();
      const all = [];
      visitor.context.on("request", (request) => all.push(`${request.url()} ${request.postData() ?? ""}`));
      const page = await visitor.open(`<model-widget model="${TINY}" endpoint="${t.hub.endpoint}"></model-widget>`);
      await waitDescribed(page);
      const text = page.locator("model-widget [data-field]").first();
      await text.fill("canary zebracanary typed");
      await page.locator("model-widget [part~=run]").click();
      await until(() => property(page, "output"), "an output");
      await run(page, "canary zebracanary by script");
      const logs = [...t.hub.requests, ...t.hub.preflights, ...t.site.requests];
      const seen = [...all, ...logs.map(({ text }) => text)];
      assert(seen.length > 5, "no requests were seen");
      assertEqual(seen.filter((one) => one.includes("zebracanary")), [], "requests with the text");
      assert(!(await storageOf(page)).includes("zebracanary"), "the text is stored");
    },
  },
  {
    name: "memory after a load is at most 1.15 times the weights",
    async run(t) {
      const site = t.keep(await startSite({ replace: watched }));
      const page = await t.open({ model: MINILM, cores: 1 }, { site });
      await page.evaluate(() => document.querySelector("model-widget").load());
      const used = () => memoryOf(page);
      const loaded = await used();
      const weights = t.hub.repository(MINILM).commit("main").files.get("model.safetensors").bytes();
      const resident = f32Bytes(weights, /^(embeddings|encoder)\.(?!position_ids)/);
      await run(page, { source_sentence: "a text", sentences: ["a text", "another"] });
      const [ratio, after] = [loaded / resident, (await used()) / resident];
      const [all, own] = [loaded, resident].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
      t.print(`memory of ${MINILM}: ${all}, ${ratio.toFixed(3)} of the weights' ${own}; ${after.toFixed(3)} after a run`);
      assert(ratio <= 1.15, `${ratio.toFixed(3)} times the weights`);
    },
  },
];
