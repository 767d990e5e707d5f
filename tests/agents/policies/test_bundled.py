"""Bundled models: found by the names of their folders, wherever a policy can be named."""

import shutil

import pytest

from agents import CausalLMPolicy
from agents.policies import bundled
from agents.policies.lora import read_source
from agents.policies.vocabulary import find_tokenizer
from agents.training.build import check_policy


@pytest.fixture
def another(tmp_path, monkeypatch):
    """Adds a model to the bundled ones; returns its folder."""
    shutil.copytree(bundled.bundled_folder(), tmp_path / bundled.DEFAULT)
    shutil.copytree(bundled.bundled_folder("gpt2-sudoku-1m"), tmp_path / "gpt2-tiny-1m")
    (tmp_path / "notes").mkdir()  # no model
    monkeypatch.setattr(bundled, "ASSETS", tmp_path)
    return tmp_path / "gpt2-tiny-1m"


def test_names_are_those_of_folders_with_a_model(another):
    assert bundled.bundled_names() == ["bundled", "gpt2-tiny-1m"]
    assert bundled.bundled_folder("gpt2-tiny-1m") == another
    assert bundled.is_bundled("bundled") and not bundled.is_bundled("notes")


def test_a_policy_is_read_by_such_a_name_and_remembers_it(another, tmp_path):
    policy = CausalLMPolicy.from_pretrained("gpt2-tiny-1m", lora={"rank": 2})
    assert policy.origin.base == "gpt2-tiny-1m"
    assert read_source(policy.backbone.model) == "gpt2-tiny-1m"
    assert policy.tokenizer.sha256(12) == find_tokenizer("gpt2-tiny-1m", fetch=False).sha256(12)
    policy.save_pretrained(tmp_path / "adapter")
    again = CausalLMPolicy.from_pretrained(tmp_path / "adapter")  # its base is found by its name
    assert again.origin.base == "gpt2-tiny-1m"


def test_a_slip_in_a_name_is_told(another):
    check_policy("gpt2-tiny-1m")
    check_policy("gpt2")
    with pytest.raises(
        ValueError, match=r"--policy: there is no 'gpt2-tiny-2m' .did you mean 'gpt2-tiny-1m'"
    ):
        check_policy("gpt2-tiny-2m")
    with pytest.raises(ValueError, match=r"--policy: there is no 'bundeld' .did you mean 'bundled'"):
        check_policy("bundeld")
