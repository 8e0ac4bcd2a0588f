// The module: models without a widget, `import { pipeline } from ".../vitrine.js"`.
import init, { Module, Widget, style } from "./element/element.js";

const wasm = new URL("./element/element_bg.wasm", import.meta.url);
const worker = new URL("./worker.js", import.meta.url).href;
let started;

/** Fetches what runs on the page, once: `{ module, Widget, sheet }`, for `model-widget.js`. */
export function start() {
  started ??= init({ module_or_path: wasm }).then(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style());
    return { module: new Module(worker), Widget, sheet };
  });
  // What could not be fetched may be there next time.
  started.catch(() => (started = undefined));
  return started;
}

/**
 * Loads a model for a task and answers a function that runs it.
 * `options`: `{ endpoint, revision, dtype, cores, token, signal, onprogress }`.
 */
export async function pipeline(task, model, options = {}) {
  const { module } = await start();
  const session = await module.load(task, model, options);
  const run = (inputs, parameters, { signal } = {}) => session.run(inputs, parameters, signal);
  run.unload = () => session.unload();
  return run;
}

/** What is kept on this device: `[{ endpoint, model, commit, bytes }]`. */
export async function stored() {
  return (await start()).module.stored();
}

/** Removes a model, as `stored` named it, from this device, or all of them; answers what is left. */
export async function remove(model) {
  return (await start()).module.remove(model);
}
