// A visitor's page: from nothing to the first answer, as soon as it can. Its address ends with `#{ peer, model, dtype, text }`.

const LOADS = {
  async vitrine({ model, dtype }) {
    const { pipeline } = await import("/dist/vitrine.js");
    return pipeline("feature-extraction", model, { endpoint: location.origin, dtype: dtype === "int8" ? "q8" : dtype });
  },
  async transformers({ model, dtype }) {
    const { load } = await import("./transformers.js");
    const extract = await load({ model, dtype });
    return async (text) => (await extract([text]))[0];
  },
};

/** `{ origin, ready, answered, embedding }`: milliseconds since the navigation began at `origin`; or `{ code, message }`. */
globalThis.visit = (async () => {
  const { peer, text, ...options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  try {
    const extract = await LOADS[peer](options);
    const ready = performance.now();
    const embedding = await extract(text);
    return { origin: performance.timeOrigin, ready, answered: performance.now(), embedding };
  } catch (error) {
    return { code: error.code ?? error.name, message: error.message };
  }
})();
