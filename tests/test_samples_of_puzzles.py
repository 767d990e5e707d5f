"""What a run keeps of answers to puzzles, as the environments tell of them, is shown with its proofs."""

import re
from html import unescape

import numpy as np
import pytest

from agents.rollouts.env_answers import split_infos
from agents.training.samples import pick, write_samples
from rlsf_gym import ResponseVectorEnv
from rlsf_gym.render.page_file import write_page
from rlsf_gym.render.samples_file import plain_token, read_samples
from rlsf_gym.text.tokenizer import load_tokenizer
from tests.helpers.sums import SUMS

ANSWERS = ("4361", "44", "4x")
PUZZLES = [{"target": 9}, {"target": 8}, {"target": 7}]


@pytest.fixture
def rows():
    """What an evaluation says of each answer, which the end token ends."""
    env = ResponseVectorEnv(len(ANSWERS), domain=SUMS)
    _, info = env.reset(options={"instances": PUZZLES})
    action = np.full((len(ANSWERS), 6), 256)
    for row, text in enumerate(ANSWERS):
        action[row, : len(text)] = list(text.encode())
    ended = split_infos(env.step(action)[4]["final_info"], len(ANSWERS))
    openings = split_infos(info, len(ANSWERS))
    return [
        {
            "info": {**opening, **end},
            "tokens": tokens[: end["response_length"]].tolist(),
            "length": int(end["response_length"]),
            "score": float(end["score"]),
            "utility": float(end["utility"]),
        }
        for opening, end, tokens in zip(openings, ended, action, strict=True)
    ]


def test_it_is_told_token_by_token(rows, tmp_path):
    tokenizer = load_tokenizer("bytes")
    kept = pick(rows)
    write_samples(
        tmp_path / "samples.jsonl",
        {"before": kept},
        lambda ids: [plain_token(tokenizer.token_bytes(one)) for one in ids],
    )
    samples = read_samples(tmp_path / "samples.jsonl")
    assert [sample.solved for sample in samples] == [0, 1, 0]
    assert [sample.verdict.because for sample in samples] == [
        "4+3+6 is 13, more than 9",
        "",
        "expected a digit, got 'x'",
    ]
    assert [[token.mark for token in sample.tokens] for sample in samples] == [
        ["core", "core", "fatal", "", ""],
        ["", "", ""],
        ["", "fatal", ""],
    ]
    write_page(tmp_path / "samples.html", samples, title="a run")
    shown = unescape(re.sub("<.*?>", "", (tmp_path / "samples.html").read_text(encoding="utf-8")))
    assert "33.3%" in shown  # solved
    assert "right would have been 4311" in shown


def test_a_sudoku_is_drawn_with_the_cell_that_lost_it(tmp_path):
    env = ResponseVectorEnv(1, domain="sudoku", tokenizer="bytes")
    _, info = env.reset(options={"instances": [{"grid": ".134431232..1..."}]})
    action = np.full((1, 17), 256)
    action[0, :11] = list(b"21344312321")
    ended = split_infos(env.step(action)[4]["final_info"], 1)[0]
    length = int(ended["response_length"])
    row = {
        "info": {**split_infos(info, 1)[0], **ended},
        "tokens": action[0, :length].tolist(),
        "length": length,
        "score": 0.0,
        "utility": 0.0,
    }
    write_samples(tmp_path / "samples.jsonl", {"after": pick([row])}, lambda ids: list(map(chr, ids)))
    (sample,) = read_samples(tmp_path / "samples.jsonl")
    assert sample.board.rows[2][2] == ("1", "4", "fatal")
    write_page(tmp_path / "one.html", [sample], title="a run")
    write_page(tmp_path / "two.html", read_samples(tmp_path / "samples.jsonl"), title="a run")
    page = (tmp_path / "one.html").read_bytes()
    assert page == (tmp_path / "two.html").read_bytes()
    assert b'<td class="fatal" data-box=""><i>1</i><small class="right">4</small></td>' in page
