"""Attention of the token that a classification head reads to each token of a text.

Chan et al. (2024, "ABC") read the attention of the last token of a GPT-2-like reward model. Ours is the row
of whatever token the head reads, which is [CLS] for BERT-like models.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from rlsf_gym.scorers.transformer.files import import_torch

__all__ = ["attend", "reads_last_token"]

FloatArray = npt.NDArray[np.float64]

_PROBE = ("a b c d e f", "a b c")  # of different lengths, so that one of them is padded


def attend(model: Any, inputs: dict[str, Any], *, last: bool) -> FloatArray:
    """Returns how much the head's token attends to each token in the last layer, mean over heads.

    Args:
        model: The classifier; how it computes attention is as before afterwards.
        inputs: Its `input_ids` and `attention_mask`, (N, K) int64 each.
        last: What `reads_last_token` says.

    Returns:
        float64 (N, K), >= 0; a row adds up to 1 over its real tokens, special ones included.
    """
    torch = import_torch()

    with torch.inference_mode():
        attention = _last_attention(model, inputs)  # (N, heads, K, K) float32
        texts = torch.arange(len(attention), device=attention.device)
        rows = _last_tokens(model, inputs["input_ids"]) if last else torch.zeros_like(texts)
        weights = attention[texts, :, rows]  # (N, heads, K) float32
        return weights.double().mean(1).cpu().numpy()


def reads_last_token(model: Any, tokenizer: Any, name: str) -> bool:
    """Returns whether the classification head reads the last real token; False where it reads the first one.

    Told by what the logits depend on: behind the last layer's attention every token goes its own way, so
    that the gradient of the logits by that attention map is 0 in all rows but the one of the token that the
    head reads. Found once, on two short texts of different lengths.

    Raises:
        ValueError: If it reads neither, or several tokens (as mean pooling does).
    """
    torch = import_torch()

    with torch.inference_mode(False), torch.enable_grad():
        inputs = tokenizer(list(_PROBE), padding=True, padding_side="right", return_tensors="pt")
        inputs = {key: inputs[key].to(model.device) for key in ("input_ids", "attention_mask")}
        attention, logits = _last_attention(model, inputs, with_logits=True)
        # Labels weigh differently, for logits that always add up to the same would have no gradient.
        total = (logits * torch.arange(1, 1 + logits.shape[1], device=model.device)).sum()
        (gradient,) = torch.autograd.grad(total, attention, allow_unused=True, materialize_grads=True)
    is_read = (gradient != 0).any(3).any(1)  # (N, K) bool
    for last, rows in ((True, _last_tokens(model, inputs["input_ids"])), (False, torch.zeros(2).long())):
        expected = torch.nn.functional.one_hot(rows.to(is_read.device), is_read.shape[1]).bool()
        if torch.equal(is_read, expected):
            return last
    raise ValueError(
        f"scorer {name!r} must have a head that reads the first or the last token to offer its attention, "
        f"got one that reads tokens {_show(is_read[0])} of {is_read.shape[1]}: use another model"
    )


def _last_attention(model: Any, inputs: dict[str, Any], *, with_logits: bool = False) -> Any:
    """Returns the last layer's attention map, (N, heads, K, K) float32, and the logits where asked for."""
    with _eager_attention(model):
        output = model(**inputs, output_attentions=True)
    size = inputs["input_ids"].shape  # (N, K)
    attention = output.attentions[-1] if output.attentions else None
    if attention is None or attention.ndim != 4 or attention.shape[2:] != (size[1], size[1]):
        raise ValueError(
            f"a model must tell the attention between all its tokens to offer it, "
            f"{type(model).__name__} does not: use another model or another reward design"
        )
    return (attention, output.logits) if with_logits else attention


@contextmanager
def _eager_attention(model: Any) -> Generator[None]:
    """Has the model compute attention step by step: fused kernels give no attention maps."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def _last_tokens(model: Any, ids: Any) -> Any:
    """Returns the position of the last token of each row that is not padding, (N,) int64.

    It is found as GPT-2-like classifiers find it: by the ids alone.
    """
    torch = import_torch()

    is_token = ids != model.config.pad_token_id
    return (is_token * torch.arange(ids.shape[1], device=ids.device)).argmax(1)


def _show(is_read: Any) -> str:
    return ", ".join(str(row) for row in is_read.nonzero().flatten().tolist()) or "none"
