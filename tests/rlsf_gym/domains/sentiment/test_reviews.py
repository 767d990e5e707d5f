"""Film reviews: their mark-up, and the bundled openings."""

import time

import pytest

from rlsf_gym.domains.sentiment.reviews import clean, read_bundled


@pytest.mark.parametrize("head", ["<", "<br", "< / br "])
def test_cleaning_takes_time_linear_in_the_text(head: str) -> None:
    start = time.process_time()
    assert clean(head + " " * 100_000 + "x") == head + " " * 100_000 + "x"
    assert time.process_time() - start < 2  # quadratic: a minute


@pytest.mark.parametrize("tag", ["<br>", "<br />", "</br>", "< / BR / >", "<\tbr\n>"])
def test_line_break_tags_become_newlines(tag: str) -> None:
    assert clean(f"one {tag}{tag} two") == "one\ntwo"


def test_the_bundled_openings_are_lines_of_text():
    prompts = read_bundled()
    assert len(prompts) >= 420 and all(map(str.strip, prompts))
