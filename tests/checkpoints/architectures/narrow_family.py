"""Those whose embeddings are narrower than their hidden states: their tiny configs and classes."""

import transformers
from bert_family import classes, config
from make_architectures import Architecture

ARCHITECTURES = [
    # Groups that do not divide the layers, and several layers in a group.
    Architecture("albert", config(transformers.AlbertConfig, embedding_size=10, num_hidden_layers=3, num_hidden_groups=2),
                 classes("Albert"), types=2,
                 changes={"none": dict(num_hidden_groups=1, num_hidden_layers=5, inner_group_num=2),
                          "masked-lm": dict(num_hidden_groups=1, num_hidden_layers=2, hidden_act="relu")}),
    Architecture("electra", config(transformers.ElectraConfig, embedding_size=10), classes("Electra"), types=2,
                 changes={"none": dict(embedding_size=16), "multiple-choice": dict(summary_activation="tanh"),
                          "masked-lm": dict(hidden_act="relu")}),
    Architecture("rembert", config(transformers.RemBertConfig, input_embedding_size=10, output_embedding_size=20),
                 classes("RemBert"), types=2),
]
