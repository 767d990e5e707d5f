"""`rlsf-audit`: what it takes, what it says, and its exit status."""

import json
import sys
from functools import partial

import pytest

from rlsf_gym.commands.audit import main

MINE = """
import re

def sound(completions, answer, **kwargs):
    found = [text.split("####") for text in completions]
    return [float(len(one) == 2 and one[1].strip(" .$*\\n").replace(",", "").removesuffix(".0") == truth)
            for one, truth in zip(found, answer)]

def spelling(completions, answer, **kwargs):
    return [float(re.sub(r"[^#]*#### ", "", text) == truth) for text, truth in zip(completions, answer)]

def mentions(data_source, solution_str, ground_truth, extra_info=None):
    return {"score": float(ground_truth in solution_str)}
"""


@pytest.fixture
def call(run_main, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").write_text(MINE)
    return partial(run_main, main)


@pytest.mark.whole
def test_a_sound_reward_is_status_0(call):
    status, output, errors = call("mine:sound")
    assert (status, errors) == (0, [])
    assert output.startswith("mine:sound\n  TRL's signature, completions as text, 4 bundled cases, ")
    assert output.splitlines()[-1].startswith("0 errors, 0 warnings, 0 notes; ")


@pytest.mark.whole
def test_a_warning_is_status_1_and_can_be_let_pass(call):
    assert call("mine:spelling")[0] == 1
    assert call("mine:spelling", "--fail-on", "error")[0] == 0


def test_an_error_is_status_2_with_json(call, tmp_path):
    (tmp_path / "cases.jsonl").write_text(
        '{"prompt": "4 + 4?", "ground_truth": "8", "data_source": "sums"}\n'
    )
    status, output, errors = call("mine:mentions", "--cases", "cases.jsonl", "--json")
    found = json.loads(output)
    assert (status, errors, found["status"], found["signature"]) == (2, [], 2, "verl")
    assert found["own_cases"] is True and "answer-mentioned" in [one["check"] for one in found["findings"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required: REWARD"),
        (("mine:nothing",), "module 'mine' has no attribute 'nothing'"),
        (("rlsf_gym:rlsf_gym/Nothing-v0",), "Nothing"),
        (("mine",), "For a reward of your own give MODULE:NAME, as mine:reward."),
        (
            ("mine.py:sound",),
            "must name a module, not a file, got 'mine.py:sound' (did you mean mine:sound?)",
        ),
        (("rewards/mine.py:sound",), "(did you mean rewards.mine:sound?)"),
        (("mine:a:b",), "must be 'module:attribute' or the id of an environment, got 'mine:a:b'"),
        (("mine:sonud",), "module 'mine' has no attribute 'sonud' (did you mean 'sound'?) in "),
        (("mine:sound", "--cases", "."), "expected a file with a JSON object in each line, found none"),
        (("mine:sound", "--cases", "none.jsonl"), "none.jsonl"),
        (("mine:sound", "--fail-on", "all"), "argument --fail-on"),
        (("mine:sound", "--time-limit", "0"), "argument --time-limit: expected a number above 0"),
    ],
)
def test_what_can_not_be_audited_is_status_3_in_one_line(call, arguments, said):
    status, output, errors = call(*arguments)
    assert (status, output, len(errors)) == (3, "", 1), errors
    assert errors[0].startswith("error: ") and said in errors[0]
