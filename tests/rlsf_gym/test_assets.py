"""The bundled tokenizer, prompts and judges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from rlsf_gym.judges import load_judge

PACKAGE = Path(__file__).parents[2] / "rlsf_gym"
ASSETS = PACKAGE / "domains" / "sentiment" / "assets"
TOKENIZER_FILE = PACKAGE / "text" / "assets" / "tokenizer.json"
PROMPTS = (ASSETS / "prompts.txt").read_text(encoding="utf-8").split("\n")
TOKENIZER = Tokenizer.from_file(str(TOKENIZER_FILE))


def count_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_assets_are_small() -> None:
    ours = count_bytes(ASSETS) + count_bytes(TOKENIZER_FILE.parent)
    policies = {
        folder.name: count_bytes(folder) for folder in (PACKAGE.parent / "agents" / "assets").glob("*")
    }
    assert ours + policies.pop("gpt2-imdb-4m", 0) <= 12_000_000
    assert all(size <= 2_000_000 for size in policies.values())  # a puzzle's own
    assert ours <= 3_000_000


def test_tokenizer_has_4096_ids_and_ends_with_the_end_token() -> None:
    assert TOKENIZER.get_vocab_size() == 4096
    assert TOKENIZER.token_to_id("<|endoftext|>") == 4095
    assert sorted(TOKENIZER.get_vocab().values()) == list(range(4096))


def test_tokenizer_has_every_byte() -> None:
    single = [token for token in TOKENIZER.get_vocab() if len(token) == 1]
    assert len(single) == 256


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_tokenizer_gives_back_every_text(text: str) -> None:
    ids = TOKENIZER.encode(text, add_special_tokens=False).ids
    assert TOKENIZER.decode(ids, skip_special_tokens=False) == text


def test_encoding_adds_nothing() -> None:
    assert TOKENIZER.encode("The film").ids == TOKENIZER.encode("The film", add_special_tokens=False).ids


def test_prompts_are_clean_lines() -> None:
    assert PROMPTS[-1] == ""
    lines = PROMPTS[:-1]
    assert len(lines) >= 420
    assert len(set(lines)) == len(lines)
    assert all(line and line.isascii() and line.isprintable() and line == line.strip() for line in lines)
    assert all("  " not in line and not line.endswith((".", "!", "?")) for line in lines)


def test_prompts_fit_twelve_tokens() -> None:
    lengths = [len(TOKENIZER.encode(line).ids) for line in PROMPTS[:-1]]
    assert min(lengths) >= 2
    assert max(lengths) <= 12


def test_prompts_are_neutral_to_the_rules() -> None:
    analyzer = SentimentIntensityAnalyzer()
    scores = np.array([analyzer.polarity_scores(line)["compound"] for line in PROMPTS[:-1]])
    assert abs(scores.mean()) < 0.02
    assert np.mean(scores == 0.0) > 0.9


@pytest.mark.parametrize("name", ["bundled", "bundled-b", "order"])
def test_prompts_are_neutral_to_the_judges(name: str) -> None:
    assert 0.45 < load_judge(name).predict(PROMPTS[:-1]).mean() < 0.55
