"""Nothing that is loaded can run code: no pickles, and no code that comes with a model."""

import ast
import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from agents import CausalLMPolicy

ROOT = Path(__file__).parents[1]
FILES = [
    path for folder in ("agents", "examples", "rlsf_gym") for path in sorted((ROOT / folder).rglob("*.py"))
]
UNPICKLING = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
LOADERS = {"torch.load", "torch.jit.load", "torch.hub.load", "pd.read_pickle", "pandas.read_pickle"}


def findings(source):
    """Yields what a module does that could unpickle something or run a stranger's code."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.module == "torch" and any(alias.name == "load" for alias in node.names):
                yield "torch.load"
        yield from (name for name in names if name.partition(".")[0] in UNPICKLING)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in LOADERS:
            yield ast.unparse(node)
        if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "trust_remote_code"):
            yield from [ast.unparse(node)] if ast.unparse(node.value) != "False" else []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pickle", ["pickle"]),
        ("from pickle import loads", ["pickle"]),
        ("import torch\nx = torch.load(p)", ["torch.load"]),
        ("from torch import load", ["torch.load"]),
        ("np.load(p, allow_pickle=True)", ["allow_pickle=True"]),
        ("f(trust_remote_code=given)", ["trust_remote_code=given"]),
        ("f(trust_remote_code=False)\nimport json", []),
    ],
)
def test_the_search_finds_what_it_looks_for(source, found):
    assert list(findings(source)) == found


def test_nothing_unpickles_or_trusts_remote_code():
    assert len(FILES) > 100
    found = {str(path.relative_to(ROOT)): list(findings(path.read_text(encoding="utf-8"))) for path in FILES}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_checkpoint_is_safetensors_and_json(tiny_policy, tmp_path):
    CausalLMPolicy.from_pretrained(tiny_policy).save_pretrained(tmp_path / "policy")
    assert {path.suffix for path in (tmp_path / "policy").iterdir()} == {
        ".safetensors",
        ".json",
        ".md",
    }


def test_code_that_comes_with_a_model_is_not_run(tmp_path):
    ran = tmp_path / "ran"
    names = {"AutoConfig": "stranger.Config", "AutoModelForCausalLM": "stranger.Model"}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "stranger", "auto_map": names}))
    safetensors.torch.save_file({"weight": torch.zeros(1)}, tmp_path / "model.safetensors")
    (tmp_path / "stranger.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    with pytest.raises(ValueError, match="custom code"):
        CausalLMPolicy.from_pretrained(tmp_path)
    assert not ran.exists()
