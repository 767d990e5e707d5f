"""Gymnasium wrappers that keep the reward of a step and the rewards of its tokens in line."""

from rlsf_gym.wrappers.check import CheckTokenRewards
from rlsf_gym.wrappers.swap_design import SwapDesign, VectorSwapDesign
from rlsf_gym.wrappers.text_action import TextAction
from rlsf_gym.wrappers.token_rewards import (
    ClipTokenRewards,
    ScaleTokenRewards,
    TransformTokenRewards,
    VectorClipTokenRewards,
    VectorScaleTokenRewards,
    VectorTransformTokenRewards,
)

__all__ = [
    "CheckTokenRewards",
    "ClipTokenRewards",
    "ScaleTokenRewards",
    "SwapDesign",
    "TextAction",
    "TransformTokenRewards",
    "VectorClipTokenRewards",
    "VectorScaleTokenRewards",
    "VectorSwapDesign",
    "VectorTransformTokenRewards",
]
