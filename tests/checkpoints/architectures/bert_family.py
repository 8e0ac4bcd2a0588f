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


ARCHITECTURES = [
    Architecture("bert", config(transformers.BertConfig), classes("Bert"), types=2),
    Architecture("roberta", config(transformers.RobertaConfig, max_position_embeddings=26, type_vocab_size=1,
                                   layer_norm_eps=1e-5), classes("Roberta"), pad_id=1),
]
