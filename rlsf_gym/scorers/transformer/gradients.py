"""Integrated gradients of a classifier's score by the embeddings of its tokens.

Sundararajan et al. (2017) leave the baseline open. Ours keeps the prompt and the special tokens and has the
embedding of the padding token (the end token, where a model has no other) in place of each token of the
response; positions, mask and the token that the head reads stay those of the whole text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rlsf_gym.scorers.transformer.files import import_torch
from rlsf_gym.scorers.transformer.labels import LabelWeights

__all__ = ["integrate_gradients"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def integrate_gradients(
    model: Any,
    inputs: dict[str, Any],
    replaced: BoolArray,
    weights: LabelWeights,
    *,
    baseline_id: int,
    steps: int,
    batch_size: int,
) -> FloatArray:
    """Returns integrated gradients of the score by the embeddings of the tokens, float64 (N, K).

    value_k = (x_k - x'_k) . integral over a in [0, 1] of d score(x' + a (x - x')) / d x_k (Sundararajan et
    al. 2017, eq. 1), x the embeddings and x' the baseline, by Gauss-Legendre quadrature. The model is given
    the ids of the text all along, and only what its embedding layer returns is moved.

    Args:
        model: The classifier.
        inputs: Its `input_ids`, `attention_mask` and whatever else it takes, (N, K) int64 each.
        replaced: bool (N, K), the tokens that have the baseline's embedding at the start; all others have 0.
        weights: What makes a score of logits.
        baseline_id: Id of the token whose embedding that is.
        steps: Points of the quadrature.
        batch_size: Number of texts in one pass, at least N.

    Raises:
        ImportError: If captum is not installed.
    """
    method = _layer_integrated_gradients()
    torch = import_torch()

    others = [key for key in inputs if key != "input_ids"]

    def score(ids: Any, *more: Any) -> Any:
        return _score(model(input_ids=ids, **dict(zip(others, more, strict=True))).logits, weights)

    with torch.inference_mode(False), torch.enable_grad():
        # Tensors that a caller's inference mode made can't be differentiated through; their clones can.
        ids = inputs["input_ids"].clone()
        found = method(score, model.get_input_embeddings()).attribute(
            ids,
            baselines=ids.masked_fill(torch.from_numpy(replaced).to(ids.device), baseline_id),
            additional_forward_args=tuple(inputs[key].clone() for key in others),
            n_steps=steps,
            internal_batch_size=batch_size,
        )
    return found.detach().double().sum(2).cpu().numpy()


def _layer_integrated_gradients() -> Any:
    try:
        from captum.attr import LayerIntegratedGradients
    except ImportError as error:
        raise ImportError("gradient attributions need captum: pip install 'rlsf-gym[captum]'") from error
    return LayerIntegratedGradients


def _score(logits: Any, weights: LabelWeights) -> Any:
    """Returns what `LabelWeights.scores` says, (N,) float64, differentiable; one logit counts as (0, z)."""
    torch = import_torch()

    values = logits.double()
    if values.shape[1] == 1:
        values = torch.nn.functional.pad(values, (1, 0))
    if not weights.raw:
        values = values.softmax(1)
    return values @ torch.tensor(weights.weights, dtype=values.dtype, device=values.device)
