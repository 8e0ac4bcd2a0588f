// Chromium, visitors with a storage of their own, and what a test does with a widget on a page.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import { pageOf, widgetOf } from "./site.mjs";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** What the browser itself writes to the console about requests that fail: a test of faults allows it. */
export const NETWORK = /Failed to load resource|net::ERR_|blocked by CORS policy/;

/** Starts the browser of this name on the path, or the one that `CHROMIUM` names, with these flags more. */
export const startBrowser = (flags = []) => chromium.launch(options(flags));

/** Starts the browser with what a visitor keeps in a folder; a context, while those of `startBrowser` keep all in memory. */
export const startProfile = (folder) => chromium.launchPersistentContext(folder, options([]));

function options(flags) {
  const places = process.env.PATH.split(delimiter).map((folder) => join(folder, "chromium"));
  const executablePath = process.env.CHROMIUM ?? places.find((path) => existsSync(path));
  return { executablePath, headless: true, args: [...FLAGS, ...flags] };
}

/** A visitor: pages that share a storage, and everything that went wrong on them. */
export class Visitor {
  /** Errors of pages and consoles that no `allow` covers. */
  problems = [];

  static async of(browser, site, { allow = [], ...options } = {}) {
    const visitor = new Visitor();
    visitor.site = site;
    visitor.allow = [allow].flat();
    visitor.context = await browser.newContext({ viewport: { width: 900, height: 1000 }, ...options });
    return visitor;
  }

  #note(kind, text) {
    if (!this.allow.some((allowed) => allowed.test(text))) this.problems.push(`${kind}: ${text}`);
  }

  /** A page that shows this: a widget's attributes, or the HTML of a body. The page is loaded, the widget defined. */
  async open(what, { site = this.site, head = "", defined = true } = {}) {
    const body = typeof what === "string" ? what : widgetOf(what);
    return this.visit(site.origin + site.page(pageOf(body, head)), { defined });
  }

  /** The page at an address. */
  async visit(url, { defined = false } = {}) {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.#note("page error", error.stack ?? String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.#note("console", message.text());
    });
    await page.goto(url);
    if (defined) await page.waitForFunction(() => customElements.get("model-widget"));
    return page;
  }

  /** Throws if something went wrong on a page. */
  check() {
    if (this.problems.length) throw new Error(this.problems.join("\n"));
  }

  close() {
    return this.context.close();
  }
}

/** Waits until the widget (the first, or the one that a selector names) is in one of these states. */
export async function waitState(page, states, { selector = "model-widget", timeout = 60_000 } = {}) {
  const wanted = [states].flat();
  const reached = ([selector, wanted]) => {
    const state = document.querySelector(selector)?.readyState;
    return wanted.includes(state) && state;
  };
  try {
    return await (await page.waitForFunction(reached, [selector, wanted], { timeout, polling: 20 })).jsonValue();
  } catch {
    const now = await page.evaluate((selector) => {
      const { readyState, error } = document.querySelector(selector);
      return JSON.stringify({ readyState, error });
    }, selector);
    throw new Error(`the widget is not ${wanted.join(" or ")} after ${timeout} ms: ${now}`);
  }
}

/** What a site replaces so that a test can read the memory of the workers' modules. */
export const watched = {
  "/worker.js": (text) => `const instantiate = WebAssembly.instantiate;
    WebAssembly.instantiate = async (...given) => {
      const made = await instantiate(...given);
      globalThis.memory = made.exports.memory;
      return made;
    };\n${text}`,
};

/** Bytes of the memory of all workers of a page whose site is `watched`. */
export async function memoryOf(page) {
  const bytes = page.workers().map((worker) => worker.evaluate(() => globalThis.memory?.buffer.byteLength ?? 0));
  return (await Promise.all(bytes)).reduce((sum, bytes) => sum + bytes, 0);
}

/** What a widget tells of a load, in seconds and bytes. */
export async function told(page) {
  const text = await shownText(page);
  const [, memory, unit] = /Takes ([\d.]+) (MB|GB) of memory/.exec(text) ?? [];
  const [, minutes, seconds] = /of memory · (?:about|ready in about) (?:(\d+) min)? ?(?:([\d.]+) s)?/.exec(text) ?? [];
  if (!memory || !(minutes || seconds)) throw new Error(`nothing is told: ${text}`);
  return { seconds: Number(minutes ?? 0) * 60 + Number(seconds ?? 0), memory: memory * { MB: 1e6, GB: 1e9 }[unit] };
}

/** Waits until the widget shows what a load would fetch, and answers the text of its button. */
export async function waitDescribed(page, selector = "model-widget") {
  const button = page.locator(`${selector} [data-action=load]`);
  await button.waitFor();
  return button.innerText();
}

/** Runs a widget: `{output}`, or `{error: {code, message}}`; both with the milliseconds that it took. */
export function run(page, inputs, parameters, selector = "model-widget") {
  return page.evaluate(
    async ([selector, inputs, parameters]) => {
      const begin = performance.now();
      const took = () => performance.now() - begin;
      try {
        const widget = document.querySelector(selector);
        return { output: await widget.run(inputs ?? undefined, parameters ?? undefined), took: took() };
      } catch (error) {
        return { error: { code: error.code ?? error.name, message: error.message }, took: took() };
      }
    },
    [selector, inputs, parameters],
  );
}

/** A property of the widget. */
export const property = (page, name, selector = "model-widget") =>
  page.evaluate(([selector, name]) => document.querySelector(selector)[name], [selector, name]);

/** The text that the widget shows. */
export const shownText = (page, selector = "model-widget") =>
  page.evaluate((selector) => document.querySelector(selector).shadowRoot.textContent, selector);

/** Waits until a condition of the test's own holds. */
export async function until(condition, what, timeout = 30_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
