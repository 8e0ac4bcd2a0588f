"""Jupyter: a model's widget as the output of a cell, in the notebook and in the pages that nbconvert makes of it.

    from vitrine_jupyter import ModelWidget

    ModelWidget("org/name", site="https://your.site/dist/")
"""

from html import escape
from urllib.parse import urlencode, urljoin

SANDBOX = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox"


class ModelWidget:
    """The widget of a model; `site` is where Vitrine's files are, `attributes` are those of `<model-widget>`."""

    def __init__(self, model, *, site, height=640, **attributes):
        self.model = model
        self.site = site
        self.height = height
        self.attributes = attributes

    def __repr__(self):
        return f"ModelWidget({self.model!r})"

    def _repr_html_(self):
        page = urljoin(self.site, "embed.html") + "?" + urlencode({"model": self.model, **self.attributes}, safe="/:")
        script = urljoin(self.site, "embed-resize.js")
        return (
            f'<iframe data-vitrine src="{escape(page)}" title="{escape(self.model)}" width="100%" height="{self.height:d}" '
            f'style="border: 0" loading="lazy" allow="clipboard-write" sandbox="{SANDBOX}"></iframe>'
            f'<script type="module" src="{escape(script)}"></script>'
        )
