"""The evidence behind a score: records of what each rule did to which unit of the text, and why."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from rlsf_gym.certificates.checking import verify
from rlsf_gym.certificates.claimed import CertificateError
from rlsf_gym.certificates.fields import (
    as_float,
    as_plain,
    as_tuple,
    check_number,
    check_type,
    copy_json,
    quote,
    read_only,
)
from rlsf_gym.certificates.record import PLAIN_TYPES, STATUSES, Record, explain_record, has_plain_types

__all__ = ["Certificate", "utility_slope"]

_PLAIN_FIELDS: Final = (str, str, bool, float, float, float)
_NO_LABELS: Final[Mapping[str, float]] = MappingProxyType({})
# What the record of a scorer without rules says.
_NO_RULE: Final = ("base",)

# Scores closer than this have no reliable quotient of differences: the slope stands in.
_SAME_SCORE = 1e-12
# Largest difference of a gain from what the records add up to.
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Certificate:
    """All records behind the score of a prompt and of the text that a response makes of it.

    The records tell how the rules see the text grow: in the prompt alone, and then up to the end of each unit
    of the response. If a unit ends at E, the records with since <= E and (E < until or until == -1) are what
    the rules find in the text up to there. Records of the rules in `spread` are those of the prompt alone and
    of the whole text: `since` is the end of their unit, and `until`, where one is withdrawn, the length of
    prompt + response.

    Attributes:
        scorer: the scorer's name.
        version: version of its lexicon or model.
        verifiable: `check` can prove the certificate from the text.
        options: what the scorer was asked to do, such as {"but": "library"}.
        prompt_score: score of the prompt alone, in [-1, 1] for bounded scorers.
        score: score of prompt + response.
        records: the records, in the order of the units; of a unit, those that hold at the same time in the
            order of the rules, and one that begins right before the next one that goes on, or last.
        labels: a classifier's probabilities of its labels on the whole text; empty for rules.
        rules: the rules that the scorer has, whatever the text. A scorer without rules has records of "base".
        slope: score per unit of amount on the way from the prompt to the text, 1 where amounts are scores:
            the amounts that are added less those that are withdrawn, times the slope, are the gain in score.
        spread: those of the rules whose records in the prompt no place in the response brings about: what
            they contribute is shared by all tokens.
        payload: what else proves the score as plain JSON, such as a witness, a proof or a model; None where
            the scorer has no such thing.

    Raises:
        ValueError: If a field has another type than is said here, a number is not finite, a record is not a
            `Record`, its rule is not one of the scorer's, its status is unknown, its span or lifetime is
            negative, or the payload is not plain JSON.
    """

    scorer: str
    version: str
    verifiable: bool
    options: Mapping[str, str]
    prompt_score: float
    score: float
    records: tuple[Record, ...]
    labels: Mapping[str, float] = field(default_factory=lambda: _NO_LABELS)
    rules: tuple[str, ...] = ()
    slope: float = 1.0
    spread: tuple[str, ...] = ()
    payload: Mapping[str, Any] | None = None
    _changes: dict[str, float] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self._has_plain_fields():  # seldom, and so not looked at one by one
            self._check_fields()
        for name in ("rules", "spread", "records"):
            value = getattr(self, name)
            if type(value) is not tuple:  # seldom so
                object.__setattr__(self, name, as_tuple(name, value))
        self._check_rules()
        if not self._check_records():
            records = tuple(record._replace(amount=as_plain(record.amount)) for record in self.records)
            object.__setattr__(self, "records", records)
        object.__setattr__(self, "options", read_only("options", self.options))
        for key, option in self.options.items():
            if type(option) is not str:  # what a message calls it takes longer than to look
                check_type(f"options[{quote(key)}]", option, str)
        if self.labels is not _NO_LABELS:
            object.__setattr__(self, "labels", read_only("labels", self.labels))
            for key, label in self.labels.items():
                check_number(f"labels[{quote(key)}]", label)
        if self.payload is not None:
            object.__setattr__(self, "payload", copy_json("payload", self.payload))

    def _has_plain_fields(self) -> bool:
        """Whether the single values are of the types that our scorers write, and finite."""
        numbers = (self.prompt_score, self.score, self.slope)
        found = tuple(map(type, (self.scorer, self.version, self.verifiable, *numbers)))
        return found == _PLAIN_FIELDS and math.isfinite(sum(numbers))  # a sum of huge ones is looked at too

    def _check_fields(self) -> None:
        for name in ("scorer", "version"):
            check_type(name, getattr(self, name), str)
        check_type("verifiable", self.verifiable, bool)
        for name in ("prompt_score", "score", "slope"):
            check_number(name, getattr(self, name))
            object.__setattr__(self, name, as_plain(getattr(self, name)))

    def _check_rules(self) -> None:
        if not {*map(type, self.rules)} <= {str}:
            for rule in self.rules:
                check_type("a rule of rules", rule, str)
        for rule in self.spread:
            if rule not in self.rules:
                raise ValueError(f"spread must hold some of {', '.join(self.rules)}, but holds {quote(rule)}")

    def _check_records(self) -> bool:
        """Whether all fields of all records, which are checked, are of the types that rules write."""
        rules, are_exact = self.rules or _NO_RULE, True
        for record in self.records:
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
                and status in STATUSES
                and math.isfinite(amount)
                and since >= 0
                and (until == -1 or since < until)
            ):
                raise ValueError(explain_record(record, rules))
        return are_exact

    def __reduce__(self) -> tuple[object, ...]:
        # Read-only mappings cannot be pickled.
        plain: dict[str, Any] = {"options": dict(self.options), "labels": dict(self.labels)}
        plain["payload"] = None if self.payload is None else dict(self.payload)
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
        """Certificate of a scorer that gives no reasons, such as a neural classifier.

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
            ValueError: If one of them has another type, or is not finite.
        """
        prompt_score, score = as_float("prompt_score", prompt_score), as_float("score", score)
        record = Record(0, length, "base", 0, length, score - prompt_score, "added", since=length)
        named = read_only("labels", labels)
        labels = {label: as_float(f"labels[{quote(label)}]", value) for label, value in named.items()}
        return cls(scorer, model_hash, False, {}, prompt_score, score, (record,), labels)

    def check(self, prompt: str, response: str, instance: Any = None) -> None:
        """Prove records, payload, slope and both scores by the checker that is registered for the scorer.

        Args:
            prompt: the prompt that was scored.
            response: the response that was scored.
            instance: what the episode was about, where the scorer's domain has instances.

        Raises:
            CertificateError: If a record or score is wrong, or the scorer has no checker; in one line.
        """
        verify(self, prompt, response, instance)

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

    def rule_amounts(self, *, prompt_utility: float, utility: float, slope: float) -> dict[str, float]:
        """Contribution of each rule to the gain in utility.

        With A the sum of amounts, s(A) the score and U the objective, a rule gets
        (U(s(A_F)) - U(s(A_P))) / (A_F - A_P) times the amounts that were added less those that were
        withdrawn. For U(s) = s this is the Aumann-Shapley value of the rules on the straight path from the
        prompt P to the full text F.

        Args:
            prompt_utility: utility of the prompt's score.
            utility: utility of the whole text's score.
            slope: slope of the utility at the whole text's score; used where the two scores are equal.

        Returns:
            An amount for each of `rules`; they add up to `utility - prompt_utility` (to 1e-9). Empty for a
            scorer without rules.

        Raises:
            CertificateError: If the amounts do not add up to the gain in score.
        """
        if not self.rules:
            return {}
        factor = self.factor(prompt_utility=prompt_utility, utility=utility, slope=slope)
        return {rule: factor * change for rule, change in self._rule_changes().items()}

    def factor(self, *, prompt_utility: float, utility: float, slope: float) -> float:
        """Utility per unit of amount on the way from the prompt to the text.

        (U(s(A_F)) - U(s(A_P))) / (A_F - A_P), or its limit where the two sums are equal.

        Args:
            prompt_utility: utility of the prompt's score.
            utility: utility of the whole text's score.
            slope: slope of the utility at the whole text's score; used where the two scores are equal.

        Raises:
            CertificateError: If the scorer has no rules, or the amounts do not add up to the gain in score.
        """
        self.check_amounts()
        if not self.rules:
            raise CertificateError(
                f"certificate must have rules to pay by, but {quote(self.scorer)} has none: pay by a design "
                "that reads scores alone, or give its certificates rules whose amounts add up to the gain"
            )
        mean = utility_slope((self.prompt_score, prompt_utility), (self.score, utility), slope)
        return mean * self.slope

    def check_amounts(self) -> None:
        """Checks that the amounts of the rules, times the slope, add up to the gain in score.

        Raises:
            CertificateError: If the amounts do not add up to the gain.
        """
        if self.rules:
            self._rule_changes()

    def _rule_changes(self) -> dict[str, float]:
        """Net amount of each rule: what its records add less what they withdraw."""
        changes = self._changes
        if changes is None:
            changes = self._add_up()
            object.__setattr__(self, "_changes", changes)
        return changes

    def _add_up(self) -> dict[str, float]:
        change = 0.0
        changes = dict.fromkeys(self.rules, 0.0)
        for _, _, rule, _, _, amount, status, _, _, _ in self.records:
            if status == "added":
                change += amount
                changes[rule] += amount
            elif status == "withdrawn":
                change -= amount
                changes[rule] -= amount
        gain, made = self.score - self.prompt_score, self.slope * change
        if not abs(made - gain) <= _TOLERANCE * max(1.0, abs(self.score), abs(self.prompt_score)):
            raise CertificateError(
                f"amounts must add up to the gain {gain!r} in score, but with slope {self.slope!r} "
                f"those of {quote(self.scorer)} add up to {made!r}"
            )
        return changes


def utility_slope(start: tuple[float, float], end: tuple[float, float], slope: float) -> float:
    """Mean slope of the utility between two points (score, utility).

    Args:
        start: the first point.
        end: the second point.
        slope: slope at the second; used where the two scores are the same up to rounding.
    """
    gained = end[0] - start[0]
    return (end[1] - start[1]) / gained if abs(gained) > _SAME_SCORE else slope
