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
  /** With `unsupported-head` and `unsupported-task`: the tasks that suit the model, the best first. */
  tasks?: string[];
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
  dtype?: "auto" | "f32" | "f16" | "bf16" | "q8";
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

/** An entity of a text; places are in characters (Unicode code points, not UTF-16 units). */
export interface Entity {
  /** With every aggregation strategy but `none`. */
  entity_group?: string;
  /** With the aggregation strategy `none`, as `index`. */
  entity?: string;
  index?: number;
  score: number;
  word: string;
  start: number;
  end: number;
}

/** An answer within a context; places are in characters (Unicode code points, not UTF-16 units). */
export interface Answer {
  answer: string;
  score: number;
  start: number;
  end: number;
}

/** A word for a mask. */
export interface Fill {
  score: number;
  token: number;
  token_str: string;
  sequence: string;
}

/** A map from column to cells, or a list of rows of which the first is the header. */
export type Table = Record<string, (string | number)[]> | (string | number)[][];

/** The answer to a question about a table; `coordinates` are rows and columns from 0. */
export interface TableAnswer {
  answer: string;
  coordinates: [number, number][];
  cells: string[];
  aggregator?: string;
}

/** Inputs, parameters and output of each task, as in the Hub's specifications. */
export interface Tasks {
  "text-classification": [
    string | { text: string; text_pair?: string },
    { top_k?: number; function_to_apply?: "sigmoid" | "softmax" | "none" },
    { label: string; score: number }[],
  ];
  "token-classification": [
    string,
    {
      /** `simple` where absent, as on the Hub; Python's own default is `none`. */
      aggregation_strategy?: "none" | "simple" | "first" | "average" | "max";
      ignore_labels?: string[];
      stride?: number;
    },
    Entity[],
  ];
  "table-question-answering": [
    { query: string | string[]; table: Table },
    { padding?: "do_not_pad" | "longest" | "max_length"; sequential?: boolean; truncation?: boolean },
    TableAnswer | TableAnswer[],
  ];
  "question-answering": [
    { question: string; context: string },
    {
      top_k?: number;
      doc_stride?: number;
      max_answer_len?: number;
      max_seq_len?: number;
      max_question_len?: number;
      handle_impossible_answer?: boolean;
      align_to_words?: boolean;
    },
    /** As Python gives it: one answer alone, several in a list. */
    Answer | Answer[],
  ];
  "zero-shot-classification": [
    string | { text: string; candidate_labels?: string | string[] },
    { candidate_labels?: string | string[]; hypothesis_template?: string; multi_label?: boolean },
    { label: string; score: number }[],
  ];
  "feature-extraction": [
    string | string[],
    { normalize?: boolean; prompt_name?: string; truncate?: boolean; truncation_direction?: "Left" | "Right" },
    number[][] | number[][][],
  ];
  /** A list for each mask where there are several. */
  "fill-mask": [string, { top_k?: number; targets?: string | string[] }, Fill[] | Fill[][]];
  "sentence-similarity": [{ source_sentence: string; sentences: string[] }, Record<string, never>, number[]];
  "text-ranking": [
    { query: string; texts: string[] },
    { top_k?: number; raw_scores?: boolean; return_text?: boolean },
    { index: number; score: number; text?: string }[],
  ];
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
