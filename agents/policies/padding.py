"""Left-padded prompts: what they must be, and which columns are used."""

from __future__ import annotations

from torch import Tensor


def check_prompts(prompt_mask: Tensor) -> None:
    """Checks that every prompt has tokens and stands on the right.

    Args:
        prompt_mask: (B, P) bool, True on real tokens.

    Raises:
        ValueError: A row is empty, or ends in padding.
    """
    empty: list[int] = [row for row, real in enumerate(prompt_mask.bool().any(-1)) if not real]
    if empty:
        raise ValueError(
            f"prompt_mask: expected at least one real token in every row, got none in rows {empty[:5]}"
        )
    if not bool(prompt_mask[:, -1].all()):
        raise ValueError(
            "prompt_mask: expected left-padded prompts (last column all real), got a row that ends in padding"
        )


def real_columns(mask: Tensor) -> tuple[int, int]:
    """Returns the first column with a real token and the one after the last."""
    used = mask.any(0).nonzero()
    return int(used[0]), int(used[-1]) + 1
