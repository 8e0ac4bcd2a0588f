// The benchmark's site: pages, peers and a Hub of its checkpoints on one origin, which can be isolated, compressed and slow.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { gitHash, isLarge, Repository, ROOT, sha256 } from "../browser/repositories.mjs";

const MODULES = join(ROOT, "tests/bench/node_modules");
const TRANSFORMERS = join(MODULES, "@huggingface/transformers");
/** The runtime that transformers.js pins, which is not always the one beside it. */
const ITS_RUNTIME = join(TRANSFORMERS, "node_modules/onnxruntime-web/dist");

/** Where the benchmark puts what it makes. */
export const MADE = join(ROOT, "target/bench");

/** Where cargo leaves the example of crate `kernels`, in one of its builds. */
const kernels = (build) => join(ROOT, `target/kernels-${build}/wasm32-unknown-unknown/release/examples`);

/** The first part of a path, and the folder that it names. */
const FOLDERS = {
  dist: join(ROOT, "dist"),
  page: join(ROOT, "tests/bench/page"),
  ort: join(MODULES, "onnxruntime-web/dist"),
  transformers: join(TRANSFORMERS, "dist"),
  "transformers-ort": existsSync(ITS_RUNTIME) ? ITS_RUNTIME : join(MODULES, "onnxruntime-web/dist"),
  candle: join(MADE, "peers/candle"),
  ...Object.fromEntries(["simd128", "relaxed"].map((build) => [`kernels-${build}`, kernels(build)])),
  products: join(MADE, "models/products"),
};
const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css",
  ".wasm": "application/wasm",
};
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "cross-origin",
};
const PIECE = 1 << 15;

/**
 * Starts a site. Options: `isolated` (COOP and COEP), `compressed` (brotli for scripts and wasm), `rate` (bytes a second, of
 * all answers together) with `latency` (milliseconds before each answer), `prelude` (path → script put before a script).
 *
 * `site.requests`: `{path, sent, begin, end}`, bytes of bodies and times as `Date.now()` gives them.
 */
export async function startSite({ isolated = false, compressed = false, rate, latency = 0, prelude = {} } = {}) {
  if (compressed) compressAll();
  const requests = [];
  const wait = pacer(rate);
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://127.0.0.1").pathname);
    const entry = { path, sent: 0, begin: Date.now() };
    requests.push(entry);
    if (latency) await new Promise((resolve) => setTimeout(resolve, latency));
    const found = path.startsWith("/favicon") ? { status: 204 } : (hubAnswer(path) ?? fileAnswer(path, compressed, prelude));
    const { status, headers, body } = partOf(request, found ?? { status: 404 });
    response.writeHead(status, { ...(isolated && ISOLATED), "content-length": body.length, ...headers });
    if (request.method !== "HEAD") await send(response, body, wait, entry);
    response.end();
    entry.end = Date.now();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    stop: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))),
  };
}

/** A function that waits until a link of this rate has room for so many bytes more. */
function pacer(rate) {
  let free = 0;
  return async (bytes) => {
    if (!rate) return;
    const now = performance.now();
    free = Math.max(now, free) + (bytes / rate) * 1000;
    if (free - now > 1) await new Promise((resolve) => setTimeout(resolve, free - now));
  };
}

async function send(response, body, wait, entry) {
  let gone = false;
  const closed = new Promise((resolve) => response.once("close", resolve)).then(() => (gone = true));
  for (let at = 0; at < body.length && !gone; at += PIECE) {
    const piece = body.subarray(at, at + PIECE);
    await wait(piece.length);
    await Promise.race([new Promise((resolve) => response.write(piece, resolve)), closed]);
    if (!gone) entry.sent += piece.length;
  }
}

/** The answer, or the range of it that is asked for. */
function partOf(request, { status = 200, headers = {}, body = Buffer.alloc(0) }) {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (!asked || status !== 200 || headers["content-encoding"]) return { status, headers, body };
  const [start, end] = [Number(asked[1]), Math.min(asked[2] ? Number(asked[2]) + 1 : Infinity, body.length)];
  if (start >= end) return { status: 416, headers: { "content-range": `bytes */${body.length}` }, body: Buffer.alloc(0) };
  const range = { "content-range": `bytes ${start}-${end - 1}/${body.length}` };
  return { status: 206, headers: { ...headers, ...range }, body: body.subarray(start, end) };
}

const repositories = new Map();

/** The repository of the benchmark with this id, if it has been made. */
export function repository(id) {
  const folder = id.startsWith("compact/") ? join(MADE, id) : join(MADE, "models", id);
  if (!repositories.has(id) && existsSync(join(folder, "config.json"))) {
    repositories.set(id, Repository.fromFolder(id, folder));
  }
  return repositories.get(id);
}

/** What the Hub answers, without its redirects. */
function hubAnswer(path) {
  const api = /^\/api\/models\/(.+?)\/revision\/(.+)$/.exec(path);
  const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
  const [, id, revision] = api ?? file ?? [];
  const commit = id && repository(id)?.commit(revision);
  if (!commit) return undefined;
  if (api) {
    const info = repository(id).info(commit);
    return { headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(info)) };
  }
  const found = commit.files.get(file[3]);
  if (!found) return { status: 404, headers: { "x-error-code": "EntryNotFound", "x-repo-commit": commit.sha } };
  const etag = `"${isLarge(file[3]) ? sha256(found) : gitHash(found)}"`;
  const linked = isLarge(file[3]) && { "x-linked-size": found.bytes().length, "x-linked-etag": etag };
  const headers = { "x-repo-commit": commit.sha, "accept-ranges": "bytes", etag, "cache-control": "no-store", ...linked };
  return { headers: { "content-type": "application/octet-stream", ...headers }, body: found.bytes() };
}

function fileAnswer(path, compressed, prelude) {
  const [, first, rest] = /^\/([^/]+)\/(.+)$/.exec(path) ?? [];
  const file = FOLDERS[first] && join(FOLDERS[first], normalize(`/${rest}`));
  if (!file || !existsSync(file) || !statSync(file).isFile()) return undefined;
  const type = TYPES[extname(file)];
  // A second visit finds scripts where browsers keep them.
  const headers = { "content-type": type ?? "application/octet-stream", "cache-control": "max-age=31536000, immutable" };
  const body = read(file);
  if (prelude[path]) return { headers, body: Buffer.concat([Buffer.from(prelude[path]), body]) };
  if (!compressed || !type) return { headers, body };
  return { headers: { ...headers, "content-encoding": "br" }, body: brotli(file) };
}

/** Compresses before anyone waits for it: minutes, the first time. */
function compressAll() {
  const own = readdirSync(FOLDERS.dist, { recursive: true }).map((path) => join(FOLDERS.dist, path));
  const theirs = ["mjs", "wasm"].map((end) => join(FOLDERS["transformers-ort"], `ort-wasm-simd-threaded.asyncify.${end}`));
  for (const file of [...own, ...theirs, join(FOLDERS.transformers, "transformers.min.js")]) {
    if (TYPES[extname(file)] && statSync(file).isFile()) brotli(file);
  }
}

const contents = new Map();

/** A file's bytes, read once. */
function read(file) {
  if (!contents.has(file)) contents.set(file, readFileSync(file));
  return contents.get(file);
}

const compressed = new Map();

/** A file's bytes after brotli at quality 11, as a good host sends them; made once, and kept for the next time. */
function brotli(file) {
  if (compressed.has(file)) return compressed.get(file);
  const bytes = read(file);
  const kept = join(MADE, "brotli", `${createHash("sha256").update(bytes).digest("hex")}.br`);
  if (!existsSync(kept)) {
    mkdirSync(join(MADE, "brotli"), { recursive: true });
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(kept, brotliCompressSync(bytes, { params }));
  }
  compressed.set(file, readFileSync(kept));
  return compressed.get(file);
}

/** Milliseconds after which what comes in the background has begun to come. */
const BACKGROUND = 3000;

/** Waits until nothing comes in the background any more. */
export async function untilQuiet(site) {
  const begun = Date.now() + BACKGROUND;
  const goesOn = () => Date.now() < begun || site.requests.some(({ end }) => !end || Date.now() - end < 500);
  while (goesOn()) await new Promise((resolve) => setTimeout(resolve, 50));
}
