"""DeBERTa: absolute, relative and bucketed positions, shared keys, the convolution of v2, old and new masked-LM heads."""

import transformers
from bert_family import HEADS, SIZES, classes
from make_architectures import Architecture

V2 = dict(type_vocab_size=0, relative_attention=True, position_biased_input=False, pos_att_type=["p2c", "c2p"])
V3 = dict(V2, position_buckets=6, norm_rel_ebd="layer_norm", share_att_key=True, max_relative_positions=-1)
V2_XLARGE = dict(V3, conv_kernel_size=3, conv_groups=2, conv_act="gelu")


def config(kind):
    return lambda **changes: kind(**{**SIZES, **changes})


ARCHITECTURES = [
    Architecture(
        "deberta-v2",
        config(transformers.DebertaV2Config),
        classes("DebertaV2") | {"none.v3": transformers.DebertaV2Model, "none.conv": transformers.DebertaV2Model,
                                "masked-lm.new": transformers.DebertaV2ForMaskedLM},
        types=2,
        changes={
            # Absolute positions alone, and types.
            "none": dict(type_vocab_size=2),
            # Texts of 24 tokens go beyond the 8 distances.
            "none.v3": dict(V3, max_relative_positions=8),
            "none.conv": V2_XLARGE,
            "masked-lm": dict(V2, max_relative_positions=5),
            "masked-lm.new": dict(V3, legacy=False),
            "sequence-classification": dict(V3, pooler_hidden_act="tanh"),
            "token-classification": dict(V3, share_att_key=False, pos_att_type="c2p"),
            "question-answering": dict(V3, share_att_key=False, pos_att_type=["p2c"], embedding_size=12),
            "multiple-choice": dict(V2_XLARGE, norm_rel_ebd="none", conv_kernel_size=5, conv_groups=1),
        },
    ),
    Architecture(
        "deberta",
        config(transformers.DebertaConfig),
        classes("Deberta", {head: HEADS[head] for head in HEADS if head != "multiple-choice"})
        | {"masked-lm.new": transformers.DebertaForMaskedLM},
        types=2,
        changes={
            "none": dict(type_vocab_size=2),
            "masked-lm": dict(V2, max_relative_positions=9),
            "masked-lm.new": dict(V2, legacy=False),
            "sequence-classification": dict(V2, position_biased_input=True, pooler_hidden_act="tanh"),
            "token-classification": dict(V2, pos_att_type="c2p", embedding_size=12),
            "question-answering": dict(V2, pos_att_type=["p2c"]),
        },
    ),
]
