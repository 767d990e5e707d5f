"""A domain whose scores are verdicts, with all that a page can show of one: write digits that add up exactly.

The value of a prefix halves with each unit that is missing; beyond the target, or behind another character,
nothing right can follow. All digits share the blame for what is too much.
"""

import numpy as np

from rlsf_gym.certificates import Certificate, CertificateError, Proof, Record
from rlsf_gym.domains import Domain, Example, Samples
from rlsf_gym.instance import Instance
from rlsf_gym.scorers import Assessment
from rlsf_gym.text.segmentation import Symbols

DIGITS = "123456789"


class Sums:
    """Says by a stack of numbers whether digits add up to the target."""

    name, bounded, verifiable, exact, verdict = "sums", True, True, True, True
    rules = ("progress", "syntax", "target", "unfinished")

    def assess(self, instances, responses, char_ends):
        rows = zip(instances, responses, char_ends, strict=True)
        return [Assessment(certify(*row[:2]), np.array(values_of(*row[:2]))[row[2]]) for row in rows]


def values_of(instance, response):
    missing = [instance.data["target"]]
    for letter in response:
        missing.append(missing[-1] - int(letter) if letter in DIGITS else -99)
    return [0.5**number if number >= 0 else 0.0 for number in missing]


def certify(instance, response):
    values, start, records = values_of(instance, response), len(instance.prompt), []
    alive = next((at for at, value in enumerate(values) if not value), len(values)) - 1
    reason = None
    if alive < len(response):
        reason = "target" if response[alive] in DIGITS else "syntax"
    for at, change in enumerate(np.diff(values).tolist(), start=start):
        rule = "progress" if at - start < alive else reason
        if change:
            records.append(Record(at, at + 1, rule, at, at + 1, change, "added", since=at + 1))
    score, end = float(values[-1] == 1.0), start + len(response)
    if score != values[-1]:
        last = score - values[-1]
        records.append(Record(end, end, "unfinished", end, end, last, "added", since=end))
    payload = tell(instance, response, alive, reason, score)
    return Certificate(
        "sums", "1", True, {}, values[0], score, tuple(records), rules=Sums.rules, payload=payload
    )


def tell(instance, response, alive, reason, score):
    start, target = len(instance.prompt), instance.data["target"]
    left = target - sum(map(int, response[:alive]))
    told = {
        "status": "solved" if score else "unfinished" if reason is None else "dead",
        "alive": alive,
        "witness": response[:alive] + "1" * left,
        "fatal": None if reason is None else [start + alive, start + alive + 1],
        "reason": reason or (None if score else "unfinished"),
        "because": None if score else f"the answer ends before {target} is reached",
        "core": [],
    }
    if reason == "syntax":
        told["because"] = f"expected a digit, got {response[alive]!r}"
    if reason == "target":
        total = left - int(response[alive])
        told["because"] = f"{'+'.join(response[: alive + 1])} is {target - total}, more than {target}"
        told["core"] = [[start + at, start + at + 1] for at in range(alive + 1)]
    return told


def prove(certificate, instance, prompt, response):
    """The checker of a fixture: it recounts the values, and has the rest said again."""
    target, values = instance.data["target"], []
    for end in range(len(response) + 1):
        total = sum(map(int, response[:end])) if set(response[:end]) <= set(DIGITS) else np.inf
        values.append(0.5 ** (target - total) if total <= target else 0.0)
    told = certify(instance, response)
    keys = ("payload", "prompt_score", "score", "slope", "spread", "rules", "version", "options", "labels")
    is_same = all(getattr(certificate, key) == getattr(told, key) for key in keys)
    if not is_same or [*map(tuple, certificate.records)] != [*map(tuple, told.records)]:
        raise CertificateError("certificate must be the one that is written")
    if prompt != instance.prompt:
        raise CertificateError(f"prompt must be {instance.prompt!r}, got {prompt!r}")
    return Proof.of(certificate, values=lambda ends: [values[end] for end in ends])


class Targets:
    """Numbers from 3 to 9, the odd ones for training."""

    def __init__(self, split):
        self.numbers = {"train": (3, 5, 7, 9), "eval": (4, 6, 8), "all": range(3, 10)}[split]

    def sample(self, rng):
        return self.make({"target": int(rng.choice(self.numbers))})

    def make(self, data):
        target = data.get("target")
        if type(target) is not int or not 0 < target < 10 or len(data) != 1:
            raise ValueError(f"target must be from 1 to 9, got {data}")
        return Instance(f"{target}=", target, data)


EXAMPLES = (
    Example("Too much", "", "4361", {"target": 9}),
    Example("Right", "", "45", {"target": 9}),
    Example("Too little", "", "2", {"target": 3}),
    Example("No digit", "", "1x2", {"target": 3}),
)


def make_sums(name="sums", **parts):
    """Returns the domain, with other parts where they are given."""
    given = {
        "name": name,
        "scorers": {"sums": Sums},
        "checkers": {"sums": prove},
        "samples": Samples((*(digit.encode() for digit in DIGITS), b"12", b"+"), examples=EXAMPLES),
        "segmentation": Symbols("[0-9]"),
        "instances": Targets,
        "defaults": {
            "tokenizer": "bytes",
            "max_prompt_tokens": 2,
            "max_new_tokens": 6,
            "boundary": "open",
        },
        "labels": {"unit": "digit", "instance": "puzzle"},
    }
    return Domain(**{**given, **parts})


SUMS = make_sums()
