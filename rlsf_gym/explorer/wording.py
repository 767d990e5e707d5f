"""Words and plain data of what the explorer's page shows."""

from __future__ import annotations

from typing import Any

from rlsf_gym.presets.task_flags import tell
from rlsf_gym.render import Standing
from rlsf_gym.render.standing import EVEN


def plain_standing(standing: Standing) -> dict[str, Any]:
    """Returns a token's standing as plain data: best and worst with their rewards, the rank in words.

    >>> plain_standing(Standing((("a", 0.5),), (("b", -1.0),), rank=2, of=9))
    {'best': [['a', 0.5]], 'worst': [['b', -1.0]], 'place': 'rank 2 of 9'}
    """
    if standing.is_even:
        return {"best": [], "worst": [], "place": EVEN}
    return {
        "best": [list(one) for one in standing.best],
        "worst": [list(one) for one in standing.worst],
        "place": standing.place,
    }


def one_line(error: BaseException) -> str:
    """Returns an error's message in one line, with flags in the place of the environment's arguments."""
    return " ".join(tell(error).split()) or type(error).__name__
