// The worker: picks the build that this browser can run, then passes messages through. Started by another of its kind, it
// holds parts of that one's models and computes with them.

// A module whose one function adds a product with rounding left open: what the faster build needs.
const RELAXED = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2,
  253, 133, 2, 11,
);
const build = WebAssembly.validate(RELAXED) ? "worker-relaxed" : "worker";

// Messages that arrive before the module is ready wait here.
const early = [];
let receiver, glue;

addEventListener("message", ({ data }) => {
  if (data.life) hold(data.life);
  else if (data.module) start(data.module, ({ Peer }) => new Peer((message, transfer) => postMessage(message, transfer)));
  else if (receiver) receiver.handle(data);
  else early.push(data);
});

// After a trap nothing of the module may run, but for what tells why: what it was in the midst of stays half done.
addEventListener("error", ({ message }) => {
  postMessage({ gone: message, refused: glue?.refusedBytes() });
  close();
});

// The other side waits for this lock: it is given back only when the worker is gone, however it went.
function hold(name) {
  const held = () => postMessage({ held: name });
  if (!navigator.locks) return held();
  navigator.locks
    .request(`vitrine:${name}`, () => {
      held();
      return new Promise(() => {});
    })
    // A page without an origin has no locks.
    .catch(held);
}

function start(module, make) {
  import(`./${build}/worker.js`)
    .then(async (loaded) => {
      await loaded.default({ module_or_path: await module });
      glue = loaded;
      receiver = make(glue);
      early.forEach((data) => queueMicrotask(() => receiver.handle(data)));
    })
    .catch((error) => postMessage({ broken: String(error?.message ?? error) }));
}

// The first worker fetches the module, and hands it to those that it starts.
if (self.name !== "beside") {
  const url = new URL(`./${build}/worker_bg.wasm`, import.meta.url);
  const module = WebAssembly.compileStreaming(fetch(url))
    // A host that does not name the type of the file.
    .catch(async () => WebAssembly.compile(await (await fetch(url)).arrayBuffer()));
  // What is wrong with it is told once the glue is there.
  module.catch(() => {});
  const spawn = () => {
    const beside = startBeside();
    module.then((module) => beside.postMessage({ module }));
    return beside;
  };
  start(module, ({ Worker }) => new Worker((message) => postMessage(message), spawn));
}

// A script of another origin may not start a worker, but one that imports it may; from a page without an origin that may not
// be a module.
function startBeside() {
  const name = "beside";
  if (new URL(import.meta.url).origin === self.origin) return new Worker(import.meta.url, { type: "module", name });
  const early = "const early = [], keep = ({ data }) => early.push(data); addEventListener('message', keep);";
  const late = "removeEventListener('message', keep); for (const data of early) dispatchEvent(new MessageEvent('message', { data }));";
  const failed = "(error) => postMessage({ broken: String(error) })";
  const source = `${early} import(${JSON.stringify(import.meta.url)}).then(() => { ${late} }, ${failed});`;
  return new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { name });
}
