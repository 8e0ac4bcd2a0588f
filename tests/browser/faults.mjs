// Every fault of a host ends in the right answer or in its error code, and once the host has recovered, "Try again" answers.

import { NETWORK, property, run, until, waitState } from "./browser.mjs";
import { assert, assertEqual } from "./load.mjs";
import { widgetOf } from "./site.mjs";
import { entries } from "./stored.mjs";

const SMALL = "checkpoints/bert-sequence-classification";
const TINY = "vitrine/tiny-sentiment";
const CHUNK = 1 << 20;
const ALWAYS = { times: Infinity };
const TEXT = "I like this very much";
const NO_REVISION = { "x-error-code": "RevisionNotFound" };
const NO_REPO = { "x-error-code": "RepoNotFound" };
const NO_ENTRY = { "x-error-code": "EntryNotFound" };
const AN_HOUR = { "retry-after": "3600" };
const EXHAUSTED = { ratelimit: '"resolvers";r=0;t=280' };
const GATED = { "x-error-code": "GatedRepo", "x-error-message": "Please log in." };

/** Faults that pass, and the file that has them: all end in the answer. Names tell them apart. */
const PASSING = {
  "the weights are refused once": ["safetensors", "refuse", { times: 2 }],
  "the second origin refuses once": ["safetensors", "refuse", { times: 1, origin: "cdn" }],
  "the weights stall at their beginning": ["safetensors", "stall", { at: 0 }],
  "the weights stall in their middle": ["safetensors", "stall", { at: 70_000 }],
  "the weights are not answered": ["safetensors", "hang", { origin: "cdn" }],
  "the weights drip": ["safetensors", "drip", { bytes: 4096, every: 20 }],
  "the weights come short": ["safetensors", "short", { at: 70_000 }],
  "the weights come empty": ["safetensors", "short", { at: 0 }],
  "the weights come long": ["safetensors", "long", { by: 1000 }],
  "a bit is wrong at the weights' beginning": ["safetensors", "flip", { at: 0 }],
  "a bit is wrong in the weights' middle": ["safetensors", "flip", { at: 70_000 }],
  "the weights' host fails with 500": ["safetensors", "status", { status: 500 }],
  "the second origin fails with 503": ["safetensors", "status", { status: 503, origin: "cdn" }],
  "the second origin fails with 408": ["safetensors", "status", { status: 408, origin: "cdn" }],
  "416 on going on": ["safetensors", "cut", { at: 70_000 }, "status", { status: 416, resumed: true, origin: "cdn" }],
  "all bytes instead of the rest": ["safetensors", "cut", { at: 70_000 }, "ignore-range", { resumed: true }],
  "another part than the rest": ["safetensors", "cut", { at: 70_000 }, "wrong-part", { resumed: true }],
  "three cuts in a row": ["safetensors", "cut", { at: 20_000, times: 3 }],
  "the tokenizer is cut": ["tokenizer.json", "cut", { at: 5000 }],
  "the tokenizer comes short": ["tokenizer.json", "short", { at: 5000 }],
  "the config is refused": ["config.json", "refuse", { times: 2 }],
  "the config fails with 502": ["config.json", "status", { status: 502 }],
  "the API is cut": ["revision/main", "cut", { at: 100 }],
  "the API fails with 500": ["revision/main", "status", { status: 500 }],
  "the API is refused": ["revision/main", "refuse", { times: 2 }],
};

/** Faults that do not pass, and their codes. */
const LASTING = {
  "the weights are refused": ["safetensors", "refuse", {}, "network"],
  "the second origin refuses": ["safetensors", "refuse", { origin: "cdn" }, "network"],
  "the weights are cut at once": ["safetensors", "cut", { at: 0 }, "network"],
  "the weights come empty": ["safetensors", "short", { at: 0 }, "truncated"],
  "the weights come long": ["safetensors", "long", { by: 1000 }, "integrity"],
  "a bit of the weights is wrong": ["safetensors", "flip", { at: 70_000 }, "integrity"],
  "the Hub allows no page": ["", "no-cors", {}, "cors"],
  "the second origin allows no page": ["safetensors", "no-cors", { origin: "cdn" }, "cors"],
  "the weights redirect for ever": ["safetensors", "loop", {}, "network"],
  "a page instead of the weights": ["safetensors", "html", {}, "entry-not-found"],
  "a page instead of the config": ["config.json", "html", {}, "entry-not-found"],
  "a pointer instead of the weights": ["safetensors", "pointer", {}, "entry-not-found"],
  "401 without a reason": ["safetensors", "status", { status: 401 }, "repo-not-found"],
  "401, gated": ["safetensors", "status", { status: 401, headers: GATED }, "gated-repo"],
  "403, gated": ["safetensors", "status", { status: 403, headers: GATED }, "gated-repo"],
  "403 of the second origin": ["safetensors", "status", { status: 403, origin: "cdn" }, "gated-repo"],
  "404 of the weights": ["safetensors", "status", { status: 404, headers: NO_ENTRY }, "entry-not-found"],
  "404 of the revision": ["revision/main", "status", { status: 404, headers: NO_REVISION }, "revision-not-found"],
  "404 of the repository": ["revision/main", "status", { status: 404, headers: NO_REPO }, "repo-not-found"],
  "410 of the weights": ["safetensors", "status", { status: 410 }, "entry-not-found"],
  "429 with an hour to wait": ["safetensors", "status", { status: 429, origin: "cdn", headers: AN_HOUR }, "rate-limited"],
  "429 with an exhausted limit": ["safetensors", "status", { status: 429, origin: "cdn", headers: EXHAUSTED }, "rate-limited"],
  "429 of the Hub, which lets no page read how long": ["safetensors", "status", { status: 429, headers: AN_HOUR }, "rate-limited"],
  "500 of the weights": ["safetensors", "status", { status: 500 }, "network"],
  "500 of the API": ["revision/main", "status", { status: 500 }, "network"],
  "the API is refused": ["revision/main", "refuse", {}, "network"],
  "the API sends half": ["revision/main", "short", { at: 100 }, "network"],
};

/** Widgets on one page, each of a repository of its own with the same files: `{id, selector}` by name. */
async function widgets(t, names, model = SMALL) {
  const entries = names.map((name, index) => {
    const id = t.hub.copy(model, `faults/${index}`);
    return [name, { id, selector: `#w${index}`, path: (file) => new RegExp(`/${id}/.*${file.replace(".", "\\.")}`) }];
  });
  const body = entries.map(([, { id, selector }]) =>
    widgetOf({ id: selector.slice(1), model: id, endpoint: t.hub.endpoint, task: "text-classification" }));
  // All in view, so that all ask their hosts at once.
  const head = "<style>model-widget { height: 1px; overflow: hidden }</style>";
  return { all: Object.fromEntries(entries), open: () => t.open(body.join(""), { allow: [NETWORK], head }) };
}

async function answer(t, model = SMALL) {
  const { output, error } = await run(await t.open({ model, task: "text-classification" }), TEXT);
  assert(output, () => `without a fault: ${error.code}: ${error.message}`);
  t.hub.requests.length = 0;
  return output;
}

/** Looks at each, and throws what is wrong with all of them. */
function report(problems) {
  const wrong = problems.filter(Boolean);
  if (wrong.length) throw new Error(`${wrong.length} of ${problems.length}:\n${wrong.join("\n")}`);
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Loads a model as its download is cut at each offset, and answers what was asked for of the weights. */
async function cuts(t, offsets) {
  const expected = await answer(t, TINY);
  const { all, open } = await widgets(t, offsets.map((offset) => `cut at ${offset}`), TINY);
  for (const [index, { path }] of Object.values(all).entries()) t.hub.fault(path("safetensors"), "cut", { at: offsets[index] });
  const page = await open();
  const problems = await Promise.all(Object.entries(all).map(async ([name, { selector, path }], index) => {
    const { output, error } = await run(page, TEXT, undefined, selector);
    if (!same(output, expected)) return `${name}: ${JSON.stringify(output ?? error)}`;
    const starts = t.hub.bodies(path("safetensors")).map(({ range }) => Number(/\d+/.exec(range ?? "0")[0]));
    const wasted = offsets[index] - starts[1];
    if (starts.length !== 2 || starts[0] !== 0 || !(wasted >= 0 && wasted <= CHUNK)) return `${name}: asked from ${starts}`;
  }));
  report(problems);
}

export const tests = [
  {
    name: "a cut download goes on where it stopped, at any offset",
    async run(t) {
      const size = t.hub.repository(TINY).commit("main").files.get("model.safetensors").bytes().length;
      await cuts(t, [0, 1, 7, 8, 9, 1000, CHUNK - 1]);
      await cuts(t, [CHUNK, CHUNK + 1, size >> 2, size >> 1, size - 2, size - 1]);
    },
  },
  {
    name: "faults that pass end in the answer",
    async run(t) {
      const expected = await answer(t);
      const { all, open } = await widgets(t, Object.keys(PASSING));
      for (const [name, [file, kind, options, second, more]] of Object.entries(PASSING)) {
        t.hub.fault(all[name].path(file), kind, options);
        if (second) t.hub.fault(all[name].path(file), second, more);
      }
      const page = await open();
      report(await Promise.all(Object.entries(all).map(async ([name, { selector }]) => {
        const { output, error } = await run(page, TEXT, undefined, selector);
        if (!same(output, expected)) return `${name}: ${JSON.stringify(output ?? error)}`;
      })));
    },
  },
  {
    name: "faults that last end in their codes, and pass with the host's recovery",
    async run(t) {
      const expected = await answer(t);
      const { all, open } = await widgets(t, Object.keys(LASTING));
      for (const [name, [file, kind, options]] of Object.entries(LASTING)) {
        t.hub.fault(all[name].path(file), kind, { ...ALWAYS, ...options });
      }
      const page = await open();
      const problems = await Promise.all(Object.entries(all).map(async ([name, { selector }]) => {
        const { output, error } = await run(page, TEXT, undefined, selector);
        const state = await property(page, "readyState", selector);
        if (error?.code !== LASTING[name][3] || state !== "error" || !error.message) {
          return `${name}: ${JSON.stringify(output ?? error)}, ${state}`;
        }
      }));
      t.hub.recover();
      problems.push(...await Promise.all(Object.entries(all).map(async ([name, { selector }]) => {
        await page.locator(`${selector} [data-action=retry]`).evaluate((button) => button.click(), undefined, { timeout: 10_000 });
        await page.waitForTimeout(300);
        const { output, error } = await run(page, TEXT, undefined, selector);
        if (!same(output, expected)) return `${name}, after the host's recovery: ${JSON.stringify(output ?? error)}`;
      })));
      report(problems);
    },
  },
  {
    name: "a host that asks to wait is not asked sooner",
    async run(t) {
      const expected = await answer(t);
      t.hub.fault(/safetensors$/, "status", { status: 429, origin: "cdn", headers: { "retry-after": "3" } });
      const page = await t.open({ model: SMALL }, { allow: [NETWORK] });
      assertEqual((await run(page, TEXT)).output, expected, "output");
      const [first, second] = t.hub.requests.filter(({ origin }) => origin === "cdn").map(({ time }) => time);
      assert(second - first >= 2990, `asked again after ${second - first} ms`);
    },
  },
  {
    name: "a host that is gone is told of, and back again it answers",
    async run(t) {
      const expected = await answer(t);
      const page = await t.open({ model: SMALL }, { allow: [NETWORK] });
      await until(() => t.hub.requests.length, "the question");
      await waitState(page, "idle");
      await page.locator("model-widget [data-action=load]").waitFor();
      await t.hub.stop();
      try {
        assertEqual((await run(page, TEXT)).error?.code, "network", "code");
      } finally {
        await t.hub.start();
      }
      await page.locator("model-widget [data-action=retry]").click();
      await waitState(page, "ready");
      assertEqual((await run(page, TEXT)).output, expected, "output");
    },
  },
  {
    name: "a reload in the middle of a download fetches at most a chunk again",
    async run(t) {
      const expected = await answer(t, TINY);
      t.hub.fault(/safetensors$/, "drip", { bytes: 1 << 16, every: 20 });
      const visitor = await t.visitor({ allow: [NETWORK] });
      const body = `<model-widget model="${TINY}" endpoint="${t.hub.endpoint}"></model-widget>`;
      const page = await visitor.open(body);
      await page.evaluate(() => void document.querySelector("model-widget").load().catch(() => {}));
      const transfer = await until(() => t.hub.requests.find(({ origin, sent }) => origin === "cdn" && sent > 3.5 * CHUNK), "the download");
      await page.reload();
      await until(() => transfer.closed, "the end of the transfer");
      const chunks = (await entries(page, "safetensors/\\d")).map(([key]) => /(\d+)-(\d+)$/.exec(key));
      const stored = Math.max(...chunks.map(([, offset, length]) => Number(offset) + Number(length)));
      t.hub.requests.length = 0;
      assertEqual((await run(page, TEXT)).output, expected, "output");
      const [{ range }, ...more] = t.hub.requests.filter(({ origin }) => origin === "cdn");
      assertEqual([range, more.length], [`bytes=${stored}-`, 0], "what is asked for");
      assert(transfer.sent - stored <= CHUNK + (1 << 18), `${transfer.sent} bytes were sent, ${stored} are kept`);
    },
  },
];
