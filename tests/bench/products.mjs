// Matrix products alone, on one thread: ONNX Runtime's and ours, in turns.

import { startSite } from "./server.mjs";
import { inTurns, median, ratio } from "./statistics.mjs";

/** Products by name: rows × inner × columns. */
const PRODUCTS = { f32: ["128x384x1536", "16x384x1536"], int8: ["128x384x1536", "16x384x1536"] };
const BUILDS = ["simd128", "relaxed"];
const BATCH = 100;
const ROUNDS = { full: 25, quick: 7 };

/** Runs the section: a list of lines with each one's billions of operations a second. */
export async function measureProducts({ browser, selected, quick, say }) {
  const site = await startSite({ isolated: true });
  const lines = [];
  for (const dtype of ["f32", "int8"].filter((word) => selected("dtype", word))) {
    for (const product of PRODUCTS[dtype]) {
      const line = await measureProduct({ browser, site, dtype, product, quick });
      lines.push(line);
      const parts = Object.entries(line.peers).map(([name, { missing, speed, ratio }]) =>
        missing ? `${name}: ${missing}` : `${name} ${speed.toFixed(1)} G/s${ratio ? ` (${ratio.median.toFixed(2)} × ORT)` : ""}`,
      );
      say(`product ${dtype} ${product}: ${parts.join(" · ")}`);
    }
  }
  await site.stop();
  return lines;
}

async function measureProduct({ browser, site, dtype, product, quick }) {
  const [rows, inner, columns] = product.split("x").map(Number);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.origin}/page/page.html`);
  await page.waitForFunction(() => globalThis.bench);
  const loads = {
    ort: ["product", { model: product, dtype }], call: ["product", { model: "identity", dtype: "f32" }],
    ...Object.fromEntries(BUILDS.map((build) => [build, ["kernels", { build, dtype }]])),
  };
  const missing = {};
  for (const [name, [peer, options]] of Object.entries(loads)) {
    const error = await page.evaluate((it) => bench.load(...it), [name, peer, options]);
    if (error) missing[name] = /not built/.test(error.message) ? "not built" : error.message;
  }
  const run = async (name, times) => {
    const inputs = { product: { rows, inner, columns, times } };
    return (await page.evaluate(([name, inputs]) => bench.run(name, inputs), [name, inputs])).elapsed;
  };
  const everyone = {};
  for (const name of Object.keys(loads).filter((name) => !missing[name])) {
    const once = await run(name, 50);
    everyone[name] = () => run(name, Math.ceil(BATCH / once));
  }
  const times = await inTurns(everyone, ROUNDS[quick ? "quick" : "full"]);
  await context.close();
  // What a call costs ONNX Runtime without any product is not counted against it.
  const theirs = times.ort.map((time, round) => time - times.call[round]);
  const speed = (times) => (2 * rows * inner * columns) / median(times) / 1e6;
  const peers = { ort: { speed: speed(theirs), call: median(times.call) } };
  for (const build of BUILDS) {
    peers[build] = missing[build]
      ? { missing: missing[build] }
      : { speed: speed(times[build]), ratio: ratio(theirs, times[build]) };
  }
  return { dtype, product, peers };
}
