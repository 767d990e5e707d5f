"""Sealed JSON: what was written comes back, and nothing else."""

import hashlib
import json

import pytest

from agents.runs.sealed_json import seal, unseal


def test_the_hash_is_that_of_the_content_in_canonical_form():
    canonical = b'{"a": [1, 2.5, null], "b": "\\u00e9"}'
    assert seal({"b": "é", "a": (1, 2.5, None)})["sha256"] == hashlib.sha256(canonical).hexdigest()


@pytest.mark.parametrize("content", [{}, {"a": 0.1, "b": {"c": [1e-300, -0.0, 2**62]}}, {"é": "\x1b"}])
def test_what_is_sealed_survives_a_file(content):
    assert unseal(json.loads(json.dumps(seal(content), indent=2))) == content


@pytest.mark.parametrize(
    "change",
    [{"a": 2}, {"a": True}, {"b": None}, {"sha256": "0" * 64}, {"sha256": None}, {"sha256": []}],
)
def test_what_was_changed_is_refused(change):
    with pytest.raises(ValueError, match="changed after it was written"):
        unseal({**seal({"a": 1}), **change})


def test_what_was_taken_away_is_refused():
    whole = seal({"a": 1, "b": 2})
    del whole["b"]
    with pytest.raises(ValueError, match="changed after it was written"):
        unseal(whole)


def test_what_was_never_sealed_is_read_as_it_is():
    assert unseal({"a": 1}) == {"a": 1}


def test_numbers_that_json_has_not_are_refused():
    with pytest.raises(ValueError, match="JSON compliant"):
        seal({"a": float("nan")})
