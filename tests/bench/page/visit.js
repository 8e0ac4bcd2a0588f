// A visitor's page: from nothing to the first answer, as soon as it can. Its address ends with `#{ peer, model, dtype, text }`.

const LOADS = {
  async vitrine({ model, dtype }) {
    const { pipeline } = await import("/dist/vitrine.js");
    const onprogress = ({ loaded }) => (read = loaded);
    dtype = dtype === "int8" ? "q8" : dtype;
    return pipeline("feature-extraction", model, { endpoint: location.origin, dtype, onprogress });
  },
  async transformers({ model, dtype }) {
    const { load } = await import("./transformers.js");
    const extract = await load({ model, dtype });
    return async (text) => (await extract([text]))[0];
  },
};

/** Bytes of the model that have been read, where the visitor tells. */
let read;

/**
 * `{ origin, ready, answered, embedding, read }`: milliseconds since the navigation began at `origin`, and bytes; or
 * `{ code, message }`.
 */
globalThis.visit = (async () => {
  const { peer, text, ...options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  try {
    const extract = await LOADS[peer](options);
    const ready = performance.now();
    const embedding = await extract(text);
    return { origin: performance.timeOrigin, ready, answered: performance.now(), embedding, read };
  } catch (error) {
    return { code: error.code ?? error.name, message: error.message };
  }
})();
