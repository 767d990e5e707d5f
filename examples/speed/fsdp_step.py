"""Samples, scores and takes one optimiser step with a policy whose weights FSDP spreads over processes.

    accelerate launch --config_file examples/speed/accelerate/fsdp.yaml examples/speed/fsdp_step.py

A trial of the learner's parts, not a training run: docs/scaling.md says what is missing. Weights, gradients
and Adam states lie in pieces, one to a process; a pass puts the weights together for as long as it lasts.
"""

from __future__ import annotations

import argparse
from typing import Any, cast

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method

from agents import CausalLMPolicy
from agents.flags.parser import Parser
from agents.parallel import JoinedProcesses, Processes, join_processes
from agents.policies.decoding import Generation

RATE, NORM = 1e-3, 1.0


def spread(policy: CausalLMPolicy, processes: JoinedProcesses) -> FSDPModule:
    """Spreads a policy over the processes, in place; gradients are summed, as the losses expect."""
    device = "cpu" if processes.device is None else processes.device.type
    module = fully_shard(policy, mesh=init_device_mesh(device, (processes.count,)))
    module.set_force_sum_reduction_for_comms(True)  # gloo knows no other
    module.set_gradient_divide_factor(1.0)
    register_fsdp_forward_method(policy, "score")
    return module


def sample(policy: CausalLMPolicy, rows: int, length: int) -> Generation:
    """Returns responses to prompts that are token ids in order; the same for equal weights."""
    prompts = torch.arange(4 * rows).reshape(rows, 4) % policy.vocab_size
    return policy.generate(
        prompts, torch.ones_like(prompts, dtype=torch.bool), lengths=torch.full((rows,), length),
        eos_token_id=None, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip


def step(policy: CausalLMPolicy, tokens: torch.Tensor, length: int, processes: Processes) -> float:
    """Takes a step that makes this process's share of some texts likelier; returns the gradient's norm."""
    optimizer = torch.optim.Adam(policy.parameters(), lr=RATE, eps=1e-5, fused=True)
    mine = processes.share(tokens)
    scored = policy.score(mine, torch.ones_like(mine, dtype=torch.bool), length)
    (-scored.logprobs.sum() / len(tokens)).backward()
    norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), NORM)
    optimizer.step()
    return float(cast(Any, norm).full_tensor() if hasattr(norm, "full_tensor") else norm)


def main() -> None:
    """Does it with spread and with whole weights, and prints how far apart the two are."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--policy", default="bundled", help="a folder, a hub name or 'bundled'")
    parser.add_argument("--device", default="cpu", help="'cpu' or 'cuda'")
    parser.add_argument("--rows", type=int, default=8, help="texts, a multiple of the processes")
    parser.add_argument("--length", type=int, default=8, help="tokens of a response")
    arguments = parser.parse_args()
    processes = join_processes(arguments.device)
    if not isinstance(processes, JoinedProcesses):
        parser.error("start several processes with accelerate launch")
    whole = CausalLMPolicy.from_pretrained(arguments.policy).to(processes.device)
    policy = CausalLMPolicy.from_pretrained(arguments.policy).to(processes.device)
    module = spread(policy, processes)
    module.unshard()  # so that a process that samples fewer tokens waits for nobody
    responses = sample(policy, arguments.rows, arguments.length)
    module.reshard()
    same = torch.equal(responses.response_ids, sample(whole, arguments.rows, arguments.length).response_ids)
    norms = [
        step(policy, responses.response_ids, arguments.length - 1, processes),
        step(whole, responses.response_ids, arguments.length - 1, Processes()),
    ]
    stored = sum(cast(Any, p).to_local().numel() for p in policy.parameters())
    pairs = zip(policy.parameters(), whole.parameters(), strict=True)
    apart = max(float((cast(Any, p).full_tensor() - q).detach().abs().max()) for p, q in pairs)
    if processes.is_main:
        total = sum(q.numel() for q in whole.parameters())
        print(f"weights in this process: {stored} of {total}; same responses: {same}")
        print(f"norms {norms[0]:.6g} and {norms[1]:.6g}; weights after the step apart by {apart:.2g}")
    processes.close()


if __name__ == "__main__":
    main()
