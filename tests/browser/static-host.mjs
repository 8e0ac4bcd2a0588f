// A host of static sites on which no header can be set, as GitHub Pages is one: the sites that documentation tools have built.

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { ROOT } from "./repositories.mjs";

/** Where the sites say that they are, and that Vitrine is: the host puts the addresses there that a test has for them. */
const SITE = "https://pages.example";
const VITRINE = "https://vitrine.example";
const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm", ".json": "application/json; charset=utf-8", ".xml": "application/xml", ".svg": "image/svg+xml",
  ".png": "image/png", ".ico": "image/x-icon",
};

/** The file at a path: a folder is its index, and `.html` may be left out. */
function fileAt(folder, path) {
  const file = join(folder, normalize(path));
  const found = [file, join(file, "index.html"), `${file}.html`].find((file) => existsSync(file) && statSync(file).isFile());
  return { status: found ? 200 : 404, file: found ?? join(folder, "404.html") };
}

/**
 * Serves a folder, and `dist/` under `/vitrine/`. Pages take Vitrine from there, or from the origin that is given. `requests`
 * is the list of paths that were asked for, each with the bytes of its answer.
 */
export async function startStaticHost(folder, elsewhere) {
  const requests = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://127.0.0.1").pathname);
    const own = path.startsWith("/vitrine/");
    const { status, file } = own ? fileAt(join(ROOT, "dist"), path.slice("/vitrine".length)) : fileAt(folder, path);
    const text = !own && /\.(html|js|json|xml)$/.test(file);
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.from("Not found");
    requests.push({ path, bytes: bytes.length });
    response.writeHead(status, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "access-control-allow-origin": "*" });
    response.end(text ? bytes.toString().replaceAll(SITE, origin).replaceAll(VITRINE, elsewhere ?? `${origin}/vitrine`) : bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { origin, requests, stop: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))) };
}
