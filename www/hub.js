// The index of a hub: searches and filters by small files, each fetched when it is needed.

const form = document.querySelector("[data-search]");
const { root } = form.dataset;
const [TOTAL, ROWS] = [Number(form.dataset.total), Number(form.dataset.rows)];
const PAGE = 20;
// Latin digits in every language.
const locale = `${document.documentElement.lang}-u-nu-latn`;
const plural = new Intl.PluralRules(locale);
const FACETS = ["task", "library", "language", "licence", "size"];
const status = document.querySelector("[data-status]");
const results = document.querySelector("[data-results]");
const pages = document.querySelector("[data-pages]");
// A task's own page begins with that task.
const ownTask = document.querySelector("a[data-task][aria-current]")?.dataset.task;

const fetched = new Map();
function json(path) {
  if (!fetched.has(path)) {
    const answer = fetch(`${root}index/${path}.json`).then((response) => {
      // No file: no model has such a word.
      if (response.status === 404) return {};
      if (!response.ok) throw new Error(String(response.status));
      return response.json();
    });
    answer.catch(() => fetched.delete(path));
    fetched.set(path, answer);
  }
  return fetched.get(path);
}

// Numbers are written as the differences between them.
function sums(differences) {
  let sum = 0;
  return Uint32Array.from(differences, (difference) => (sum += difference));
}

function fileName(beginning) {
  const characters = [...beginning];
  const part = (character) => (/^[a-z0-9]$/i.test(character) ? character : `u${character.codePointAt(0).toString(16)}`);
  return characters.map(part).join(/^[\x00-\x7f]*$/.test(beginning) ? "" : "-");
}

// The models that have a word that begins so.
async function beginningWith(word) {
  const beginning = [...word].slice(0, 2).join("");
  const words = await json(`words/${fileName(beginning)}`);
  const found = new Set();
  for (const [known, models] of Object.entries(words)) if (known.startsWith(word)) for (const model of sums(models)) found.add(model);
  return found;
}

const state = () => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));

// The models that fit everything that is asked for, in their order.
async function find(asked) {
  const words = (asked.search ?? "").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const chosen = FACETS.map((key) => form.elements[key]?.selectedOptions[0]).filter((option) => option?.value);
  if (words.length + chosen.length === 0) return Array.from({ length: TOTAL }, (_, number) => number);
  const sets = await Promise.all([
    ...words.map(beginningWith),
    ...chosen.map(async (option) => new Set(sums(await json(`facet/${option.parentElement.name}-${option.dataset.ids}`)))),
  ]);
  sets.sort((a, b) => a.size - b.size);
  const [smallest, ...others] = sets;
  return [...smallest].filter((model) => others.every((set) => set.has(model))).sort((a, b) => a - b);
}

const row = async (number) => (await json(`rows/${Math.floor(number / ROWS)}`))[number % ROWS];

function count(number) {
  const [unit, letter] = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]].find(([unit]) => number >= unit) ?? [1, ""];
  const digits = letter && number / unit < 99.95 ? 1 : 0;
  return (number / unit).toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }) + letter;
}

function line([id, task, library, licence, parameters]) {
  const item = document.createElement("li");
  item.className = "row";
  const link = document.createElement("a");
  link.href = `${root}${id}/index.html`;
  link.append(Object.assign(document.createElement("bdi"), { textContent: id }));
  const facts = document.createElement("p");
  const name = task && (form.elements.task?.querySelector(`option[value="${CSS.escape(task)}"]`)?.textContent.replace(/ \([^()]*\)$/, "") ?? task);
  const size = parameters ? form.dataset.textParameters.replace("{}", count(parameters)) : "";
  for (const fact of [name, library, licence, size]) {
    if (!fact) continue;
    const span = document.createElement("span");
    span.append(Object.assign(document.createElement("bdi"), { textContent: fact }));
    facts.append(span);
  }
  item.append(link, facts);
  return item;
}

const filled = (pattern, values) => pattern.replace(/\{(\w*)\}/g, (_, name) => values[name]);

let latest = 0;
async function show(page = 1) {
  const mine = ++latest;
  const asked = state();
  remember(asked, page);
  let found, lines;
  try {
    found = await find(asked);
    page = Math.min(page, Math.max(1, Math.ceil(found.length / PAGE)));
    lines = await Promise.all(found.slice((page - 1) * PAGE, page * PAGE).map(row));
  } catch {
    if (mine === latest) status.textContent = form.dataset.textFailed;
    return;
  }
  // A later question was answered first.
  if (mine !== latest) return;
  for (const link of document.querySelectorAll("a[data-task]")) {
    if (link.dataset.task === asked.task) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const { textModels, textNone, textPage, textPrevious, textNext } = form.dataset;
  const forms = JSON.parse(textModels);
  const pattern = forms[plural.select(found.length)] ?? forms.other;
  status.textContent = found.length ? filled(pattern, { "": found.length.toLocaleString(locale, { useGrouping: "min2" }) }) : textNone;
  results.replaceChildren(...lines.map(line));
  const last = Math.ceil(found.length / PAGE);
  const turn = (text, to) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    // The button is gone by then: what follows the status is the list.
    button.addEventListener("click", () => show(to).then(() => status.focus()));
    return button;
  };
  pages.replaceChildren();
  if (page > 1) pages.append(turn(textPrevious, page - 1));
  if (last > 1) pages.append(Object.assign(document.createElement("span"), { textContent: filled(textPage, { number: page, count: last }) }));
  if (page < last) pages.append(turn(textNext, page + 1));
}

// What is asked for stands in the address, so that a link leads to the same list.
function remember(asked, page) {
  const isSaid = ([name, value]) => value || (name === "task" && ownTask);
  const query = new URLSearchParams(Object.entries({ ...asked, page: page > 1 ? page : "" }).filter(isSaid));
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
}

function recall() {
  const query = new URLSearchParams(location.search);
  for (const name of ["search", ...FACETS]) {
    const control = form.elements[name];
    if (!control || !query.has(name)) continue;
    control.value = query.get(name);
    // A value that no model has any more stands for none.
    if (control.selectedIndex === -1) control.value = "";
  }
  return Math.max(1, Math.floor(Number(query.get("page"))) || 1);
}

form.hidden = false;
status.tabIndex = -1;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => show());
// The event comes before the controls are empty.
form.addEventListener("reset", () => setTimeout(show));
for (const link of document.querySelectorAll("a[data-task]")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !form.elements.task) return;
    event.preventDefault();
    form.elements.task.value = form.elements.task.value === link.dataset.task ? "" : link.dataset.task;
    show();
  });
}
if (form.elements.task && ownTask) form.elements.task.value = ownTask;
if (location.search) show(recall());
