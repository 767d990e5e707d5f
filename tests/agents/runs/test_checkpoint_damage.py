"""A checkpoint that anything was done to is refused in one line: damage, links, names that lead elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil

import pytest
import torch

from agents import RLOO, RLOOConfig, TokenPPO, TokenPPOConfig
from agents.policies.pair import reference_files
from agents.runs import checkpoint

CONFIG = TokenPPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Returns a checkpoint of a learner that has stepped, which nobody may change."""
    from agents.policies.policy import CausalLMPolicy

    from ..conftest import ToyVectorEnv, make_model

    path = tmp_path_factory.mktemp("checkpoints") / "c"
    TokenPPO(CausalLMPolicy(make_model()), ToyVectorEnv(), CONFIG).learn(8).save(path)
    return path


@pytest.fixture
def path(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "c")


def refuse(path, match=None):
    with pytest.raises(ValueError, match=match) as caught:
        checkpoint.load(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("checkpoint ")


def files_of(path):
    return sorted(file for file in path.rglob("*") if file.is_file())


def test_each_file_in_each_region(saved, path):
    """A bit is flipped in the first, the middle, the last and 8 drawn bytes; then files are cut and more."""
    rng, tried = random.Random(0), 0
    assert {"learner.json", "learner.safetensors", "config.json", "model.safetensors"} <= {
        file.name for file in files_of(saved)
    }
    for original in files_of(saved):
        file, data = path / original.relative_to(saved), original.read_bytes()
        places = {0, len(data) // 2, len(data) - 1, *(rng.randrange(len(data)) for _ in range(8))}
        for place in places:
            changed = bytearray(data)
            changed[place] ^= 1 << rng.randrange(8)
            file.write_bytes(changed)
            refuse(path)
            tried += 1
        for cut in (0, 1, len(data) // 2, len(data) - 1):
            file.write_bytes(data[:cut])
            refuse(path)
        file.write_bytes(data + b"\n")
        refuse(path)
        file.unlink()
        refuse(path)
        file.mkdir()
        refuse(path)
        file.rmdir()
        file.write_bytes(data)
        tried += 7
    assert tried > 120
    checkpoint.load(path)


def test_every_character_of_the_record(saved, path):
    record = path / "learner.json"
    data = record.read_bytes()
    for place in range(0, len(data), 7):
        for new in {b" ", b"0", b'"'} - {data[place : place + 1]}:
            record.write_bytes(data[:place] + new + data[place + 1 :])
            refuse(path)


def test_parts_of_another_checkpoint(path, tmp_path, make_policy, make_toy):
    other = tmp_path / "other"
    TokenPPO(make_policy(seed=1), make_toy(), CONFIG).learn(16).save(other)
    for name in ("policy", "reference", "learner.safetensors", "learner.json"):
        mixed = shutil.copytree(path, tmp_path / f"mixed-{name}")
        if (mixed / name).is_dir():
            shutil.rmtree(mixed / name)
            shutil.copytree(other / name, mixed / name)
        else:
            shutil.copyfile(other / name, mixed / name)
        refuse(mixed, "is damaged|is cut|is missing|was not saved with it")


@pytest.mark.parametrize("name", ["notes.txt", "policy/model-2.safetensors", "policy/deep/file", ".hidden"])
def test_files_that_were_added(path, name):
    (path / name).parent.mkdir(exist_ok=True)
    (path / name).write_text("x")
    refuse(path, f"{name} was not saved with it: take it out")


@pytest.mark.parametrize("name", ["learner.json", "learner.safetensors", "policy/config.json", "extra"])
def test_links_are_not_followed(path, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    if (path / name).exists():
        (path / name).rename(elsewhere)
    else:
        elsewhere.write_text("x")
    (path / name).symlink_to(elsewhere)
    refuse(path, "a link")


def test_folders_that_are_links(path, tmp_path):
    (path / "policy").rename(tmp_path / "policy")
    (path / "policy").symlink_to(tmp_path / "policy")
    refuse(path, "policy is a link")
    (tmp_path / "link").symlink_to(path)
    refuse(tmp_path / "link", "found none")
    with pytest.raises(ValueError, match="expected a new folder or an earlier checkpoint"):
        checkpoint.save(tmp_path / "link", parts={}, tensors={}, record={})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("name", ["learner.json", "learner.safetensors", "policy/pipe"])
def test_pipes_are_not_waited_for(path, name):
    (path / name).unlink(missing_ok=True)
    os.mkfifo(path / name)
    refuse(path, "a pipe")


def reseal(path, change):
    """Changes the record as somebody would who can compute a hash."""
    file = path / "learner.json"
    whole = json.loads(file.read_text())
    change(whole)
    whole.pop("sha256")
    text = json.dumps(whole, indent=1, sort_keys=True) + "\n"
    whole["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    file.write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")


OUTSIDE = [
    *(
        "../victim.txt",
        "reference/../../victim.txt",
        "/etc/hostname",
        "a//b",
        "./a",
        "a/.",
        "",
        "a\\..\\b",
        "C:x",
    ),
    *("policy/", "a\0b"),
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_out_of_the_folder(path, tmp_path, name):
    victim = tmp_path / "victim.txt"
    victim.write_text("x")
    entry = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    reseal(path, lambda whole: whole["files"].update({name: entry}))
    refuse(path, "expected names of files inside of it, got")
    with pytest.raises(ValueError, match="expected names of files inside of it"):
        checkpoint.save(path, parts={}, tensors={}, record={}, unchanged={name: entry["sha256"]})
    assert victim.read_text() == "x"


WRONG = {
    "no files": lambda whole: whole.update(files={}),
    "files are a list": lambda whole: whole.update(files=[1]),
    "a file is null": lambda whole: whole["files"].update({"learner.safetensors": None}),
    "a size is a word": lambda whole: whole["files"]["learner.safetensors"].update(bytes="x"),
    "the record is null": lambda whole: whole.update(record=None),
    "the record is a list": lambda whole: whole.update(record=[]),
    "the record is empty": lambda whole: whole.update(record={}),
    "the format is a word": lambda whole: whole.update(format="2"),
    "the format is true": lambda whole: whole.update(format=True),
    **{
        f"{key} is {value!r}": lambda whole, key=key, value=value: whole["record"].update({key: value})
        for key, values in {
            "config": (None, [], "x", {"lam": "x"}, {"evil": 1}, {"seed": 1.5}, {"seed": True}, {"lam": [1]}),
            "iteration": (None, "x", -1, 1.5, True, [1]),
            "kl_coef": (None, "x", -1.0, True, 10**400),
            "score_scale": (None, 0.0, "1"),
            "vocab_size": (None, 0, "12"),
            "options": (None, {}, {"policy": {}}, {"policy": None, "reference": None}),
            "learner": (None, 3, "sac"),
            "notes": (3, ["x"]),
        }.items()
        for value in values
    },
}


@pytest.mark.parametrize("name", WRONG)
def test_records_of_wrong_types_are_refused_in_one_line(path, make_toy, name):
    reseal(path, WRONG[name])
    with pytest.raises(ValueError) as caught:
        TokenPPO.load(path, make_toy())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("missing_eos_penalty", 10**400),
        ("kl_coef", 10**400),
        ("learning_rate", 1e300),
        ("gamma", "x" * 50_000),
        ("kl_controller", "x" * 50_000),
        ("x" * 50_000, 1),
    ],
)
def test_settings_out_of_all_range_are_refused_in_a_short_line(path, make_toy, key, value):
    reseal(path, lambda whole: whole["record"]["config"].update({key: value}))
    with pytest.raises(ValueError, match="expected") as caught:
        TokenPPO.load(path, make_toy())
    assert len(str(caught.value)) < 2_000


@pytest.mark.parametrize("change", ["generator", "step", "shape", "stranger", "words"])
def test_tensors_that_are_not_those_of_a_learner(path, make_toy, change):
    from safetensors.torch import load_file, save_file

    file = path / "learner.safetensors"
    tensors = load_file(file)
    name = next(key for key in tensors if key.startswith("exp_avg/"))
    if change == "generator":
        del tensors["generator"]
    elif change == "step":
        del tensors[name.replace("exp_avg/", "step/")]
    elif change == "shape":
        tensors[name] = torch.zeros(3)
    elif change == "stranger":
        tensors["exp_avg/of.nobody"] = torch.zeros(3)
    save_file(tensors, file)
    if change == "words":
        file.write_bytes(b"no tensors at all")
    data = file.read_bytes()
    entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    reseal(path, lambda whole: whole["files"].update({"learner.safetensors": entry}))
    with pytest.raises(ValueError) as caught:
        TokenPPO.load(path, make_toy())
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_before_records_were_sealed(path):
    whole = json.loads((path / "learner.json").read_text())
    del whole["sha256"]
    (path / "learner.json").write_text(json.dumps({**whole, "format": 1}, indent=1, sort_keys=True) + "\n")
    refuse(path, "expected format 2, got 1; read it with the version that wrote it")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{}", "3", "null", '{"format": 1e999}', '{"format": NaN}', "\xff"]
)
def test_records_that_are_none(path, text):
    (path / "learner.json").write_bytes(text.encode("latin-1"))
    refuse(path, r"learner\.json is damaged")


def test_the_whole_learner_comes_back(path, make_toy):
    agent = TokenPPO.load(path, make_toy())
    assert (agent.iteration, agent.notes) == (1, {})
    agent.notes = {"run": "abc", "settings": {"seed": 1, "layers": ["a"]}}
    agent.save(path)
    assert TokenPPO.load(path, make_toy()).notes == {"run": "abc", "settings": {"seed": 1, "layers": ["a"]}}


def test_another_learners_checkpoint(path, make_group_toy):
    with pytest.raises(ValueError, match="expected one of the learner 'rloo', got 'ppo'"):
        RLOO.load(path, make_group_toy())
    assert RLOO.config_class is RLOOConfig


def test_a_reference_that_was_swapped_is_written_again(path, make_toy):
    """What is linked from the last checkpoint is there as a regular file, or it is written."""
    agent = TokenPPO.load(path, make_toy())
    file = path / "reference" / "config.json"
    content = file.read_bytes()
    file.rename(path.parent / "elsewhere")
    file.symlink_to(path.parent / "elsewhere")
    agent.save(path)
    assert not file.is_symlink()
    assert file.read_bytes() == content
    assert reference_files(checkpoint.load(path).files)


def test_an_earlier_one_is_said_to_stand_only_where_it_does(tmp_path):
    (tmp_path / "c.partial").write_text("in the way")
    with pytest.raises(OSError, match="can't be written") as caught:
        checkpoint.save(tmp_path / "c", parts={}, tensors={}, record={})
    assert "stands" not in str(caught.value)
    (tmp_path / "c.partial").unlink()
    checkpoint.save(tmp_path / "c", parts={}, tensors={}, record={})
    (tmp_path / "c.partial").write_text("in the way")
    with pytest.raises(OSError, match=r"can't be written: .*; an earlier one stands"):
        checkpoint.save(tmp_path / "c", parts={}, tensors={}, record={})
