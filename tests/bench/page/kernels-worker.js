// Vitrine's own matrix products in a worker: what the example of crate `kernels` exports.
import { serve } from "./serve.js";

/** The example's builds, and its exports `(m, k, n, times)`, which compute a product so many times. */
const BUILDS = { simd128: "/kernels/kernels.wasm", relaxed: "/kernels/kernels_relaxed.wasm" };
const EXPORTS = { f32: "bench_f32", int8: "bench_int8" };

serve(async ({ build, dtype }) => {
  const response = await fetch(BUILDS[build]);
  if (!response.ok) throw new Error("not built");
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer(), {});
  const compute = instance.exports[EXPORTS[dtype]];
  return ({ product: { rows, inner, columns, times } }) => {
    const begin = performance.now();
    compute(rows, inner, columns, times);
    return { elapsed: (performance.now() - begin) / times };
  };
});
