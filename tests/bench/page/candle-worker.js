// candle's own BERT in a worker.
import init, { Bert } from "/candle/candle.js";
import { pooled, serve } from "./serve.js";

serve(async ({ model }) => {
  await init({ module_or_path: "/candle/candle_bg.wasm" });
  const [weights, config] = await Promise.all(["model.safetensors", "config.json"].map((file) => fetch(model + file)));
  const bert = new Bert(new Uint8Array(await weights.arrayBuffer()), await config.text());
  return ({ ids }) => {
    const begin = performance.now();
    const hidden = bert.hidden_states(Uint32Array.from(ids.flat()), ids.length);
    const elapsed = performance.now() - begin;
    return { embeddings: pooled(hidden, ids.length, ids[0].length), elapsed };
  };
});
