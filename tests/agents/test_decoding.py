"""agents/decoding.py: responses while they grow."""

import math

import pytest
import torch

from agents.decoding import GrowingResponses, entropy_of

EVEN = torch.full((2, 4), 0.25).log()


def test_rows_end_by_themselves_and_are_blanked():
    grown = GrowingResponses(torch.tensor([3, 2]), 4, keep_distributions=True)
    assert not grown.append(torch.tensor([1, 0]), EVEN, torch.tensor([0.5, 0.25]), eos_token_id=3)
    assert grown.append(torch.tensor([3, 2]), EVEN, torch.tensor([0.5, 0.25]), eos_token_id=3)
    made = grown.result()
    assert made.response_ids.tolist() == [[1, 3, 4], [0, 2, 4]]
    assert made.response_mask.int().tolist() == [[1, 1, 0], [1, 1, 0]]
    assert made.values.tolist() == [[0.5, 0.5, 0.0], [0.25, 0.25, 0.0]]
    assert made.logprobs[0].tolist() == pytest.approx([-math.log(4), -math.log(4), 0.0])
    assert made.entropy[1].tolist() == pytest.approx([math.log(4), math.log(4), 0.0])
    assert made.log_distributions.shape == (2, 3, 4)


def test_an_ended_row_does_not_start_again():
    grown = GrowingResponses(torch.tensor([3, 3]), 4, keep_distributions=False)
    for tokens in ([3, 0], [3, 0], [0, 0]):
        ended = grown.append(torch.tensor(tokens), EVEN, torch.zeros(2), eos_token_id=3)
    assert ended
    made = grown.result()
    assert made.response_ids.tolist() == [[3, 4, 4], [0, 0, 0]]
    assert made.log_distributions is None


def test_without_an_end_token_only_the_length_ends():
    grown = GrowingResponses(torch.tensor([1, 2]), 4, keep_distributions=False)
    assert not grown.append(torch.tensor([3, 3]), EVEN, torch.zeros(2), eos_token_id=None)
    assert grown.append(torch.tensor([3, 3]), EVEN, torch.zeros(2), eos_token_id=None)
    assert grown.result().response_ids.tolist() == [[3, 4], [3, 3]]


def test_entropy_of_a_certain_and_an_even_distribution():
    sure = torch.tensor([[100.0, 0.0]]).log_softmax(-1)
    assert entropy_of(sure).item() == pytest.approx(0.0, abs=1e-6)
    assert entropy_of(EVEN)[0].item() == pytest.approx(math.log(4))
