"""Policy and reference as parts of a checkpoint; a reference that shares weights is not stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from agents.policies.policy import CausalLMPolicy
from agents.runs.checkpoint import Checkpoint

POLICY, REFERENCE = "policy", "reference"


def pair_parts(
    policy: CausalLMPolicy, reference: CausalLMPolicy, facts: Mapping[str, Any], eos_token_id: int
) -> dict[str, Callable[[Path], None]]:
    """Returns functions that write the policy, and the reference unless it is the policy's own base model.

    Args:
        policy: Its card gets the facts.
        reference: Not trained: its card gets none.
        facts: As `agents.policies.model_card.write_card` takes them.
        eos_token_id: Ends a response.
    """
    write = partial(policy.save_pretrained, facts=facts, eos_token_id=eos_token_id)
    parts: dict[str, Callable[[Path], None]] = {POLICY: write}
    if not _shares_weights(policy, reference):
        parts[REFERENCE] = partial(reference.save_pretrained, eos_token_id=eos_token_id)
    return parts


def describe_pair(policy: CausalLMPolicy, reference: CausalLMPolicy) -> dict[str, dict[str, Any]]:
    """Returns the options of both, as JSON has them."""
    return {POLICY: policy.options(), REFERENCE: reference.options()}


def reference_files(files: Mapping[str, str]) -> dict[str, str]:
    """Returns the reference's files with their hashes, for later checkpoints to link.

    Args:
        files: SHA-256 of each file of a checkpoint, by its path inside.
    """
    return {name: sha for name, sha in files.items() if name.startswith(f"{REFERENCE}/")}


def read_pair(
    found: Checkpoint, device: str | torch.device, *, base: str | Path | None = None
) -> tuple[CausalLMPolicy, CausalLMPolicy]:
    """Returns policy and reference of a checkpoint, on a device.

    Args:
        found: The checkpoint.
        device: Where they are put.
        base: Where the base model of the policy's adapter is, when it has moved.

    Raises:
        ValueError: If their weights are missing or do not fit, or an adapter's base model has changed.
    """
    options: Mapping[str, dict[str, Any]] = found.record["options"]
    policy = CausalLMPolicy.from_pretrained(found.folder / POLICY, base=base, **options[POLICY]).to(device)
    folder = found.folder / REFERENCE
    if folder.is_dir():
        return policy, CausalLMPolicy.from_pretrained(folder, **options[REFERENCE]).to(device)
    reference = policy.frozen_copy()
    reference.temperature = options[REFERENCE]["temperature"]
    return policy, reference


def _shares_weights(policy: CausalLMPolicy, reference: CausalLMPolicy) -> bool:
    own = {id(parameter) for parameter in policy.backbone.parameters()}
    return all(id(parameter) in own for parameter in reference.backbone.parameters())
