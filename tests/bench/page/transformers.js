// transformers.js, set up as its documentation says, with its files and the models from this origin.
import { env, pipeline } from "/transformers/transformers.min.js";

/** A function from texts to embeddings. `cores` is left to the library where absent. */
export async function load({ model, dtype, cores }) {
  env.allowLocalModels = false;
  env.remoteHost = location.origin;
  const runtime = `${location.origin}/transformers-ort/ort-wasm-simd-threaded.asyncify`;
  env.backends.onnx.wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
  if (cores) env.backends.onnx.wasm.numThreads = cores;
  const extract = await pipeline("feature-extraction", model, { dtype: dtype === "int8" ? "q8" : "fp32", device: "wasm" });
  return async (texts) => (await extract(texts, { pooling: "mean", normalize: true })).tolist();
}
