// The gallery: shows the model that is asked for, lists those of this host, and what is kept on this device.
import { speak } from "./page-language.js";
import { remove, start, stored } from "./vitrine.js";

// In the language that the address asks for, `?lang=de`, else in the browser's. Widgets find it when they begin.
const speaking = speak(new URLSearchParams(location.search).get("lang") ?? navigator.language);

const widget = document.getElementById("widget");
const form = document.getElementById("choose");
const served = new Set();
const hosted = new Map([["vitrine/tiny-sentiment", "models"]]);

// A model of this host is fetched from here, any other from the Hub.
function show(model, task) {
  const next = widget.cloneNode(false);
  next.setAttribute("model", model);
  for (const [name, value] of [["task", task], ["endpoint", hosted.get(model)]]) {
    if (value) next.setAttribute(name, value);
    else next.removeAttribute(name);
  }
  document.getElementById("widget").replaceWith(next);
  next.addEventListener("load", listStored);
  showPage(model);
}

// A host that serves a folder of models has a page for each.
function showPage(model) {
  const place = document.getElementById("page");
  place.hidden = !served.has(model);
  place.firstElementChild.href = `${model}/`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { model, task } = Object.fromEntries(new FormData(form));
  show(model.trim(), task);
});

// Where this page is served by `vitrine serve`, it serves a folder of models too.
async function listHosted() {
  const answer = await fetch("api/models").catch(() => null);
  const kind = answer?.headers.get("content-type") ?? "";
  if (!answer?.ok || !kind.includes("json")) return;
  for (const { id } of await answer.json()) {
    served.add(id);
    if (!hosted.has(id)) hosted.set(id, ".");
  }
  showPage(document.getElementById("widget").getAttribute("model"));
  document.getElementById("here").hidden = false;
  for (const id of hosted.keys()) {
    const button = document.createElement("button");
    button.textContent = id;
    button.addEventListener("click", () => {
      form.elements.model.value = id;
      show(id, form.elements.task.value);
    });
    document.getElementById("hosted").append(button);
    document.getElementById("models").append(new Option(id, id));
  }
}

// The list has the widget's look, in a shadow root of its own.
const list = document.getElementById("stored").attachShadow({ mode: "open" });

let listed = [];

async function listStored() {
  const { module, sheet } = await start();
  listed = await stored().catch(() => []);
  list.adoptedStyleSheets = [sheet];
  list.innerHTML = module.storedView(listed, ...(await speaking));
}

list.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  // What another tab has removed meanwhile is removed once more, and nothing else is.
  await remove(button.dataset.action === "remove" ? listed[Number(button.dataset.index)] : undefined);
  await listStored();
});

widget.addEventListener("load", listStored);
listHosted();
listStored();
