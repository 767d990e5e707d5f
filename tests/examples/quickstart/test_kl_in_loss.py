"""examples/quickstart/kl_in_loss.py: the term and its gradient by formula, and what it does to a learner."""

import dataclasses
from functools import partial
from pathlib import Path

import pytest
import torch

from agents import GRPO, CausalLMPolicy, GRPOConfig
from agents.learners.loss import add_terms, clipped_loss
from agents.maths.tensors import Batch, Scored
from examples.quickstart import kl_in_loss
from tests.helpers.loaded import load_file

TOY = Path(__file__).parents[2] / "agents" / "conftest.py"
B, T = 3, 4
MASK = torch.arange(T) < torch.tensor([4, 2, 0])[:, None]


@pytest.fixture(scope="module")
def toy():
    return load_file(TOY)


@pytest.fixture
def scores():
    """Returns log-probs of the policy, with gradient, and of the reference, (B, T) float64 each."""
    generator = torch.Generator().manual_seed(0)
    logprobs, ref = -torch.rand(2, B, T, generator=generator, dtype=torch.float64)
    return logprobs.requires_grad_(), ref


def batch_of(**fields):
    zeros = torch.zeros(B, T, dtype=torch.float64)
    return Batch(
        **{
            **dict.fromkeys(Batch._fields, zeros),
            "returns": None,
            "kinds": None,
            "response_mask": MASK,
            **fields,
        }
    )


def test_the_term_and_its_gradient_are_those_of_the_formula(scores):
    """k3 = r - 1 - log r with r = pi_ref / pi; its derivative by log pi is 1 - r."""
    logprobs, ref = scores
    term = kl_in_loss.kl_term(Scored(logprobs, None, None, None), batch_of(ref_logprobs=ref), 5.0, beta=0.5)
    ratio = (ref - logprobs.detach()).exp()
    by_hand = sum(float(ratio[b, t] - 1 - ratio[b, t].log()) for b, t in MASK.nonzero().tolist())
    assert term.statistics["loss/kl"].item() == pytest.approx(by_hand / 5.0, abs=1e-12)
    assert term.loss.item() == pytest.approx(0.5 * by_hand / 5.0, abs=1e-12)
    term.loss.backward()
    expected = torch.where(MASK, 0.5 * (1.0 - ratio) / 5.0, 0.0)
    torch.testing.assert_close(logprobs.grad, expected, rtol=0.0, atol=1e-12)


def test_the_loss_is_the_surrogate_plus_the_term(scores):
    logprobs, ref = scores
    batch = batch_of(ref_logprobs=ref, logprobs=ref, advantages=torch.ones(B, T, dtype=torch.float64))
    scored = Scored(logprobs, None, None, None)
    whole = kl_in_loss.loss(scored, batch, 5.0)
    surrogate = clipped_loss(scored, batch, 5.0, kl_in_loss.CONFIG)
    kl = whole.statistics["loss/kl"]
    assert whole.loss.item() == pytest.approx(surrogate.loss.item() + 0.04 * kl.item(), abs=1e-12)
    assert set(whole.statistics) == {"loss/policy", "policy/clipfrac", "loss/kl"}


def test_a_heavier_term_keeps_a_learner_nearer_to_its_reference(toy):
    """Nothing else of the learner knows of it: KL costs nothing in the reward."""
    config = GRPOConfig(
        batch_size=16, minibatch_size=16, group_size=8, kl_coef=0.0, learning_rate=5e-3, response_length=6
    )
    found = {}
    for beta in (0.0, 5.0):

        def loss(scored, batch, denominator, beta=beta):
            return add_terms(
                clipped_loss(scored, batch, denominator, config),
                kl_in_loss.kl_term(scored, batch, denominator, beta=beta),
            )

        rows = []
        env = toy.GroupToyVectorEnv(num_envs=16)
        with torch.random.fork_rng():
            policy = CausalLMPolicy(toy.make_model(), vocab_size=toy.V)
        keep = partial(lambda rows, metrics, timings, episodes: rows.append(dict(metrics)), rows)
        GRPO(policy, env, config, loss=loss, callbacks=[keep]).learn(4 * 16)
        assert rows[0]["loss/kl"] >= 0.0 and rows[-1]["loss/kl"] > 0.0
        assert all(row["objective/rlhf_reward"] == row["objective/scores"] for row in rows)
        found[beta] = rows[-1]["objective/kl"]
    assert 0.0 < found[5.0] < 0.5 * found[0.0]


def test_the_script_trains(capsys, monkeypatch):
    small = dataclasses.replace(kl_in_loss.CONFIG, batch_size=8, minibatch_size=8, num_ppo_epochs=1)
    monkeypatch.setattr(kl_in_loss, "CONFIG", small)
    kl_in_loss.main(8)
    line = capsys.readouterr().out
    assert line.startswith("     8 episodes  reward ") and "KL " in line and "loss/kl " in line


def test_it_is_short_and_edits_nothing():
    lines = Path(kl_in_loss.__file__).read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60
