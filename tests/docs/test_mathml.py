"""docs/_ext/rlsf_site/mathml.py: formulas are MathML, and every formula of the pages can be typeset."""

import re
from pathlib import Path

import pytest
from docutils.utils.math import MathError
from rlsf_site.mathml import typeset

DOCS = Path(__file__).parents[2] / "docs"
FENCES = re.compile(r"^```.*?^```", flags=re.M | re.S)
FORMULA = re.compile(r"\$([^$]+)\$")


def test_a_formula_is_mathml():
    text = re.sub(r"\s+", "", typeset(r"\Phi(s_t) - 1", block=False))
    assert text.startswith("<math")
    assert "<msub><mi>s</mi><mi>t</mi></msub>" in text and "Φ" in text
    assert "display" not in text
    assert 'display="block"' in typeset("x", block=True)


def test_every_formula_of_the_designs_can_be_typeset():
    formulas = FORMULA.findall(FENCES.sub("", (DOCS / "designs.md").read_text(encoding="utf-8")))
    assert len(formulas) > 60
    for formula in formulas:
        assert "</math>" in typeset(formula, block=False), formula


def test_what_is_no_formula_is_refused():
    with pytest.raises(MathError):
        typeset(r"\nosuchcommand", block=False)
