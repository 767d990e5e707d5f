"""What a design may know is checked and cannot be changed."""

import copy

import numpy as np
import pytest

from rlsf_gym.evidence import Evidence


def evidence_of(**changes):
    fields = {
        "prompt_score": 0.0,
        "prompt_utility": 0.25,
        "score": 0.5,
        "utility": 0.75,
        "mask": np.array([True, True, False]),
        "char_spans": np.zeros((3, 2), np.int64),
        "prefixes": np.array([0.25, 0.75, 0.75]),
    }
    return Evidence(**(fields | changes))


def test_length_and_gain():
    assert (evidence_of().length, evidence_of().gain) == (2, 0.5)


@pytest.mark.parametrize("name", ["mask", "char_spans", "prefix_utilities"])
def test_arrays_are_read_only(name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(evidence_of(), name)[0] = 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"utility": np.nan}, "scores and utilities must be finite"),
        ({"mask": np.array([1, 1, 0])}, r"mask must be bool \(T,\), got int64 of shape \(3,\)"),
        ({"mask": np.array([False, True, False])}, "mask must be True on the first tokens only"),
        ({"char_spans": np.zeros((2, 2), np.int64)}, r"char_spans must have shape \(3, 2\), got \(2, 2\)"),
        ({"prefixes": np.zeros(2)}, r"prefixes must have shape \(3,\), got \(2,\)"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        evidence_of(**changes)


def test_what_is_not_there_is_said_so():
    evidence = evidence_of(prefixes=None)
    with pytest.raises(ValueError, match="declare uses_prefixes=True"):
        _ = evidence.prefix_utilities
    with pytest.raises(ValueError, match=r"holds no hindsight, asked for units: pass hindsight=\.\.\. to"):
        evidence.hindsight.units()
    with pytest.raises(ValueError, match="holds no hindsight, asked for utilities_without"):
        evidence.utility_without([1])
    with pytest.raises(ValueError, match="holds no hindsight, asked for attributions"):
        evidence.hindsight.attributions("gradient")


def test_evidence_without_hindsight_is_copied():
    assert copy.deepcopy(evidence_of()).gain == 0.5
