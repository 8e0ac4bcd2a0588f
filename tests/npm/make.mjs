// Writes the npm package from the built site: its folder, with the one-file script and its integrity, and its tarball.
//
// Usage: node make.mjs DIST OUT. The folder is OUT/vitrine-widget, the tarball OUT/vitrine-widget-VERSION.tgz.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const NAME = "vitrine-widget";
const SCRIPT = "model-widget.min.js";
/** What a page with a widget fetches, what a page with a frame does, and what tools read. */
const FILES = [
  "model-widget.js", "model-widget.d.ts", "vitrine.js", "vitrine.d.ts", "react.d.ts", "locale.js", "locales", "worker.js",
  "element", "worker", "worker-relaxed", "embed.html", "embed.js", "embed-resize.js", "page-language.js", "integrations",
  "custom-elements.json",
];

const [dist, out] = process.argv.slice(2);
if (!out) {
  console.error("usage: node make.mjs DIST OUT");
  process.exit(2);
}
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = resolve(out, NAME);
const version = readFileSync(join(root, "Cargo.toml"), "utf8").match(/^\[workspace\.package\]\nversion = "([^"]+)"/m)[1];

rmSync(out, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const file of FILES) cpSync(join(dist, file), join(folder, file), { recursive: true });

// One file of JavaScript in place of three: the WebAssembly and the worker are still beside it.
await build({
  entryPoints: [join(folder, "model-widget.js")],
  outfile: join(folder, SCRIPT),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
});
const sha384 = createHash("sha384").update(readFileSync(join(folder, SCRIPT))).digest("base64");
const integrity = { [SCRIPT]: `sha384-${sha384}` };
writeFileSync(join(folder, "integrity.json"), `${JSON.stringify(integrity, null, 2)}\n`);

const manifest = {
  name: NAME,
  version,
  description: "<model-widget>: runs a model of the Hugging Face Hub in the visitor's browser",
  license: "Apache-2.0",
  keywords: ["custom-element", "hugging-face", "machine-learning", "wasm", "web-component"],
  type: "module",
  engines: { node: ">=20" },
  types: "./model-widget.d.ts",
  customElements: "custom-elements.json",
  sideEffects: ["./model-widget.js", `./${SCRIPT}`, "./worker.js", "./embed.js", "./embed-resize.js"],
  files: [...FILES, SCRIPT, "integrity.json"],
  exports: {
    ".": { types: "./model-widget.d.ts", default: "./model-widget.js" },
    "./pipeline": { types: "./vitrine.d.ts", default: "./vitrine.js" },
    "./react": { types: "./react.d.ts" },
    [`./${SCRIPT}`]: { types: "./model-widget.d.ts", default: `./${SCRIPT}` },
    "./custom-elements.json": "./custom-elements.json",
    "./package.json": "./package.json",
  },
};
writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);

const line = `<script type="module" src="https://cdn.jsdelivr.net/npm/${NAME}@${version}/${SCRIPT}"
  integrity="${integrity[SCRIPT]}" crossorigin="anonymous"></script>`;
writeFileSync(
  join(folder, "README.md"),
  `# ${NAME}

\`<model-widget model="org/name">\` fetches a checkpoint of the Hugging Face Hub, runs it in the visitor's browser in
WebAssembly, and shows the widget of its task. Nothing that the visitor types leaves the machine.

From a host of npm packages, with one file of JavaScript (the hash covers that file; the WebAssembly is fetched beside it):

    ${line.replace("\n", "\n    ")}
    <model-widget model="sentence-transformers/all-MiniLM-L6-v2">What shows without script</model-widget>

From your own host: copy this folder there, and take \`model-widget.js\` from it. With a bundler:

    import "${NAME}";                               // defines <model-widget>
    import { pipeline } from "${NAME}/pipeline";    // models without a widget
    import type {} from "${NAME}/react";            // <model-widget> in the JSX of React 19

The code finds its files by \`import.meta.url\`. esbuild and Rollup leave that as it is: copy \`worker.js\` and the folders
\`element\`, \`locales\`, \`worker\` and \`worker-relaxed\` beside the bundle. Vite and webpack move files that they find: put this folder
among those that they serve unchanged (\`public/\`), and take \`model-widget.js\` from there by a \`<script>\`.

\`custom-elements.json\` lists attributes, properties, methods, events, slots, parts and custom properties.
`,
);
execFileSync("npm", ["pack", "--silent", "--pack-destination", resolve(out)], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
console.log(line);
