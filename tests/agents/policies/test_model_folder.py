"""model_folder.py: damaged folders of models, and those of strangers, are refused in one line."""

from __future__ import annotations

import json
import shutil

import pytest
import safetensors.torch
import torch

from agents.policies.policy import CausalLMPolicy

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.fixture
def folder(make_policy, tmp_path):
    make_policy().save_pretrained(tmp_path / "policy")
    return tmp_path / "policy"


def edit(file, function):
    weights = safetensors.torch.load_file(file)
    safetensors.torch.save_file(function(weights), file, metadata={"format": "pt"})


def configure(folder, **values):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def index(folder, name):
    (folder / "model.safetensors").rename(folder.parent / "stray.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"lm_head.weight": name}}))


WEIGHTS, HEAD = "model.safetensors", "value_head.safetensors"
DAMAGES = {
    "pointer": (
        lambda f: (f / WEIGHTS).write_bytes(POINTER),
        "got a pointer of Git LFS; fetch it with git lfs",
    ),
    "cut": (
        lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:-100]),
        "expected whole safetensors",
    ),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), "expected whole safetensors"),
    "noise": (lambda f: (f / WEIGHTS).write_bytes(b"\xff" * 64), "expected whole safetensors"),
    "missing": (lambda f: (f / WEIGHTS).unlink(), "with safetensors weights, got none"),
    "tensor missing": (
        lambda f: edit(f / WEIGHTS, lambda w: dict(list(w.items())[1:])),
        "weights do not fit config.json",
    ),
    "another shape": (lambda f: configure(f, n_embd=16), "model"),
    "not finite": (lambda f: edit(f / WEIGHTS, lambda w: {n: t / 0 for n, t in w.items()}), "finite weights"),
    "no config": (lambda f: (f / "config.json").unlink(), "expected config.json, found none"),
    "no JSON": (lambda f: (f / "config.json").write_text("{"), "config.json.: expected JSON"),
    "no kind": (lambda f: (f / "config.json").write_text("{}"), "expected a causal language model"),
    "unknown kind": (lambda f: configure(f, model_type="none"), "expected a causal language model"),
    "a word for a number": (lambda f: configure(f, n_layer="two"), "expected a causal language model"),
    "no heads": (lambda f: configure(f, n_head=0), "expected a causal language model"),
    "code of its own": (
        lambda f: configure(f, model_type="x", auto_map={"AutoConfig": "evil.C"}),
        "expected a causal language model",
    ),
    "index up": (
        lambda f: index(f, "../stray.safetensors"),
        "files of this folder, got '../stray.safetensors'",
    ),
    "index down": (lambda f: index(f, "..\\stray.safetensors"), "name files of this folder"),
    "index root": (lambda f: index(f, "/etc/passwd"), "name files of this folder, got '/etc/passwd'"),
    "index missing": (
        lambda f: index(f, "model-1.safetensors"),
        "expected model-1.safetensors, .*found none",
    ),
    "index list": (
        lambda f: (index(f, "x"), (f / "model.safetensors.index.json").write_text("[]")),
        "with a weight_map",
    ),
    "index without an end": (
        lambda f: (index(f, "x"), (f / "model.safetensors.index.json").write_text("[" * 100_000)),
        "with a weight_map, got RecursionError",
    ),
    "head cut": (
        lambda f: (f / HEAD).write_bytes((f / HEAD).read_bytes()[:20]),
        "expected whole safetensors",
    ),
    "head of another width": (
        lambda f: edit(f / HEAD, lambda w: {**w, "weight": torch.zeros(1, 3)}),
        r"value head .*: expected .*\(1, 32\).*, got .*\(1, 3\).*remove it to start without",
    ),
    "head of another name": (
        lambda f: safetensors.torch.save_file({"weights": torch.zeros(1, 32)}, f / HEAD),
        "value head",
    ),
    "head not finite": (
        lambda f: edit(f / HEAD, lambda w: {n: t + torch.nan for n, t in w.items()}),
        "finite",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_folders_are_refused_in_one_line(folder, damage):
    (folder / "evil.py").write_text("raise SystemExit('code was run')")
    do, message = DAMAGES[damage]
    do(folder)
    with pytest.raises(ValueError, match=message) as caught:
        CausalLMPolicy.from_pretrained(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_whole_folder_and_one_in_several_files_are_read(folder, tmp_path):
    policy = CausalLMPolicy.from_pretrained(folder)
    policy.backbone.model.save_pretrained(tmp_path / "several", max_shard_size="20KB")
    assert len(list((tmp_path / "several").glob("*.safetensors"))) > 1
    again = CausalLMPolicy.from_pretrained(tmp_path / "several")
    pairs = zip(policy.backbone.parameters(), again.backbone.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_model_in_the_cache_of_the_hub_is_read_through_its_links(folder, tmp_path):
    snapshot = tmp_path / "snapshots" / "1"
    snapshot.mkdir(parents=True)
    shutil.move(folder, tmp_path / "blobs")
    for file in (tmp_path / "blobs").iterdir():
        (snapshot / file.name).symlink_to(file)
    assert CausalLMPolicy.from_pretrained(snapshot).vocab_size == 12


def test_code_of_a_model_cannot_be_asked_for(folder):
    with pytest.raises(ValueError, match=r"model_kwargs: expected none of .*, got \['trust_remote_code'\]"):
        CausalLMPolicy.from_pretrained(folder, model_kwargs={"trust_remote_code": True})
