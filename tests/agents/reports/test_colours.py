"""Colours of a report: two palettes on screens, and the light one on paper."""

from agents.reports.colours import css_variables


def test_paper_is_white_whatever_the_reader_prefers():
    light, dark = css_variables().split("@media screen and (prefers-color-scheme: dark)")
    assert "--ground: rgb(246 245 242);" in light
    assert "--ground: rgb(19 20 23);" in dark
    assert dark.endswith("@media print {\n:root { color-scheme: light; }\n}\n")
