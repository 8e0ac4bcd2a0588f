// onnxruntime-web, its build for the CPU alone, in a worker.
import * as ort from "/ort/ort.wasm.min.mjs";
import { pooled, serve } from "./serve.js";

serve(async ({ model, cores }) => {
  ort.env.wasm.wasmPaths = "/ort/";
  ort.env.wasm.numThreads = cores;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  return async ({ ids, product }) => {
    if (product) return { elapsed: await products(session, product) };
    const [rows, tokens] = [ids.length, ids[0].length];
    const tensor = (value) => new ort.Tensor("int64", BigInt64Array.from(value, BigInt), [rows, tokens]);
    const feeds = {
      input_ids: tensor(ids.flat()),
      attention_mask: tensor(Array(rows * tokens).fill(1)),
      token_type_ids: tensor(Array(rows * tokens).fill(0)),
    };
    const begin = performance.now();
    const { last_hidden_state: hidden } = await session.run(feeds);
    const elapsed = performance.now() - begin;
    return { embeddings: pooled(hidden.data, rows, tokens), elapsed };
  };
});

/** Milliseconds of one product of `[rows, inner]` with the model's own matrix, the mean of so many `times`. */
async function products(session, { rows, inner, times }) {
  const values = Float32Array.from({ length: rows * inner }, (_, at) => Math.sin(at));
  const feeds = { a: new ort.Tensor("float32", values, [rows, inner]) };
  const begin = performance.now();
  for (let time = 0; time < times; time++) await session.run(feeds);
  return (performance.now() - begin) / times;
}
