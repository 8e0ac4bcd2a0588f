"""Makes the cases: inputs, and the outputs that the Python libraries give for them.

Needs Python 3.11+ and
    pip install torch==2.15.0 transformers==5.23.0 sentence-transformers==6.2.0
Run `python make_cases.py --models DIR`, where DIR holds the real models as DIR/<org>/<name>/.
Weights of every type are computed in f32, and a text longer than the model takes is cut. The cases of question answering
are made by make_question_answering.py, with an older transformers.
"""

import argparse
import shutil
from pathlib import Path

import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer
from transformers import AutoConfig, pipeline

import head_cases
import real_model_cases
import texts
from writing import ABSOLUTE, HERE, folder_of, rounded, write

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
TINY = "vitrine/tiny-sentiment"
PIPELINE = f"transformers {transformers.__version__} pipeline('{{tag}}')"
SENTENCE_TRANSFORMERS = f"sentence-transformers {sentence_transformers.__version__} SentenceTransformer"
UNBOUNDED = {"absolute": 1e-3}
COSINE = {"cosine": 0.99999}


class Maker:
    def __init__(self, models):
        self.models = models
        self.loaded = {}

    def folder(self, model):
        return folder_of(model, self.models)

    def pipeline(self, task, model):
        if (task, model) not in self.loaded:
            folder = self.folder(model)
            # Python takes a variant by its name only; Vitrine takes it where there is nothing else.
            variant = {"checkpoints/bert-variant": {"variant": "fp16"}}.get(model)
            self.loaded[task, model] = pipeline(task, model=str(folder), device="cpu", dtype=torch.float32,
                                                model_kwargs=variant)
        return self.loaded[task, model]

    def sentence_transformer(self, model):
        if model not in self.loaded:
            self.loaded[model] = SentenceTransformer(
                str(self.folder(model)), device="cpu", model_kwargs={"dtype": torch.float32})
        return self.loaded[model]

    def truncation(self, model):
        config = AutoConfig.from_pretrained(self.folder(model))
        return {"truncation": True, "max_length": config.max_position_embeddings}

    def text_classification(self, name, model, inputs, **parameters):
        classify = self.pipeline("text-classification", model)
        arguments = {"top_k": None, **parameters, **self.truncation(model)}
        output = classify([inputs], **arguments)[0]
        output = [{"label": row["label"], "score": round(row["score"], 6)} for row in output]
        write("text-classification", name, PIPELINE, model, inputs, parameters, output, ABSOLUTE)

    def token_embeddings(self, name, model, inputs):
        extract = self.pipeline("feature-extraction", model)
        rows = [extract(text, tokenize_kwargs=self.truncation(model))[0]
                for text in ([inputs] if isinstance(inputs, str) else inputs)]
        output = rows[0] if isinstance(inputs, str) else rows
        write("feature-extraction", name, PIPELINE, model, inputs, {}, rounded(output, 6), ABSOLUTE)

    def embeddings(self, name, model, inputs, tolerance=ABSOLUTE, digits=6, **parameters):
        sentences = [inputs] if isinstance(inputs, str) else inputs
        rows = self.sentence_transformer(model).encode(
            sentences, normalize_embeddings=parameters.get("normalize", False),
            prompt_name=parameters.get("prompt_name"), show_progress_bar=False)
        write("feature-extraction", name, f"{SENTENCE_TRANSFORMERS}.encode", model, inputs, parameters,
              rounded(rows.tolist(), digits), tolerance)

    def sentence_similarity(self, name, model, source, sentences):
        encoder = self.sentence_transformer(model)
        scores = encoder.similarity(encoder.encode([source], show_progress_bar=False),
                                    encoder.encode(sentences, show_progress_bar=False))
        inputs = {"source_sentence": source, "sentences": sentences}
        tolerance = UNBOUNDED if encoder.similarity_fn_name in ("dot", "manhattan") else ABSOLUTE
        write("sentence-similarity", name, f"{SENTENCE_TRANSFORMERS}.similarity", model, inputs, {},
              rounded(scores[0].tolist(), 6), tolerance)


SENTENCE = ("mean", "cls-normalize", "max", "mean-sqrt-len", "weighted-mean", "last-token", "concat", "dense", "bin")
FILES = ("bin-zip", "bin-legacy", "sharded", "bin-sharded", "variant")
HEADS = ("bert-sequence-classification", "bert-multi-label", "bert-regression")


def classification_heads(make):
    case = make.text_classification
    for head in HEADS:
        short = head.removeprefix("bert-")
        model = f"checkpoints/{head}"
        case(short, model, "I love this movie, it was wonderful!")
        case(f"{short}-over-long", model, texts.words(100, 3))
        case(f"{short}-empty", model, "")
        for function in ("sigmoid", "softmax", "none"):
            case(f"{short}-{function}", model, "The food was good but the service slow.", function_to_apply=function)
        case(f"{short}-pair", model, {"text": "Where is it?", "text_pair": "The station is next to the bank."})
    model = "checkpoints/bert-sequence-classification"
    case("top-1", model, "What is the weather like today?", top_k=1)
    case("top-2", model, "What is the weather like today?", top_k=2)
    case("top-more-than-labels", model, "What is the weather like today?", top_k=9)
    case("top-2-none", model, "What is the weather like today?", top_k=2, function_to_apply="none")
    case("pair-over-long", model, {"text": texts.words(60), "text_pair": texts.words(50, 3)})
    case("pair-second-over-long", model, {"text": "Short.", "text_pair": texts.words(90, 3)})
    case("accents-and-unknown", model, "Où est le café? 日本 😀 \u0000 [MASK]")
    case("multi-label-top-2", "checkpoints/bert-multi-label", "He plays football with his friends.", top_k=2)


def classification_files(make):
    for name in FILES:
        for kind, text in (("", "I love this movie, it was wonderful!"), ("-over-long", texts.words(100, 3))):
            make.text_classification(f"{name}{kind}", f"checkpoints/bert-{name}", text)


def classification_tiny_sentiment(make):
    for name, text in {
        "positive": "I love this movie, I would watch it again and again!",
        "negative": "The food was cold and the waiter was rude.",
        "negation": "This is not a good phone.",
        "mixed": "The acting was great but the story was boring.",
        "one-word": "terrible",
        "emoji": "best purchase ever 😀👍🏽 ❤️",
        "empty": "",
        "very-long": texts.LONG_REVIEW,
        "other-language": "Das Essen war ausgezeichnet, und 日本 auch.",
        "markup-and-url": "<b>Great</b> product, see https://example.com/a?b=1 & enjoy\n\tit!",
    }.items():
        make.text_classification(f"tiny-sentiment-{name}", TINY, text)
    sentence = "An average film with a few good jokes."
    make.text_classification("tiny-sentiment-top-1", TINY, sentence, top_k=1)
    make.text_classification("tiny-sentiment-sigmoid", TINY, sentence, function_to_apply="sigmoid")
    make.text_classification("tiny-sentiment-none", TINY, sentence, function_to_apply="none")


def features(make):
    for name in ("bert-base-legacy", "bert-bf16", "bert-f16"):
        model = f"checkpoints/{name}"
        make.token_embeddings(name, model, "That is a happy person, isn't it?")
        make.token_embeddings(f"{name}-batch", model, texts.UNEQUAL)
    make.token_embeddings("bert-base-legacy-over-long", "checkpoints/bert-base-legacy", texts.words(90, 3))
    make.token_embeddings("bert-base-legacy-empty", "checkpoints/bert-base-legacy", "")

    for name in SENTENCE:
        model = f"checkpoints/sentence-{name}"
        make.embeddings(f"sentence-{name}", model, "That is a Happy Person")
        make.embeddings(f"sentence-{name}-batch", model, texts.UNEQUAL)
        make.embeddings(f"sentence-{name}-over-long", model, texts.words(90, 3))
    make.embeddings("sentence-mean-normalize", "checkpoints/sentence-mean", texts.UNEQUAL, normalize=True)
    dog = "That is a happy dog"
    make.embeddings("sentence-max-normalize", "checkpoints/sentence-max", dog, normalize=True)
    make.embeddings("sentence-mean-normalize-false", "checkpoints/sentence-mean", dog, normalize=False)
    make.embeddings("sentence-concat-prompt-name", "checkpoints/sentence-concat", dog, prompt_name="query")
    make.embeddings("sentence-cls-normalize-case", "checkpoints/sentence-cls-normalize",
                    ["PARIS is THE Capital", "paris is the capital", "ÉCOLE Où STRASSE İstanbul"])

    make.embeddings("all-minilm-l6-v2", MINILM, "That is a happy person", digits=6)
    make.embeddings("all-minilm-l6-v2-varied", MINILM, texts.VARIED, tolerance=COSINE, digits=5)


def similarities(make):
    case = make.sentence_similarity
    source = "That is a happy person"
    sentences = ["That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    case("all-minilm-l6-v2", MINILM, source, sentences)
    case("all-minilm-l6-v2-identical", MINILM, source, [source, source.upper(), f"  {source}\n", f"{source}."])
    case("all-minilm-l6-v2-empty", MINILM, "", ["", source, " ", "."])
    case("all-minilm-l6-v2-long", MINILM, texts.LONG_REVIEW,
         ["A review of a phone", texts.words(600, 7), texts.LONG_REVIEW, " ".join(texts.LONG_REVIEW.split()[:100])])
    case("all-minilm-l6-v2-multilingual", MINILM, "He is a happy man", texts.OTHER_LANGUAGES[:12])
    case("all-minilm-l6-v2-emoji", MINILM, "I am so happy 😀", ["😀", "so sad 😭💔", "I am so happy", "👍🏽 great"])
    case("all-minilm-l6-v2-twenty", MINILM, "Where is the Eiffel Tower?", texts.TWENTY)
    case("all-minilm-l6-v2-one", MINILM, "How do I reset my password?", ["I forgot my login details, what now?"])
    for name in SENTENCE:
        model = f"checkpoints/sentence-{name}"
        case(f"sentence-{name}", model, source, sentences)
        case(f"sentence-{name}-twenty", model, "Where is the Eiffel Tower?", texts.TWENTY)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--models", type=Path, required=True, help="folder of real models, <org>/<name>/")
    arguments.add_argument("--threads", type=int, default=2)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    transformers.logging.set_verbosity_error()
    make = Maker(options.models)
    for tag in ("text-classification", "feature-extraction", "sentence-similarity", *head_cases.TAGS):
        shutil.rmtree(HERE / tag, ignore_errors=True)
    classification_heads(make)
    classification_files(make)
    features(make)
    similarities(make)
    head_cases.make(make)
    real_model_cases.make(make)
    if (make.folder(TINY) / "model.safetensors").exists():
        classification_tiny_sentiment(make)


if __name__ == "__main__":
    main()
