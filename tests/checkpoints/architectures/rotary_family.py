"""Encoders with rotary positions: their tiny configs and classes."""

import transformers
from make_architectures import VOCABULARY, Architecture

SIZES = dict(vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24)
CLASSES = {"none": "Model", "masked-lm": "ForMaskedLM", "sequence-classification": "ForSequenceClassification",
           "token-classification": "ForTokenClassification", "question-answering": "ForQuestionAnswering",
           "multiple-choice": "ForMultipleChoice"}
SOME_IDS = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2)


def classes(name):
    """The classes of an architecture by head, as many as there are."""
    named = {head: getattr(transformers, name + ending, None) for head, ending in CLASSES.items()}
    return {head: each for head, each in named.items() if each}


def config(kind, **values):
    """A function that makes the config with some values changed."""
    return lambda **changes: kind(**{**SIZES, **values, **changes})


ARCHITECTURES = [
    Architecture("esm", config(transformers.EsmConfig, pad_token_id=1, mask_token_id=4, max_position_embeddings=26,
                               token_dropout=True, position_embedding_type="rotary"),
                 classes("Esm"), pad_id=1, first_id=3,
                 changes={"token-classification": dict(position_embedding_type="absolute", emb_layer_norm_before=True),
                          "sequence-classification": dict(position_embedding_type="absolute", token_dropout=False)}),
    # Four heads of queries share two of keys, of a width that does not divide the hidden size.
    Architecture("eurobert", config(transformers.EuroBertConfig, **SOME_IDS, mask_token_id=4, num_attention_heads=4,
                                    num_key_value_heads=2, head_dim=6, intermediate_size=20),
                 classes("EuroBert"),
                 changes={"masked-lm": dict(mlp_bias=True, attention_bias=True),
                          "token-classification": dict(rope_parameters=dict(rope_type="linear", factor=2.0,
                                                                            rope_theta=500.0))}),
    # Windows of 4 tokens to either side in the layers 1 and 2.
    Architecture("modernbert", config(transformers.ModernBertConfig, **SOME_IDS, cls_token_id=1, sep_token_id=2,
                                      num_hidden_layers=3, local_attention=8, intermediate_size=16),
                 classes("ModernBert"),
                 changes={"masked-lm": dict(decoder_bias=False),
                          "sequence-classification": dict(classifier_pooling="mean", classifier_bias=True),
                          "token-classification": dict(norm_bias=True, attention_bias=True, mlp_bias=True),
                          "question-answering": dict(layer_types=["sliding_attention", "full_attention"],
                                                     num_hidden_layers=2)}),
    # Saved in the names of the checkpoints from before transformers knew it.
    Architecture("nomic_bert", config(transformers.NomicBertConfig, intermediate_size=20), classes("NomicBert"),
                 types=2, changes={"token-classification": dict(head_dim=6)}),
    Architecture("roformer", config(transformers.RoFormerConfig, embedding_size=12, max_position_embeddings=24),
                 classes("RoFormer"), types=2,
                 changes={"token-classification": dict(rotary_value=True), "multiple-choice": dict(embedding_size=16)}),
]
