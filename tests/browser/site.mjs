// A web page's own server: the built site, with pages, headers and changed files that a test asks for.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { ROOT } from "./repositories.mjs";

const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm", ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml",
};

/** Nearly as small as brotli makes it; each content is compressed once. */
function compressed(bytes) {
  const key = createHash("sha1").update(bytes).digest("hex");
  if (!known.has(key)) known.set(key, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
  return known.get(key);
}
const known = new Map();

/** Compresses the site's files, so that no visitor waits for it. */
const compressAll = () =>
  readdirSync(join(ROOT, "dist"), { recursive: true })
    .filter((file) => /\.(js|wasm|css)$/.test(file))
    .forEach((file) => compressed(readFileSync(join(ROOT, "dist", file))));

/** Bytes that go over a slow link at once. */
const PIECE = 1 << 14;

/**
 * Serves `dist/` at `site.origin`. Options: `headers` for every answer, `pages` (path → HTML), `replace` (path → function of
 * a file's text), `missing` (a list of paths that are answered with 404), `cors` for pages of other origins, `link` (the
 * `Link` that all bodies come by, compressed as good hosts do). `site.requests`
 * is the list of paths that were asked for; `site.page(html)` adds a page and answers its path.
 */
export async function startSite({ headers = {}, pages = {}, replace = {}, missing = [], cors = false, link } = {}) {
  if (link) compressAll();
  const requests = [];
  const all = { "cache-control": "no-store", ...headers, ...(cors && { "access-control-allow-origin": "*" }) };
  const added = new Map(Object.entries(pages));
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://127.0.0.1");
    const path = decodeURIComponent(url.pathname);
    requests.push({ method: request.method, path, text: `${request.url}\n${request.rawHeaders.join("\n")}` });
    const answer = async (status, type, body) => {
      const plain = Buffer.from(body ?? "");
      const bytes = link && plain.length ? compressed(plain) : plain;
      const encoding = bytes === plain ? {} : { "content-encoding": "br" };
      response.writeHead(status, { ...all, ...encoding, "content-type": type, "content-length": bytes.length });
      for (let at = 0; link && at < bytes.length; at += PIECE) {
        const piece = bytes.subarray(at, at + PIECE);
        await link.take(piece.length);
        response.write(piece);
      }
      link ? response.end() : response.end(bytes);
    };
    if (added.has(path)) return answer(200, TYPES[".html"], added.get(path));
    if (path === "/favicon.ico") return answer(204, TYPES[".png"]);
    let file = join(ROOT, "dist", normalize(path));
    try {
      if (statSync(file).isDirectory()) file = join(file, "index.html");
      if (missing.includes(path)) throw new Error("missing");
      const bytes = readFileSync(file);
      const body = replace[path] ? replace[path](bytes.toString()) : bytes;
      answer(200, TYPES[extname(file)] ?? "application/octet-stream", body);
    } catch {
      answer(404, "text/plain", "Not found");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    page(html) {
      const path = `/test-${added.size}.html`;
      added.set(path, html);
      return path;
    },
    stop: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))),
  };
}

/** A page with this in its body, and the element's script. */
export function pageOf(body, head = "") {
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page with a widget</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">${head}
<script type="module" src="/model-widget.js"></script></head><body><main><h1>A page</h1>${body}</main></body></html>`;
}

/** A widget's markup: `{model: "a/b"}` → `<model-widget model="a/b"></model-widget>`. */
export function widgetOf(attributes, content = "") {
  const escape = (value) => String(value).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const text = Object.entries(attributes).map(([name, value]) => ` ${name}="${escape(value)}"`).join("");
  return `<model-widget${text}>${content}</model-widget>`;
}
