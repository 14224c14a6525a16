"""Render formulas as MathML, which browsers draw themselves: no script, no network.

Formulas are TeX, and the translator of docutils reads a part of that otherwise. What it
would get wrong is written out first.
"""

import re

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)

FUNCTION = r"\\(?:log|det|exp|sin|cos|operatorname\{\w+\})"
RULES = [
    # \frac12 is one half: an argument without braces is one token, not a number
    (r"\\([td]?frac)\s*([0-9])\s*([0-9])", r"\\\1{\2}{\3}"),
    # an index of an accented letter stands beside it, not below
    (r"(\\(?:bar|hat|tilde)\s*(?:\\[a-zA-Z]+|[a-zA-Z]))_", r"\1{}_"),
    # functions stand apart from letters before and behind them
    (rf"(?<=[\w}}])(\s*)({FUNCTION})", r"\1\\,\2"),
    (
        rf"({FUNCTION}(?:[_^](?:\{{[^{{}}]*\}}|\w))*)\s+(?=\w|\\(?!left|[bB]ig|,|\|)[a-zA-Z])",
        r"\1\\, ",
    ),
    (rf"({FUNCTION})(?={FUNCTION})", r"\1\\,"),
]


def spelled_out(tex):
    """Return a formula in terms that the translator reads as TeX does."""
    for pattern, replacement in RULES:
        tex = re.sub(pattern, replacement, tex)
    return tex


def _render(node, *, block):
    tex = node.astext()
    try:
        return tex2mathml(spelled_out(tex), as_block=block)
    except (MathError, SyntaxError) as error:
        logger.warning("formula %r: %s", tex, error, location=node)
        return f"<code>{tex}</code>"


def inline(writer, node):
    """Put a formula into the line."""
    writer.body.append(_render(node, block=False))
    raise SkipNode


def block(writer, node):
    """Put a formula on lines of its own."""
    writer.body.append(f'<div class="math-block">{_render(node, block=True)}</div>\n')
    raise SkipNode


def setup(app):
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
