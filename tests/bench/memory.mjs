// Peak memory of a first visit: of the page's process as the kernel counts it, and of its wasm memories.

import { readdirSync, readFileSync } from "node:fs";
import { startBrowser } from "../browser/browser.mjs";
import { repository, startSite, untilQuiet } from "./server.mjs";
import { costs, visit, VISITORS } from "./visits.mjs";
import { median } from "./statistics.mjs";

const ROUNDS = { full: 3, quick: 1 };

/** Keeps a list of the wasm memories of a page or a worker, and the bytes of weights that Vitrine's worker says it holds. */
export const PRELUDE = `
self.memories = [];
self.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => (self.resident = data.answer?.resident_bytes ?? self.resident));
  }
};
WebAssembly.Memory = class extends WebAssembly.Memory { constructor(given) { super(given); self.memories.push(this); } };
for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...given) => {
    const made = await original(...given);
    const { memory } = (made.instance ?? made).exports;
    if (memory && !self.memories.includes(memory)) self.memories.push(memory);
    return made;
  };
}
const channel = new BroadcastChannel("memories");
channel.onmessage = ({ data }) => {
  if (data === "tell") channel.postMessage(self.memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0));
};
`;

/** Bytes of the wasm memories of the page and of its workers, those that workers start included. */
export const wasmBytes = () =>
  new Promise((resolve) => {
    let sum = 0;
    const channel = new BroadcastChannel("memories");
    channel.onmessage = ({ data }) => (sum += Number(data) || 0);
    channel.postMessage("tell");
    setTimeout(() => resolve(sum), 500);
  });

/** Runs the section: a list of lines, one for each visitor; wasm memories only grow, so their size at the end is the peak. */
export async function measureMemory({ selected, quick, say }) {
  const site = await startSite({ prelude: { "/dist/worker.js": PRELUDE } });
  const blank = await peak(site, undefined);
  const lines = [];
  for (const [name, visitor] of Object.entries(VISITORS).filter(([, { dtype }]) => selected("dtype", dtype))) {
    if (!repository(visitor.model)) continue;
    const found = [];
    for (let round = 0; round < ROUNDS[quick ? "quick" : "full"]; round++) found.push(await peak(site, visitor));
    const missing = found.find(({ code }) => code)?.code;
    const middle = (part) => median(found.map((each) => each[part]));
    const line = missing
      ? { name, missing }
      : { name, process: middle("process"), blank: blank.process, wasm: middle("wasm"), weights: found[0].weights,
          resident: found[0].resident };
    lines.push(line);
    const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
    say(missing ? `${name}: ${missing}` : `${name}: process ${megabytes(line.process)} (a blank page ${megabytes(blank.process)}), ` +
      `wasm ${megabytes(line.wasm)} for ${megabytes(line.weights)} of weights`);
  }
  await site.stop();
  return lines;
}

/** One visit in a browser of its own: bytes of its largest page process, of its wasm memories, and of the weights it fetched. */
async function peak(site, visitor) {
  const before = new Set(processes().map(({ pid }) => pid));
  const browser = await startBrowser();
  try {
    const context = await browser.newContext();
    await context.addInitScript(PRELUDE);
    const found = {};
    const look = async (page) => {
      // What still comes in the background takes memory too.
      await untilQuiet(site);
      found.weights = costs(site.requests).weights;
      found.wasm = await page.evaluate(wasmBytes);
      found.resident = await page.evaluate(() => self.resident);
      const pages = processes().filter(({ pid, command }) => !before.has(pid) && command.includes("--type=renderer"));
      found.process = Math.max(...pages.map(({ peak }) => peak));
    };
    site.requests.length = 0;
    if (visitor) {
      found.code = (await visit(context, site, visitor, look)).code;
    } else {
      const page = await context.newPage();
      await page.goto(`${site.origin}/page/blank.html`);
      await look(page);
    }
    return found;
  } finally {
    await browser.close();
  }
}

/** The processes of this machine, with their peaks of resident memory in bytes. */
function processes() {
  const found = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
      if (peak) found.push({ pid, command: readFileSync(`/proc/${pid}/cmdline`, "utf8"), peak: Number(peak[1]) * 1024 });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}
