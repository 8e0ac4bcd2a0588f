// The kernels' own checks in both builds for browsers, and their timings.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ROOT = new URL("../..", import.meta.url);
const BUILDS = { simd128: "+simd128", relaxed: "+simd128,+relaxed-simd" };

/** The example of crate `kernels` for one of the builds, as bytes in base 64. */
export function build(name) {
  const folder = `target/kernels-${name}`;
  const what = ["--release", "-p", "vitrine-kernels", "--example", "kernels", "--target", "wasm32-unknown-unknown"];
  execFileSync("cargo", ["build", ...what, "--target-dir", folder], {
    cwd: ROOT,
    env: { ...process.env, RUSTFLAGS: `-C target-feature=${BUILDS[name]}` },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const file = `${folder}/wasm32-unknown-unknown/release/examples/kernels.wasm`;
  return readFileSync(new URL(file, ROOT)).toString("base64");
}

/** Runs all checks of a module in a page; answers `[name, digest or error]` each. */
async function check(page, wasm) {
  return page.evaluate(async (wasm) => {
    const bytes = Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0));
    const found = [];
    for (let index = 0; ; index++) {
      // A trap leaves an instance as it was, so each check has one of its own.
      const { exports } = (await WebAssembly.instantiate(bytes)).instance;
      const textAt = (place) => {
        const letters = new Uint8Array(exports.memory.buffer, Number(place & 0xffffffffn), Number(place >> 32n));
        return new TextDecoder().decode(letters);
      };
      const place = exports.check_name(index);
      if (place === 0n) return found;
      const name = textAt(place);
      let result;
      try {
        result = String(exports.check(index));
      } catch (error) {
        result = `${textAt(exports.failure())} (${error.message})`;
      }
      found.push([name, result]);
    }
  }, wasm);
}

/** The median time in ms of a work `[work, a, b, c]` of the example, see its `prepare`, from samples of about 3 ms. */
export async function time(page, wasm, work) {
  return page.evaluate(
    async ([wasm, work]) => {
      const bytes = Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0));
      const { exports } = (await WebAssembly.instantiate(bytes)).instance;
      exports.prepare(...work);
      const sample = (times) => {
        const begin = performance.now();
        exports.work(times);
        return (performance.now() - begin) / times;
      };
      // The first calls run unoptimized.
      for (const end = performance.now() + 100; performance.now() < end; ) sample(1);
      const times = Math.max(1, Math.round(3 / sample(3)));
      const samples = Array.from({ length: 41 }, () => sample(times)).sort((a, b) => a - b);
      return samples[20];
    },
    [wasm, work],
  );
}

/** Products that are timed, and layers whose weights are in no cache, as works of the example. */
const TIMED = { f32: [0, 9], int8: [2, 10] };

export const tests = [
  {
    name: "both builds pass the checks of the kernels, and agree where they must",
    async run({ browser, keep, print }) {
      const page = await browser.newPage();
      keep({ stop: () => page.close() });
      const builds = Object.keys(BUILDS).map((name) => [name, build(name)]);
      const [plain, relaxed] = [await check(page, builds[0][1]), await check(page, builds[1][1])];
      const failed = [...plain, ...relaxed].filter(([, result]) => !/^-?\d+$/.test(result));
      if (failed.length) throw new Error(failed.map((pair) => pair.join(": ")).join("\n"));
      if (!plain.some(([, digest]) => digest !== "0")) throw new Error("no check has a digest");
      if (String(plain) !== String(relaxed)) throw new Error(`builds differ: ${plain}\n${relaxed}`);
      for (const [name, wasm] of builds) {
        for (const [type, [product, layers]] of Object.entries(TIMED)) {
          const speed = (2 * 128 * 384 * 1536) / (await time(page, wasm, [product, 128, 384, 1536])) / 1e6;
          print(`${type} 128 × 384 × 1536, ${name}: ${speed.toFixed(1)} billion operations a second`);
          for (const tokens of [1, 4, 16, 32, 128]) {
            const spent = await time(page, wasm, [layers, tokens, 12, 15]);
            print(`${type} layer of MiniLM, ${tokens} tokens, ${name}: ${(1000 * spent).toFixed(0)} µs`);
          }
        }
      }
    },
  },
];
