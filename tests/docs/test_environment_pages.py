"""docs/_ext/rlsf_site/environment_pages.py: a page for each id, true to the registration and to what runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from gymnasium import spaces
from rlsf_site import environment_pages
from rlsf_site.environment_pages import (
    Entry,
    argument_rows,
    entries,
    facts,
    make,
    make_page,
    sample,
    write_space,
)

from rlsf_gym import IDS, SentimentTextEnv
from rlsf_gym.envs import TokenEnv

ROOT = Path(__file__).parents[2]
BY_ID = {entry.id: entry for entry in entries()}


def test_each_id_has_a_page_and_a_line_in_the_list(monkeypatch, tmp_path):
    monkeypatch.setattr(environment_pages, "make_page", lambda entry: f"page of {entry.id}")
    pages = dict(make(tmp_path))
    listed = pages.pop("environments/index")
    assert list(pages.values()) == [f"page of {id}" for id in IDS]
    for id in IDS:
        name = id.removeprefix("rlsf_gym/")
        assert f"environments/{name}" in pages
        assert f"[`{id}`]({name}.md)" in listed


def test_the_page_says_what_the_environment_says():
    text = make_page(BY_ID["rlsf_gym/Countdown-v0"])
    assert "| action | `MultiDiscrete([63] * 26)` |" in text
    assert "| `max_new_tokens` | `26` | T |" in text
    assert "| `prompts` | left out |" in text
    assert "| `value` | `'random'` | Value of a prefix" in text
    assert "| `countdown` | `rules`, `verdict`, `partial_credits` |" in text
    assert "prompt: '3 5 7 11 -> 24: '" in text.split("It prints:")[1]
    keys = re.findall(r"^\| (?:reset|step) \| `(\w+)`", text, flags=re.M)
    assert {"instance", "solved", "certificate_payload", "reward_target", "candidate_rewards"} <= set(keys)
    assert "reward_negation" not in keys


def test_plain_text_has_no_instance():
    text = make_page(BY_ID["rlsf_gym/SentimentText-v0"])
    keys = re.findall(r"^\| (?:reset|step) \| `(\w+)`", text, flags=re.M)
    assert "reward_negation" in keys
    assert not {"instance", "solved", "certificate_payload"} & set(keys)
    assert "Arguments of the domain" not in text


def test_a_step_that_is_a_token_has_a_mask():
    text = make_page(BY_ID["rlsf_gym/SentimentTokenToy-v0"])
    assert "| both | `action_mask` | int8 (V,) |" in text
    assert "| `boundary` | `'open'` |" in text
    assert "which Gymnasium makes of single ones" in text


def test_an_example_that_fails_is_no_page(monkeypatch):
    monkeypatch.setattr(environment_pages, "sample", lambda entry: ("options={'no': 1}", "x"))
    with pytest.raises(RuntimeError, match="in the example"):
        make_page(BY_ID["rlsf_gym/SentimentText-v0"])


def test_a_class_without_its_table_is_no_page():
    class Bare(TokenEnv):
        """One step: a token.

        ## Description
        Nothing.
        """

    Bare.__name__ = "TokenEnv"
    with pytest.raises(KeyError, match="Action Space"):
        make_page(BY_ID["rlsf_gym/SentimentTokenToy-v0"]._replace(made_by=Bare))


def test_defaults_are_those_of_the_id():
    entry = Entry("x/Y-v0", SentimentTextEnv, {"domain": "sentiment", "max_new_tokens": 9}, True)
    told = {row[0]: row[1] for row in argument_rows(entry)}
    assert told["`max_new_tokens`"] == "`9`"
    assert told["`max_prompt_tokens`"] == "`16`"
    assert told["`scorer`"] == "`'vader'`"


def test_samples_are_the_domains_own():
    option, response = sample(BY_ID["rlsf_gym/SudokuToken-v0"])
    assert option == "options={'instance': {'grid': '.134431232..1...'}}"
    assert response == "2134431232431421"


def test_spaces_are_written_short():
    assert write_space(spaces.MultiDiscrete([3, 3])) == "`MultiDiscrete([3] * 2)`"
    assert write_space(spaces.Discrete(4)) == "`Discrete(4)`"


WITHOUT_EXTRAS = """
import sys
sys.modules |= dict.fromkeys(("pysat", "dratify", "networkx", "torch", "transformers"))
import gymnasium as gym
for id in sys.argv[1:]:
    try:
        gym.make(f"rlsf_gym:{id}")
        print("")
    except ImportError as error:
        print(error)
"""


@pytest.mark.whole
def test_a_page_names_the_extra_that_the_environment_asks_for():
    ids = [entry.id for entry in entries()]
    command = [sys.executable, "-c", WITHOUT_EXTRAS, *ids]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    for id, told in zip(ids, done.stdout.splitlines(), strict=True):
        extra = "".join(re.findall(r"pip install 'rlsf-gym(\[\w+\])'$", told))
        assert bool(extra) == bool(told), told
        assert ("install", f"`pip install 'rlsf-gym{extra}'`") in facts(BY_ID[id])
