"""Cases of the tasks that need a head, on tiny random checkpoints."""

import sentence_transformers
import torch
import transformers
from sentence_transformers import CrossEncoder

import texts
from head_texts import BERLIN, UNICODE
from writing import Cases

TAGS = ("token-classification", "fill-mask", "zero-shot-classification", "text-ranking")
PIPELINE = f"transformers {transformers.__version__} pipeline('{{tag}}')"
RANK = f"sentence-transformers {sentence_transformers.__version__} CrossEncoder.rank"


def make(make):
    token_classification(make)
    fill_mask(make)
    zero_shot(make)
    ranking(make)


def entities_of(classify):
    """Runs a pipeline with `simple` where no strategy is given, as the Hub's API does."""
    def run(inputs, aggregation_strategy="simple", **parameters):
        return classify(inputs, aggregation_strategy=aggregation_strategy, **parameters)
    return run


def token_classification(make):
    strategies = ("none", "simple", "first", "average", "max")
    for model in ("checkpoints/bert-token-classification", "checkpoints/roberta-token-classification"):
        case = Cases("token-classification", PIPELINE, model, entities_of(make.pipeline("token-classification", model)))
        for strategy in strategies:
            case(strategy, BERLIN, aggregation_strategy=strategy)
            for name, text in UNICODE.items():
                case(f"{name}-{strategy}", text, aggregation_strategy=strategy)
        case("default", BERLIN)
        case("empty", "")
        case("space", "  \n")
        case("one-word", "Berlin", aggregation_strategy="first")
        case("ignore-nothing", BERLIN, ignore_labels=[])
        case("ignore-groups", BERLIN, ignore_labels=["O", "LOC"])
        case("ignore-tokens", BERLIN, ignore_labels=["B-LOC", "I-LOC", "ORG"], aggregation_strategy="none")
        case("special-tokens", "The [MASK] and <mask> of [SEP] </s> [UNK] <unk> [CLS] <s>", aggregation_strategy="average")
        case("cut", texts.words(100, 3), aggregation_strategy="none")
        case("cut-simple", texts.LONG_REVIEW)
        for strategy in strategies[1:]:
            case(f"stride-8-{strategy}", texts.LONG_REVIEW[:700], stride=8, aggregation_strategy=strategy)
        case("stride-0", texts.words(50, 7), stride=0)
        case("stride-20-unicode", " ".join([*UNICODE.values()] * 2), stride=20, aggregation_strategy="max")
        case("stride-short", BERLIN, stride=16)
        case("stride-ignore-nothing", texts.words(40, 5), stride=30, ignore_labels=[])
        case.write()


def fill_mask(make):
    for model in ("checkpoints/bert-masked-lm", "checkpoints/roberta-masked-lm"):
        fill = make.pipeline("fill-mask", model)
        mask = fill.tokenizer.mask_token

        def run(inputs, fill=fill, **parameters):
            return fill(inputs, tokenizer_kwargs={"truncation": True}, **parameters)

        case = Cases("fill-mask", PIPELINE, model, run)
        paris = f"Paris is the {mask} of France."
        case("default", paris)
        case("top-1", paris, top_k=1)
        case("top-20", paris, top_k=20)
        case("alone", mask)
        case("first", f"{mask} is a happy dog")
        case("no-space", f"un{mask}able")
        case("two", f"The {mask} of Germany is {mask}.")
        case("three-top-2", f"{mask} {mask}{mask} and", top_k=2)
        case("targets", paris, targets=["capital", " capital", "the", "cat"])
        case("target-text", paris, targets="weather")
        case("targets-unknown", paris, targets=["antidisestablishment", "日本", "dog house", "Ġthe", "##ing"])
        case("targets-top-2", paris, targets=["a", "b", "c", "d"], top_k=2)
        case("targets-fewer-than-top", paris, targets=["of", "is"], top_k=7)
        case("targets-two-masks", f"{mask} is {mask}", targets=["That", "that", "happy"])
        for name, text in UNICODE.items():
            case(name, f"{text[:12]} {mask} {text}", top_k=3)
        case("cut", f"{texts.words(10)} {mask} {texts.words(90, 3)}", top_k=2)
        case("other-special-tokens", f"[CLS] <s> {mask} [SEP] </s> [PAD] <pad>", top_k=2)
        case.write()


def zero_shot(make):
    problem = "I have a problem with my phone that needs to be resolved as soon as possible!"
    labels = ["urgent", "not urgent", "phone", "tablet", "computer"]
    for model in ("checkpoints/bert-nli", "checkpoints/roberta-nli"):
        classify = make.pipeline("zero-shot-classification", model)

        def run(inputs, classify=classify, **parameters):
            given = inputs if isinstance(inputs, dict) else {"text": inputs}
            if "candidate_labels" in given:
                parameters["candidate_labels"] = given["candidate_labels"]
            parameters |= {"multi_label": parameters.pop("multi_class")} if "multi_class" in parameters else {}
            output = classify(given["text"], **parameters)
            return [{"label": label, "score": score} for label, score in zip(output["labels"], output["scores"])]

        case = Cases("zero-shot-classification", PIPELINE, model, run)
        case("labels-of-inputs", {"text": problem, "candidate_labels": labels})
        case("labels-of-parameters", problem, candidate_labels=labels)
        case("commas", problem, candidate_labels=" urgent,not urgent , phone,, tablet")
        case("multi-label", problem, candidate_labels=labels, multi_label=True)
        case("multi-class", problem, candidate_labels=labels, multi_class=True)
        case("one", problem, candidate_labels=["phone"])
        case("one-text", problem, candidate_labels="phone", multi_label=False)
        case("template", problem, candidate_labels=labels, hypothesis_template="The text is about {}, is it?")
        case("template-number", problem, candidate_labels=labels, hypothesis_template="{0}! {{{0}}}", multi_label=True)
        case("template-only", problem, candidate_labels=labels, hypothesis_template="{}")
        case("long", texts.words(100, 3), candidate_labels=labels)
        case("long-multi-label", texts.LONG_REVIEW, candidate_labels=labels, multi_label=True)
        case("unequal", problem, candidate_labels=["a", "science and history of music", "the weather in Paris", "x y"])
        case("twice", problem, candidate_labels=["phone", "tablet", "phone"])
        for name, text in UNICODE.items():
            case(name, text, candidate_labels=["柏林", "café ❤️", "סרט", text[:9]])
        case.write()


def ranking(make):
    query = "Where is the Eiffel Tower?"
    for model in ("checkpoints/bert-cross-encoder", "checkpoints/roberta-cross-encoder"):
        encoder = CrossEncoder(str(make.folder(model)), device="cpu", model_kwargs={"dtype": torch.float32})

        def run(inputs, encoder=encoder, raw_scores=False, return_text=False, **parameters):
            activation = {"activation_fn": torch.nn.Identity()} if raw_scores else {}
            ranked = encoder.rank(inputs["query"], inputs["texts"], return_documents=return_text, **activation, **parameters)
            text = ["text"] if return_text else []
            return [{"index": rank["corpus_id"], **{key: rank[key] for key in [*text, "score"]}} for rank in ranked]

        case = Cases("text-ranking", RANK, model, run)
        twenty = {"query": query, "texts": texts.TWENTY}
        case("twenty", twenty)
        case("top-3", twenty, top_k=3)
        case("top-more", {"query": query, "texts": texts.TWENTY[:3]}, top_k=9)
        case("raw-scores", twenty, raw_scores=True)
        case("return-text", {"query": query, "texts": texts.TWENTY[:4]}, return_text=True, top_k=2)
        case("one", {"query": query, "texts": ["It is in Paris."]})
        case("unicode", {"query": UNICODE["cjk"], "texts": list(UNICODE.values())})
        case("long", {"query": query, "texts": [texts.words(90, 3), texts.LONG_REVIEW, "short", texts.words(45)]})
        case("long-query", {"query": texts.words(70, 3), "texts": ["short", texts.words(80), ""]})
        case("empty", {"query": "", "texts": ["", " ", "x"]})
        case.write()
