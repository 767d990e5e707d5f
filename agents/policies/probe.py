"""Numeric probe at start: refuses a language model that this package can't generate from.

Texts are padded on the left, read in rows of equal width and grown by a token at a time from what the model
remembers. A model whose memory is of another kind, whose positions are its own business or which looks at
what follows would silently give other logits. So a padded and an unpadded text are read, and grown by three
tokens, and compared with the logits of each text alone when the model is called with nothing but ids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from transformers import PreTrainedModel

from agents.policies.model_kind import explain_failure
from agents.policies.trunks.trunk import Outputs, Trunk

PROMPT, PADDING, STEPS = 5, 2, 3
"""Tokens of the longer prompt, columns that the shorter one lacks, tokens that are appended."""
LONGEST_WINDOW = 64
"""Attention windows up to this length are grown over."""
TOLERANCE = {"highest": 1e-3, "high": 3e-2, "medium": 3e-2}
"""Largest difference over the largest logit, by torch's precision of products; rounding is far below it."""
WINDOWS = ("sliding_window", "attention_window_size", "window_size", "attention_chunk_size")


class _Texts(NamedTuple):
    """Two texts, the second of which is shorter."""

    tokens: Tensor
    """Token ids, padded on the left, (2, S) int64."""
    mask: Tensor
    """True on real tokens, (2, S) bool."""
    prompt: int
    """Columns before the tokens that are appended."""

    def alone(self, row: int) -> Tensor:
        """Returns one of them without padding, (1, S') int64."""
        return self.tokens[row : row + 1, self.mask[row]]


@torch.no_grad()
def check_generation(model: PreTrainedModel, trunk: Trunk, logits: Callable[[Outputs], Tensor]) -> None:
    """Checks that texts in a batch, read or grown, are what the model makes of each text alone.

    Args:
        model: A causal language model in evaluation mode.
        trunk: Reads it.
        logits: Makes scores of what the trunk says.

    Raises:
        ValueError: If they are not, or the model can't be called so; in one line.
    """
    name = type(model).__name__
    devices = [model.device] if model.device.type == "cuda" else []
    with cast(Any, torch.random).fork_rng(devices), explain_failure(model):  # some draw even in evaluation
        off = _differences(_make_texts(model), model, trunk, logits)
    tolerance = TOLERANCE[torch.get_float32_matmul_precision()]
    wrong = [what for what, difference in off.items() if not difference <= tolerance]
    if wrong:
        raise ValueError(
            f"model {name}: expected the same logits of a text alone and in a padded batch, got others "
            f"when it is {' and '.join(wrong)} (off by {max(off.values()):.1g} of the largest); its memory "
            "or positions are not those of a plain decoder: take one such as GPT-2 or Llama"
        )


def _differences(
    texts: _Texts, model: PreTrainedModel, trunk: Trunk, logits: Callable[[Outputs], Tensor]
) -> dict[str, float]:
    """Returns the relative errors of the logits, by the change that was made to the texts."""
    whole = [_call(model, texts.alone(row))[0] for row in (0, 1)]  # (S', L) each
    expected = torch.stack([one[-STEPS - 1 :] for one in whole])  # (2, STEPS + 1, L)
    largest = max(float(expected.abs().max()), torch.finfo(torch.float32).tiny)
    before = torch.stack([_call(model, texts.alone(row)[:, :-STEPS])[0, -1] for row in (0, 1)])
    read = _read(texts, trunk, logits)
    grown = _grow(texts, trunk, logits)

    def off(found: Tensor, wanted: Tensor) -> float:
        difference = float((found - wanted).abs().max())
        return difference / largest if difference == difference else float("inf")

    return {
        "cut before its end": off(before, expected[:, 0]),
        "read beside padding": off(read, expected),
        "grown token by token": max(off(one, expected[2 - len(one) :, n]) for n, one in enumerate(grown)),
    }


def _read(texts: _Texts, trunk: Trunk, logits: Callable[[Outputs], Tensor]) -> Tensor:
    """Returns what is said after the prompts and after each appended token, (2, STEPS + 1, L)."""
    width = STEPS + 1
    rows = torch.arange(2, device=texts.tokens.device).repeat_interleave(width)
    columns = torch.arange(texts.prompt - 1, texts.prompt + STEPS, device=rows.device).repeat(2)
    said = logits(trunk.read(texts.tokens, texts.mask, rows=rows, columns=columns))  # (2 * width, L)
    return said.view(2, width, -1)


def _grow(texts: _Texts, trunk: Trunk, logits: Callable[[Outputs], Tensor]) -> list[Tensor]:
    """Returns the same one after the other; before the last token the first text leaves."""
    prompt, appended = texts.tokens[:, : texts.prompt], texts.tokens[:, texts.prompt :]
    growth, outputs = trunk.open(prompt, texts.mask[:, : texts.prompt], STEPS)
    said = [logits(outputs)]
    for step in range(STEPS):
        tokens = appended[:, step]
        if step == STEPS - 1:
            growth.keep(torch.ones(1, dtype=torch.int64, device=tokens.device))
            tokens = tokens[1:]
        said.append(logits(growth.read(tokens)))
    return said


def _make_texts(model: PreTrainedModel) -> _Texts:
    """Returns texts of ordinary tokens, longer than the model's window where that is short."""
    config = cast(Any, model.config).get_text_config()
    windows = [getattr(config, name, None) for name in WINDOWS]
    short = [size for size in windows if isinstance(size, int) and 0 < size <= LONGEST_WINDOW]
    prompt = PROMPT + max(short, default=0)
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int):
        prompt = max(PADDING + 1, min(prompt, positions - STEPS))
    special = {getattr(config, f"{name}_token_id", None) for name in ("pad", "bos", "eos")}
    count = int(cast(Any, model.get_input_embeddings()).weight.shape[0])
    usable = [token for token in range(min(count, 64)) if token not in special] or [0]
    numbers = torch.arange(2 * (prompt + STEPS), device=model.device)
    tokens = torch.tensor(usable, device=model.device)[(numbers * 7 + 3) % len(usable)].view(2, -1)
    mask = torch.ones_like(tokens).bool()
    mask[1, :PADDING] = False
    return _Texts(tokens.masked_fill(~mask, 0), mask, prompt)


def _call(model: PreTrainedModel, tokens: Tensor) -> Tensor:
    """Returns the logits (1, S, L) float32 of a text (1, S), as the model itself would have it read."""
    return cast(Tensor, model(input_ids=tokens).logits).float()
