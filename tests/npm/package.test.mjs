// The npm package as those who install it find it: its manifests, its types, under Node, and what its metadata says.
//
// Usage: node --test package.test.mjs, after make.mjs has written target/package/.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import Ajv from "ajv";
import { publint } from "publint";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(HERE, "../..");
const OUT = join(ROOT, "target/package");
const CONSUMER = join(ROOT, "target/embedding/consumer");
const INSTALLED = join(CONSUMER, "node_modules/vitrine-widget");
const json = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Installs the tarball in a project of its own. */
function install() {
  rmSync(CONSUMER, { recursive: true, force: true });
  mkdirSync(CONSUMER, { recursive: true });
  cpSync(join(HERE, "consumer"), CONSUMER, { recursive: true });
  writeFileSync(join(CONSUMER, "package.json"), '{ "private": true, "type": "module" }\n');
  const tarball = readdirSync(OUT).find((name) => name.endsWith(".tgz"));
  run("npm", "install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", join(OUT, tarball));
  for (const types of ["@types", "csstype"]) symlinkSync(join(HERE, "node_modules", types), join(CONSUMER, "node_modules", types));
}

/** Runs a program in that project; throws with what it printed where it fails. */
function run(program, ...words) {
  try {
    return execFileSync(program, words, { cwd: CONSUMER, encoding: "utf8" });
  } catch ({ stdout, stderr, message }) {
    throw new Error(`${message}\n${stdout}${stderr}`);
  }
}

install();
const [declaration] = json(join(INSTALLED, "custom-elements.json")).modules[0].declarations;
const names = (list) => list.map(({ name }) => name).sort();

test("the tarball holds what the package's files say, and nothing else", () => {
  const { files } = json(join(INSTALLED, "package.json"));
  const found = readdirSync(INSTALLED).sort();
  assert.deepEqual(found, [...files, "README.md", "package.json"].sort());
  assert.ok(!readdirSync(INSTALLED, { recursive: true }).some((path) => /__pycache__|models|gallery/.test(path)));
});

test("publint has nothing to say", async () => {
  const { messages } = await publint({ pkgDir: INSTALLED, strict: true });
  assert.deepEqual(messages, []);
});

test("it can be imported where there is no DOM", () => {
  for (const name of ["vitrine-widget", "vitrine-widget/pipeline", "vitrine-widget/model-widget.min.js"]) {
    const names = run("node", "--eval", `import("${name}").then((module) => console.log(Object.keys(module).sort().join()))`).trim();
    assert.equal(names, name.endsWith("pipeline") ? "pipeline,remove,start,stored" : "ModelWidget");
  }
});

for (const [module, resolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
  test(`the types are right, resolved as by ${resolution}`, () => {
    const options = {
      strict: true, noEmit: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], module, moduleResolution: resolution,
      jsx: "react-jsx", types: [], skipLibCheck: false,
    };
    writeFileSync(join(CONSUMER, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*.ts", "*.tsx"] }));
    run(join(HERE, "node_modules/.bin/tsc"));
  });
}

test("the hash of the one-file script is that of the file", () => {
  const hash = `sha384-${createHash("sha384").update(readFileSync(join(INSTALLED, "model-widget.min.js"))).digest("base64")}`;
  assert.deepEqual(json(join(INSTALLED, "integrity.json")), { "model-widget.min.js": hash });
  assert.ok(readFileSync(join(INSTALLED, "README.md"), "utf8").includes(`integrity="${hash}" crossorigin="anonymous"`));
});

test("the custom elements manifest has the form of its schema", () => {
  const validate = new Ajv({ strict: false }).compile(json(join(HERE, "node_modules/custom-elements-manifest/schema.json")));
  validate(json(join(INSTALLED, "custom-elements.json")));
  assert.deepEqual(validate.errors, null);
});

test("the custom elements manifest names the class's attributes and members", async () => {
  const { ModelWidget } = await import(pathToFileURL(join(INSTALLED, "model-widget.js")));
  assert.deepEqual(names(declaration.attributes), [...ModelWidget.observedAttributes].sort());
  const callbacks = /^(constructor|(dis)?connectedCallback|attributeChangedCallback)$/;
  const members = Object.entries(Object.getOwnPropertyDescriptors(ModelWidget.prototype)).filter(([name]) => !callbacks.test(name));
  assert.deepEqual(names(declaration.members), members.map(([name]) => name).sort());
  for (const { name, kind, readonly = false, reflects = false } of declaration.members) {
    const property = Object.getOwnPropertyDescriptor(ModelWidget.prototype, name);
    assert.equal(kind, property.value ? "method" : "field", name);
    if (kind === "field") assert.equal(readonly, !property.set, name);
    assert.equal(reflects, ModelWidget.observedAttributes.includes(name), name);
  }
});

test("the custom elements manifest names what the README and the style sheet have", () => {
  const row = (title) => readFileSync(join(ROOT, "README.md"), "utf8").match(new RegExp(`^\\| ${title} \\| (.*) \\|$`, "m"))[1];
  const words = (text) => text.split(" ").filter((word) => /^[a-z]+$/.test(word)).sort();
  const [, states, parts] = row("states, parts, slots").match(/`:state\(([^)]*)\)` · parts `([^`]*)`/);
  assert.deepEqual(names(declaration.cssStates), words(states));
  assert.deepEqual(names(declaration.cssParts), words(parts));
  const [, slots] = row("states, parts, slots").match(/slots (.*)$/);
  const named = [...slots.matchAll(/`([a-z]+)`/g)].map(([, name]) => name);
  assert.deepEqual(names(declaration.slots), ["", ...named].sort());
  const events = row("events").split(" · ").map((event) => event.match(/`([a-z]+)`/)[1]);
  assert.deepEqual(names(declaration.events), events.sort());
  const used = readFileSync(join(ROOT, "www/style.css"), "utf8").match(/var\(--vitrine-[a-z-]+/g).map((use) => use.slice("var(".length));
  assert.deepEqual(names(declaration.cssProperties), [...new Set(used)].sort());
});
