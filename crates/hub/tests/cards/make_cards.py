"""Writes cards.json: READMEs, and the metadata and text that huggingface_hub 2.4.0 reads from them.

Run with the Python of ./build.sh, which has huggingface_hub: target/python/bin/python crates/hub/tests/cards/make_cards.py

What the Hub and the Python library read differently is left out: PyYAML follows YAML 1.1, where `no` is a truth value, `1e3` a
text and `2026-11-23` a date, and the library sees no metadata after a byte order mark.
"""

import json
from pathlib import Path

from huggingface_hub import ModelCard

FULL = """---
language:
- en
- fr
license: other
license_name: my-own
license_link: LICENSE
library_name: transformers
tags: [bert, "a: b", 'it''s', 2024, 1.5, true]
datasets: &data
- squad
- org/name
test_datasets: *data
base_model: org/base
thumbnail:
co2_eq_emissions:
  emissions: 1.2345
  source: code carbon
widget:
- text: |
    two
    lines
  example_title: >-
    folded
    text
- text: "a\\tb \\u00e9"
  output: [{label: POSITIVE, score: 0.8}, {label: NEGATIVE, score: 0.2}]
extra_gated_fields:
  Company: text
  I agree: checkbox
---

# Title

---

Text
"""

READMES = [
    FULL,
    FULL.replace("\n", "\r\n"),
    " \n\t\n" + FULL,
    FULL.replace("\n---\n\n# Title", "\n--- \t\n\n# Title"),
    "---\nlicense: mit\n---",
    "---\nlicense: mit\n---\n",
    "---\n\n---\ntext",
    "---\n---\ntext",
    "---\n---\nlicense: mit\n---\ntext",
    "---\nlicense: mit\n",
    "--- \nlicense: mit\n---\n",
    "# Title\n---\nlicense: mit\n---\n",
    "",
    "text\n",
    "---\nlicense: mit # a comment\n# another\ntags: []\n---\r\ntext\r\n",
    "---\ntags: [a]\ntags: [b]\n---\n",
]

cards = []
for readme in READMES:
    card = ModelCard(readme, ignore_metadata_errors=True)
    cards.append({"readme": readme, "metadata": card.data.to_dict(), "text": card.text})
place = Path(__file__).with_name("cards.json")
place.write_text(json.dumps(cards, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
