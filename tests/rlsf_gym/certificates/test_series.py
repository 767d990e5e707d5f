"""Series: certificates that are what `Certificate` makes of the same fields."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from rlsf_gym.certificates import Certificate
from rlsf_gym.certificates.series import Series
from rlsf_gym.domains.sentiment.samples import SAMPLES
from rlsf_gym.domains.sentiment.vader.rules import RULES
from rlsf_gym.scorers import load_scorer

SHARED = {
    "scorer": "vader",
    "version": "1",
    "verifiable": True,
    "options": {"but": "library"},
    "rules": RULES,
}
REST = {"prompt_score": 0.25, "score": 0.25, "records": (), "slope": 0.5}
PIECES = [piece.decode("utf-8", "replace") for piece in SAMPLES.pieces]


def values(certificate):
    """All fields with their types, the sums of the rules left out, which are kept once asked for."""
    read = [getattr(certificate, item.name) for item in dataclasses.fields(certificate) if item.init]
    return [(type(value), value) for value in read]


def test_a_certificate_of_a_series_is_what_its_fields_make():
    made = Series(**SHARED).make(**REST)
    assert made == Certificate(**SHARED, **REST)
    assert values(made) == values(Certificate(**SHARED, **REST))
    assert pickle.loads(pickle.dumps(made)) == made
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.score = 1.0


def test_certificates_of_a_series_have_sums_of_their_own():
    series = Series(**SHARED)
    first, second = series.make(**REST), series.make(**REST)
    first.check_amounts()
    assert second._changes is None


def test_what_a_series_shares_is_checked():
    with pytest.raises(ValueError, match="version must be a str, but is 3"):
        Series(**SHARED | {"version": 3})


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copied_series_makes_the_same(twin):
    assert twin(Series(**SHARED)).make(**REST) == Series(**SHARED).make(**REST)


@pytest.mark.parametrize("name", ["vader", "knowledge"])
def test_our_scorers_certify_what_certificates_accept_as_it_is(name):
    scorer, rng = load_scorer(name), np.random.default_rng(0)
    for _ in range(500):
        prompt, response = ("".join(rng.choice(PIECES, rng.integers(12))) for _ in range(2))
        made = scorer.certify(prompt, response)
        checked = dataclasses.replace(made)  # as any other certificate is
        assert values(made) == values(checked)
        assert [list(map(type, record)) for record in made.records] == [
            list(map(type, record)) for record in checked.records
        ]
