// The types of model-widget.js.

import type { ErrorCode, LoadOptions, ModelError, Progress, Tasks } from "./vitrine.js";

/** The attributes of `<model-widget>`, as text. */
export interface ModelWidgetAttributes {
  /** The repository, `org/name`. */
  model?: string;
  /** A branch, tag or commit; `main` where absent. */
  revision?: string;
  /** The repository's own task where absent. */
  task?: keyof Tasks | "ner" | (string & {});
  /** The Hub where absent; any static host with its layout. */
  endpoint?: string;
  /** The form of the weights in memory. */
  dtype?: NonNullable<LoadOptions["dtype"]>;
  /** When the model is loaded: at a click, when the widget comes into view, or at once. */
  loading?: "click" | "visible" | "eager";
  /** Workers that share the model: `auto`, or a whole number from 1 on. */
  cores?: "auto" | `${number}`;
  theme?: "auto" | "light" | "dark";
}

/** What the event `output` tells. */
export interface OutputDetail {
  inputs: unknown;
  /** As the model's task gives it; see `Tasks`. */
  output: unknown;
  /** Milliseconds of the run. */
  elapsed: number;
}

/** What the event `error` tells, and the property `error` holds. */
export interface ErrorDetail {
  code: ErrorCode;
  message: string;
  /** With `unsupported-head` and `unsupported-task`: the tasks that suit the model, the best first. */
  tasks?: string[];
}

/** The events of `<model-widget>`; none bubbles. */
export interface ModelWidgetEventMap {
  loadstart: CustomEvent<null>;
  progress: CustomEvent<Progress>;
  load: CustomEvent<null>;
  output: CustomEvent<OutputDetail>;
  abort: CustomEvent<null>;
  error: CustomEvent<ErrorDetail>;
}

type Listener<Name extends keyof ModelWidgetEventMap> = (this: ModelWidget, event: ModelWidgetEventMap[Name]) => unknown;

/** The element `<model-widget>`: a model behind glass on a page. */
export class ModelWidget extends HTMLElement {
  static readonly observedAttributes: (keyof ModelWidgetAttributes | "lang")[];

  get model(): string;
  set model(value: string | null);
  get revision(): string;
  set revision(value: string | null);
  get task(): string;
  set task(value: string | null);
  get endpoint(): string;
  set endpoint(value: string | null);
  get dtype(): string;
  set dtype(value: string | null);
  get loading(): string;
  set loading(value: string | null);
  get cores(): string;
  set cores(value: string | number | null);
  get theme(): string;
  set theme(value: string | null);

  /** The inputs of the task: what the form holds. */
  inputs: unknown;
  /** The parameters of the task: what the form holds. */
  parameters: unknown;
  /** An access token: kept in memory, sent to the endpoint only, and not to be read back. */
  set token(value: string | null);

  /** The last output; `null` before the first. */
  readonly output: unknown;
  /** Why the last load or run failed. */
  readonly error: ErrorDetail | null;
  readonly readyState: "idle" | "loading" | "ready" | "running" | "error";

  /** Fetches and builds the model; rejects with a `ModelError`. */
  load(): Promise<void>;
  /** Runs the model on these inputs, or on what the form holds, and loads it first where need be. */
  run<Task extends keyof Tasks>(inputs?: Tasks[Task][0], parameters?: Tasks[Task][1]): Promise<Tasks[Task][2]>;
  /** Stops a load or a run. */
  abort(): void;
  /** Gives the model's memory back. */
  unload(): void;

  addEventListener<Name extends keyof ModelWidgetEventMap>(
    type: Name,
    listener: Listener<Name>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof ModelWidgetEventMap>>(
    type: Name,
    listener: (this: ModelWidget, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof ModelWidgetEventMap>(
    type: Name,
    listener: Listener<Name>,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof ModelWidgetEventMap>>(
    type: Name,
    listener: (this: ModelWidget, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "model-widget": ModelWidget;
  }
}

export type { ErrorCode, ModelError, Progress, Tasks };
