// For pages with `<iframe data-vitrine src=".../embed.html?model=...">`: gives each such frame the height of its widget.

const LOWEST = 64;
const HIGHEST = 10_000;

/** Where the messages of a frame come from: a sandbox without `allow-same-origin` has taken its origin away. */
function originOf(frame) {
  const opaque = frame.hasAttribute("sandbox") && !frame.sandbox.contains("allow-same-origin");
  return opaque ? "null" : new URL(frame.src).origin;
}

const frames = () => [...document.querySelectorAll("iframe[data-vitrine][src]")];

addEventListener("message", ({ source, origin, data }) => {
  if (data?.type !== "vitrine:height" || !Number.isFinite(data.height)) return;
  const frame = frames().find((frame) => frame.contentWindow === source);
  if (frame && originOf(frame) === origin) frame.style.height = `${Math.min(Math.max(data.height, LOWEST), HIGHEST)}px`;
});

// Frames that were there first have told their heights to nobody.
for (const frame of frames()) frame.contentWindow.postMessage({ type: "vitrine:measure" }, "*");
