// What Lighthouse says of a model's page before the click, on a phone and on a desktop.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import lighthouse, { desktopConfig } from "lighthouse";
import { startBrowser } from "./browser.mjs";
import { host } from "./pages-fixtures.mjs";

/** A port that nothing listens at. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs Lighthouse on a page, on a `phone` or a `desktop`; options are `onlyCategories` and `onlyAudits`. Answers its result. */
export async function audit(url, form, options) {
  const port = await freePort();
  const browser = await startBrowser([`--remote-debugging-port=${port}`]);
  try {
    const { lhr } = await lighthouse(url, { port, logLevel: "silent", ...options }, form === "desktop" ? desktopConfig : undefined);
    if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
    return lhr;
  } finally {
    await browser.close();
  }
}

export const tests = ["phone", "desktop"].map((form) => ({
  name: `accessibility and best practices are at least 95, and the layout keeps still, on a ${form}`,
  async run(t) {
    const { root } = await host(t, "tiny");
    const { categories, audits } = await audit(root, form, {
      onlyCategories: ["accessibility", "best-practices"], onlyAudits: ["cumulative-layout-shift"],
    });
    const failed = Object.values(audits).filter(({ score }) => score !== null && score < 0.9).map(({ id, title }) => `${id}: ${title}`);
    for (const name of ["accessibility", "best-practices"]) assert.ok(categories[name].score >= 0.95, `${name} ${categories[name].score}: ${failed.join("; ")}`);
    const { numericValue } = audits["cumulative-layout-shift"];
    assert.ok(numericValue < 0.05, `the layout shifts by ${numericValue}`);
  },
}));
