"""agents/learners/loss.py: terms add up, with their weights and what they report."""

import pytest
import torch

from agents import RLOOConfig
from agents.learners.loss import LossTerm, add_terms, clipped_loss, entropy_term, value_term
from agents.maths.tensors import Batch, Scored

MASK = torch.tensor([[True, True, False]])


def scored_of(ratios, values=(0.0, 0.0, 0.0), entropy=None):
    return Scored(
        torch.tensor([ratios]).log(), torch.tensor([values]),
        None if entropy is None else torch.tensor([entropy]), None,
    )  # fmt: skip


def batch_of(advantages=(0.0, 0.0, 0.0), returns=None):
    zeros = torch.zeros(1, 3)
    fields = {**dict.fromkeys(Batch._fields, zeros), "response_mask": MASK, "kinds": None}
    fields["advantages"] = torch.tensor([advantages])
    fields["returns"] = None if returns is None else torch.tensor([returns])
    return Batch(**fields)


def test_terms_add_up_and_keep_their_statistics_apart():
    one = LossTerm(torch.tensor(1.5), {"loss/policy": torch.tensor(1.0)})
    two = LossTerm(torch.tensor(-0.25), {"loss/mine": torch.tensor(7.0)})
    found = add_terms(one, two, LossTerm(torch.tensor(2.0), {}))
    assert found.loss.item() == 3.25
    assert {key: value.item() for key, value in found.statistics.items()} == {
        "loss/policy": 1.0, "loss/mine": 7.0,
    }  # fmt: skip
    assert set(one.statistics) == {"loss/policy"}


def test_the_loss_without_a_critic_is_the_clipped_surrogate_less_the_entropy_bonus():
    config = RLOOConfig(cliprange=0.2, cliprange_high=0.5, entropy_coef=0.1)
    scored = scored_of((1.5, 0.5, 1.0), entropy=(1.0, 3.0, 50.0))
    found = clipped_loss(scored, batch_of((1.0, -1.0, 9.0)), 2.0, config)
    # -(min(1.5, 1.5) + min(-0.5, -0.8)) / 2 - 0.1 (1 + 3) / 2
    assert found.loss.item() == pytest.approx(-(1.5 - 0.8) / 2 - 0.2)
    assert found.statistics["loss/policy"].item() == pytest.approx(-(1.5 - 0.8) / 2)
    assert found.statistics["policy/clipfrac"].item() == 0.5  # 0.5 < 0.8; 1.5 is on the edge


def test_the_critic_weighs_what_its_coefficient_says():
    scored = scored_of((1.0, 1.0, 1.0), values=(1.0, 2.0, 5.0))
    found = value_term(scored, batch_of(returns=(0.0, 4.0, 0.0)), 2.0, vf_coef=0.25, cliprange_value=None)
    assert found.statistics["loss/value"].item() == 0.5 * (1.0 + 4.0) / 2.0
    assert found.loss.item() == 0.25 * 1.25


def test_a_known_part_of_the_values_is_added_to_those_of_the_head():
    scored = scored_of((1.0, 1.0, 1.0), values=(1.0, 2.0, 5.0))
    batch = batch_of(returns=(0.5, 4.0, 0.0))
    batch = batch._replace(values=torch.tensor([[0.0, 4.0, 0.0]]), offsets=torch.tensor([[0.5, 1.5, 0.0]]))
    found = value_term(scored, batch, 2.0, vf_coef=1.0, cliprange_value=None)
    assert found.loss.item() == 0.5 * (1.0 + 0.25) / 2.0  # 1.5 less 0.5, 3.5 less 4
    clipped = value_term(scored, batch, 2.0, vf_coef=1.0, cliprange_value=0.25)
    assert clipped.loss.item() == 0.5 * (1.0 + 0.25) / 2.0  # 1.5 to 0.25 and 3.5 to 3.75 would err less


def test_a_term_without_its_data_is_zero_and_says_nothing():
    scored, batch = scored_of((1.0, 1.0, 1.0)), batch_of()
    for term in (
        value_term(scored, batch, 2.0, vf_coef=1.0, cliprange_value=0.2),
        entropy_term(scored, batch, 2.0, entropy_coef=0.0),
    ):
        assert term.loss.item() == 0.0 and not term.statistics
