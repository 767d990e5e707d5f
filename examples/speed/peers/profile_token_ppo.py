"""Says where an iteration of `agents.TokenPPO` spends its time, by kind of work.

    python examples/speed/peers/profile_token_ppo.py tiny 2

Times are torch's profiler's: what each operation took itself, added up over the iteration by kind. `outside
operations` is the rest of the wall clock: Python, transformers, the profiler's own cost.
"""

from __future__ import annotations

import time
from collections import defaultdict

from torch.profiler import ProfilerActivity, profile

from examples.speed.peers.channel import read_arguments
from examples.speed.peers.token_ppo import make_agent

KINDS = {
    "matrix products": ("mm", "addmm", "bmm", "linear", "matmul"),
    "attention": ("attention", "scaled_dot"),
    "activation": ("gelu", "tanh", "pow"),
    "softmax of the head": ("exp", "amax", "chosenlogprobs", "log_softmax"),
    "sampling": ("cumsum", "nextafter"),
    "norms of layers": ("layer_norm",),
    "optimiser": ("adam", "norm", "foreach"),
    "copies and fills": ("copy", "fill", "zero", "cat", "index", "gather", "clone", "embedding"),
}
"""Kind to parts of the names of torch's operations; the first that fits counts."""


def kind_of(operation: str) -> str:
    """Returns the kind of a torch operation."""
    name = operation.removeprefix("aten::").lower()
    whole = {"mm", "addmm", "bmm"}
    for kind, parts in KINDS.items():
        if any(name.strip("_") == part if part in whole else part in name for part in parts):
            return kind
    return "other operations"


def main() -> None:
    """Prints the shares of one iteration, after one that warms up."""
    work, variant = read_arguments()
    agent = make_agent(work, variant)
    agent.learn(work.batch)
    started = time.perf_counter()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        agent.learn(2 * work.batch)
    total = time.perf_counter() - started
    spent: dict[str, float] = defaultdict(float)
    for event in profiler.key_averages():
        spent[kind_of(event.key)] += event.self_cpu_time_total / 1e6
    spent["outside operations"] = total - sum(spent.values())
    for kind, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"{kind:22s}{seconds:8.3f} s{seconds / total:7.1%}")


if __name__ == "__main__":
    main()
