// A page whose worker reads one file that the device keeps, and tells when it had it: milliseconds since the navigation began.
// With `#write=BYTES` it writes the file.

new Worker("read-worker.js", { type: "module", name: location.hash }).onmessage = () => (globalThis.done = performance.now());
