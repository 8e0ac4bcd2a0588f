// A page that reads the one entry of a cache, and tells when it had it: milliseconds since the navigation began.

const [{ url }] = await (await caches.open("reading")).keys();
await (await caches.match(url)).arrayBuffer();
globalThis.read = performance.now();
