"""Promises of token rewards, held to what was played."""

from types import SimpleNamespace

from rlsf_gym.audit.findings import Undecided
from rlsf_gym.audit.vectors import check_vectors


def test_nothing_is_decided_where_nothing_was_played():
    """As in a domain without examples whose tokens write none of the audit's own texts."""
    subject = SimpleNamespace(kind="environment", cases=[], paid={}, told={"design": "potential"})
    found = list(check_vectors(SimpleNamespace(subject=subject)))
    assert [one.check for one in found] == ["causal", "conserving", "bounded"]
    assert all(isinstance(one, Undecided) for one in found)
