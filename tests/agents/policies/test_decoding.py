"""agents/policies/decoding.py: responses while they grow."""

import math

import pytest
import torch

from agents.policies.decoding import GrowingResponses
from agents.policies.distributions import Distributions
from agents.policies.trunks.trunk import Outputs

V, END = 4, 3


def grow(lengths, *, eos=END, keep_states=False):
    return GrowingResponses(torch.tensor(lengths), V, eos_token_id=eos, keep_states=keep_states)


def append(grown, tokens, values=None):
    """Appends tokens drawn from even distributions; what the backbone says is the token itself."""
    said = Outputs(torch.tensor(tokens)[:, None].float(), None)
    values = torch.zeros(len(tokens)) if values is None else torch.tensor(values)
    grown.append(torch.tensor(tokens), Distributions(torch.zeros(V, len(tokens))), values, said)
    staying = grown.drop_ended()
    return None if staying is None else staying.tolist()


def test_rows_end_by_themselves_and_are_blanked():
    grown = grow([3, 2], keep_states=True)
    assert append(grown, [1, 0], [0.5, 0.25]) is None
    assert append(grown, [3, 2], [0.5, 0.25]) == []
    made = grown.result()
    assert made.response_ids.tolist() == [[1, 3, 4], [0, 2, 4]]
    assert made.response_mask.int().tolist() == [[1, 1, 0], [1, 1, 0]]
    assert made.values.tolist() == [[0.5, 0.5, 0.0], [0.25, 0.25, 0.0]]
    assert made.logprobs[0].tolist() == pytest.approx([-math.log(4), -math.log(4), 0.0])
    assert made.entropy[1].tolist() == pytest.approx([math.log(4), math.log(4), 0.0])
    assert made.states.hidden[..., 0].tolist() == [[1, 3, 0], [0, 2, 0]]


def test_rows_that_have_ended_leave():
    grown = grow([3, 3, 1])
    assert append(grown, [0, 3, 0]) == [0]
    assert grown.rows.tolist() == [0]
    assert append(grown, [1]) is None
    assert append(grown, [2]) == []
    assert grown.result().response_ids.tolist() == [[0, 1, 2], [3, 4, 4], [0, 4, 4]]


def test_few_rows_that_have_ended_stay_and_do_not_start_again():
    grown = grow([3] * 5)
    assert append(grown, [3, 0, 0, 0, 0]) is None
    assert append(grown, [3, 0, 0, 0, 0]) is None
    assert append(grown, [0, 0, 0, 0, 0]) == []
    made = grown.result()
    assert made.response_ids.tolist() == [[3, 4, 4], *[[0, 0, 0]] * 4]
    assert made.states is None


def test_without_an_end_token_only_the_length_ends():
    grown = grow([1, 2], eos=None)
    assert append(grown, [3, 3]) == [1]
    assert append(grown, [3]) == []
    assert grown.result().response_ids.tolist() == [[3, 4], [3, 3]]
