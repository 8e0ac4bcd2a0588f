// The worker: picks the build that this browser can run, then passes messages through.
import init, { Worker } from "./worker/worker.js";

// Messages that arrive before the module is ready wait here.
const early = [];
let worker;

addEventListener("message", ({ data }) => {
  if (data.life) {
    hold(data.life);
  } else if (worker) {
    worker.handle(data);
  } else {
    early.push(data);
  }
});

// The page waits for this lock: it is given back only when the worker is gone, however it went.
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

init({ module_or_path: new URL("./worker/worker_bg.wasm", import.meta.url) }).then(
  () => {
    worker = new Worker((message) => postMessage(message));
    for (const message of early) worker.handle(message);
  },
  (error) => postMessage({ broken: String(error?.message ?? error) }),
);
