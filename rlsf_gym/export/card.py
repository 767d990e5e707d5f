"""Card of a dataset of responses: the YAML that `datasets` reads its columns from, and what is in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rlsf_gym.render.visible import show_controls

if TYPE_CHECKING:
    from rlsf_gym.export.folder import Written

__all__ = ["write_card"]

_SIZES = (
    *((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")),
    *((10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B")),
)
_MOST = 20
"""Names of each kind that the card tells."""
_EXAMPLE = """\
```python
from datasets import load_dataset

rows = load_dataset("FOLDER", split="train")
for token, reward in zip(rows[0]["tokens"], rows[0]["token_rewards"], strict=True):
    print(repr(token), reward)
```
"""


def write_card(file: Path, written: Written, *, title: str) -> None:
    """Writes the card of a dataset.

    Args:
        file: Place of the card, `README.md`.
        written: What is in the dataset.
        title: Name of it.
    """
    lines = [*_head(written, title), *_body(written, title)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _head(written: Written, title: str) -> Iterator[str]:
    yield "---"
    yield f"pretty_name: {_quote(title)}"
    yield "task_categories:"
    yield "- text-generation"
    yield "tags:"
    yield from ("- rlsf", "- token-rewards", "- reinforcement-learning")
    yield "size_categories:"
    yield f"- {next((name for most, name in _SIZES if written.rows < most), '1B<n<10B')}"
    yield "configs:"
    yield "- config_name: default"
    yield "  data_files:"
    yield "  - split: train"
    yield "    path: data/train-*.jsonl"
    yield "dataset_info:"
    yield "  features:"
    for column in written.columns:
        kind, _, of = column.kind.partition(" ")
        yield f"  - name: {_quote(column.name)}"
        yield f"    list: {of}" if of else f"    dtype: {kind}"
    yield "---"


def _body(written: Written, title: str) -> Iterator[str]:
    yield f"\n# {_shown(title)}\n"
    yield f"{written.rows:,} responses of {written.tokens:,} tokens, each of which has its reward:"
    yield "`token_rewards` holds a number for each of `tokens`.\n"
    yield _EXAMPLE
    yield "| column | type | what |"
    yield "| --- | --- | --- |"
    for column in written.columns:
        yield f"| `{column.name}` | {column.kind} | {column.told} |"
    yield "\nNull stands for what the file did not say. Columns of JSON are read with `json.loads`."
    for name, values in written.names.items():
        yield from _tell(f"Values of `{name}`", values, written.rows)
    yield from _tell("Left out, as no column is for it", written.omitted, None)
    yield "\nNo licence is stated: it is that of the prompts and of the model that wrote the responses."


def _tell(heading: str, values: Counter[str], rows: int | None) -> Iterator[str]:
    """Yields names with the number of lines that have them."""
    if not values:
        return
    told = [f"{_shown(name) or 'empty'} ({count:,})" for name, count in values.most_common(_MOST)]
    rest = [f"{len(values) - _MOST:,} more"] if len(values) > _MOST else []
    known = values.total()
    missing = [f"none in {rows - known:,}"] if rows is not None and known < rows else []
    yield f"\n{heading}: {', '.join([*told, *rest, *missing])}."


def _shown(text: str) -> str:
    """Returns a text of the file as Markdown shows it and does not read it."""
    cut = text[:80] + ("\u2026" if len(text) > 80 else "")
    return re.sub(r"([\\`*_{}\[\]<>|#&!])", r"\\\1", " ".join(show_controls(cut).split()))


def _quote(text: str) -> str:
    """Returns a double-quoted string of YAML, all but printable ASCII escaped."""
    return '"' + "".join(f"\\{one}" if one in '"\\' else _escape(ord(one)) for one in text) + '"'


def _escape(code: int) -> str:
    if 0x20 <= code < 0x7F:
        return chr(code)
    if 0xD800 <= code < 0xE000:  # half of a character: no text that a file could hold
        return "\\uFFFD"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
