"""Token rewards as the loss inputs of Tinker's `Datum`, with NumPy alone.

Tinker (and SkyRL, which serves the same interface) trains on a sequence of N + 1 tokens by N predictions:
position i of `loss_fn_inputs` is about token i + 1. Its losses `importance_sampling`, `ppo` and `cispo` take
an advantage for each of them, so a vector of token rewards fits without loss.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

__all__ = ["DatumInputs", "returns_to_go", "to_datum"]

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


class DatumInputs(NamedTuple):
    """Inputs of one `tinker.Datum`, N = prompt tokens + response tokens - 1 positions."""

    model_input: Ids
    """Tokens that the model reads, int64 (N,): all but the last."""
    loss_fn_inputs: dict[str, npt.NDArray[Any]]
    """`target_tokens` int64 (N,), `logprobs` float32 (N,) and `advantages` float32 (N,), the latter two 0 on
    the prompt."""


def to_datum(
    info: Mapping[str, Any],
    logprobs: Sequence[float] | npt.NDArray[Any],
    *,
    prompt_ids: Sequence[int] | npt.NDArray[Any],
    response_ids: Sequence[int] | npt.NDArray[Any],
    advantages: Sequence[float] | npt.NDArray[Any] | None = None,
) -> DatumInputs:
    """Returns the inputs of a `tinker.Datum` for one episode.

    The ids must be those that were sampled and that the environment was stepped with; n is the
    `response_length` of the info, the end token included where it was sampled.

    Args:
        info: What the step of a single environment returned, or one row of `rlsf_gym.episode_infos`.
        logprobs: Log-probabilities under the policy that sampled, (n,), in nats.
        prompt_ids: Ids of the prompt, at least one, without padding.
        response_ids: Ids of the response, (n,), without what stands behind its end.
        advantages: Advantage of each token of the response, (n,); by default what `returns_to_go` gives,
            without a baseline.

    Raises:
        ValueError: If the lengths differ, a number is not finite, or the prompt or the response is empty.

    Example:
        >>> info = {"token_rewards": np.array([0.0, 0.5, -0.25, 0.0], np.float32), "response_length": 3}
        >>> datum = to_datum(info, [-1.0, -2.0, -0.5], prompt_ids=[7, 8], response_ids=[4, 5, 6])
        >>> datum.model_input.tolist(), datum.loss_fn_inputs["target_tokens"].tolist()
        ([7, 8, 4, 5], [8, 4, 5, 6])
        >>> datum.loss_fn_inputs["advantages"].tolist()
        [0.0, 0.25, 0.25, -0.25]
    """
    prompt, response = _read_ids("prompt_ids", prompt_ids), _read_ids("response_ids", response_ids)
    length = operator.index(info["response_length"])
    if len(response) != length:
        raise ValueError(
            f"response_ids must be the {length} ids that info['response_length'] counts, got "
            f"{len(response)}: keep the end token, and leave out what stands behind it"
        )
    weights = returns_to_go(info) if advantages is None else _read_floats("advantages", advantages, length)
    before = np.zeros(len(prompt) - 1, np.float32)  # predictions of prompt tokens, which earn nothing
    tokens = np.concatenate([prompt, response])
    return DatumInputs(
        model_input=tokens[:-1],
        loss_fn_inputs={
            "target_tokens": tokens[1:],
            "logprobs": np.concatenate([before, _read_floats("logprobs", logprobs, length)]),
            "advantages": np.concatenate([before, weights]),
        },
    )


def returns_to_go(info: Mapping[str, Any], *, gamma: float = 1.0, baseline: Any = 0.0) -> Floats:
    """Returns the discounted sum of the token rewards from each token on, less a baseline, float32 (n,).

    G_t = r_t + gamma G_{t+1}, where G_n = 0; n is the info's `response_length`.

    Args:
        info: What the step of an environment returned.
        gamma: Discount factor, in [0, 1]: 0 leaves the reward of the token itself.
        baseline: What is subtracted: a number, such as the mean of a group's returns, or (n,) values.

    Raises:
        ValueError: If `gamma` is not in [0, 1], or the baseline is neither a number nor (n,).

    Example:
        >>> info = {"token_rewards": np.array([0.0, 0.5, -0.25, 0.0], np.float32), "response_length": 3}
        >>> returns_to_go(info, gamma=0.5).tolist(), returns_to_go(info, baseline=0.25).tolist()
        ([0.1875, 0.375, -0.25], [0.0, 0.0, -0.5])
    """
    if not isinstance(cast(Any, gamma), float | int) or not 0.0 <= gamma <= 1.0:
        raise ValueError(f"gamma must be in [0, 1], got {gamma!r}")
    length = operator.index(info["response_length"])
    returns, after = np.zeros(length, np.float64), 0.0
    for at in reversed(range(length)):
        after = float(info["token_rewards"][at]) + gamma * after
        returns[at] = after
    return (returns - _read_floats("baseline", baseline, length, alone=True)).astype(np.float32)


def _read_ids(name: str, ids: Any) -> Ids:
    """Returns ids int64 (n,), n at least 1."""
    if isinstance(ids, str):
        raise ValueError(
            f"{name} must be the ids that were sampled, got text: tokenised again it may have other tokens, "
            "to which the rewards do not belong"
        )
    array = _read_array(ids)
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array < 0).any():
        raise ValueError(f"{name} must be a list of at least one token id, got {ids!r:.80}")
    return array.astype(np.int64)


def _read_floats(name: str, values: Any, length: int, *, alone: bool = False) -> Floats:
    """Returns finite numbers float32 (n,), or () where one alone may stand for all."""
    array = _read_array(values)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be numbers, got {values!r:.80}")
    if array.shape != (length,) and not (alone and array.shape == ()):
        raise ValueError(f"{name} must be one number for each of {length} tokens, got shape {array.shape}")
    with np.errstate(over="ignore"):
        floats = array.astype(np.float32)
    if not np.isfinite(floats).all():
        raise ValueError(f"{name} must be finite in float32, got {array[~np.isfinite(floats)].flat[0]}")
    return floats


def _read_array(values: Any) -> npt.NDArray[Any]:
    """Returns an array, of objects where rows differ; a tensor may lie on a device, or be bfloat16."""
    listed = values.tolist() if hasattr(values, "tolist") else values
    try:
        return np.asarray(listed)
    except ValueError:
        return np.asarray(listed, object)
