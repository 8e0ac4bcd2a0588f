"""BERTs made smaller or faster: ConvBERT, MobileBERT, Nyströmformer, SqueezeBERT."""

import torch
import transformers
from bert_family import SIZES, classes, config
from make_architectures import Architecture

LANDMARKS = dict(segment_means_seq_len=24, num_landmarks=6)


def padded(kind, tokens=24, pad_id=1):
    """The class of the same name that pads its texts to the tokens which landmarks need, and takes the padding away.

    The mask is in the shape that transformers 4 made; the one that transformers 5 makes of padding does not fit landmarks.
    """

    def forward(self, **inputs):
        length = inputs["input_ids"].shape[1]
        pads = {"input_ids": pad_id, "attention_mask": 0, "token_type_ids": 0}
        inputs = {name: torch.nn.functional.pad(tensor, (0, tokens - length), value=pads[name])
                  for name, tensor in inputs.items()}
        mask = (1.0 - inputs["attention_mask"].float()) * torch.finfo(torch.float32).min
        inputs["attention_mask"] = mask[:, None, None, :]
        output = kind.forward(self, **inputs)
        if "last_hidden_state" in output:
            output.last_hidden_state = output.last_hidden_state[:, :length]
        return output

    return type(kind.__name__, (kind,), {"forward": forward})


NYSTROMFORMER = classes("Nystromformer")
NYSTROMFORMER["none.landmarks"] = padded(transformers.NystromformerModel)
NYSTROMFORMER["sequence-classification.landmarks"] = padded(transformers.NystromformerForSequenceClassification)

ARCHITECTURES = [
    Architecture(
        "convbert", config(transformers.ConvBertConfig, embedding_size=12, conv_kernel_size=5, num_attention_heads=4),
        classes("ConvBert"), types=2, pad_id=1,
        changes={
            "none": dict(num_groups=2),
            "sequence-classification": dict(embedding_size=16, hidden_act="relu"),
            # More heads to an attention head than there are.
            "token-classification": dict(head_ratio=8, num_groups=4, intermediate_size=32),
            "multiple-choice": dict(summary_use_proj=True, summary_activation="tanh"),
        },
    ),
    Architecture(
        "mobilebert",
        config(transformers.MobileBertConfig, embedding_size=8, intra_bottleneck_size=12, num_feedforward_networks=2,
               intermediate_size=16),
        classes("MobileBert"), types=2,
        changes={
            "none": dict(use_bottleneck_attention=True),
            "masked-lm": dict(normalization_type="layer_norm"),
            "sequence-classification": dict(classifier_activation=False, trigram_input=False),
            "token-classification": dict(use_bottleneck=False, num_feedforward_networks=1),
            "question-answering": dict(key_query_shared_bottleneck=False, intra_bottleneck_size=16),
        },
    ),
    Architecture(
        "nystromformer", config(transformers.NystromformerConfig, conv_kernel_size=5), NYSTROMFORMER, types=2, pad_id=1,
        changes={
            "none.landmarks": LANDMARKS,
            "sequence-classification.landmarks": dict(LANDMARKS, num_landmarks=4),
        },
    ),
    Architecture(
        "squeezebert", config(transformers.SqueezeBertConfig, embedding_size=16), classes("SqueezeBert"), types=2,
        changes={
            "none": dict(q_groups=2, k_groups=1, v_groups=8, post_attention_groups=4, intermediate_groups=2,
                         output_groups=1),
        },
    ),
]
