// The quality of model pages, of the index and of the embedded page: nothing that axe finds, overflows or shifts, in every look and on paper.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { NETWORK, waitDescribed } from "./browser.mjs";
import { history, host } from "./pages-fixtures.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Pages of every kind: the site, and the path in it. */
const PAGES = {
  "a model's page": ["tiny", () => ""],
  "a page with everything": ["all", () => "lab/everything/"],
  "a page without a card": ["all", () => "lab/no-card/"],
  "a page without config": ["all", () => "lab/no-config/"],
  "a page of an empty repository": ["all", () => "lab/no-words/"],
  "an older version's page": ["all", () => `lab/reviews/tree/${history.three}/`],
  "a page in Arabic": ["arabic", () => "lab/everything/"],
  "an index in Arabic": ["arabic", () => ""],
  "the index": ["index", () => ""],
  "results of the index": ["index", () => "?search=b&language=en"],
  "a task's page": ["index", () => "tasks/fill-mask/"],
  "the embedded page": ["tiny", (site) => `assets/embed.html?model=vitrine/tiny-sentiment&endpoint=${site.root.slice(0, -1)}`],
};

/** Looks of a page: its colours, its direction, and the widths that axe looks at it in. */
const LOOKS = {
  light: { widths: [360, 1280] },
  dark: { colorScheme: "dark", widths: [1280] },
  "right to left": { dir: "rtl", widths: [360, 1280] },
  "forced colours": { colorScheme: "dark", forcedColors: "active", widths: [360] },
};

/** A page of a kind, once all of it is there. */
async function open(t, kind, options = {}) {
  const [name, path] = PAGES[kind];
  const site = await host(t, name);
  const page = await (await t.visitor({ site, ...options })).visit(site.root + path(site));
  await settled(page);
  return page;
}

async function settled(page) {
  if (await page.locator("model-widget").count()) await waitDescribed(page);
  if (new URL(page.url()).search.includes("search=")) await page.waitForFunction(() => !document.querySelector("a[rel=next]"));
}

/** Opens all that is collapsed; those of a group too, of which otherwise one is open at a time. */
const openAll = (page) =>
  page.evaluate(() => {
    const roots = [document, ...[...document.querySelectorAll("*")].flatMap(({ shadowRoot }) => shadowRoot ?? [])];
    for (const one of roots.flatMap((root) => [...root.querySelectorAll("details")])) {
      one.removeAttribute("name");
      one.open = true;
    }
  });

async function look(page, own, { dir = own, colorScheme = "light", forcedColors = "none" }) {
  await page.emulateMedia({ colorScheme, forcedColors, reducedMotion: "reduce" });
  await page.evaluate((dir) => (document.documentElement.dir = dir), dir);
}

/** What axe finds, one line each; also targets that are too small to hit (WCAG 2.2, 2.5.8). */
const findings = (page) =>
  page.evaluate(async () => {
    const { violations } = await axe.run({ rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, any, all }) => `${id} ${target.flat().join(" ")} ${(any[0] ?? all[0])?.message ?? ""}`));
  });

/** What makes the page scroll sideways. */
const tooWide = (page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > clientWidth + 1 || element.getBoundingClientRect().left < -1);
    return [`${scrollWidth} > ${clientWidth}`, ...wide.slice(-3).map(({ tagName, className }) => `${tagName}.${className}`)];
  });

/** Notes the shifts of the layout that no visitor caused, as windows of a session add them up. */
const watchShifts = (context) =>
  context.addInitScript(() => {
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, startTime, sources } of list.getEntries()) {
        if (!hadRecentInput) shifts.push({ value, startTime, of: sources.map(({ node }) => node?.id || node?.className || node?.nodeName) });
      }
    }).observe({ type: "layout-shift", buffered: true });
  });

/** The cumulative layout shift: the worst window of at most five seconds with gaps below one. */
function cumulative(shifts) {
  let [worst, sum, begin, last] = [0, 0, 0, -Infinity];
  for (const { value, startTime } of shifts) {
    if (startTime - last > 1000 || startTime - begin > 5000) [sum, begin] = [0, startTime];
    [sum, last] = [sum + value, startTime];
    worst = Math.max(worst, sum);
  }
  return worst;
}

const looked = Object.keys(PAGES).map((kind) => ({
  name: `axe finds nothing and nothing scrolls sideways: ${kind}`,
  async run(t) {
    // The embedded page has no icon of its own, since a host's policy may forbid one.
    const page = await open(t, kind, { bypassCSP: true, allow: kind === "the embedded page" ? NETWORK : [] });
    await openAll(page);
    await page.addScriptTag({ path: AXE });
    const own = await page.evaluate(() => document.documentElement.dir);
    const wrong = [];
    for (const [name, { widths, ...media }] of Object.entries(LOOKS)) {
      await look(page, own, media);
      for (const width of [320, 360, 1280]) {
        await page.setViewportSize({ width, height: 900 });
        wrong.push(...(await tooWide(page)).map((found) => `${name} ${width}: ${found}`));
        if (widths.includes(width)) wrong.push(...(await findings(page)).map((found) => `${name} ${width}: ${found}`));
      }
    }
    assert.equal(wrong.join("\n"), "");
  },
}));

export const tests = [
  ...looked,
  {
    name: "the layout shifts by less than 0.05 while the widget appears, at every width",
    async run(t) {
      const widths = { "a model's page": [360, 768, 1100, 1280], "a page with everything": [360, 1280], "the index": [360, 1280], "results of the index": [360, 1280] };
      for (const kind of Object.keys(widths)) {
        for (const width of widths[kind]) {
          const [name, path] = PAGES[kind];
          const site = await host(t, name);
          const visitor = await t.visitor({ site, viewport: { width, height: width === 360 ? 740 : 900 } });
          await watchShifts(visitor.context);
          const page = await visitor.visit(site.root + path(site));
          await settled(page);
          await page.waitForTimeout(150);
          const shifts = await page.evaluate(() => shifts);
          assert.ok(cumulative(shifts) < 0.05, `${kind} at ${width}: ${JSON.stringify(shifts)}`);
          await page.close();
        }
      }
    },
  },
  {
    name: "a page is painted before its widget starts, which needs no paint to be told of, and pages without a task fetch none",
    async run(t) {
      const site = await host(t, "all");
      const visitor = await t.visitor({ site });
      await visitor.context.addInitScript(() => customElements.whenDefined("model-widget").then(() => (globalThis.defined = performance.now())));
      const page = await visitor.visit(`${site.root}vitrine/tiny-sentiment/`, { defined: true });
      const [painted, defined] = await page.evaluate(() => [performance.getEntriesByName("first-contentful-paint")[0].startTime, defined]);
      assert.ok(painted < defined, `painted at ${painted}, defined at ${defined}`);
      const deaf = await t.visitor({ site });
      await deaf.context.addInitScript(() => (PerformanceObserver.prototype.observe = () => {}));
      await waitDescribed(await deaf.visit(`${site.root}vitrine/tiny-sentiment/`));
      site.requests.length = 0;
      const plain = await visitor.visit(`${site.root}lab/no-config/`);
      assert.equal(await plain.locator("script[src*=widget], link[rel=modulepreload]").count(), 0);
      assert.deepEqual(site.requests.map(({ path }) => path).filter((path) => /widget|element|vitrine\.js/.test(path)), []);
    },
  },
  {
    name: "whatever is reached by Tab shows that it is",
    async run(t) {
      for (const kind of ["a page with everything", "results of the index"]) {
        const page = await open(t, kind);
        const hidden = [];
        let reached = 0;
        for (; reached < 200; reached++) {
          await page.keyboard.press("Tab");
          const one = await page.evaluate(() => {
            let element = document.activeElement;
            while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
            if (element === document.body) return null;
            const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
            const isMarked = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
            return { isMarked, name: `${element.tagName}.${element.className} ${element.textContent.slice(0, 30)}` };
          });
          if (!one) break;
          if (!one.isMarked) hidden.push(one.name);
        }
        assert.ok(reached > 15 && reached < 200, `${kind}: ${reached} stops`);
        assert.deepEqual(hidden, [], kind);
      }
    },
  },
  {
    name: "on paper there are the card, examples, results and files, all of them open, and nothing to press",
    async run(t) {
      const page = await open(t, "a page with everything");
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      const found = await page.evaluate(() => {
        const isShown = (element) => element.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true }) && element.getBoundingClientRect().height > 0;
        const shown = (selector) => [...document.querySelectorAll(selector)].filter(isShown).length;
        const all = (selector) => document.querySelectorAll(selector).length;
        return {
          sections: ["#card .card-text", "#examples .example", "#results tbody tr", "#files tbody tr", ".facts dl", ".badges"].map((selector) => [selector, shown(selector) === all(selector) && all(selector) > 0]),
          controls: shown("button, :not(.card-text *):is(input, select, textarea), model-widget, form, summary"),
          details: [...document.querySelectorAll("main details")].filter((one) => !one.closest("model-widget, #use") && ![...one.children].slice(1).every(isShown)).length,
          hash: [...document.querySelectorAll(".hash")].every((hash) => hash.innerText.replace(/\s/g, "").length === 64),
          ink: getComputedStyle(document.querySelector("#card p")).color,
        };
      });
      assert.deepEqual(found.sections.filter(([, isThere]) => !isThere), []);
      assert.deepEqual([found.controls, found.details], [0, 0]);
      assert.ok(found.hash, "a hash is cut off on paper");
      const [red, green, blue] = found.ink.match(/\d+/g).map(Number);
      assert.ok(red + green + blue < 200, `the text is ${found.ink} on white`);
      const paper = await page.pdf({ format: "A4" });
      assert.ok(paper.toString("latin1").match(/\/Type \/Page\b/g).length > 1);
    },
  },
];
