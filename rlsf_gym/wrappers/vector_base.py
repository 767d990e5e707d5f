"""Base class of vector wrappers, for every supported version of Gymnasium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

import numpy.typing as npt
from gymnasium.core import ActType, ObsType
from gymnasium.vector import VectorWrapper

__all__ = ["Array", "VectorBase"]

Array = npt.NDArray[Any]

if TYPE_CHECKING:

    class VectorBase(VectorWrapper[ObsType, ActType, ObsType, ActType, Array], Generic[ObsType, ActType]):
        """Base class of vector wrappers that change neither observations nor actions."""

else:

    class VectorBase(VectorWrapper, Generic[ObsType, ActType]):  # generic since Gymnasium 1.4 alone
        """Base class of vector wrappers that change neither observations nor actions."""
