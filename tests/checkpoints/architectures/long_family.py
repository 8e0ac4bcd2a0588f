"""Models with attention of their own, mostly for long texts: their tiny configs and classes."""

import transformers
from bert_family import HEADS, SIZES, classes, config
from make_architectures import VOCABULARY, Architecture

SIMPLE = {**HEADS, "question-answering": "ForQuestionAnsweringSimple"}
NO_MASKED_LM = {head: name for head, name in SIMPLE.items() if head != "masked-lm"}
SMALL = {**SIZES, "hidden_size": 8, "intermediate_size": 12}


def pairs(head, ids, mask):
    """Three separators in each text, as in `<s> question </s></s> context </s>`."""
    if head in ("question-answering", "multiple-choice"):
        for row, length in zip(ids, mask.sum(dim=1).tolist()):
            middle = max(1, length // 3)
            row[[place for place in (middle, middle + 1, length - 1) if place < length]] = 2


def big_bird(**changes):
    """Random attention of one block of two tokens: texts of more than 14 tokens are read in blocks."""
    return transformers.BigBirdConfig(**{**SMALL, "block_size": 2, "num_random_blocks": 1, "sep_token_id": 2, **changes})


def funnel(**changes):
    """Three blocks, the second with layers that run twice."""
    values = dict(vocab_size=VOCABULARY, block_sizes=[1, 2, 1], block_repeats=[1, 2, 1], num_decoder_layers=1,
                  d_model=8, n_head=2, d_head=3, d_inner=12, attention_type="factorized", pad_token_id=0)
    return transformers.FunnelConfig(**{**values, **changes})


def xlm(**changes):
    return transformers.XLMConfig(**{"vocab_size": VOCABULARY, "emb_dim": 8, "n_layers": 2, "n_heads": 2,
                                     "max_position_embeddings": 24, "n_langs": 2, **changes})


def xlnet(**changes):
    """Distances beyond `clamp_len` are alike."""
    return transformers.XLNetConfig(**{"vocab_size": VOCABULARY, "d_model": 16, "n_layer": 2, "n_head": 2,
                                       "d_inner": 24, "clamp_len": 12, **changes})


# With `relative_shift`, which tells the same positions, Python fails on texts that are too short to be halved twice.
RELATIVE_SHIFT = ("masked-lm", "question-answering")

ARCHITECTURES = [
    Architecture("big_bird", big_bird, classes("BigBird"), types=2, untyped=("question-answering",), fix=pairs,
                 changes={"masked-lm": {"attention_type": "original_full"},
                          "token-classification": {"rescale_embeddings": True}}),
    # Without a first token apart, a text of less than 4 tokens in a longer batch attends to its padding in Python.
    Architecture("funnel", funnel, classes("Funnel"), types=3,
                 lengths={**dict.fromkeys(RELATIVE_SHIFT, [5, 6, 17, 24]), "multiple-choice": [4, 5, 17, 24]},
                 changes={**dict.fromkeys(RELATIVE_SHIFT, {"attention_type": "relative_shift"}),
                          "sequence-classification": {"pool_q_only": False},
                          "token-classification": {"truncate_seq": False, "pooling_type": "max"},
                          "multiple-choice": {"separate_cls": False, "pool_q_only": False}}),
    # Windows narrower than the texts, of another size in each layer. Python pads texts to a multiple of the larger one.
    Architecture("longformer", config(transformers.LongformerConfig, hidden_size=8, intermediate_size=12,
                                      max_position_embeddings=26, attention_window=[4, 8], layer_norm_eps=1e-5),
                 classes("Longformer"), pad_id=1, types=2, fix=pairs,
                 lengths=dict.fromkeys(("question-answering", "multiple-choice"), [4, 5, 17, 24])),
    Architecture("xlm", xlm, classes("XLM", {**SIMPLE, "masked-lm": "WithLMHeadModel"}), pad_id=2,
                 changes={"token-classification": {"causal": True}, "question-answering": {"gelu_activation": False},
                          "multiple-choice": {"summary_activation": "tanh"}}),
    # Texts are padded on the left, as XLNet's tokenizers do: the summary is of the last token. All else is relative, so
    # that the texts' rows are those of texts padded on the right.
    Architecture("xlnet", xlnet, classes("XLNet", NO_MASKED_LM), pad_id=5, first_id=6, types=3, left_padded=True),
]
