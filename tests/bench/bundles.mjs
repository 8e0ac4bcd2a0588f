// What a first visit downloads before any weight: scripts and wasm after brotli at quality 11, file by file.

import { startSite } from "./server.mjs";
import { costs, visit, VISITORS } from "./visits.mjs";

/** Runs the section: a list of lines, one for each library. */
export async function measureBundles({ browser, say }) {
  const lines = [];
  for (const name of ["vitrine f32", "transformers.js f32"]) {
    const site = await startSite({ compressed: true });
    const context = await browser.newContext();
    const { code, message } = await visit(context, site, VISITORS[name]);
    await context.close();
    await site.stop();
    if (code) throw new Error(`${name}: ${code}: ${message}`);
    const files = site.requests.filter(({ path }) => /^\/(dist|transformers|transformers-ort)\//.test(path));
    const line = {
      name: name.split(" ")[0], bytes: costs(site.requests).runtime,
      files: Object.fromEntries(files.map(({ path, sent }) => [path, sent])),
    };
    lines.push(line);
    say(`${line.name}: ${line.bytes.toLocaleString("en")} bytes in ${files.length} files`);
  }
  return lines;
}
