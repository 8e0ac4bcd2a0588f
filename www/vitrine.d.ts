// The types of vitrine.js.

/** A stable error code; see the README. */
export type ErrorCode =
  | "repo-not-found" | "revision-not-found" | "entry-not-found" | "gated-repo" | "network" | "truncated" | "integrity"
  | "rate-limited" | "cors" | "unsupported-task" | "unsupported-architecture" | "unsupported-head"
  | "unsupported-dtype" | "malformed-checkpoint" | "malformed-tokenizer" | "invalid-inputs" | "out-of-memory"
  | "storage" | "unsupported-browser" | "aborted" | "internal";

/** What a failed load or run rejects with. */
export interface ModelError extends Error {
  name: "ModelError";
  code: ErrorCode;
}

/** How far a load is; `loaded` never falls. */
export interface Progress {
  phase: "waiting" | "download" | "build";
  file: string;
  loaded: number;
  total: number;
}

export interface LoadOptions {
  /** The Hub where absent; any static host with its layout. */
  endpoint?: string;
  /** A branch, tag or commit; `main` where absent. */
  revision?: string;
  dtype?: "auto" | "f32" | "f16" | "bf16";
  /** Kept in memory, sent to the endpoint only. */
  token?: string;
  signal?: AbortSignal;
  onprogress?: (progress: Progress) => void;
}

export interface RunOptions {
  signal?: AbortSignal;
}

/** A loaded model. */
export interface Pipeline<Inputs, Parameters, Output> {
  (inputs: Inputs, parameters?: Parameters, options?: RunOptions): Promise<Output>;
  /** Gives the model's memory back. */
  unload(): void;
}

/** Inputs, parameters and output of each task, as in the Hub's specifications. */
export interface Tasks {
  "text-classification": [
    string | { text: string; text_pair?: string },
    { top_k?: number; function_to_apply?: "sigmoid" | "softmax" | "none" },
    { label: string; score: number }[],
  ];
  "feature-extraction": [
    string | string[],
    { normalize?: boolean; prompt_name?: string; truncate?: boolean; truncation_direction?: "Left" | "Right" },
    number[][] | number[][][],
  ];
  "sentence-similarity": [{ source_sentence: string; sentences: string[] }, Record<string, never>, number[]];
}

/** Loads a model for a task. */
export function pipeline<Task extends keyof Tasks>(
  task: Task,
  model: string,
  options?: LoadOptions,
): Promise<Pipeline<Tasks[Task][0], Tasks[Task][1], Tasks[Task][2]>>;

/** A repository of which files are kept on this device. */
export interface StoredModel {
  endpoint: string;
  model: string;
  commit: string;
  bytes: number;
}

/** What is kept on this device. */
export function stored(): Promise<StoredModel[]>;

/** Removes a model, as `stored` named it, or all of them; answers what is left. */
export function remove(model?: StoredModel): Promise<StoredModel[]>;
