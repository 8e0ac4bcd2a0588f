// The npm package in a browser: its one-file script with the integrity that it came with, and what a bundler makes of it.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NETWORK, run, waitDescribed } from "./browser.mjs";
import { ROOT } from "./repositories.mjs";
import { startStaticHost } from "./static-host.mjs";

const PACKAGE = join(ROOT, "target/package/vitrine-widget");
const TINY = "vitrine/tiny-sentiment";
const TEXT = "I like this very much";

/** The package's own line for a page, with this host and this hash in it. */
function lineFor(host, integrity) {
  const line = readFileSync(join(PACKAGE, "README.md"), "utf8").match(/<script type="module"[^>]*><\/script>/)[0];
  const own = JSON.parse(readFileSync(join(PACKAGE, "integrity.json"), "utf8"))["model-widget.min.js"];
  assert.ok(line.includes(own));
  return line.replace(/src="[^"]*\//, `src="${host.origin}/`).replace(own, integrity ?? own);
}

/** A page with that line and a widget of the Hub here. */
const pageWith = (t, line) =>
  t.site.origin + t.site.page(`<!DOCTYPE html><title>A page</title><link rel="icon" href="data:,">${line}
    <model-widget model="${TINY}" endpoint="${t.hub.endpoint}"></model-widget>`);

export const tests = [
  {
    name: "the one-file script answers from another origin, and only with its own hash",
    async run(t) {
      const host = t.keep(await startStaticHost(PACKAGE));
      const page = await (await t.visitor()).visit(pageWith(t, lineFor(host)), { defined: true });
      await waitDescribed(page);
      assert.equal((await run(page, TEXT)).output[0].label, "POSITIVE");
      const other = `sha384-${"A".repeat(64)}`;
      const refused = await (await t.visitor({ allow: [NETWORK, /integrity/] })).visit(pageWith(t, lineFor(host, other)));
      assert.equal(await refused.evaluate(() => customElements.get("model-widget")), undefined);
    },
  },
  {
    name: "what esbuild makes of the package answers, with the package's files beside it",
    async run(t) {
      const folder = join(ROOT, "target/embedding/bundled");
      const modules = join(folder, "node_modules/vitrine-widget");
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(join(folder, "site"), { recursive: true });
      cpSync(PACKAGE, modules, { recursive: true });
      writeFileSync(join(folder, "page.js"), `import "vitrine-widget"; import { pipeline } from "vitrine-widget/pipeline";
        globalThis.classify = (text) => pipeline("text-classification", "${TINY}", { endpoint: "${t.hub.endpoint}" }).then((run) => run(text));`);
      const { build } = await import("../npm/node_modules/esbuild/lib/main.js");
      const options = { bundle: true, minify: true, format: "esm", absWorkingDir: folder };
      await build({ ...options, entryPoints: ["page.js"], outdir: "site" });
      for (const file of ["worker.js", "element", "locales", "worker", "worker-relaxed"]) cpSync(join(modules, file), join(folder, "site", file), { recursive: true });
      writeFileSync(join(folder, "site/index.html"), `<!DOCTYPE html><title>A page</title><link rel="icon" href="data:,">
        <script type="module" src="page.js"></script><model-widget model="${TINY}" endpoint="${t.hub.endpoint}"></model-widget>`);
      const host = t.keep(await startStaticHost(join(folder, "site")));
      const page = await (await t.visitor()).visit(`${host.origin}/`, { defined: true });
      await waitDescribed(page);
      assert.equal((await run(page, TEXT)).output[0].label, "POSITIVE");
      assert.equal((await page.evaluate((text) => classify(text), TEXT))[0].label, "POSITIVE");
    },
  },
];
