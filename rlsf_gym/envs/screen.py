"""Renders the current episode of an environment as text or as an image."""

from __future__ import annotations

from typing import Any, NamedTuple

from rlsf_gym.evidence import IntArray
from rlsf_gym.instance import Instance
from rlsf_gym.render import ansi, picture, picture_of_text, sample_from_info
from rlsf_gym.render.visible import show_controls
from rlsf_gym.text.segmentation import Segmentation
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["RENDER_MODES", "Episode", "check_render_mode", "show"]

RENDER_MODES = ("ansi", "rgb_array")


class Episode(NamedTuple):
    """Episode to render: its instance, the token ids so far, and the info once it has ended."""

    instance: Instance
    ids: IntArray
    """Token ids of the response so far, int64 (K,)."""
    info: dict[str, Any] | None

    @property
    def prompt(self) -> str:
        """The text that the response continues."""
        return self.instance.prompt


def show(episode: Episode, tokenizer: Tokenizer, render_mode: str, segmentation: Segmentation) -> Any:
    """Returns the rendered episode: terminal text (`ansi`) or an image, uint8 (H, W, 3) (`rgb_array`)."""
    prompt, ids, info = episode.prompt, episode.ids, episode.info
    as_image = render_mode == "rgb_array"
    if info is None:
        text = tokenizer.decode(ids.tolist())
        return picture_of_text(prompt, text) if as_image else show_controls(prompt + text)
    sample = sample_from_info(info, prompt=prompt, ids=ids, tokenizer=tokenizer, segmentation=segmentation)
    return picture(sample) if as_image else ansi(sample)


def check_render_mode(render_mode: str | None) -> str | None:
    """Returns the render mode after checking it.

    Raises:
        ValueError: If there is no such mode.
    """
    if render_mode is not None and render_mode not in RENDER_MODES:
        expected = ", ".join(map(repr, RENDER_MODES))
        raise ValueError(f"render_mode must be None or one of {expected}, got {render_mode!r}")
    return render_mode
