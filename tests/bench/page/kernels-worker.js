// Vitrine's own matrix products in a worker: what the example of crate `kernels` exports.
import { serve } from "./serve.js";

/** The number of each product among the works of `prepare(work, rows, inner, columns)`; `work(times)` does it so many times. */
const WORKS = { f32: 0, int8: 2 };

serve(async ({ build, dtype }) => {
  const response = await fetch(`/kernels-${build}/kernels.wasm`);
  if (!response.ok) throw new Error("not built");
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer());
  const { prepare, work } = instance.exports;
  return ({ product: { rows, inner, columns, times } }) => {
    prepare(WORKS[dtype], rows, inner, columns);
    const begin = performance.now();
    work(times);
    return { elapsed: (performance.now() - begin) / times };
  };
});
