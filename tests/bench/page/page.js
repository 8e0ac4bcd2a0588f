// The page of the latency benchmark: each peer is loaded, asked for its answer, and timed, from here.

/** Peers by name: from options `{ model, dtype, cores }` to a function from a case to `{ embeddings, elapsed }`. */
const PEERS = {
  async vitrine({ model, dtype, cores }) {
    const { pipeline } = await import("/dist/vitrine.js");
    const options = { endpoint: location.origin, dtype: dtype === "int8" ? "q8" : dtype, cores };
    const extract = await pipeline("feature-extraction", model, options);
    return async ({ texts }) => ({ embeddings: await extract(texts), elapsed: told });
  },
  ort: ({ model, dtype, cores }) =>
    worker("ort-worker.js", { model: `/${model}/resolve/main/onnx/${onnxFile(dtype)}`, cores }),
  candle: ({ model }) => worker("candle-worker.js", { model: `/${model}/resolve/main/` }),
  transformers: (options) => worker("transformers-worker.js", options),
  product: ({ model, dtype }) => worker("ort-worker.js", { model: `/products/${model}/${onnxFile(dtype)}`, cores: 1 }),
  kernels: (options) => worker("kernels-worker.js", options),
};
/** Milliseconds of the last run as Vitrine's worker told them. */
let told;
globalThis.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => (told = data.answer?.elapsed ?? told));
  }
};

const onnxFile = (dtype) => (dtype === "int8" ? "model_quantized.onnx" : "model.onnx");
const loaded = new Map();

/** A worker that has loaded what the options say, as a function that it runs. */
async function worker(script, options) {
  const thread = new Worker(new URL(script, import.meta.url), { type: "module" });
  const waiting = new Map();
  const fail = (text) => waiting.forEach(({ reject }) => reject(new Error(text)));
  thread.onerror = (event) => fail(`${script}: ${event.message}`);
  thread.onmessage = ({ data: { id, answer, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  };
  let last = 0;
  const ask = (message) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      thread.postMessage({ id: last, ...message });
    });
  await ask({ options });
  return (inputs) => ask({ inputs });
}

globalThis.bench = {
  /** Loads a peer under a name; answers undefined, or the error's code and message. */
  async load(name, peer, options) {
    try {
      loaded.set(name, await PEERS[peer](options));
    } catch (error) {
      return { code: error.code ?? error.name, message: error.message };
    }
  },
  /** A loaded peer's answer to a case. */
  async run(name, inputs) {
    return loaded.get(name)(inputs);
  },
  /** Mean milliseconds of a run, seen from the page and by the peer itself, over so many `times` after some that do not count. */
  async time(name, inputs, times, before) {
    const run = loaded.get(name);
    for (let time = 0; time < before; time++) await run(inputs);
    let elapsed = 0;
    const begin = performance.now();
    for (let time = 0; time < times; time++) elapsed += (await run(inputs)).elapsed;
    return { trip: (performance.now() - begin) / times, elapsed: elapsed / times };
  },
};
