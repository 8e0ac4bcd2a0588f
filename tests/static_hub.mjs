// Writes a folder of model repositories as a static Hub: the files under resolve/main/, a description of each under api/.
//
// Usage: node static_hub.mjs REPOSITORIES OUT. A description is what the Hub's API answers for /api/models/<id>/revision/main,
// without a commit: a static host has none, so whoever reads it tells versions apart by the files' hashes.

import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { numbersOf } from "./numbers.mjs";

/** Every file of a repository as a path with slashes, without hidden ones. */
function filesOf(repository) {
  return readdirSync(repository, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(repository, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join("/"))
    .filter((path) => !path.split("/").some((name) => name.startsWith(".")))
    .sort();
}

/** Copies one repository and writes its description. */
function publish(repositories, id, out) {
  const repository = join(repositories, id);
  let safetensors;
  const siblings = filesOf(repository).map((rfilename) => {
    const bytes = readFileSync(join(repository, rfilename));
    if (rfilename === "model.safetensors") safetensors = { total: numbersOf(bytes) };
    const target = join(out, id, "resolve", "main", rfilename);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(repository, rfilename), target);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { rfilename, size: bytes.length, lfs: { sha256, size: bytes.length } };
  });
  const description = join(out, "api", "models", id, "revision", "main");
  mkdirSync(dirname(description), { recursive: true });
  writeFileSync(description, `${JSON.stringify({ id, siblings, safetensors }, null, 1)}\n`);
}

const [repositories, out] = process.argv.slice(2);
if (!out) {
  console.error("usage: node static_hub.mjs REPOSITORIES OUT");
  process.exit(2);
}
const folders = (path) => readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const owner of existsSync(repositories) ? folders(repositories) : []) {
  for (const { name } of folders(join(repositories, owner.name))) publish(repositories, `${owner.name}/${name}`, out);
}
