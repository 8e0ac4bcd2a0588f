// What the peers' workers share: a page's messages are answered one after the other.

/** Serves `load(options)`, which answers a function from inputs to `{ embeddings, elapsed }`; `embeddings` is a list of lists. */
export function serve(load) {
  let run;
  addEventListener("message", async ({ data: { id, options, inputs } }) => {
    try {
      if (options) run = await load(options);
      postMessage({ id, answer: options ? undefined : await run(inputs) });
    } catch (error) {
      postMessage({ id, error: String(error?.stack ?? error) });
    }
  });
}

/** The mean of each text's hidden states `[rows, tokens, width]`, made length 1. */
export function pooled(hidden, rows, tokens) {
  const width = hidden.length / rows / tokens;
  return Array.from({ length: rows }, (_, row) => {
    const mean = new Float64Array(width);
    for (let token = 0; token < tokens; token++) {
      const start = (row * tokens + token) * width;
      for (let at = 0; at < width; at++) mean[at] += hidden[start + at];
    }
    const length = Math.hypot(...mean);
    return Array.from(mean, (value) => value / length);
  });
}
