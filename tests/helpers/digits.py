"""A stranger's domain of instances: write digits that add up to a number.

The value of digits that add up to s, where t is asked for, is s / t up to t and -1 beyond. With `verdict`,
a whole response is worth 1 or 0 instead, and the values of prefixes say only what is known so far: (1 + s) /
(1 + t) up to t, and 0 beyond, whatever follows.
"""

import numpy as np

from rlsf_gym.certificates import Certificate, CertificateError, Proof, Record
from rlsf_gym.domains import Domain, Samples
from rlsf_gym.instance import Instance
from rlsf_gym.scorers import Assessment
from rlsf_gym.text.segmentation import Symbols


class Digits:
    """Assesses responses by what their digits add up to."""

    name, bounded, verifiable, exact, rules = "digits", True, True, True, ("digit",)

    def assess(self, instances, responses, char_ends):
        rows = zip(instances, responses, char_ends, strict=True)
        return [Assessment(self.certify(*row[:2]), self.values(*row)) for row in rows]

    def values(self, instance, response, ends):
        return np.array([worth(instance.data["target"], response[:end]) for end in ends], np.float64)

    def certify(self, instance, response):
        target, start, records, before = instance.data["target"], len(instance.prompt), [], 0.0
        for at in range(len(response)):
            after = worth(target, response[: at + 1])
            if after != before:
                place = (start + at, start + at + 1)
                records.append(Record(*place, "digit", *place, after - before, "added", (), place[1]))
            before = after
        return Certificate("digits", "1", True, {}, 0.0, before, tuple(records), rules=self.rules)


class Verdict(Digits):
    """Says 1 or 0 of a whole response, without a reason, but with partial credits and a core."""

    name, verifiable, rules, verdict = "verdict", False, (), True

    def values(self, instance, response, ends):
        target = instance.data["target"]
        sums = [add_up(response[:end]) for end in ends]
        return np.array([(1 + s) / (1 + target) if s <= target else 0.0 for s in sums], np.float64)

    def certify(self, instance, response):
        target = instance.data["target"]
        right = float(add_up(response) == target)
        start = 1 / (1 + target)
        return Certificate.opaque(
            scorer=self.name, model_hash="1", labels={}, prompt_score=start, score=right, length=len(response)
        )

    def partial_credits(self, instance, response):
        target, digits = instance.data["target"], sum(letter in "0123456789" for letter in response)
        return {
            "digits": digits / max(1, len(response)),
            "nearness": max(0.0, 1.0 - abs(target - add_up(response)) / target),
        }

    def find_core(self, instance, response):
        """Blames the largest digits that are too much together."""
        places = [at for at, letter in enumerate(response) if letter in "123456789"]
        places.sort(key=lambda at: -int(response[at]))
        total, chosen = 0, []
        for at in places:
            total += int(response[at])
            chosen.append(at + len(instance.prompt))
            if total > instance.data["target"]:
                return np.array([[start, start + 1] for start in sorted(chosen)])
        return np.zeros((0, 2), np.int64)


class Targets:
    """Numbers from 1 to 9, the odd ones for training."""

    def __init__(self, split):
        self.numbers = {"train": (1, 3, 5, 7, 9), "eval": (2, 4, 6, 8), "all": range(1, 10)}[split]

    def sample(self, rng):
        number = int(rng.integers(len(self.numbers)))
        return Instance(f"{self.numbers[number]}=", number, {"target": int(self.numbers[number])})

    def make(self, data):
        target = data.get("target")
        if type(target) is not int or not 0 < target < 10 or len(data) != 1:
            raise ValueError(f"target must be from 1 to 9, got {data}")
        return Instance(f"{target}=", -1, data)


def add_up(response):
    return sum(int(letter) for letter in response if letter in "0123456789")


def worth(target, response):
    total = add_up(response)
    return total / target if total <= target else -1.0


def prove(certificate, instance, prompt, response):
    """The checker: it runs over the response once, and refuses whatever it would not have written."""
    target, total, told, values = instance.data["target"], 0, [], [0.0]
    if prompt != f"{target}=":
        raise CertificateError(f"prompt must be '{target}=', got {prompt!r}")
    for at, letter in enumerate(response, start=len(prompt)):
        total += int(letter) if letter in "0123456789" else 0
        values.append(-1.0 if total > target else total / target)
        if values[-1] != values[-2]:
            amount = values[-1] - values[-2]
            told.append((at, at + 1, "digit", at, at + 1, amount, "added", (), at + 1, -1))
    if [tuple(record) for record in certificate.records] != told:
        raise CertificateError(f"records must be {told}")
    numbers = (certificate.prompt_score, certificate.score, certificate.slope)
    rest = (certificate.version, certificate.options, certificate.labels, certificate.payload)
    if numbers != (0.0, values[-1], 1.0) or rest != ("1", {}, {}, None):
        raise CertificateError(f"scores must be 0 and {values[-1]}, with nothing else told")
    if certificate.rules != ("digit",) or certificate.spread:
        raise CertificateError("rules must be those of the scorer")
    return Proof.of(certificate, prefix_scores=lambda ends: [values[end] for end in ends])


def make_digits(scorer=None, **parts):
    """Returns the domain, with other parts where they are given."""
    given = {
        "name": "digits",
        "scorers": {"digits": Digits, "verdict": Verdict} if scorer is None else {scorer.name: scorer},
        "checkers": {"digits": prove},
        "samples": Samples((*(str(digit).encode() for digit in range(5)), b"12", b"+")),
        "segmentation": Symbols("[0-9]"),
        "instances": Targets,
        "defaults": {"tokenizer": "bytes", "max_prompt_tokens": 2, "max_new_tokens": 4},
    }
    return Domain(**{**given, **parts})
