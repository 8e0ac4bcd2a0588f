// A page's script in TypeScript: what compiles with the package's types, and what must not.
import { ModelWidget } from "vitrine-widget";
import { pipeline, stored, type Answer, type ErrorCode, type ModelError } from "vitrine-widget/pipeline";

const widget: ModelWidget = document.createElement("model-widget");
document.querySelector("model-widget")?.addEventListener("progress", ({ detail }) => detail.loaded / detail.total);

widget.model = "org/name";
widget.cores = 2;
widget.task = null;
widget.token = "secret";
widget.inputs = { text: "some text" };
widget.addEventListener("output", function (event) {
  const elapsed: number = event.detail.elapsed;
  console.log(elapsed, event.detail.output, this.readyState === "ready");
});
widget.addEventListener("error", ({ detail }) => {
  const code: ErrorCode = detail.code;
  console.log(code, detail.tasks?.[0]);
});
widget.addEventListener("loadstart", ({ detail }) => detail satisfies null);
widget.addEventListener("click", ({ clientX }) => clientX);
const element: HTMLElement = widget;
element.addEventListener("focus", () => {});
await widget.load();
const labels = await widget.run<"text-classification">("some text", { top_k: 2 });
labels.map(({ label, score }) => `${label} ${score.toFixed(3)}`);

const answer = await pipeline("question-answering", "org/name", { dtype: "q8", onprogress: ({ phase }) => phase === "build" });
const found: Answer | Answer[] = await answer({ question: "Who?", context: "She." }, { top_k: 1 }, { signal: new AbortController().signal });
answer.unload();
console.log(found, (await stored())[0]?.bytes, (error: ModelError) => error.code === "gated-repo");

// @ts-expect-error: a state cannot be set
widget.readyState = "ready";
// @ts-expect-error: a token cannot be a number
widget.token = 1;
// @ts-expect-error: the event's detail has no such field
widget.addEventListener("output", ({ detail }) => detail.label);
// @ts-expect-error: progress tells numbers
widget.addEventListener("progress", ({ detail }) => detail.loaded.trim());
// @ts-expect-error: there is no such task
await pipeline("no-such-task", "org/name");
// @ts-expect-error: there is no such dtype
await pipeline("fill-mask", "org/name", { dtype: "q9" });
// @ts-expect-error: a question needs a context
await answer({ question: "Who?" });
// @ts-expect-error: there is no such parameter
await widget.run<"text-classification">("some text", { topk: 2 });
// @ts-expect-error: a load takes no arguments
await widget.load("org/name");
