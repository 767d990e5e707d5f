"""The evidence behind a score: records of what each rule did to which word, and why."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

import numpy as np

from rlsf_gym.certificates.record import (
    KNOWLEDGE_RULES,
    PLAIN_TYPES,
    RULES,
    STATUSES,
    Record,
    Rule,
    Status,
    explain_number,
    explain_record,
    has_plain_types,
    quote,
)
from rlsf_gym.domains.sentiment.checker import PROVABLE, CertificateError, verify

__all__ = [
    "KNOWLEDGE_RULES",
    "RULES",
    "Certificate",
    "CertificateError",
    "Record",
    "Rule",
    "Status",
    "Totals",
]

_PLAIN_FIELDS: Final = (str, str, bool, float, float)
_NO_LABELS: Final[Mapping[str, float]] = MappingProxyType({})

# Scores closer than this have no reliable quotient of differences: the slope stands in.
_SAME_SCORE = 1e-12
# Largest difference of a score from that of the sum of its records.
_TOLERANCE = 1e-9


class Totals(NamedTuple):
    """What the records of a certificate add up to.

    Attributes:
        prompt: sum of the valences of the prompt.
        text: sum of the valences of prompt + response.
    """

    prompt: float
    text: float


class _Sums(NamedTuple):
    """Totals, and what the records of each rule add to the sum less what they take from it."""

    totals: Totals
    changes: dict[Rule, float]


@dataclass(frozen=True, slots=True)
class Certificate:
    """All records behind the score of a prompt and of the text that a response makes of it.

    The records tell how the rules see the text grow: in the prompt alone, and then up to the end of each word
    of the response (a word as the rules see it, of which an emoji has several; ends that are equal are one).
    If a word ends at E, the records with since <= E and (E < until or until == -1) are what the rules find in
    the text up to there. The emphasis of ! and ? is left out of this, as it follows from the marks and the
    sign of the sum: its records are those of the prompt alone and of the whole text, `since` is the end of
    the mark, and `until`, where one is withdrawn, the length of prompt + response.

    Its size is linear in the text: of W words as the rules see them, at most 108 W + 36 records. The rules
    before "but" claim at most 19 things of a word at once: its valence, 2 by "no", its capitals, 3 by each of
    the three words before, 3 idioms, 2 dampeners of two words, "least". These change at most 4 times: with
    either of the next two words, with the end of a word that the prompt cuts, with the capitals of the text.
    A word that arrives has the step of "but" taken again for 3 words, which undoes and sets up to 9 valences,
    and 4 times all words get another one: by the first "but", by capitals, in the prompt, by the end of a cut
    word. That makes 19 * 5 + 9 + 4; the cut word itself has 20, the marks of both texts 16. With a graph that
    looks w words far it is 22 w + 89 a word. The most that random search has found is 5 a word.

    Attributes:
        scorer: the scorer's name.
        version: version of its lexicon or model.
        verifiable: `check` can prove the records from the text.
        options: what the scorer was asked to do, such as {"but": "library"}.
        prompt_score: score of the prompt alone, in [-1, 1] for bounded scorers.
        score: score of prompt + response.
        records: the records, in the order of the words; of a word, those that hold at the same time in the
            order of the rules, and one that begins right before the next one that goes on, or last.
        labels: a classifier's probabilities of its labels on the whole text; empty for rules.
        rules: the rules that the scorer has, whatever the text.

    Raises:
        ValueError: a field has another type than is said here, a score is not finite, a record is not a
            `Record`, its rule is not one of the scorer's, its status is unknown, its span or lifetime is
            negative, or its amount is not finite.
    """

    scorer: str
    version: str
    verifiable: bool
    options: Mapping[str, str]
    prompt_score: float
    score: float
    records: tuple[Record, ...]
    labels: Mapping[str, float] = field(default_factory=lambda: _NO_LABELS)
    rules: tuple[Rule, ...] = RULES
    _added_up: "_Sums | None" = field(default=None, init=False, repr=False, compare=False)  # once asked for

    def __post_init__(self) -> None:
        if not self._has_plain_fields():  # seldom, and so not looked at one by one
            self._check_fields()
        rules, records = _as_tuple("rules", self.rules), _as_tuple("records", self.records)
        if rules is not RULES and rules is not KNOWLEDGE_RULES:
            _check_rules(rules)
        object.__setattr__(self, "rules", rules)
        if not self._check_records(records):
            records = tuple(record._replace(amount=_as_plain(record.amount)) for record in records)
        object.__setattr__(self, "records", records)
        object.__setattr__(self, "options", _read_only("options", self.options))
        for key, option in self.options.items():
            if type(option) is not str:  # what a message calls it takes longer than to look
                _check_type(f"options[{quote(key)}]", option, str)
        if self.labels is not _NO_LABELS:
            object.__setattr__(self, "labels", _read_only("labels", self.labels))
            for key, label in self.labels.items():
                _check_number(f"labels[{quote(key)}]", label)

    def _has_plain_fields(self) -> bool:
        """Whether the single values are of the types that our scorers write, and finite."""
        found = tuple(map(type, (self.scorer, self.version, self.verifiable, self.prompt_score, self.score)))
        return found == _PLAIN_FIELDS and math.isfinite(self.prompt_score) and math.isfinite(self.score)

    def _check_fields(self) -> None:
        for name in ("scorer", "version"):
            _check_type(name, getattr(self, name), str)
        _check_type("verifiable", self.verifiable, bool)
        for name in ("prompt_score", "score"):
            _check_number(name, getattr(self, name))
            object.__setattr__(self, name, _as_plain(getattr(self, name)))

    def _check_records(self, records: tuple[Record, ...]) -> bool:
        """Whether all fields of all records, which are checked, are of the types that rules write."""
        rules, are_exact = self.rules, True
        for record in records:
            if type(record) is not Record:  # one of a subclass may tell each reader something else
                raise ValueError(f"records must hold Record objects, but holds a {type(record).__name__}")
            start, end, rule, trigger_start, trigger_end, amount, status, path, since, until = record
            is_exact = tuple(map(type, record)) == PLAIN_TYPES
            are_exact = are_exact and is_exact
            if not (  # in one go, as it is done for each record of each response
                ((is_exact and not path) or has_plain_types(record))
                and 0 <= start <= end
                and 0 <= trigger_start <= trigger_end
                and rule in rules
                and rule in KNOWLEDGE_RULES
                and status in STATUSES
                and math.isfinite(amount)
                and since >= 0
                and (until == -1 or since < until)
            ):
                raise ValueError(explain_record(record, self.scorer))
        return are_exact

    def __reduce__(self) -> tuple[object, ...]:
        # Read-only mappings cannot be pickled.
        plain = {"options": dict(self.options), "labels": dict(self.labels)}
        values = tuple(plain.get(item.name, getattr(self, item.name)) for item in fields(self) if item.init)
        return Certificate, values

    @classmethod
    def opaque(
        cls,
        *,
        scorer: str,
        model_hash: str,
        labels: Mapping[str, float],
        prompt_score: float,
        score: float,
        length: int,
    ) -> "Certificate":
        """The certificate of a scorer that gives no reasons, such as a neural classifier.

        Args:
            scorer: the scorer's name.
            model_hash: hash of the model's weights.
            labels: probability of each label on the whole text.
            prompt_score: score of the prompt alone.
            score: score of prompt + response.
            length: number of characters of prompt + response.

        Returns:
            A certificate with one `base` record, the whole text's, of the difference of the scores.

        Raises:
            ValueError: one of them has another type, or is not finite.
        """
        prompt_score, score = _as_float("prompt_score", prompt_score), _as_float("score", score)
        record = Record(0, length, "base", 0, length, score - prompt_score, "added", since=length)
        named = _read_only("labels", labels)
        labels = {label: _as_float(f"labels[{quote(label)}]", value) for label, value in named.items()}
        return cls(scorer, model_hash, False, {}, prompt_score, score, (record,), labels)

    def check(self, prompt: str, response: str) -> None:
        """Prove every record, their completeness and both scores from the texts alone.

        Args:
            prompt: the prompt that was scored.
            response: the response that was scored.

        Raises:
            CertificateError: something does not hold; the message says which record and why.
        """
        verify(self, prompt, response)

    def as_records(self) -> list[dict[str, object]]:
        """The records as plain data for JSON: `word` and `trigger` are [start, end] in prompt + response.

        `until` is there where a record ceases to hold. A record of the rule `knowledge` has its `path` in
        addition; that of an opaque certificate has `labels` and `model`, the model's hash.
        """
        plain: list[dict[str, object]] = []
        for start, end, rule, trigger_start, trigger_end, amount, status, path, since, until in self.records:
            record: dict[str, object] = {
                "word": [start, end],
                "rule": rule,
                "trigger": [trigger_start, trigger_end],
                "amount": amount,
                "status": status,
                "since": since,
            }
            if until != -1:
                record["until"] = until
            if path:
                record["path"] = list(path)
            plain.append(record)
        if not self.verifiable:
            for record in plain:
                record |= {"labels": dict(self.labels), "model": self.version}
        return plain

    def rule_amounts(self, *, prompt_utility: float, utility: float, slope: float) -> dict[Rule, float]:
        """What each rule contributed to the gain in utility.

        With S the sum of valences, h(S) the score and U the objective, a rule gets
        (U(h(S_F)) - U(h(S_P))) / (S_F - S_P) times the amounts that were added less those that were
        withdrawn. For U(s) = s this is the Aumann-Shapley value of the rules on the straight path from the
        prompt P to the full text F.

        Args:
            prompt_utility: utility of the prompt's score.
            utility: utility of the whole text's score.
            slope: slope of the utility at the whole text's score; used where the two scores are equal.

        Returns:
            An amount for each of `rules`; they add up to `utility - prompt_utility` (to 1e-9).

        Raises:
            CertificateError: as for `totals`, unless it is an opaque certificate.
        """
        if not self.verifiable:
            return {**dict.fromkeys(self.rules, 0.0), "base": utility - prompt_utility}
        factor = self.factor(prompt_utility=prompt_utility, utility=utility, slope=slope)
        return {rule: factor * change for rule, change in self._sums().changes.items()}

    def factor(self, *, prompt_utility: float, utility: float, slope: float) -> float:
        """What one unit of the sum of valences contributes to the gain in utility.

        (U(h(S_F)) - U(h(S_P))) / (S_F - S_P), or its limit where the two sums are equal.

        Args:
            prompt_utility: utility of the prompt's score.
            utility: utility of the whole text's score.
            slope: slope of the utility at the whole text's score; used where the two scores are equal.

        Raises:
            CertificateError: as for `totals`.
        """
        totals = self.totals()
        mean = utility_slope((self.prompt_score, prompt_utility), (self.score, utility), slope)
        return mean * score_slope(*totals)

    def totals(self) -> Totals:
        """The sums of the valences, from which h(S) = S / sqrt(S^2 + 15) makes the two scores.

        Raises:
            CertificateError: its amounts are no valences, as nothing but the rules of VADER makes them, or
                they do not add up to its scores.
        """
        return self._sums().totals

    def _sums(self) -> "_Sums":
        if self._added_up is None:
            object.__setattr__(self, "_added_up", self._add_up())
        return cast(_Sums, self._added_up)

    def _add_up(self) -> "_Sums":
        if not self.verifiable or self.scorer not in PROVABLE:
            raise CertificateError(
                f"amounts must be valences of {' or '.join(map(repr, PROVABLE))}, which h(S) turns into "
                f"scores, but are those of {quote(self.scorer)} with verifiable={self.verifiable}: return "
                "Certificate.opaque(...) and pay by a design that reads scores alone"
            )
        kept = added = withdrawn = 0.0
        changes: dict[Rule, float] = dict.fromkeys(self.rules, 0.0)
        for _, _, rule, _, _, amount, status, _, _, _ in self.records:
            if status == "kept":
                kept += amount
            elif status == "added":
                added += amount
                changes[rule] += amount
            elif status == "withdrawn":
                withdrawn += amount
                changes[rule] -= amount
        totals = Totals(kept + withdrawn, kept + added)
        for name, total in (("prompt_score", totals.prompt), ("score", totals.text)):
            score = self.prompt_score if name == "prompt_score" else self.score
            made = total / math.sqrt(total * total + 15.0)
            if not abs(made - score) <= _TOLERANCE:
                raise CertificateError(f"{name} must be {made!r}, as the records add up, but is {score!r}")
        return _Sums(totals, changes)


def _check_type(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise ValueError(
            f"{name} must be a {kind.__name__}, but is {quote(value)} of type {type(value).__name__}"
        )


def _check_rules(rules: tuple[Any, ...]) -> None:
    for rule in rules:
        if not isinstance(rule, str) or rule not in KNOWLEDGE_RULES:
            raise ValueError(f"rules must be among {', '.join(KNOWLEDGE_RULES)}, but hold {quote(rule)}")


def _check_number(name: str, value: object) -> None:
    wrong = explain_number(value)
    if wrong:
        raise ValueError(f"{name} {wrong}")


def _as_plain(number: float) -> float:
    """An int or a float itself: NumPy's are a subclass of float, and one may compare as it likes."""
    return number if type(number) is int else float(number)


def _as_float(name: str, value: Any) -> float:
    """A number as plain data, that of an array's element too."""
    plain: object = cast(Any, value).item() if isinstance(value, np.generic) else value
    _check_number(name, plain)
    return float(cast(float, plain))


def _as_tuple(name: str, value: Any) -> tuple[Any, ...]:
    if type(value) is tuple:  # mostly so
        return cast(tuple[Any, ...], value)
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"{name} must be a tuple, but is {quote(value)} of type {type(value).__name__}")
    return tuple(cast(Iterable[Any], value))


def _read_only(name: str, value: Any) -> MappingProxyType[str, Any]:
    """A copy of a mapping from str that nobody can change."""
    if type(value) is not dict and not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a mapping, but is {quote(value)} of type {type(value).__name__}")
    copy = dict(cast(Mapping[Any, Any], value))
    for key in copy:
        if not isinstance(key, str):
            _check_type(f"a key of {name}", key, str)
    return MappingProxyType(copy)


def utility_slope(start: tuple[float, float], end: tuple[float, float], slope: float) -> float:
    """Mean slope of the utility between two points (score, utility).

    Args:
        start: the first point.
        end: the second point.
        slope: slope at the second; used where the two scores are the same up to rounding.
    """
    gained = end[0] - start[0]
    return (end[1] - start[1]) / gained if abs(gained) > _SAME_SCORE else slope


def score_slope(start: float, end: float) -> float:
    """Mean slope of h(S) = S / sqrt(S^2 + 15) between two sums, without cancellation.

    For sums of one sign, with A and B the two roots,
    (h(end) - h(start)) / (end - start) = 15 (start + end) / (A B (start B + end A)).
    """
    root, other = math.sqrt(start * start + 15.0), math.sqrt(end * end + 15.0)
    if start * end > 0:
        return 15.0 * (start + end) / (root * other * (end * root + start * other))
    if start == end:
        return 15.0 / root**3
    return (end / other - start / root) / (end - start)
