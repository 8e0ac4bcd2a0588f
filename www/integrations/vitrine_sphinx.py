"""Sphinx extension: the directive `model-widget`, in reStructuredText and MyST, shows a model in the reader's browser.

    extensions = ["vitrine_sphinx"]                          # conf.py, with this file on sys.path
    vitrine_script = "https://your.site/dist/model-widget.js"

    .. model-widget:: org/name
       :task: text-classification

       What shows without script, and where the output is no web page.
"""

from html import escape

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

ATTRIBUTES = ["revision", "task", "endpoint", "dtype", "loading", "cores", "theme", "lang"]
log = logging.getLogger(__name__)


class model_widget(nodes.General, nodes.Element):
    """A widget; its children are what shows without script."""


class ModelWidget(SphinxDirective):
    """`model-widget`: the model is its argument, the element's other attributes are its options."""

    required_arguments = 1
    has_content = True
    option_spec = dict.fromkeys(ATTRIBUTES, directives.unchanged_required)

    def run(self):
        model = self.arguments[0]
        widget = model_widget(attributes={"model": model} | self.options)
        self.set_source_info(widget)
        if self.content:
            widget += self.parse_content_to_nodes()
        else:
            # Only the Hub has a page for each model.
            page = {} if "endpoint" in self.options else {"refuri": f"https://huggingface.co/{model}"}
            link = nodes.reference("", model, **page) if page else nodes.Text(model)
            widget += nodes.paragraph("", "", link)
        return [widget]


def visit_html(translator, widget):
    """Opens the element; an e-book shows what stands in it."""
    if translator.builder.name != "epub":
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in widget["attributes"].items())
        translator.body.append(f"<model-widget{attributes}>\n")


def depart_html(translator, widget):
    """Closes the element."""
    if translator.builder.name != "epub":
        translator.body.append("</model-widget>\n")


def nothing(translator, widget):
    """Where the output is no web page, the children stand for the widget."""


def add_script(app, pagename, templatename, context, doctree):
    """Adds the script to the pages that have a widget."""
    widget = next(doctree.findall(model_widget), None) if doctree else None
    if widget is None or app.builder.name == "epub":
        return
    if app.config.vitrine_script:
        app.add_js_file(app.config.vitrine_script, type="module")
    else:
        log.warning("model-widget needs vitrine_script in conf.py: the URL of model-widget.js", location=widget)


def setup(app):
    """Registers the directive, its node and its setting."""
    app.add_config_value("vitrine_script", "", "html", [str])
    others = dict.fromkeys(["latex", "text", "man", "texinfo"], (nothing, nothing))
    app.add_node(model_widget, html=(visit_html, depart_html), **others)
    app.add_directive("model-widget", ModelWidget)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
