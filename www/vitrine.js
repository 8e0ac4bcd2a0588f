// The module: models without a widget, `import { pipeline } from ".../vitrine.js"`.

const worker = new URL("./worker.js", import.meta.url).href;
let started;

/** Fetches what runs on the page, once: `{ module, Widget, sheet }`, for `model-widget.js`. */
export function start() {
  started ??= begin();
  // What could not be fetched may be there next time.
  started.catch(() => (started = undefined));
  return started;
}

async function begin() {
  // Neither waits for the other.
  const wasm = fetch(new URL("./element/element_bg.wasm", import.meta.url));
  const [{ default: init, Module, Widget, style }, module_or_path] = await Promise.all([import("./element/element.js"), wasm]);
  await init({ module_or_path });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style());
  return { module: new Module(worker), Widget, sheet };
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
