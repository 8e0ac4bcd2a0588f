"""TAPAS: seven columns of token types, positions that begin anew in each cell, and the selection of cells."""

import torch
import transformers
from bert_family import SIZES
from make_architectures import Architecture

TYPES = (3, 6, 8, 2, 4, 4, 5)


def types(input_ids, attention_mask):
    """A question of three tokens, a header, then rows of three columns with two tokens a cell."""
    place = torch.arange(input_ids.shape[1])
    in_table = place >= 3
    cell = torch.div((place - 3).clamp(min=0), 2, rounding_mode="floor")
    column = (cell % 3 + 1) * in_table
    row = torch.div(cell, 3, rounding_mode="floor") * in_table
    others = [(place * step) % size for step, size in ((1, 2), (3, 4), (5, 4), (2, 5))]
    columns = torch.stack([in_table.long(), column, row, *[other * in_table for other in others]], dim=-1)
    return columns.unsqueeze(0) * attention_mask.unsqueeze(-1)


def config(**changes):
    return transformers.TapasConfig(**{**SIZES, "type_vocab_sizes": TYPES, "max_num_rows": 3, "max_num_columns": 5,
                                       "num_aggregation_labels": 4, "temperature": 0.7, **changes})


ARCHITECTURES = [
    Architecture(
        "tapas", config,
        {"none": transformers.TapasModel, "masked-lm": transformers.TapasForMaskedLM,
         "sequence-classification": transformers.TapasForSequenceClassification,
         "table-question-answering": transformers.TapasForQuestionAnswering,
         "table-question-answering.no-aggregation": transformers.TapasForQuestionAnswering},
        types=types,
        changes={
            # Fewer positions than tokens of the question's cell, which padding belongs to.
            "none": dict(max_position_embeddings=12),
            "sequence-classification": dict(reset_position_index_per_cell=False),
            "table-question-answering.no-aggregation": dict(num_aggregation_labels=0, max_num_columns=3,
                                                            allow_empty_column_selection=True),
        },
    ),
]
