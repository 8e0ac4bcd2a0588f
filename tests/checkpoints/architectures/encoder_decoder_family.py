"""Models with an encoder and a decoder: their tiny configs and classes."""

import transformers
from make_architectures import VOCABULARY, Architecture

BART_HEADS = {"none": "Model", "masked-lm": "ForConditionalGeneration",
              "sequence-classification": "ForSequenceClassification", "question-answering": "ForQuestionAnswering"}
T5_HEADS = {"none": "EncoderModel", "sequence-classification": "ForSequenceClassification",
            "token-classification": "ForTokenClassification", "question-answering": "ForQuestionAnswering"}
BART_SIZES = dict(vocab_size=VOCABULARY, d_model=12, encoder_layers=2, decoder_layers=1, encoder_attention_heads=2,
                  decoder_attention_heads=3, encoder_ffn_dim=16, decoder_ffn_dim=20, max_position_embeddings=24)
# Buckets saturate at a distance of 10 of 24 tokens; heads are wider than the hidden size divided by their number.
T5_SIZES = dict(vocab_size=VOCABULARY, d_model=12, d_kv=8, d_ff=16, num_layers=2, num_decoder_layers=1, num_heads=2,
                relative_attention_num_buckets=8, relative_attention_max_distance=10, decoder_start_token_id=0)


def classes(name, heads):
    """The classes of an architecture by head."""
    return {head: getattr(transformers, name + heads[head]) for head in heads}


def config(kind, sizes, **values):
    """A function that makes the config with some values changed."""
    return lambda **changes: kind(**{**sizes, **values, **changes})


ARCHITECTURES = [
    Architecture("bart", config(transformers.BartConfig, BART_SIZES), classes("Bart", BART_HEADS), pad_id=1, last_id=2,
                 changes={"question-answering": dict(scale_embedding=True, decoder_start_token_id=0)}),
    Architecture("mbart", config(transformers.MBartConfig, BART_SIZES, scale_embedding=True),
                 classes("MBart", BART_HEADS), pad_id=1, last_id=2),
    Architecture("mt5", config(transformers.MT5Config, T5_SIZES), classes("MT5", T5_HEADS), last_id=1),
    Architecture("t5", config(transformers.T5Config, T5_SIZES), classes("T5", T5_HEADS), last_id=1,
                 changes={"question-answering": dict(feed_forward_proj="gated-silu")}),
]
