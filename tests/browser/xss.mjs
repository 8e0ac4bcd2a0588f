// Hostile cards: public payloads for cross-site scripting, rendered as cards into real pages, must not do anything there.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert, assertEqual } from "./load.mjs";
import { ROOT } from "./repositories.mjs";

const PAYLOADS = join(ROOT, "target/payloads.json");

/** Results on one page. */
const BATCH = 4000;

/** Payloads that are shown as they are, each in a frame of its own, to see that what watches the pages sees them. */
const CONTROLS = 400;

const oneLine = (payload) => payload.replace(/[\r\n]+/g, " ");

/** Where in a card a payload can stand. */
const SINKS = {
  "card body": (payload) => payload,
  "table cell": (payload) => `| a | b |\n| --- | --- |\n| ${oneLine(payload).replaceAll("|", "\\|")} | c |`,
  "link text": (payload) => `[${oneLine(payload)}](https://example.org/)`,
  "link target": (payload) => `[text](<${oneLine(payload)}>) [text](${oneLine(payload)} "${oneLine(payload)}")`,
  "target in HTML": (payload) => `<a href="${payload.replaceAll('"', "&quot;")}" title='${payload}'>text</a>`,
  "image text": (payload) => `![${oneLine(payload)}](image.png)`,
  "image source": (payload) => `![text](<${oneLine(payload)}>) <img src="${oneLine(payload)}" alt='${payload}'>`,
  "heading": (payload) => `# ${oneLine(payload)}\n\n## ${oneLine(payload)}`,
  "fence info": (payload) => `\`\`\`${oneLine(payload)}\n${payload}\n\`\`\``,
  "formula": (payload) => `\\\\(\\text{${oneLine(payload)}}\\\\) $$${oneLine(payload)}$$`,
};

/** Runs a program of the build; it has to succeed. */
function program(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, maxBuffer: 2 ** 30, ...options });
  assert(status === 0, () => `${command} ${args.join(" ")}: ${error ?? stderr}`);
  return stdout.toString();
}

/** The pinned payloads. */
export function payloads() {
  program(join(ROOT, "target/python/bin/python"), ["tests/fetch_payloads.py", PAYLOADS]);
  return JSON.parse(readFileSync(PAYLOADS));
}

/** The HTML of cards. */
function render(cards) {
  program("cargo", ["build", "--quiet", "--package", "vitrine-cards", "--example", "render"]);
  const input = cards.map((card) => `${JSON.stringify(card)}\n`).join("");
  const folder = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  const lines = program(join(folder, "debug/examples/render"), [], { input }).split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}

/** Runs in every frame before anything else: reports calls that only a payload makes, and probes a page of cards. */
function watch({ elements: allowed, types }) {
  const report = console.info.bind(console, "watch");
  for (const name of ["alert", "confirm", "prompt", "print", "eval", "open", "Function"]) {
    const original = window[name];
    window[name] = function (...given) {
      report("call", `${name} in ${window.name || "the page"}`);
      return ["eval", "Function"].includes(name) ? original.apply(this, given) : undefined;
    };
  }
  const problems = [];
  const problem = (element, what) => {
    const card = element.closest("article")?.dataset.card;
    if (problems.length < 20) problems.push({ card, what });
  };

  /** Looks for what must not be there. */
  function inspect(element) {
    const isMath = element.namespaceURI.endsWith("MathML");
    if (!isMath && !allowed.includes(element.localName)) problem(element, `element ${element.localName}`);
    for (const { name, value } of element.attributes) {
      if (/^on|^(style|srcset|srcdoc|action|formaction|background|poster|ping|xlink:href|name|http-equiv)$/.test(name)) {
        problem(element, `attribute ${name}`);
      }
      if (name === "id" && !value.startsWith("card-")) problem(element, `id ${value}`);
      if (name === "src" && !value.startsWith("/own/")) problem(element, `source ${value}`);
      if (name === "href" && !["http:", "https:", "mailto:"].includes(element.protocol)) problem(element, `target ${value}`);
    }
  }

  addEventListener("load", () => {
    const articles = [...document.querySelectorAll("article")];
    if (articles.length === 0) return;
    for (const element of document.body.children) {
      if (element.localName !== "article") problem(element, `${element.outerHTML.slice(0, 100)} outside of its card`);
    }
    const shown = articles.flatMap((article) => [...article.querySelectorAll("*")]);
    shown.forEach(inspect);
    // A click on a link of the web is the reader's wish: it is not followed.
    addEventListener("click", (event) => event.target.closest?.("a[href]") && event.preventDefault(), true);
    // The parts of formulas are inspected above; they are too many for all the events.
    for (const element of shown.filter((element) => !element.parentElement.closest("math"))) {
      for (const type of types) element.dispatchEvent(new Event(type, { bubbles: type === "click", cancelable: true }));
    }
    setTimeout(() => report("probed", JSON.stringify({ articles: articles.length, elements: shown.length, problems })), 300);
  });
}

const TYPES = [
  "click", "dblclick", "contextmenu", "mousedown", "mouseenter", "mouseover", "mousemove", "pointerdown", "pointerover", "focus",
  "focusin", "blur", "keydown", "input", "change", "error", "load", "toggle", "beforetoggle", "animationstart", "animationend",
  "transitionend", "scroll", "wheel", "touchstart", "drag", "drop", "copy", "paste", "submit", "begin",
];

const ELEMENTS = (
  "a abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h2 h3 h4 h5 h6 hr i img input " +
  "ins kbd li mark ol p pre q rp rt ruby s samp section small span strong sub summary sup table tbody td tfoot th thead time " +
  "tr u ul var wbr"
).split(" ");

/** A visitor whose every call, dialog, navigation and request elsewhere is noted; nothing gets off this machine. */
async function watched(t) {
  const visitor = await t.visitor({ allow: /./ });
  const noted = { calls: [], dialogs: [], navigations: [], requests: [] };
  const isOwn = (url) => url.startsWith(t.site.origin) || /^(about|blob|data):/.test(url);
  // What a page reports comes over its console: the browser's driver calls `eval` for anything else.
  await visitor.context.addInitScript(watch, { elements: ELEMENTS, types: TYPES });
  await visitor.context.route((url) => !isOwn(url.href), (route) => route.abort());
  visitor.context.on("request", (request) => isOwn(request.url()) || noted.requests.push(request.url()));
  visitor.context.on("dialog", (dialog) => (noted.dialogs.push(dialog.type()), dialog.dismiss()));

  /** Opens a page with this in its body, and answers what `watch` found on it, if there are cards. */
  const open = async (body) => {
    const page = await visitor.context.newPage();
    const html = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Cards</title><body>${body}</body></html>`;
    const address = t.site.origin + t.site.page(html);
    page.on("framenavigated", (frame) => {
      if (frame === page.mainFrame() && frame.url() !== address) noted.navigations.push(frame.url());
    });
    const probed = new Promise((resolve) => page.on("console", (message) => {
      const [, kind, what] = message.text().match(/^watch (call|probed) (.*)$/s) ?? [];
      if (kind === "call") noted.calls.push(what);
      if (kind === "probed") resolve(JSON.parse(what));
    }));
    await page.goto(address);
    return { page, probed };
  };
  return { open, noted };
}

/** Shows pages on which every payload stands in one of the sinks. */
async function expectNothing(t, name) {
  const cards = payloads().map(SINKS[name]);
  const results = render(cards);
  assertEqual(results.length, cards.length, "the number of results");
  const { open, noted } = await watched(t);
  for (let at = 0; at < results.length; at += BATCH) {
    const batch = results.slice(at, at + BATCH);
    const articles = batch.map((html, index) => `<article data-card="${at + index}">${html}</article>`);
    const { page, probed } = await open(articles.join("\n"));
    const { articles: found, elements, problems } = await probed;
    assertEqual(problems.map(({ card, what }) => ({ what, card: cards[card], html: results[card] })), [], name);
    assertEqual(found, batch.length, "the number of cards");
    assert(elements > batch.length / 4, "the cards are empty");
    await page.close();
  }
  assertEqual(noted, { calls: [], dialogs: [], navigations: [], requests: [] }, `what ${name} did`);
}

export const tests = [
  {
    name: "payloads that are not made safe run, call and load, so the watch sees them",
    async run(t) {
      const { open, noted } = await watched(t);
      const raw = payloads().filter((payload) => /alert|fetch|src|import/.test(payload)).slice(0, CONTROLS);
      const escape = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
      const frame = (payload, index) => `<iframe name="payload ${index}" srcdoc="${escape(payload)}"></iframe>`;
      const { page } = await open(raw.map(frame).join("\n"));
      await page.waitForTimeout(2000);
      const frames = new Set(noted.calls.map((call) => call.split(" in ")[1]));
      t.print(`${raw.length} payloads as they are: ${frames.size} run, ${noted.requests.length} requests`);
      assert(frames.size >= CONTROLS / 8, () => `only ${frames.size} of ${raw.length} payloads ran`);
      assert(noted.requests.length > 0, "no payload loaded anything");
    },
  },
  ...Object.keys(SINKS).map((name) => ({
    name: `no payload does anything in this place: ${name}`,
    run: (t) => expectNothing(t, name),
  })),
];
