// <model-widget>: the element's class, a thin shell that hands attributes, properties and methods to WebAssembly.
import { languageOf, wordsOf } from "./locale.js";
import { start } from "./vitrine.js";

// Attribute names and what an absent one stands for.
const ATTRIBUTES = Object.fromEntries([
  ["model", ""], ["revision", "main"], ["task", ""], ["endpoint", ""],
  ["dtype", "auto"], ["loading", "click"], ["cores", "auto"], ["theme", "auto"],
]);
const SETTABLE = ["inputs", "parameters", "token"];

/**
 * Puts a model behind glass on a page.
 *
 * @attr model, revision, task, endpoint, dtype, loading, cores, theme, lang
 * @fires loadstart, progress, load, output, abort, error
 * @slot - What shows without script
 * @slot poster - What shows before the model is loaded
 * @slot error - What shows instead of the widget's own errors
 * @slot footer - What shows below the widget
 * @csspart form, label, input, run, progress, output, item, score, bar, error, footer
 */
export class ModelWidget extends (globalThis.HTMLElement ?? class {}) {
  static observedAttributes = [...Object.keys(ATTRIBUTES), "lang"];

  #internals = this.attachInternals();
  #root = this.attachShadow({ mode: "open" });
  #widget;
  #starting;
  #failure = null;
  #early = {};

  constructor() {
    super();
    // The widget's place is held until it is there.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      ":host { display: block; min-block-size: 69rem } :host([hidden]) { display: none }" +
        "@media (min-width: 50rem) { :host { min-block-size: 38.5rem } }",
    );
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.innerHTML = "<slot></slot>";
  }

  connectedCallback() {
    // Properties that a script set before the element was defined hide the class's own.
    for (const name of [...Object.keys(ATTRIBUTES), ...SETTABLE]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    if (this.#widget) {
      this.#speak();
      this.#widget.connected();
    } else this.#start().catch(() => {});
  }

  disconnectedCallback() { this.#widget?.disconnected(); }

  attributeChangedCallback(name) {
    if (name === "lang") this.#speak();
    else this.#widget?.attributeChanged();
  }

  /** Fetches and builds the model. */
  async load() {
    return (await this.#start()).load();
  }

  /** Runs the model on `inputs` with `parameters`, or on what the form holds; answers the task's output. */
  async run(inputs, parameters) {
    return (await this.#start()).run(inputs, parameters);
  }

  /** Stops a load or a run. */
  abort() { this.#widget?.abort(); }

  /** Gives the model's memory back. */
  unload() { this.#widget?.unload(); }

  get readyState() {
    return this.#failure ? "error" : (this.#widget?.readyState ?? "idle");
  }

  get output() {
    return this.#get("output");
  }

  get error() {
    return this.#failure ?? this.#get("error");
  }

  get inputs() {
    return this.#get("inputs");
  }

  set inputs(value) {
    this.#set("inputs", value);
  }

  get parameters() {
    return this.#get("parameters");
  }

  set parameters(value) {
    this.#set("parameters", value);
  }

  /** An access token: kept in memory, sent to the endpoint only, and not to be read back. */
  set token(value) {
    this.#set("token", value);
  }

  #get(name) {
    return (this.#widget ?? this.#early)[name] ?? null;
  }

  #set(name, value) {
    if (this.#widget) this.#widget[name] = value ?? undefined;
    else this.#early[name] = value;
  }

  // Takes the language of its place.
  async #speak() {
    const language = languageOf(this);
    const words = await wordsOf(language);
    // It may have become another meanwhile.
    if (language === languageOf(this)) this.#widget?.speak(language, words);
  }

  #start() {
    const language = languageOf(this);
    this.#starting ??= Promise.all([start(), wordsOf(language)]).then(
      ([{ module, Widget, sheet }, words]) => {
        this.#failure = null;
        this.#root.adoptedStyleSheets.push(sheet);
        const widget = new Widget(this, this.#root, this.#internals.states, module, import.meta.url, language, words);
        for (const name of SETTABLE) if (name in this.#early) widget[name] = this.#early[name] ?? undefined;
        this.#widget = widget;
        this.#speak();
        if (this.isConnected) widget.connected();
        return widget;
      },
      (cause) => {
        // What stands in the element goes on showing.
        this.#starting = undefined;
        const failure = (this.#failure = { code: "unsupported-browser", message: String(cause?.message ?? cause) });
        this.dispatchEvent(new CustomEvent("error", { detail: failure }));
        throw Object.assign(new Error(failure.message), { name: "ModelError", code: failure.code });
      },
    );
    return this.#starting;
  }
}

for (const [name, absent] of Object.entries(ATTRIBUTES)) {
  const get = function () { return this.getAttribute(name) ?? absent; };
  const set = function (value) { value == null ? this.removeAttribute(name) : this.setAttribute(name, value); };
  Object.defineProperty(ModelWidget.prototype, name, { configurable: true, enumerable: true, get, set });
}

// A second copy of the script leaves the first one's element as it is.
if (globalThis.customElements && !customElements.get("model-widget")) customElements.define("model-widget", ModelWidget);
