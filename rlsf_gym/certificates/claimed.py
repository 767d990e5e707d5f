"""Claims: certificates of unknown origin, read once into plain types."""

import math
from collections.abc import Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, cast

_PLAIN_JSON = (str, int, float, bool, type(None))


class CertificateError(ValueError):
    """A certificate that the texts do not prove; the message names the record."""


class ClaimedRecord(Protocol):
    """Fields of a record as a checker sees them."""

    @property
    def char_start(self) -> int:
        """Start of the unit."""
        ...

    @property
    def char_end(self) -> int:
        """End of the unit."""
        ...

    @property
    def rule(self) -> str:
        """Name of the rule."""
        ...

    @property
    def trigger_start(self) -> int:
        """Start of the trigger."""
        ...

    @property
    def trigger_end(self) -> int:
        """End of the trigger."""
        ...

    @property
    def amount(self) -> float:
        """Amount that the rule adds to the sum which the score is made of."""
        ...

    @property
    def status(self) -> str:
        """Status of the record: kept, added, withdrawn or passing."""
        ...

    @property
    def path(self) -> Sequence[str]:
        """Path of names that justifies the amount."""
        ...

    @property
    def since(self) -> int:
        """End of the unit with whose arrival it begins to hold."""
        ...

    @property
    def until(self) -> int:
        """End of the unit with whose arrival it ceases to hold; -1 for none."""
        ...


class Claimed(Protocol):
    """Fields of a certificate as a checker sees them."""

    @property
    def scorer(self) -> str:
        """Name of the scorer."""
        ...

    @property
    def version(self) -> str:
        """Version of its lexicon or model."""
        ...

    @property
    def verifiable(self) -> bool:
        """Whether there is anything to prove."""
        ...

    @property
    def options(self) -> Mapping[str, str]:
        """Options that the scorer was made with."""
        ...

    @property
    def prompt_score(self) -> float:
        """Score of the prompt."""
        ...

    @property
    def score(self) -> float:
        """Score of prompt + response."""
        ...

    @property
    def records(self) -> Sequence[ClaimedRecord]:
        """All records, in order."""
        ...

    @property
    def labels(self) -> Mapping[str, float]:
        """A classifier's probabilities of its labels; empty for rules."""
        ...

    @property
    def rules(self) -> Sequence[str]:
        """The rules that the scorer has."""
        ...

    @property
    def slope(self) -> float:
        """Score per unit of amount on the way from the prompt to the text."""
        ...

    @property
    def spread(self) -> Sequence[str]:
        """The rules whose records in the prompt are paid by all tokens."""
        ...

    @property
    def payload(self) -> Mapping[str, Any] | None:
        """Witness, proof or model, as plain JSON; None for nothing."""
        ...


def tell(value: object) -> str:
    """A value of a certificate in one line of what a terminal can show, cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an int of more digits than Python writes
        return "a very long number"
    return text if len(text) <= 80 else f"{text[:40]}...{text[-37:]}"


def explain_number(name: str, value: object) -> str:
    """Message for a value that is not a finite number; "" for one that is.

    Here and below types are the plain ones: an object of a subclass may compare as it likes.
    """
    if type(value) is not float and type(value) is not int:
        return f"{name} must be a float, but is {tell(value)}"
    try:
        return "" if math.isfinite(value) else f"{name} must be finite, but is {value}"
    except OverflowError:
        return f"{name} must be finite, but is {tell(value)}"


def explain_text(name: str, value: object) -> str:
    """Message for a value that is not a text; "" for one that is."""
    return "" if isinstance(value, str) else f"{name} must be a str, but is {tell(value)}"


class PlainRecord(NamedTuple):
    """Fields of a record: those of a claimed one, read once, or those that a text entitles to."""

    char_start: int
    char_end: int
    rule: str
    trigger_start: int
    trigger_end: int
    amount: float
    status: str
    path: tuple[str, ...]
    since: int
    until: int


# Makes records without the function between that named tuples have, as there are many of them.
_TUPLE: Any = tuple
_read_fields = attrgetter(*PlainRecord._fields)
_PLAIN = (int, int, str, int, int, float, str, tuple, int, int)


def read_record(record: Any) -> ClaimedRecord:
    """Reads a record into plain types.

    Raises:
        CertificateError: If a field is missing or has another type than it should.
    """
    try:
        fields = _read_fields(record)
    except AttributeError:
        fields = tuple(cast(Any, getattr(record, name, None)) for name in PlainRecord._fields)
    plain: PlainRecord = _TUPLE.__new__(PlainRecord, fields)
    if tuple(map(type, fields)) == _PLAIN and not plain.path and math.isfinite(plain.amount):
        return plain
    wrong = _explain_record(plain)
    if wrong:
        raise CertificateError(wrong)
    return plain._replace(path=tuple(plain.path))


def _explain_record(record: PlainRecord) -> str:
    """Returns a message for a record of wrong types; "" for one of right types."""
    for name in ("char_start", "char_end", "trigger_start", "trigger_end", "since", "until"):
        value = getattr(record, name)
        if type(value) is not int:
            return f"{name} must be an int, but is {tell(value)}"
    for name in ("rule", "status"):
        value = getattr(record, name)
        if type(value) is not str:
            return f"{name} must be a str, but is {tell(value)}"
    path: object = record.path
    if not _is_plain_sequence(path) or not all(type(one) is str for one in cast(list[object], path)):
        return f"path must be a tuple of str, but is {tell(path)}"
    return explain_number("amount", record.amount)


class Claims(NamedTuple):
    """Claims of a certificate, read once into plain types; a checker gets nothing else to see."""

    scorer: str
    version: str
    verifiable: bool
    options: dict[str, str]
    prompt_score: float
    score: float
    records: tuple[ClaimedRecord, ...]
    labels: dict[str, float]
    rules: tuple[str, ...]
    slope: float
    spread: tuple[str, ...]
    payload: dict[str, Any] | None


def read_claims(certificate: Claimed) -> Claims:
    """Reads a certificate into plain types.

    Raises:
        CertificateError: If a field, or one of a record, has another type than it should.
    """
    try:
        fields = _read_all(certificate)
    except AttributeError:
        fields = tuple(cast(Any, getattr(certificate, name, None)) for name in Claims._fields)
    claims = Claims(*fields)
    numbers = claims.prompt_score, claims.score, claims.slope
    heads = claims.scorer, claims.version, claims.verifiable, *numbers
    if tuple(map(type, heads)) != _PLAIN_HEADS or not all(map(math.isfinite, numbers)):
        _check_heads(heads)
    options, labels = _read_mapping("options", claims.options), _read_mapping("labels", claims.labels)
    if not {*map(type, options), *map(type, options.values())} <= {str}:
        key, option = next((key, one) for key, one in options.items() if {type(key), type(one)} != {str})
        raise CertificateError(f"options must map str to str, but map {tell(key)} to {tell(option)}")
    return Claims(
        *(claims.scorer, claims.version, claims.verifiable, options, claims.prompt_score, claims.score),
        _read_records(claims.records),
        labels,
        _read_names("rules", claims.rules),
        claims.slope,
        _read_names("spread", claims.spread),
        _read_payload(claims.payload),
    )


_read_all = attrgetter(*Claims._fields)
_HEADS = ("scorer", "version", "verifiable", "prompt_score", "score", "slope")
_PLAIN_HEADS = (str, str, bool, float, float, float)


def _check_heads(heads: Sequence[object]) -> None:
    """Refuse the first single value of another type than it should have."""
    for name, value, kind in zip(_HEADS, heads, _PLAIN_HEADS, strict=True):
        if kind is float:
            wrong = explain_number(name, value)
        else:
            wrong = "" if type(value) is kind else f"{name} must be a {kind.__name__}, but is {tell(value)}"
        if wrong:
            raise CertificateError(wrong)


def _read_records(value: Any) -> tuple[ClaimedRecord, ...]:
    if not _is_plain_sequence(value):
        raise CertificateError(f"records must be a tuple, but are {tell(value)}")
    records: list[ClaimedRecord] = []
    for record in tuple(value):
        try:
            records.append(read_record(record))
        except CertificateError as error:
            raise CertificateError(f"record {len(records)}: {error}") from None
    return tuple(records)


def _read_names(name: str, value: Any) -> tuple[str, ...]:
    if not _is_plain_sequence(value):
        raise CertificateError(f"{name} must be a tuple, but are {tell(value)}")
    if not {*map(type, value)} <= {str}:
        raise CertificateError(f"{name} must be a tuple of str, but are {tell(value)}")
    return tuple(value)


def _read_payload(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    payload = _read_mapping("payload", value)
    left: list[Any] = [payload]
    seen: set[int] = set()  # a list may hold itself
    while left:
        part = left.pop()
        if type(part) in (dict, list):
            if id(part) not in seen:
                seen.add(id(part))
                left.extend(part)  # of a dict, its keys
                left.extend(cast(dict[Any, Any], part).values() if type(part) is dict else ())
        elif type(part) not in _PLAIN_JSON or (type(part) is float and not math.isfinite(part)):
            raise CertificateError(f"payload must be plain JSON, but holds {tell(part)}")
    return payload


def _read_mapping(name: str, value: object) -> dict[Any, Any]:
    if type(value) is not MappingProxyType and not isinstance(value, Mapping):
        raise CertificateError(f"{name} must be a Mapping, but is {tell(value)}")
    return dict(cast(Mapping[Any, Any], value))


def _is_plain_sequence(value: object) -> bool:
    return type(value) is tuple or type(value) is list
