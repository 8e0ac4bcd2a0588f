// Models of every kind for the tests of pages and of the index, made once under target/, and the sites that `vitrine page` makes of them.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { ROOT } from "./repositories.mjs";
import { startStaticHost } from "./static-host.mjs";

/** Where all of it lies. */
export const MADE = join(ROOT, "target/pages");

/** The program. */
export const PROGRAM = process.env.VITRINE ?? join(ROOT, "target/native/vitrine");
const TINY = join(ROOT, "www/models/vitrine/tiny-sentiment");
const THREE_LABELS = join(ROOT, "tests/checkpoints/bert-sequence-classification");

/** The site whose pictures the card of `lab/everything` shows. */
export const PICTURES = "https://pictures.example";

/** Runs `vitrine`; `{status, stdout, stderr}`. */
export const vitrine = (...words) => spawnSync(PROGRAM, words, { encoding: "utf8", maxBuffer: 1 << 26 });

/** A file is text, or bytes. */
function write(folder, files) {
  for (const [path, content] of Object.entries(files)) {
    const place = join(folder, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
  }
}

const git = (folder, ...words) =>
  execFileSync("git", ["-C", folder, "-c", "user.name=A. Author", "-c", "user.email=author@example.org", ...words], { encoding: "utf8" }).trim();

/** A picture of one colour, of these sizes. */
export function picture(width, height) {
  const chunk = (kind, bytes) => {
    const body = Buffer.concat([Buffer.from(kind), bytes]);
    const all = Buffer.alloc(body.length + 8);
    all.writeUInt32BE(bytes.length);
    body.copy(all, 4);
    all.writeUInt32BE(crc(body), body.length + 4);
    return all;
  };
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  const rows = deflateSync(Buffer.alloc((width + 1) * height));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))]);
}

/** The checksum of a chunk, as PNG defines it. */
function crc(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return ~sum >>> 0;
}

/** The header of a safetensors file whose only tensor has so many numbers, without the numbers. */
export function weightsOf(count, dtype = "F32") {
  const header = Buffer.from(JSON.stringify({ weight: { dtype, shape: [count], data_offsets: [0, 0] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header]);
}

/** What a card can have, all at once. */
const EVERYTHING = `---
license: other
license_name: fair-use-1.0
license_link: LICENSE
language: [en, ar, de]
library_name: transformers
pipeline_tag: text-classification
tags: [text-classification, reviews, "arxiv:1810.04805", not-for-all-audiences]
datasets: [stanfordnlp/imdb]
base_model: google-bert/bert-base-uncased
base_model_relation: finetune
new_version: lab/reviews
co2_eq_emissions: {emissions: 149200, source: CodeCarbon, training_type: fine-tuning, geographical_location: Quebec, hardware_used: 8 V100}
metrics: [accuracy]
widget:
- text: "The plot was <b>thin</b> & slow."
  example_title: Markup
  output: [{label: negative, score: 0.75}, {label: neutral, score: 0.2}, {label: positive, score: 0.05}]
- text: "كان الفيلم رائعا"
  example_title: فيلم
  output: [{label: positive, score: 0.9}, {label: neutral, score: 0.06}, {label: negative, score: 0.04}]
model-index:
- name: everything
  results:
  - task: {type: text-classification, name: Sentiment of reviews}
    dataset: {type: stanfordnlp/imdb, name: IMDb, config: plain_text, split: test}
    metrics:
    - {type: accuracy, value: 0.9105504587155964, name: Accuracy, verified: true}
    - {type: f1, value: 88.5}
    source: {name: The leaderboard, url: "https://board.example/imdb"}
---

# Everything

[![badge](${PICTURES}/badge.png)](https://example.org) A card with everything, after [a paper](https://arxiv.org/abs/1908.10084v2).[^1]

![A plot of this repository](pictures/plot.png)
![A plot of elsewhere](${PICTURES}/plot.png)

<picture><source media="(prefers-color-scheme: dark)" srcset="pictures/dark.png"><img alt="A logo" src="pictures/light.png"></picture>

## Intended uses

- [x] reviews of films
- [ ] anything else

## Bias, Risks, and Limitations

It knows reviews **of films** alone. The score is $p = \\frac{1}{1 + e^{-x}}$, and

$$\\mathrm{softmax}(x)_i = \\frac{e^{x_i}}{\\sum_j e^{x_j}}$$

## Training data

| data | sentences | ${"a long heading of a column ".repeat(4)}| licence |
|---|--:|---|:-:|
| IMDb | 25,000 | ${"a_long_word_that_does_not_break_".repeat(3)} | other |

\`\`\`python
from transformers import pipeline  # a comment
print(pipeline("text-classification", model="lab/everything")("${"a long line ".repeat(12)}"), 1.5, None)
\`\`\`

> كان الفيلم رائعا، وسأشاهده مرة أخرى.

### Deeper

1. one
2. two

[^1]: The footnote.
`;

/** The folder of models `owner/name`: of every kind. */
function makeModels() {
  const folder = join(MADE, "models");
  rmSync(folder, { recursive: true, force: true });
  cpSync(TINY, join(folder, "vitrine/tiny-sentiment"), { recursive: true });
  cpSync(THREE_LABELS, join(folder, "lab/everything"), { recursive: true });
  write(join(folder, "lab/everything"), {
    "README.md": EVERYTHING, LICENSE: "All rights reserved.\n", "folder/notes.txt": "Notes.\n",
    "pictures/plot.png": picture(640, 320), "pictures/dark.png": picture(64, 64), "pictures/light.png": picture(64, 64),
  });
  cpSync(THREE_LABELS, join(folder, "lab/no-card"), { recursive: true });
  rmSync(join(folder, "lab/no-card/README.md"), { force: true });
  write(join(folder, "lab/no-config"), { "README.md": "---\nlicense: mit\n---\nA card alone.\n" });
  write(join(folder, "lab/no-words"), { "README.md": "" });
  makeHistory(join(folder, "lab/reviews"));
  return folder;
}

/** The commits of `lab/reviews`, by the names that the tests have for them. */
export const history = {};

/** A repository of git: another model before and now, two branches, a light and an annotated tag. */
function makeHistory(folder) {
  mkdirSync(folder, { recursive: true });
  git(folder, "init", "--quiet", "--initial-branch=main");
  const commit = (name, message) => {
    git(folder, "add", "--all");
    git(folder, "commit", "--quiet", "--message", message);
    history[name] = git(folder, "rev-parse", "HEAD");
  };
  cpSync(THREE_LABELS, folder, { recursive: true });
  write(folder, { "README.md": "---\npipeline_tag: text-classification\n---\n# Three labels\n" });
  commit("three", "Three labels");
  git(folder, "tag", "v1");
  git(folder, "branch", "old");
  for (const path of git(folder, "ls-files").split("\n")) rmSync(join(folder, path));
  cpSync(TINY, folder, { recursive: true });
  commit("two", "Two labels <b>now</b>");
  git(folder, "tag", "--annotate", "v2", "--message", "The second version");
  write(folder, { "NOTICE": "Nothing.\n" });
  commit("now", "A notice");
}

/** Models of the index, so many: `{id, task, library, languages, licence, tags, parameters}`, the same every time. */
export function indexModels(count) {
  let state = 42;
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  // The earlier of a list are the more frequent ones, as in the Hub.
  const pick = (list) => list[Math.floor(list.length * (random(1000) / 1000) ** 2)];
  const parts = ["bert", "roberta", "mini", "tiny", "sentiment", "reviews", "ner", "qa", "multilingual", "base", "large", "groesse", "legal", "v2"];
  return Array.from({ length: count }, (_, number) => ({
    id: `${pick(["lab", "acme", "Uni-X", "org"])}/${pick(parts)}-${pick(parts)}-${number}`,
    task: pick(["text-classification", "fill-mask", "feature-extraction", "token-classification", "question-answering", "image-classification"]),
    library: pick(["transformers", "sentence-transformers", "timm", "spacy"]),
    languages: [...new Set([pick(["en", "de", "fr", "ar", "zh", "sw"]), pick(["en", "de", "fr", "ar", "zh", "sw"])])],
    licence: pick(["apache-2.0", "mit", "cc-by-4.0", "openrail"]),
    tags: [pick(["pytorch", "onnx", "distilled"]), pick(["biology", "finance", "news", "中文"])],
    parameters: [4_000_000, 22_000_000, 110_000_000, 7_000_000_000][random(4)],
  }));
}

/** Writes models of the index as repositories. */
export function writeIndexModels(folder, models, weights = ({ parameters }) => weightsOf(parameters)) {
  for (const model of models) {
    const { id, task, library, languages, licence, tags } = model;
    const card = { license: licence, library_name: library, pipeline_tag: task, language: languages, tags };
    const yaml = Object.entries(card).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join("");
    write(join(folder, id), {
      "README.md": `---\n${yaml}---\n# ${id}\n\nA model.\n`, "config.json": '{"model_type":"bert"}\n', "model.safetensors": weights(model),
    });
  }
}

const built = new Map();

/** Builds a site once: of these arguments of `vitrine page`, which may need something made first. */
function build(name, make) {
  if (!built.has(name)) {
    const out = join(MADE, "sites", name);
    rmSync(out, { recursive: true, force: true });
    const { status, stderr } = vitrine("page", ...make(), "--out", out, "--site", join(ROOT, "dist"));
    if (status !== 0) throw new Error(`vitrine page: ${stderr}`);
    built.set(name, out);
  }
  return built.get(name);
}

let models;
const folderOfModels = () => (models ??= makeModels());

/** Sites: models of every kind, in English and in Arabic; each of two alone; 250 models to search in. */
const SITES = {
  all: () => build("all", () => [folderOfModels()]),
  arabic: () => build("arabic", () => [folderOfModels(), "--lang", "ar"]),
  reviews: () => build("reviews", () => [join(folderOfModels(), "lab/reviews")]),
  tiny: () => build("tiny", () => [join(ROOT, "www/models")]),
  index: () =>
    build("index", () => {
      const folder = join(MADE, "index-models");
      rmSync(folder, { recursive: true, force: true });
      writeIndexModels(folder, INDEX);
      return [folder];
    }),
};

/** The models of the site `index`. */
export const INDEX = indexModels(250);

/** The folder of a site. */
export const folderOf = (name) => SITES[name]();

/** A static host with this site in a folder of its own, `root`; `requests` are the files that were asked for, with their bytes. */
export async function host(t, name) {
  const started = t.keep(await startStaticHost(dirname(folderOf(name))));
  return Object.assign(started, { root: `${started.origin}/${name}/` });
}
