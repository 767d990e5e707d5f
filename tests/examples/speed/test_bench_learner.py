"""The benchmark of the learner: its count of operations, and a run on a toy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]
BENCH = ROOT / "examples" / "speed" / "bench_learner.py"


@pytest.fixture
def operations():
    from examples.speed import learner_operations

    return learner_operations


@pytest.fixture
def model():
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(n_layer=3, n_embd=16, n_head=2, vocab_size=50, n_positions=32)
    config._attn_implementation = "eager"  # its products are counted one by one
    return GPT2LMHeadModel(config).eval()


def test_work_by_hand(operations):
    # L = 1, H = 2, V = 3: a token through the trunk is 2 * 12 * 4 = 96, the head 2 * 2 * 3 = 12 and a token
    # that is looked at 4 * 2 = 8. A prompt of 1 and 2 new tokens: tokens 1 and 2 are read, which look at 1
    # and 2 tokens: 2 * 96 + 3 * 8 + 2 * 12 = 240. With one epoch it is done 2 + 3 times.
    sizes = operations.Sizes(layers=1, width=2, vocab=3)
    assert operations.iteration_operations(sizes, [1], 2, epochs=1) == 5 * 240
    assert operations.iteration_operations(sizes, [1, 1], 2, epochs=4) == 2 * 14 * 240


def test_generation_costs_what_torch_counts(operations, model):
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import DynamicCache

    cache = DynamicCache(config=model.config)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        for t in range(7):
            model(input_ids=torch.tensor([[t]]), past_key_values=cache, use_cache=True)
    sizes = operations.Sizes(layers=3, width=16, vocab=50)
    assert operations.forward_operations(sizes, range(1, 8), heads=7) == counter.get_total_flops()


def test_backward_costs_twice_the_forward_as_torch_counts(operations, model):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(input_ids=torch.arange(18).reshape(2, 9), use_cache=False).logits.sum().backward()
    # Whole rows at once multiply the triangle above the diagonal as well: each token looks at all 9.
    sizes = operations.Sizes(layers=3, width=16, vocab=50)
    assert 3 * operations.forward_operations(sizes, [9] * 18, heads=18) == counter.get_total_flops()


def test_a_quick_run_prints_and_writes_the_parts(tmp_path):
    path = tmp_path / "deeper" / "bench.json"
    arguments = ("--quick", "--rounds", "1", "--threads", "1", "--json", str(path))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(BENCH), *arguments], capture_output=True, text=True, check=True, env=environment
    )
    head, row, *floors = done.stdout.splitlines()
    assert head.split()[2:5] == ["generate", "score", "update"]
    assert row.split()[0] == "agents" and float(row.split()[6]) == float(row.split()[8]) == 1.0
    assert head.split()[6:9] == ["ratio", "processor", "ratio"]
    assert [floor.split()[3] for floor in floors] == ["(seconds):", "(processor):"]
    report = json.loads(path.read_text())
    ours = report["learners"]["agents"]
    assert ours["episodes_per_second"] == pytest.approx(8 / ours["seconds"])
    assert min(ours["generate"], ours["score"], ours["update"]) > 0
    assert ours["generate"] + ours["score"] + ours["update"] == pytest.approx(ours["seconds"])
    assert ours["peak_mb"] > 50
    # 8 prompts of 2 to 8 and again 2 tokens, L = 2, H = 32, V = 64, 16 new tokens, 4 epochs
    tokens = [length + 15 for length in (2, 3, 4, 5, 6, 7, 8, 2)]
    looked = sum(n * (n + 1) // 2 for n in tokens)
    once = 2 * 12 * 2 * 32**2 * sum(tokens) + 4 * 2 * 32 * looked + 2 * 32 * 64 * 16 * 8
    assert report["operations"] == 14 * once
    for clock in ("seconds", "processor"):
        assert report["floor"][clock] == pytest.approx(14 * once / report["rates"][clock])


def test_a_peer_that_cannot_run_is_named(tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such package >&2\nexit 3\n")
    broken.chmod(0o755)
    arguments = ("--quick", "--rounds", "1", "--threads", "1", "--peer", f"sb3={broken}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(BENCH), *arguments], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "sb3: ended with status 3: no such package"


def test_a_peer_that_is_killed_between_iterations_is_named():
    from examples.speed import bench_learner

    script = 'import os; print(\'{"ready": ""}\', flush=True); os.kill(os.getpid(), 9)'
    learner = bench_learner.Learner("peer", [sys.executable, "-c", script], os.environ)
    learner._process.wait()
    with pytest.raises(RuntimeError, match="peer: ended with status -9"):
        learner.iterate()
    learner.close()


@pytest.mark.parametrize("peer", ["nobody=/bin/sh", "sb3", "sb3=/no/such/python"])
def test_a_wrong_peer_is_refused(peer):
    done = subprocess.run([sys.executable, str(BENCH), "--peer", peer], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"got '{peer}'" in done.stderr and "Traceback" not in done.stderr
