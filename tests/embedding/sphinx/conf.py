"""Configuration of a Sphinx site whose pages in reStructuredText and MyST have widgets."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "www" / "integrations"))

project = "Pages with models"
extensions = ["myst_parser", "vitrine_sphinx"]
vitrine_script = "https://vitrine.example/model-widget.js"
