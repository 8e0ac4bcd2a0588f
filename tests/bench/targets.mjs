// Where it must arrive: each target, and what was measured of it.

const SHORT = ["1x16"];

/**
 * The targets as `{ what, target, measured, reached, limit }`: `measured` is a list of `[name, value]`, `reached` is undefined
 * where nothing was measured, `limit` says why a target may not be reached.
 */
export function targets({ latency = [], batches = [], products = [], bundles = [], visits = [], memory = [], told = [], pages = [] }) {
  const at = (page, cores, dtype, but = []) => (line) =>
    line.page === page && line.cores === cores && line.dtype === dtype && !but.includes(line.shape);
  const ort = (wanted) => (line) => [wanted(line), line.peers.ort.ratio?.median];
  const shape = ({ shape }) => shape;
  const place = ({ page, cores, shape }) => `${page} ${cores} ${shape}`;
  const product = (dtype, rows, build) =>
    products
      .filter((line) => line.dtype === dtype && line.product.startsWith(`${rows}x`))
      .map(({ peers }) => [build, peers[build].ratio?.median]);
  const visit = (link, part) => (name) => [name, visits.find((line) => line.link === link && line.name === name)?.[part]];
  const ours = ["vitrine f32", "vitrine q8"];
  const all = [...ours, "vitrine compact"];
  const at8 = latency.filter(({ dtype }) => dtype === "int8");
  const ratios = (page, cores, dtype, but) => latency.filter(at(page, cores, dtype, but)).map(ort(shape));
  const cosines = at8.map((line) => [place(line), line.peers.vitrine.cosine - line.peers.ort.cosine]);
  const starts = ours.map(visit("loopback", "answeredRatio")).map(([name, ratio]) => [name, ratio?.median]);
  const together = ({ cores, dtype, name, toAlone }) => [`${cores} ${dtype} ${name}`, toAlone.median];
  const bundle = bundles.filter(({ name }) => name === "vitrine").map(({ name, bytes }) => [name, bytes]);
  const peaks = memory.filter(({ name }) => all.includes(name)).map(({ name, wasm, resident }) => [name, wasm / resident]);
  const slow = visit("20mbit", "bytes");
  const built = pages.filter(({ kind, models }) => kind === "build" && models === 1000);
  const scores = pages.filter(({ kind }) => kind === "lighthouse").map(({ form, performance }) => [form, performance]);
  return [
    atMost("f32, one thread, ours / ORT", 0.62, ratios("isolated", "1-core", "f32")),
    atMost("f32, two cores, isolated page, ours / ORT", 0.62, ratios("isolated", "2-cores", "f32")),
    atMost("f32, two cores, page without COOP/COEP, ours / ORT", 0.4, ratios("plain", "2-cores", "f32", SHORT)),
    atMost("int8, ours / ORT", 0.75, at8.map(ort(place))),
    atLeast("int8, cosine to f32, ours less ORT's", 0, cosines),
    atMost("a text among many, ours together / one by one", 1, batches.map(together), BATCHES),
    atMost("cold start to the first answer, loopback, ours / transformers.js", 0.5, starts),
    atMost("megabytes before the first weight, brotli", 0.9, bundle.map(millions)),
    atLeast("f32 product 128×384×1536, GFLOP/s, ours / ORT, relaxed", 1.65, product("f32", 128, "relaxed")),
    atLeast("f32 product 128×384×1536, GFLOP/s, ours / ORT, without relaxed", 1.4, product("f32", 128, "simd128")),
    atLeast("int8 product, 128 rows, ours / ORT", 1.05, product("int8", 128, "relaxed")),
    atLeast("int8 product, 16 rows, ours / ORT", 1.3, product("int8", 16, "relaxed")),
    atMost("ready after the last byte, share of the download at 100 Mbit/s", 0.1, all.map(visit("100mbit", "tail"))),
    atMost("second visit, ready / reading the same bytes", 1.5, all.map(visit("loopback", "readyToReading")), VISIT),
    atMost("peak wasm memory / resident weights", 1.1, peaks, MEMORY),
    within("memory as the widget tells it / as it is taken", 0.15, told.map((line) => [`${line.link} ${line.name}`, line.memory / line.used])),
    within("seconds of a load as told / as taken", 0.15, told.map((line) => [`${line.link} ${line.name}`, line.seconds / line.took]), TOLD),
    atMost("megabytes to the first answer, compact file", 27, [slow("vitrine compact")].map(millions)),
    atMost("megabytes to the first answer, the author's own file", 50, [slow("vitrine q8")].map(millions)),
    atMost("seconds to make the pages of 1,000 models", 60, built.map(({ name, seconds }) => [name, seconds])),
    atLeast("Lighthouse's performance of a model's page before the click", 95, scores),
  ];
}

const BATCHES = `A run costs about two rows beside its own, in int8 on one core 1.6, whose products are as fast with few rows as with
many, and a message there and back: of texts of 14 tokens a tenth can be saved, of long ones hardly anything. Runs of 128 and 256
rows instead of 512 make no difference.`;

const VISIT = `A worker that does nothing else reads 91 MB of f32 from the device at 3 GB a second, page and worker included in about
85 ms. The page, its element and the worker's module take about 150 ms, 1.8 times that, before a byte of the model is read; small
files and tokenizer take 80 to 100 more, then each byte is checked and each number put into its place among the packed ones. What
helped: tables after the rest, no locks and lists for what is here, no second request (together 0.94). Tried without gain: a worker
started before the page's module is there, tokenizer and JSON compiled for speed, the device asked for the weights early.`;

const MEMORY = `What is not weights is the same for all formats: the tokenizer's library holds 2.4 MB for 30,522 tokens, three modules 2.0 of
data and stacks, holes between blocks 2 to 3. That is a tenth of the 90 MB of f32; of the 23 MB of q8 tokenizer and modules alone
are a fifth.`;

const TOLD = `On links faster than 100 Mbit/s what there is to measure before the click, one download of 237 kB, is over before the
connection is as fast as it gets, and a load waits for the module and the processor more than for bytes.`;

const millions = ([name, value]) => [name, value && value / 1e6];

function judged(what, target, values, reaches, limit) {
  const measured = values.filter(([, value]) => Number.isFinite(value));
  return { what, target, measured, reached: measured.length ? measured.every(([, value]) => reaches(value)) : undefined, limit };
}

const atMost = (what, most, values, limit) => judged(what, `≤ ${most}`, values, (value) => value <= most, limit);
const within = (what, share, values, limit) =>
  judged(what, `${1 - share} to ${1 + share}`, values, (value) => Math.abs(value - 1) <= share, limit);
const atLeast = (what, least, values) => judged(what, `≥ ${least}`, values, (value) => value >= least);
