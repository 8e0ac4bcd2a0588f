// transformers.js in a worker, end to end: from texts to embeddings.
import { serve } from "./serve.js";
import { load } from "./transformers.js";

serve(async (options) => {
  const extract = await load(options);
  return async ({ texts }) => {
    const begin = performance.now();
    const embeddings = await extract(texts);
    return { embeddings, elapsed: performance.now() - begin };
  };
});
