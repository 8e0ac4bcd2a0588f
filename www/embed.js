// The page embed.html: shows the widget that its address asks for, and tells the page around it how high it is.
import { ModelWidget } from "./model-widget.js";
import { speak } from "./page-language.js";

const asked = new URLSearchParams(location.search);
const root = document.documentElement;

const sheet = new CSSStyleSheet();
sheet.replaceSync(
  "body { margin: 0 }" +
    "h1 { position: absolute; inline-size: 1px; block-size: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap }",
);
document.adoptedStyleSheets.push(sheet);

// The scroll bar and the ground behind the widget take its theme.
if (["light", "dark"].includes(asked.get("theme"))) root.style.colorScheme = asked.get("theme");
speak(asked.get("lang") ?? root.lang);

/** The widget with the attributes that the address has, below a heading that is read out. */
function widget() {
  const element = document.createElement("model-widget");
  for (const name of ModelWidget.observedAttributes) if (asked.has(name)) element.setAttribute(name, asked.get(name));
  document.title = asked.get("model");
  return [Object.assign(document.createElement("h1"), { textContent: asked.get("model") }), element];
}

/** What stands in a widget's place where no model is named. */
function instruction() {
  const text = document.querySelector("[role=alert]");
  text.hidden = false;
  return [text];
}

document.querySelector("main").replaceChildren(...(asked.get("model")?.trim() ? widget() : instruction()));

// The height is no secret, so any page around this one may know it.
const tell = () => parent.postMessage({ type: "vitrine:height", height: Math.ceil(root.getBoundingClientRect().height) }, "*");
if (parent !== window) {
  new ResizeObserver(tell).observe(root);
  // A script of the page around that began to listen after the first heights asks once.
  addEventListener("message", ({ source, data }) => {
    if (source === parent && data?.type === "vitrine:measure") tell();
  });
}
