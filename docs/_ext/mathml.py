"""Render formulas as MathML, which browsers draw themselves: no script, no network."""

from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)


def _render(node, *, block):
    tex = node.astext()
    try:
        return tex2mathml(tex, as_block=block)
    except (MathError, SyntaxError) as error:
        logger.warning("formula %r: %s", tex, error, location=node)
        return f"<code>{tex}</code>"


def inline(writer, node):
    """Put a formula into the line."""
    from docutils.nodes import SkipNode

    writer.body.append(_render(node, block=False))
    raise SkipNode


def block(writer, node):
    """Put a formula on lines of its own."""
    from docutils.nodes import SkipNode

    writer.body.append(f'<div class="math-block">{_render(node, block=True)}</div>\n')
    raise SkipNode


def setup(app):
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
