"""docs/agents.md: its script trains and saves, here for one iteration."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

PAGE = (Path(__file__).parents[1] / "docs" / "agents.md").read_text(encoding="utf-8")


def test_the_script_trains_and_saves(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {}
    exec(block.replace("total_episodes=4096", "total_episodes=128"), names)
    assert names["agent"].episodes == 128 and "total_episodes=4096" in block
    assert (tmp_path / "positive" / "policy" / "model.safetensors").is_file()
