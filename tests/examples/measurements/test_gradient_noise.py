"""gradient_noise.py: arms that must agree do, heads are fitted, and the learner is left as it was."""

from types import SimpleNamespace

import pytest
import torch

from examples.measurements import gradient_noise
from examples.measurements.gradient_noise import (
    RIGHT,
    end,
    every_token,
    fit,
    gradients_of,
    make_agent,
    measure,
    paid_at_end,
    play_batches,
    table,
)

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def played():
    torch.set_num_threads(1)
    agent = make_agent(0, batch_size=8, tokens=6).learn(8)
    return agent, play_batches(agent, 3, 0)


def test_batches_have_what_all_arms_need_and_draws_of_their_own(played):
    agent, (rollouts, hidden) = played
    assert len({tuple(rollout.tokens.reshape(-1).tolist()) for rollout in rollouts}) == 3
    for rollout, states in zip(rollouts, hidden, strict=True):
        assert rollout.kinds is not None and rollout.prefix_values.any()
        assert len(states) == rollout.response_mask.sum()
        values = agent.policy.value_head(states).squeeze(-1)
        torch.testing.assert_close(values, rollout.values[rollout.response_mask], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("lam", [0.0, 0.95])
@pytest.mark.parametrize("fitted", [False, True])
def test_the_end_with_all_that_is_known_is_potential(played, lam, fitted):
    """Also where both heads are fitted: their targets are equal."""
    agent, measured = played
    heads = play_batches(agent, 2, 50) if fitted else None
    one, _ = gradients_of(agent, end(lam, critic_offset=1.0), measured, heads)
    other, _ = gradients_of(agent, RIGHT._replace(settings={"lam": lam}), measured, heads)
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)
    plain, _ = gradients_of(agent, end(lam), measured, heads)
    assert (plain - other).norm() > 0.1 * other.norm()


def test_every_next_token_points_the_same_way_with_less_noise(played):
    agent, _ = played
    measured = play_batches(agent, 6, 100)
    sampled, _ = gradients_of(agent, RIGHT, measured, None)
    found, _ = gradients_of(agent, every_token(0.0, future=0.0), measured, None)
    mean, own = sampled.mean(0), found.mean(0)
    assert torch.cosine_similarity(mean, own, dim=0) > 0.1  # of means that are mostly noise
    spread, least = ((x - x.mean(0)).norm() / x.mean(0).norm() for x in (sampled, found))
    assert least < 0.7 * spread


def test_measuring_leaves_the_learner_as_it_was():
    measured, plain = (make_agent(0, batch_size=8, tokens=4) for _ in range(2))
    rows = [row for number in (0, 1) for row in measure(measured, number, 3, [RIGHT])]
    assert [row["iterations"] for row in rows] == [0, 1]
    assert rows[0]["kl"] == pytest.approx(0.0, abs=1e-5) and rows[1]["kl"] > 1e-4
    measured.learn(16)
    plain.learn(16)
    pairs = zip(measured.policy.parameters(), plain.policy.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_a_head_is_fitted_by_least_squares(played):
    """To targets that are linear in hidden states; what the critic knows by itself is taken off."""
    _, (rollouts, hidden) = played
    weights = torch.randn(hidden[0].shape[1], generator=torch.Generator().manual_seed(0))
    wanted = [states @ weights + 3.0 for states in hidden]
    answers = iter(
        SimpleNamespace(
            returns=torch.zeros_like(x.scores).masked_scatter(x.response_mask, y) + 1.0, offsets=1.0
        )
        for x, y in zip(rollouts, wanted, strict=True)
    )
    critic = fit(SimpleNamespace(prepare=lambda rollout: next(answers)), rollouts, hidden)
    found = torch.cat([critic(states) for states in hidden])
    expected = torch.cat(wanted)
    assert (found - expected).var() < 0.05 * expected.var()


def test_what_is_paid_at_the_end_is_the_sum(played):
    _, (rollouts, _) = played
    paid = paid_at_end(rollouts[0])
    torch.testing.assert_close(paid.scores.sum(-1), rollouts[0].scores.sum(-1))
    assert ((paid.scores != 0.0).sum(-1) <= 1).all()


def test_the_table_says_what_is_not_told():
    told, lost = {"value": 0.98765, "error": 0.0123}, {"value": float("nan"), "error": 1.0}
    row = {
        "iterations": 6, "score": 0.425, "kl": 4.04, "arm": "`terminal`", "settings": {"lam": 0.95},
        "explained": 0.051, "cosine": told, "noise": lost, "alignment": told,
    }  # fmt: skip
    lines = table([row, {**row, "iterations": 0}]).splitlines()
    assert lines[0] == "After 6 iterations: score 0.42, 4.0 nats."
    assert lines[4] == "| `terminal` | 0.95 | 0.05 | 0.988 (0.012) | not told | 0.988 (0.012) |"
    assert "After 0 iterations: score 0.42, 4.0 nats." in lines


def test_the_command_prints_its_tables(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(gradient_noise, "make_agent", lambda seed: make_agent(seed, batch_size=4, tokens=4))
    monkeypatch.setattr(gradient_noise, "ARMS", (RIGHT,))
    out = tmp_path / "records.json"
    assert gradient_noise.main(["--batches", "3", "--iterations", "0", "--out", str(out)]) == 0
    assert "| `potential` | 1 | " in capsys.readouterr().out and out.is_file()
    with pytest.raises(SystemExit):
        gradient_noise.main(["--batches", "2"])
    assert "--batches: expected 3 or more" in capsys.readouterr().err
