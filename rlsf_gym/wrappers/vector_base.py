"""The base class of wrappers of vector environments, under every Gymnasium that is supported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

import numpy.typing as npt
from gymnasium.core import ActType, ObsType
from gymnasium.vector import VectorWrapper

__all__ = ["Array", "VectorBase"]

Array = npt.NDArray[Any]

if TYPE_CHECKING:

    class VectorBase(VectorWrapper[ObsType, ActType, ObsType, ActType, Array], Generic[ObsType, ActType]):
        """A vector wrapper that changes neither observations nor actions."""

else:

    class VectorBase(VectorWrapper, Generic[ObsType, ActType]):  # generic since Gymnasium 1.4 alone
        """A vector wrapper that changes neither observations nor actions."""
