// A bundle's page: the widget, with all its files in the page or, in pieces, beside it.
import { give, replaceWorkers } from "./files.js";
import "../model-widget.js";
import "../page.js";

// [{path, type, pieces: [first, count], compressed}]
const table = JSON.parse(document.getElementById("bundle-files").textContent);
const kept = new Map();
const file = (path) => {
  if (!kept.has(path)) kept.set(path, read(table.find((entry) => entry.path === path)));
  return kept.get(path);
};

async function read({ type, pieces: [first, count], compressed }) {
  const parts = [];
  for (let piece = first; piece < first + count; piece++) {
    parts.push(bytes(await text(piece)));
    // The page stays alive between pieces.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const blob = new Blob(parts, { type });
  if (!compressed) return blob;
  const whole = await new Response(blob.stream().pipeThrough(new DecompressionStream("gzip"))).blob();
  return whole.slice(0, whole.size, type);
}

function bytes(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const binary = atob(base64);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

// What the scripts beside a page call.
const waiting = new Map();
globalThis.vitrinePiece = (piece, text) => waiting.get(piece)?.(text);

// A piece is an element of the page, or a script beside it that hands its text over.
async function text(piece) {
  const element = document.querySelector(`script[data-piece="${piece}"]`);
  if (element) {
    const { textContent } = element;
    // Its text is not needed twice.
    element.remove();
    return textContent;
  }
  return new Promise((resolve, reject) => {
    const beside = document.createElement("script");
    waiting.set(piece, resolve);
    beside.onload = () => beside.remove();
    beside.onerror = () => reject(new Error(`pieces/${piece}.js is missing from this folder`));
    beside.src = `pieces/${piece}.js`;
    document.head.append(beside);
  });
}

// What the page itself fetches, and all that its workers may.
give(new Map(table.map(({ path }) => [path, () => file(path)])));

const script = document.getElementById("bundle-worker").textContent;
replaceWorkers(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), (worker) => {
  const wanted = table.filter(({ page }) => !page).map(({ path }) => path);
  // One after the other: each piece is text before it is bytes.
  const all = wanted.reduce(async (before, path) => [...(await before), [path, await file(path)]], Promise.resolve([]));
  all.then(
    (files) => worker.postMessage({ bundle: files }),
    (error) => worker.dispatchEvent(new ErrorEvent("error", { message: error.message })),
  );
});

