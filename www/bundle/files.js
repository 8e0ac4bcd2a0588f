// The files of a bundle: requests for them are answered from what the page holds, on the page and in its workers.

export const BASE = "https://vitrine.invalid/";

let arrive;
/** By path: a function that answers the file's Blob. */
const files = new Promise((resolve) => (arrive = resolve));

/** Gives the files: by path, a function that answers the file's Blob. */
export const give = (all) => arrive(all);

const outside = globalThis.fetch;

globalThis.fetch = async (resource, options) => {
  const request = new Request(resource, options);
  if (!request.url.startsWith(BASE)) return outside(request);
  const { pathname } = new URL(request.url);
  const file = (await files).get(decodeURIComponent(pathname.slice(1)));
  if (!file) return new Response("There is no such file in this bundle.\n", { status: 404 });
  const blob = await file();
  request.signal.throwIfAborted();
  const headers = { "content-type": blob.type, "accept-ranges": "bytes" };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
  if (!range) return new Response(blob, { headers: { ...headers, "content-length": blob.size } });
  const [first, last] = [Number(range[1]), Math.min(Number(range[2] || blob.size - 1), blob.size - 1)];
  if (first > last) return new Response(null, { status: 416, headers: { "content-range": `bytes */${blob.size}` } });
  const part = blob.slice(first, last + 1, blob.type);
  const where = { "content-length": part.size, "content-range": `bytes ${first}-${last}/${blob.size}` };
  return new Response(part, { status: 206, headers: { ...headers, ...where } });
};

/** From now on every worker runs this script, and is given the files by `send`. */
export function replaceWorkers(script, send) {
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    constructor(_, { name = "" } = {}) {
      super(script, { name });
      send(this);
    }
  };
}
