"""Reads an answer character by character, up to the one that loses it."""

from typing import Final, NamedTuple

from rlsf_gym.domains.countdown.checker.places import Form, Place

__all__ = ["Loss", "Reading", "read"]

_DIGITS: Final = frozenset("0123456789")
_ADMITTED: Final = frozenset(" +-*/=,()")  # behind a number


class Loss(NamedTuple):
    """What lost an answer."""

    start: int
    """Offset in the response at which the symbol starts that lost it."""
    at: int
    """Offset of the character that lost it, the last of that symbol; -1 where the puzzle has no solution."""
    reason: str
    """Rule: "syntax", "number", "arithmetic" or "target"."""
    because: str
    """Reason in words."""
    exhausted: int
    """Number of ways to go on from there that were counted, none of which is right."""


class Reading(NamedTuple):
    """What was read of an answer."""

    chances: list[float]
    """Chance to end right before the first character and behind each one, up to the one that loses it."""
    starts: list[int]
    """Offset at which the symbol of each of these characters starts."""
    is_right: bool
    """Whether the answer is right."""
    left: tuple[str, ...]
    """The numbers that are left, in ascending order."""
    loss: Loss | None
    """What lost it; None while some way is left."""


class _Spot(NamedTuple):
    """Where a reader stands: behind some letters of a number, at a place."""

    place: Place
    letters: str
    start: int  # of the symbol that the last character belongs to


class _Refusal(NamedTuple):
    reason: str
    because: str
    start: int


def read(form: Form, response: str) -> Reading:
    """Returns what was read of an answer, in time linear in it.

    Args:
        form: The form of answers to the puzzle.
        response: The answer.
    """
    spot = _Spot(form.start, "", 0)
    if not form.start.chance:
        return Reading([0.0], [], False, form.start.left, _give_up(form, spot, response, -1))
    chances, starts = [form.start.chance], list[int]()
    for at, character in enumerate(response):
        spot = _choose(form, spot, at, character)
        refusal = None
        if character != " " or spot.letters:
            refusal = _refuse(form, spot, at, character)
            spot = _take(form, spot, character) if refusal is None else spot
        start = spot.start if refusal is None else refusal.start
        chance = 0.0 if refusal else spot.place.begun[spot.letters] if spot.letters else spot.place.chance
        chances.append(chance)
        starts.append(start)
        if refusal:
            return Reading(chances, starts, False, spot.place.left, Loss(start, at, *refusal[:2], 0))
        if not chance:
            loss = _give_up(form, spot, response, at)
            return Reading(chances, starts, False, _settle(form, spot).left, loss)
    return Reading(chances, starts, _is_right(form, spot), _settle(form, spot).left, None)


def _choose(form: Form, spot: _Spot, at: int, character: str) -> _Spot:
    """Returns the spot where a character is read: behind a number, where it ends that number."""
    place, letters, start = spot
    if letters in place.chances and character not in _DIGITS and letters + character not in place.begun:
        return _Spot(form.behind(place, letters), "", start if character == " " else at)
    return spot if letters else spot._replace(start=at)


def _refuse(form: Form, spot: _Spot, at: int, character: str) -> _Refusal | None:
    """Returns why a character can't stand where it is read, None if it can."""
    place, letters, start = spot
    text, is_whole = letters + character, form.wholes.fullmatch(letters) is not None
    if text in place.faults:
        return _Refusal(*place.faults[text], start)
    if text in place.begun:
        return None
    if place.asks and form.begins.fullmatch(text):
        return _refuse_number(place, text, start)
    if place.asks and is_whole and letters not in place.chances and character in _ADMITTED:
        return _refuse_number(place, letters, start)
    is_part = character in _DIGITS or not is_whole
    because = f"{character!r} stands where {place.due} must"
    return _Refusal("syntax", because, start if is_part else at)


def _refuse_number(place: Place, symbol: str, start: int) -> _Refusal:
    if place.asks == "result":
        step = (place.written or "").replace("=", " is ")
        return _Refusal("arithmetic", f"{step}, not {symbol}", start)
    return _Refusal("number", f"{symbol} is not among {', '.join(place.others)}", start)


def _take(form: Form, spot: _Spot, character: str) -> _Spot:
    """Returns the spot behind a character that can stand there."""
    text = spot.letters + character
    if (spot.place.asks and text != "(") or text not in spot.place.chances:
        return spot._replace(letters=text)
    return _Spot(form.behind(spot.place, text), "", spot.start)


def _is_right(form: Form, spot: _Spot) -> bool:
    """Returns whether an answer that ends here is right: the end ends a number, too."""
    if spot.letters:
        return spot.letters in spot.place.chances and form.behind(spot.place, spot.letters).is_right
    return spot.place.is_right


def _settle(form: Form, spot: _Spot) -> Place:
    """Returns the place behind a number that is whole and can be no other one, or else that before it."""
    place, letters, _ = spot
    return form.behind(place, letters) if _list_begun(place, letters) == [letters] else place


def _list_begun(place: Place, letters: str) -> list[str]:
    """Returns the symbols of a place that begin with some letters."""
    return [one for one in place.chances if one.startswith(letters)] if letters else []


def _give_up(form: Form, spot: _Spot, response: str, at: int) -> Loss:
    """Returns the loss of an answer that is well formed, but from which no way leads to the target."""
    place, letters, start = spot
    symbols = _list_begun(place, letters)
    exhausted = sum(form.count(form.behind(place, one)) for one in symbols) if letters else form.count(place)
    settled = _settle(form, spot)
    written = settled.written
    if written is None:
        written = response[: at + 1].replace(" ", "")
    elif settled is place and letters:
        written = written.removeprefix(",") + letters
    return Loss(start, at, "target", form.explain(written, settled.left), exhausted)
