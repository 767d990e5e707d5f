"""Look of a report's figures: sizes, colours, panels, and reproducible PNG files.

Every figure is drawn in four looks: wide or narrow (for phones), light or dark. Nothing here changes
matplotlib's settings but while a figure is drawn, and no date or version gets into a file. Texts come from
files that anybody may have written: none of them is read as a formula or by TeX.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.extras import import_extra
from agents.reports.colours import DARK, DARK_SERIES, LIGHT, LIGHT_SERIES, Palette, hexadecimal
from agents.reports.escapes import shown

DASHES = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)))
LEADER = {"linewidth": 0.7, "alpha": 0.55, "shrinkA": 1, "shrinkB": 2}
"""The line from a name to its curve."""
SUFFIX = ".png"
PLAIN = {"text.parse_math": False, "text.usetex": False, "axes.formatter.use_mathtext": False}
"""Settings of matplotlib under which a text is the characters that it has."""
LONGEST = 120
"""Characters of a text in a figure."""
LONGEST_LABEL, LONGEST_TITLE = 28, 48
"""Characters of a text that takes room beside a panel, and above it."""


@dataclass(frozen=True)
class Look:
    """One way to draw a figure."""

    dark: bool = False
    narrow: bool = False

    @property
    def palette(self) -> Palette:
        """The colours of ground and ink, those of the page."""
        return DARK if self.dark else LIGHT

    @property
    def ground(self) -> str:
        """Background colour of the figure."""
        return hexadecimal(self.palette.card)

    @property
    def ink(self) -> str:
        """Colour of text."""
        return hexadecimal(self.palette.ink)

    @property
    def soft(self) -> str:
        """Colour of secondary text."""
        return hexadecimal(self.palette.soft)

    @property
    def line(self) -> str:
        """Colour of grid lines."""
        return hexadecimal(self.palette.line)

    @property
    def width(self) -> float:
        """In inches."""
        return 4.3 if self.narrow else 11.0

    @property
    def dpi(self) -> int:
        """Dots per inch."""
        return 190 if self.narrow else 150

    def series(self, number: int) -> tuple[str, Any]:
        """Returns colour and line style of the series of a number."""
        colours = DARK_SERIES if self.dark else LIGHT_SERIES
        return colours[number % len(colours)], DASHES[number // len(colours) % len(DASHES)]


LOOKS = (Look(), Look(dark=True), Look(narrow=True), Look(dark=True, narrow=True))


@dataclass(frozen=True)
class Picture:
    """A figure of a report."""

    name: str
    """Name of the figure's file, without the ending."""
    caption: str
    draw: Callable[[Look], Any]
    """Returns a matplotlib figure in a look."""

    def png(self, look: Look) -> bytes:
        """Returns the figure as a PNG file: few colours, nothing but the image."""
        drawn = io.BytesIO()
        with _plain_texts():
            figure = self.draw(look)
            make_plain(figure)
            figure.savefig(
                drawn, format="png", dpi=look.dpi, facecolor=look.ground, metadata={"Software": None}
            )
        packed = io.BytesIO()
        images = import_extra("PIL.Image", "the figures of a report need", package="pillow", extra="report")
        image = images.open(drawn).convert("RGB")
        few = image.quantize(160, method=images.Quantize.MEDIANCUT, dither=images.Dither.NONE)
        few.save(packed, format="png", optimize=True)
        return packed.getvalue()


def make_plain(figure: Any) -> None:
    """Leaves no text of a figure that is a formula, acts on what shows it, or is too long for its place."""
    for text in figure.findobj(load_figures("matplotlib.text").Text):
        text.set_parse_math(False)
        text.set_text(shown(text.get_text(), LONGEST))


def load_figures(module: str) -> Any:
    """Returns a module of matplotlib, imported when the first figure is drawn.

    Raises:
        ImportError: If matplotlib is not installed; the message says what to install.
    """
    return import_extra(module, "the figures of a report need", package="matplotlib", extra="report")


def _plain_texts() -> Any:
    """Returns a context in which matplotlib reads no text as a formula, its own ticks included."""
    return load_figures("matplotlib").rc_context(PLAIN)


def make_panels(
    look: Look, count: int, *, columns: int = 3, narrow_columns: int = 1, height: float = 3.3
) -> tuple[Any, list[Any]]:
    """Returns a figure and its panels, as many as are wanted, in rows.

    Args:
        look: How it is drawn.
        count: Number of panels, at least 1.
        columns: Most panels beside each other in a wide figure.
        narrow_columns: The same in a narrow one.
        height: Of a row, in inches.
    """
    beside = min(narrow_columns if look.narrow else columns, count)
    rows = -(-count // beside)
    width = look.width if look.narrow or beside > 1 else 0.72 * look.width
    tall = height * (1.25 if beside == 1 and not look.narrow else 1.0)
    figure = load_figures("matplotlib.figure").Figure(figsize=(width, rows * tall), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.07, hspace=0.06, wspace=0.03)
    grid = figure.subplots(rows, beside, squeeze=False)
    panels = list(grid.flat)
    for empty in panels[count:]:
        empty.remove()
    return figure, panels[:count]


def dress(panel: Any, look: Look, *, title: str = "", x: str = "", y: str = "") -> None:
    """Sets title, labels and style of a panel."""
    small = 8.5 if look.narrow else 9
    panel.set_facecolor(look.ground)
    panel.set_title(shown(title, LONGEST_TITLE), loc="left", fontsize=small + 1.5, color=look.ink)
    panel.set_xlabel(x, color=look.soft, fontsize=small)
    panel.set_ylabel(y, color=look.soft, fontsize=small)
    panel.grid(color=look.line, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.tick_params(colors=look.soft, labelsize=small, length=0, pad=5)
    for side in panel.spines.values():
        side.set_visible(False)


def label_ends(panel: Any, look: Look, ends: Sequence[tuple[float, float, str, str]], least: float) -> None:
    """Writes names beside the right ends of lines, moved apart where they would overlap.

    Args:
        panel: Its limits are final.
        look: How it is drawn.
        ends: x, y, name and colour of each line.
        least: Smallest distance of two names, as a share of the panel's height.
    """
    low, high = panel.get_ylim()
    right = panel.get_xlim()[1]
    wanted = spread_out([(y - low) / (high - low) for _, y, _, _ in ends], least)
    highest, lowest = max(wanted), min(wanted)
    shift = min(0.0, 0.97 - highest) or max(0.0, 0.03 - lowest)
    places = spread_out([min(max(place + shift, 0.0), 1.0) for place in wanted], least)
    for (x, y, name, colour), place in zip(ends, places, strict=True):
        height = low + place * (high - low)
        panel.annotate(
            shown(name, LONGEST_LABEL),
            (x, y),
            xytext=(right + 0.03 * (right - panel.get_xlim()[0]), height),
            textcoords="data",
            annotation_clip=False,
            va="center",
            fontsize=8.5 if look.narrow else 9,
            color=colour,
            arrowprops={"arrowstyle": "-", "color": colour, "relpos": (0, 0.5), **LEADER},
        )


def spread_out(places: Sequence[float], least: float) -> list[float]:
    """Returns places that keep a distance, in the same order, each moved as little as its neighbours allow.

    Example:
        >>> [round(place, 2) for place in spread_out([0.5, 0.5, 0.9], 0.1)]
        [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    clusters: list[list[int]] = []
    centres: list[float] = []
    for i in order:
        clusters.append([i])
        centres.append(places[i])
        while len(clusters) > 1 and _gap(clusters, centres, least) < least - 1e-12:
            last = clusters.pop()
            centres.pop()
            clusters[-1] += last
            centres[-1] = sum(places[j] for j in clusters[-1]) / len(clusters[-1])
    moved = list(places)
    for cluster, centre in zip(clusters, centres, strict=True):
        for rank, i in enumerate(cluster):
            moved[i] = centre + (rank - (len(cluster) - 1) / 2) * least
    return moved


def numbered(labels: Iterable[str], first: Iterable[str] = ()) -> Mapping[str, int]:
    """Returns the number of the series of each label, those that come first before all others."""
    listed = list(dict.fromkeys(labels))
    return {
        label: i for i, label in enumerate(dict.fromkeys([*(one for one in first if one in listed), *listed]))
    }


def _gap(clusters: Sequence[Sequence[int]], centres: Sequence[float], least: float) -> float:
    """Returns the distance between the facing ends of the last two clusters."""
    below = centres[-2] + (len(clusters[-2]) - 1) / 2 * least
    above = centres[-1] - (len(clusters[-1]) - 1) / 2 * least
    return above - below
