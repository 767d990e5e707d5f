"""Formulas as MathML, which browsers typeset by themselves: no script and no font is loaded."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx

NAME = "mathml"


def typeset(tex: str, block: bool) -> str:
    """Returns a formula as MathML.

    Args:
        tex: The formula in LaTeX.
        block: Whether it stands on a line of its own.

    Example:
        >>> typeset("x_1", block=False).replace(" ", "").split()[1:4]
        ['<msub>', '<mi>x</mi>', '<mn>1</mn>']

    Raises:
        MathError: If it is no LaTeX that docutils reads.
    """
    mathml: str = latex2mathml.tex2mathml(tex)
    return mathml.replace("<math ", '<math display="block" ', 1) if block else mathml


def visit_math(writer: Any, node: nodes.math) -> None:
    """Writes a formula within a line."""
    writer.body.append(typeset(node.astext(), block=False))
    raise nodes.SkipNode


def visit_math_block(writer: Any, node: nodes.math_block) -> None:
    """Writes a formula on a line of its own."""
    writer.body.append(typeset(node.astext(), block=True))
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Offers it to Sphinx; `html_math_renderer` chooses it."""
    app.add_html_math_renderer(NAME, (visit_math, None), (visit_math_block, None))
