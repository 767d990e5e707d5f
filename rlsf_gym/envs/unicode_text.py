"""Gymnasium space of all Unicode texts up to a length."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, cast, overload

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector.utils.shared_memory import read_from_shared_memory, write_to_shared_memory

__all__ = ["UnicodeText"]

_PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
_CODE_POINTS = 0x110000
_NO_CHARACTER = -1  # behind the end of a text in shared memory, where NUL is a character


class _EveryCharacter(Sequence[str]):
    """Sequence of all Unicode characters by code point, without a list of a million characters."""

    def __len__(self) -> int:
        return _CODE_POINTS

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return (
            [chr(code) for code in range(*index.indices(_CODE_POINTS))]
            if isinstance(index, slice)
            else chr(index)
        )

    def __contains__(self, character: object) -> bool:
        return isinstance(character, str) and len(character) == 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _EveryCharacter)

    def __hash__(self) -> int:
        return _CODE_POINTS


class UnicodeText(spaces.Text):
    r"""Space of all texts of up to `max_length` characters, the empty one included.

    Gymnasium's `Text` lists its characters one by one and by default holds neither the empty text nor a
    space. Lone surrogates are left out: they have no UTF-8. Samples are made of printable ASCII.

    Args:
        max_length: Largest number of characters.
        seed: Seed of the generator that draws samples.

    Example:
        >>> "Ça va, 😀?" in UnicodeText(10), "" in UnicodeText(10), "\ud800" in UnicodeText(10)
        (True, True, False)
    """

    def __init__(self, max_length: int, *, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(max_length, min_length=0, charset=_PRINTABLE, seed=seed)

    @property
    def character_set(self) -> Any:
        """Set of the space's characters: all of Unicode."""
        return _EveryCharacter()

    @property
    def character_list(self) -> Any:
        """List of the space's characters, by code point."""
        return _EveryCharacter()

    def character_index(self, char: str) -> np.int32:
        """Returns the code point of a character."""
        return np.int32(ord(char))

    @property
    def characters(self) -> str:
        """Characters that samples are made of: printable ASCII."""
        return _PRINTABLE

    def contains(self, x: Any) -> bool:
        """Returns whether `x` is a text of at most `max_length` characters without lone surrogates."""
        return isinstance(x, str) and len(x) <= self.max_length and not _has_surrogate(x)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """Returns printable ASCII of a random length.

        Args:
            mask: `(length, None)` to fix the length; a mask over all of Unicode is not taken.
            probability: The same.

        Raises:
            ValueError: If characters are masked, or the length is outside of the space.
        """
        length, characters = mask or probability or (None, None)
        if characters is not None:
            raise ValueError(
                "UnicodeText takes (length, None) as mask or probability, got a mask of characters"
            )
        if length is None:
            length = int(self.np_random.integers(self.max_length + 1))
        if not 0 <= length <= self.max_length:
            raise ValueError(f"the length of a sample must be in [0, {self.max_length}], got {length}")
        return "".join(self.np_random.choice(list(_PRINTABLE), size=length).tolist())

    def __repr__(self) -> str:
        """Returns the expression that makes this space."""
        return f"UnicodeText({self.max_length})"

    def __eq__(self, other: object, /) -> bool:
        """Returns whether `other` is a space of the same texts."""
        return isinstance(other, UnicodeText) and self.max_length == other.max_length

    __hash__ = None  # pyright: ignore[reportAssignmentType]


class _SharedTexts(Sequence[str]):
    """View of the texts in shared memory; a copy is a tuple that no longer changes.

    Asynchronous vector environments read shared memory once, when they are made, and hand copies out of what
    they got then: arrays see what is written later, strings would not.
    """

    def __init__(self, rows: npt.NDArray[np.int32]) -> None:
        self._rows = rows  # (n, max_length)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return tuple(self)[index]
        row = self._rows[index]
        return "".join(map(chr, row[row != _NO_CHARACTER].tolist()))

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[str, ...]:
        return tuple(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(cast(Sequence[object], other))

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return repr(tuple(self))


def _read_texts(space: UnicodeText, shared_memory: Any, n: int = 1) -> _SharedTexts:
    """Returns the texts of n environments in the memory that an asynchronous vector environment shares.

    Gymnasium's own way of `Text` takes what stands behind a text for characters, and reads NULs.
    """
    rows = np.frombuffer(shared_memory.get_obj(), np.int32)
    return _SharedTexts(rows.reshape(n, space.max_length))


def _write_text(space: UnicodeText, index: int, values: str, shared_memory: Any) -> None:
    """Writes the text of one environment to the memory that is shared."""
    row = np.full(space.max_length, _NO_CHARACTER, np.int32)
    row[: len(values)] = list(map(ord, values))
    rows = np.frombuffer(shared_memory.get_obj(), np.int32).reshape(-1, space.max_length)
    rows[index] = row


# Both are `functools.singledispatch` functions, registered when the space is imported, in each process.
cast(Any, read_from_shared_memory).register(UnicodeText, _read_texts)
cast(Any, write_to_shared_memory).register(UnicodeText, _write_text)


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
