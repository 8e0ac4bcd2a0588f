"""BERT, RoBERTa and those that differ from them in little: their tiny configs and classes."""

import transformers
from make_architectures import VOCABULARY, Architecture

SIZES = dict(vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
             max_position_embeddings=24)
HEADS = {"none": "Model", "masked-lm": "ForMaskedLM", "sequence-classification": "ForSequenceClassification",
         "token-classification": "ForTokenClassification", "question-answering": "ForQuestionAnswering",
         "multiple-choice": "ForMultipleChoice"}


def classes(name, heads=HEADS):
    """The classes of an architecture by head, for instance `BertForMaskedLM`."""
    return {head: getattr(transformers, name + heads[head]) for head in heads}


def config(kind, **values):
    """A function that makes the config with some values changed."""
    return lambda **changes: kind(**{**SIZES, **values, **changes})


ROBERTA = dict(max_position_embeddings=26, type_vocab_size=1, layer_norm_eps=1e-5)

ARCHITECTURES = [
    Architecture("bert", config(transformers.BertConfig), classes("Bert"), types=2),
    Architecture("camembert", config(transformers.CamembertConfig, **ROBERTA | dict(type_vocab_size=2)),
                 classes("Camembert"), pad_id=1, types=2),
    Architecture("distilbert", lambda **changes: transformers.DistilBertConfig(
        **{**dict(vocab_size=VOCABULARY, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=24),
           **changes}), classes("DistilBert"), changes={"masked-lm": dict(activation="relu")}),
    Architecture("ernie", config(transformers.ErnieConfig), classes("Ernie"), types=2,
                 changes={head: dict(use_task_id=True) for head in ("none", "masked-lm", "question-answering")}),
    Architecture("layoutlm", config(transformers.LayoutLMConfig, max_2d_position_embeddings=8),
                 classes("LayoutLM", {head: name for head, name in HEADS.items() if head != "multiple-choice"}), types=2),
    Architecture("megatron-bert", config(transformers.MegatronBertConfig), classes("MegatronBert"), types=2),
    Architecture("mpnet", config(transformers.MPNetConfig, max_position_embeddings=42), classes("MPNet"), pad_id=1,
                 longest=40),
    Architecture("roberta", config(transformers.RobertaConfig, **ROBERTA), classes("Roberta"), pad_id=1),
    Architecture("roberta-prelayernorm", config(transformers.RobertaPreLayerNormConfig, **ROBERTA),
                 classes("RobertaPreLayerNorm"), pad_id=1),
    # The question's token is one of the random ids, absent from some texts and twice in one.
    Architecture("splinter", config(transformers.SplinterConfig, question_token_id=30),
                 {"none": transformers.SplinterModel, "question-answering": transformers.SplinterForQuestionAnswering},
                 types=2),
    Architecture("xlm-roberta", config(transformers.XLMRobertaConfig, **ROBERTA | dict(max_position_embeddings=30),
                                       pad_token_id=5), classes("XLMRoberta"), pad_id=5, first_id=6),
    Architecture("xmod", config(transformers.XmodConfig, **ROBERTA, languages=["en_XX", "de_DE"],
                                default_language="de_DE", adapter_reduction_factor=3), classes("Xmod"), pad_id=1,
                 changes={"none": dict(pre_norm=True, adapter_layer_norm=True),
                          "masked-lm": dict(ln_before_adapter=False),
                          "sequence-classification": dict(adapter_reuse_layer_norm=False),
                          "token-classification": dict(adapter_layer_norm=True, ln_before_adapter=False),
                          "question-answering": dict(pre_norm=True)}),
]
