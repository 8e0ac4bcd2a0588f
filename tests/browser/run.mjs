// Runs the browser's tests: every module of this folder that exports `tests`, or those whose name has a word of the arguments.
//
// Usage: [TIMES=1] node run.mjs [WORD…]. A test is `{name, run(t)}`; `t` holds the browser, a Hub as new, the site, and `t.open`.

import { readdirSync } from "node:fs";
import { Visitor, startBrowser } from "./browser.mjs";
import { startHub } from "./hub.mjs";
import { startSite } from "./site.mjs";

const LONGEST = 120_000;
const NO_TESTS = ["run.mjs", "sizes.mjs"];

/** All tests, as `module: name`. */
async function collect(words) {
  const here = new URL(".", import.meta.url);
  const found = [];
  for (const file of readdirSync(here).filter((file) => file.endsWith(".mjs") && !NO_TESTS.includes(file)).sort()) {
    const module = file.replace(".mjs", "");
    try {
      const { tests = [] } = await import(new URL(file, here));
      for (const { name, run } of tests) found.push({ name: `${module}: ${name}`, run });
    } catch (error) {
      found.push({ name: `${module}: can be read`, run: () => Promise.reject(error) });
    }
  }
  return found.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
}

/** Runs one test with what it needs, and gives everything back. */
async function perform({ run }, { browser, hub, site }) {
  hub.reset();
  site.requests.length = 0;
  const visitors = [];
  const kept = [];
  const visitor = async ({ site: own = site, ...options } = {}) => {
    const made = await Visitor.of(browser, own, options);
    visitors.push(made);
    return made;
  };
  const t = {
    browser,
    hub,
    site,
    /** A new visitor; options are `{allow, site}` and those of a browser context. */
    visitor,
    /** A page of a new visitor with a widget of these attributes (of the Hub here), or this body. */
    open: async (what, { allow, site: own, ...options } = {}) => {
      const body = typeof what === "string" ? what : { endpoint: hub.endpoint, ...what };
      return (await visitor({ allow, site: own })).open(body, options);
    },
    /** Something with `stop()`, stopped with the test. */
    keep: (thing) => (kept.push(thing), thing),
    print: (text) => console.log(`  ${text}`),
  };
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${LONGEST / 1000} s`)), LONGEST);
  });
  try {
    const running = run(t);
    running.catch(() => {});
    await Promise.race([running, late]);
    for (const one of visitors) one.check();
  } finally {
    clearTimeout(timer);
    await Promise.allSettled(visitors.map((one) => one.close()));
    await Promise.allSettled(kept.map((one) => one.stop()));
  }
}

const tests = await collect(process.argv.slice(2));
const shared = { browser: await startBrowser(), hub: await startHub(), site: await startSite() };
let failed = 0;
for (const test of tests) {
  const begin = Date.now();
  try {
    await perform(test, shared);
    console.log(`ok ${test.name}${process.env.TIMES ? ` (${Date.now() - begin} ms)` : ""}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${test.name}: ${error?.stack ?? error}`);
  }
}
await shared.browser.close();
await Promise.all([shared.hub.stop(), shared.site.stop()]);
console.log(`${tests.length - failed} passed, ${failed} failed`);
process.exit(failed || tests.length === 0 ? 1 : 0);
