// A Hub on this machine, with a second origin for large files, a log of what is asked of it, faults and a slow link on demand.

import { createServer } from "node:http";
import { finished } from "node:stream";
import { folders, gitHash, isLarge, Repository, sha256 } from "./repositories.mjs";

const EXPOSED = [
  "X-Repo-Commit", "X-Request-Id", "X-Error-Code", "X-Error-Message", "X-Total-Count", "ETag", "Link", "Accept-Ranges",
  "Content-Range", "X-Linked-Size", "X-Linked-ETag", "X-Xet-Hash",
].join();
const PAGE = Buffer.from("<!DOCTYPE html><html><head><title>A page</title></head><body>Not a file</body></html>");
const POINTER = Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 123456\n`);

/** Faults that show before any byte of a body; all others change the body. */
const BEFORE_BODY = ["status", "refuse", "hang", "no-cors", "loop"];

/**
 * Starts a Hub with all models of this project: `hub.endpoint` is its address, `hub.cdn` that of its large files.
 *
 * `hub.requests`: `{method, origin: "hub" | "cdn", path, url, range, authorization, text, status, sent, closed, time}`,
 * without preflights, which are in `hub.preflights`. `text` is everything that the request said, `sent` the bytes of the body.
 *
 * `hub.fault(pattern, kind, options)` makes the next request whose path matches go wrong, or the next `times`. Kinds:
 * `status` {status, headers} · `refuse` · `hang` (no answer) · `no-cors` · `loop` (redirects for ever) · `cut` {at} ·
 * `stall` {at} · `drip` {bytes, every} · `short` {at} · `long` {by} · `flip` {at} · `html` · `pointer` · `ignore-range` ·
 * `wrong-part`. Options `origin: "hub" | "cdn"` and `resumed: true` (only requests with a range) narrow it.
 */
export async function startHub() {
  const hub = new Hub();
  hub.reset();
  await hub.start();
  return hub;
}

class Hub {
  requests = [];
  preflights = [];
  /** The link that all bodies come by; undefined for one without a limit. */
  link;
  #faults = [];
  #repositories = new Map();
  #servers = {};
  #ports = { hub: 0, cdn: 0 };

  get endpoint() {
    return `http://127.0.0.1:${this.#ports.hub}`;
  }

  get cdn() {
    return `http://127.0.0.1:${this.#ports.cdn}`;
  }

  /** Listens, on the same ports as before. */
  async start() {
    for (const origin of ["hub", "cdn"]) {
      const server = createServer((request, response) => this.#take(origin, request, response));
      await new Promise((resolve, reject) => {
        server.once("error", reject).listen(this.#ports[origin], "127.0.0.1", resolve);
      });
      this.#ports[origin] = server.address().port;
      this.#servers[origin] = server;
    }
  }

  /** Closes both ports: connections are refused, open ones break. */
  async stop() {
    for (const server of Object.values(this.#servers)) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
    this.#servers = {};
  }

  /** As it was at first: no faults, nobody shut out, one commit a repository, an empty log. */
  reset() {
    this.requests.length = 0;
    this.preflights.length = 0;
    this.link = undefined;
    this.#faults.length = 0;
    this.#repositories.clear();
    for (const [id, folder] of Object.entries(folders())) {
      this.#repositories.set(id, Repository.fromFolder(id, folder));
    }
  }

  /** A repository; with `files` (path → bytes) a new one. */
  repository(id, files) {
    if (files) this.#repositories.set(id, new Repository(id, files));
    const found = this.#repositories.get(id);
    if (!found) throw new Error(`${id} is not here: is it fetched? (\`./build.sh models\`)`);
    return found;
  }

  /** The same files under another name: a repository of which nothing is stored. */
  copy(from, id) {
    this.#repositories.set(id, new Repository(id, Object.fromEntries(this.repository(from).commit("main").files)));
    return id;
  }

  /** Lets only these tokens in: `gated` tells of the repository but not its files, `private` hides it. */
  close(id, closed, tokens = []) {
    Object.assign(this.repository(id), { closed, tokens });
  }

  /** Makes the next requests whose path matches go wrong. */
  fault(pattern, kind, { times = 1, ...options } = {}) {
    this.#faults.push({ pattern, kind, left: times, ...options });
  }

  /** The host recovers. */
  recover() {
    this.#faults.length = 0;
  }

  /** Requests for files whose path matches, without those that were only sent on to another address. */
  bodies(pattern) {
    return this.requests.filter(({ path, status }) => pattern.test(path) && !(status >= 300 && status < 400));
  }

  #fault(origin, path, range, before) {
    const index = this.#faults.findIndex(
      (fault) =>
        BEFORE_BODY.includes(fault.kind) === before && fault.pattern.test(path) &&
        (fault.origin ?? origin) === origin && (!fault.resumed || range),
    );
    const fault = this.#faults[index];
    if (fault && --fault.left <= 0) this.#faults.splice(index, 1);
    return fault;
  }

  #take(origin, request, response) {
    const url = new URL(request.url, this.endpoint);
    const path = decodeURIComponent(url.pathname);
    const { range, authorization } = request.headers;
    const entry = {
      method: request.method, origin, path, url: request.url, range, authorization,
      text: `${request.url}\n${request.rawHeaders.join("\n")}`, status: 0, sent: 0, closed: false,
      time: Date.now(),
    };
    request.on("data", (bytes) => (entry.text += bytes));
    response.on("close", () => (entry.closed = true));
    (request.method === "OPTIONS" ? this.preflights : this.requests).push(entry);
    const fault = request.method === "OPTIONS" ? undefined : this.#fault(origin, path, range, true);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "refuse") return request.socket.destroy();
    const headers = { connection: "close", vary: "Origin", ...(fault?.kind !== "no-cors" && cors(origin, request)) };
    const answer = (status, more = {}, body = "") => {
      entry.status = status;
      response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body), ...more });
      response.end(request.method === "HEAD" ? "" : body);
    };
    if (fault?.kind === "status") return answer(fault.status, fault.headers, `status ${fault.status}`);
    if (fault?.kind === "loop") return answer(302, { location: request.url });
    if (request.method === "OPTIONS") {
      return answer(200, {
        "access-control-allow-methods": "GET,HEAD,OPTIONS", "access-control-max-age": "86400",
        "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "",
      });
    }
    const send = (bytes, more) => {
      const bad = this.#fault(origin, path, range, false);
      return sendBody({ request, response, entry, fault: bad, link: this.link }, bytes, { ...headers, ...more });
    };
    this.#route(origin, path, authorization, answer, send);
  }

  #route(origin, path, authorization, answer, send) {
    const error = (status, code, message, more = {}) =>
      answer(status, { ...(code && { "x-error-code": code }), "x-error-message": message, ...more }, message);
    const wanted =
      /^\/api\/models\/(?<id>.+?)\/revision\/(?<revision>.+)$/.exec(path)?.groups ??
      /^\/api\/resolve-cache\/models\/(?<id>[^/]+\/[^/]+)\/(?<revision>[^/]+)\/(?<file>.+)$/.exec(path)?.groups ??
      /^\/(?<id>[^/]+\/[^/]+)\/resolve\/(?<revision>[^/]+)\/(?<file>.+)$/.exec(path)?.groups;
    if (!wanted) return error(404, "", "Sorry, we can't find the page you are looking for.");
    const repository = this.#repositories.get(wanted.id);
    const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
    const allowed = !repository?.closed || repository.tokens.includes(token);
    if (!repository || (origin === "hub" && repository.closed === "private" && !allowed)) {
      return token
        ? error(404, "RepoNotFound", "Repository not found")
        : error(401, "", "Invalid username or password.", { "www-authenticate": 'Bearer realm="Authentication"' });
    }
    const commit = repository.commit(wanted.revision);
    if (!commit) return error(404, "RevisionNotFound", `Invalid rev id: ${wanted.revision}`);
    const { sha } = commit;
    if (!wanted.file) {
      return send(Buffer.from(JSON.stringify(repository.info(commit))), { "content-type": "application/json" });
    }
    if (origin === "hub" && !allowed) {
      const message =
        `Access to model ${wanted.id} is restricted. You must have access to it and be authenticated to access it. Please log in.`;
      return error(token ? 403 : 401, "GatedRepo", message);
    }
    const file = commit.files.get(wanted.file);
    if (!file) return error(404, "EntryNotFound", "Entry not found", { "x-repo-commit": sha });
    const location = `/api/resolve-cache/models/${wanted.id}/${sha}/${wanted.file}`;
    const type = /\.(json|md)$/.test(wanted.file) ? "text/plain; charset=utf-8" : "application/octet-stream";
    // The ETag of the second origin is none of the known hashes.
    if (origin === "cdn") return send(file.bytes(), { "content-type": type, etag: `"${gitHash(file)}"` });
    const etag = `"${isLarge(wanted.file) ? sha256(file) : gitHash(file)}"`;
    const linked = { "x-repo-commit": sha, "accept-ranges": "bytes", etag };
    const first = { ...linked, "x-linked-size": file.bytes().length, "x-linked-etag": etag };
    if (isLarge(wanted.file)) {
      const signed = `${this.cdn}${location}?X-Amz-Signature=0`;
      return answer(302, { ...first, location: signed, "cache-control": "no-store" });
    }
    if (!path.startsWith("/api/")) return answer(307, { ...first, location: `${location}?etag=0` });
    return send(file.bytes(), { ...linked, "content-type": type });
  }
}

/** The Hub lets the asking page read, by name; its second origin lets any. */
function cors(origin, request) {
  const allowed = request.headers.origin ?? "https://huggingface.co";
  return origin === "hub"
    ? { "access-control-allow-origin": allowed, "access-control-expose-headers": EXPOSED }
    : { "access-control-allow-origin": "*", "access-control-expose-headers": "*", vary: "Accept" };
}

/** A link of a limited speed: whoever sends by it waits until the bytes before have left (a token bucket). */
export class Link {
  #free = 0;

  constructor(megabits) {
    this.bytesPerSecond = megabits * 125_000;
  }

  take(bytes) {
    const now = performance.now();
    // An idle link lets as much pass at once as it carries in 5 ms, which timers are late at most.
    this.#free = Math.max(this.#free, now - 5) + (bytes / this.bytesPerSecond) * 1000;
    return new Promise((resolve) => setTimeout(resolve, this.#free - now));
  }
}

/** Sends a body, or the part of it that is asked for, as well as the fault lets it. */
export async function sendBody({ request, response, entry, fault = {}, link }, content, headers) {
  let bytes = content;
  if (fault.kind === "flip") (bytes = Buffer.from(content)), (bytes[fault.at] ^= 1);
  if (fault.kind === "html") (bytes = PAGE), (headers = { ...headers, "content-type": "text/html; charset=utf-8" });
  if (fault.kind === "pointer") (bytes = POINTER), (headers = { ...headers, "content-type": "text/plain" });
  if (fault.kind === "long") bytes = Buffer.concat([content, Buffer.alloc(fault.by ?? 1000)]);
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  let [status, start, end] = [200, 0, bytes.length];
  if (asked && !["ignore-range", "html", "pointer"].includes(fault.kind)) {
    start = Number(asked[1]) + (fault.kind === "wrong-part" ? 1 : 0);
    end = Math.min(asked[2] ? Number(asked[2]) + 1 : Infinity, bytes.length);
    status = start >= bytes.length ? 416 : 206;
    const part = status === 416 ? "*" : `${start}-${end - 1}`;
    headers = { ...headers, "content-range": `bytes ${part}/${bytes.length}` };
  }
  let part = status === 416 ? Buffer.alloc(0) : bytes.subarray(start, end);
  if (fault.kind === "short") part = part.subarray(0, fault.at);
  entry.status = status;
  response.writeHead(status, { "accept-ranges": "bytes", ...headers, "content-length": part.length });
  if (request.method === "HEAD") return response.end();
  let gone = false;
  const closed = new Promise((resolve) => finished(response, resolve)).then(() => (gone = true));
  const until = ["cut", "stall"].includes(fault.kind) ? Math.min(fault.at, part.length) : part.length;
  const piece = fault.kind === "drip" ? fault.bytes : link ? 1 << 14 : 1 << 18;
  response.flushHeaders();
  for (let at = 0; at < until && !gone; at += piece) {
    const next = part.subarray(at, Math.min(at + piece, until));
    await link?.take(next.length);
    await Promise.race([new Promise((resolve) => response.write(next, resolve)), closed]);
    if (!gone) entry.sent += next.length;
    if (fault.kind === "drip") await new Promise((resolve) => setTimeout(resolve, fault.every));
  }
  if (fault.kind === "stall") return;
  // Browsers throw away what a page has not read when its connection breaks, so that first gets time to be read.
  if (fault.kind === "cut") return setTimeout(() => response.destroy(), 50 + until / 4000);
  response.end();
}

/**
 * Starts a host without an API, as any file server is: `/{id}/resolve/main/{path}`. With `page`, it answers with a web
 * page and status 200 for whatever it does not have, as hosts of single-page applications do.
 */
export async function startPlainHost({ page = false } = {}) {
  const requests = [];
  const all = Object.entries(folders()).map(([id, folder]) => [id, Repository.fromFolder(id, folder)]);
  const repositories = new Map(all);
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://127.0.0.1").pathname);
    const entry = { method: request.method, path, range: request.headers.range, status: 0, sent: 0 };
    requests.push(entry);
    const wanted = /^\/([^/]+\/[^/]+)\/resolve\/main\/(.+)$/.exec(path);
    const file = wanted && repositories.get(wanted[1])?.commit("main").files.get(wanted[2]);
    const headers = { connection: "close", "access-control-allow-origin": "*" };
    if (file || page) {
      const type = file ? (path.endsWith(".json") ? "application/json" : "application/octet-stream") : "text/html";
      return sendBody({ request, response, entry }, file ? file.bytes() : PAGE, {
        ...headers, "content-type": type, "last-modified": "Mon, 23 Nov 2026 00:00:00 GMT",
      });
    }
    entry.status = 404;
    response.writeHead(404, headers).end(request.method === "HEAD" ? "" : "Not found");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve)));
  return { endpoint: `http://127.0.0.1:${server.address().port}`, requests, stop };
}
