"""studies/cells/gradients.py: moments by hand and by autograd, what a learner keeps, and its section."""

from pathlib import Path

import numpy as np
import pytest
import torch

from agents.studies.files import CellResult
from agents.studies.read import read_study
from agents.studies.settings import merge
from agents.studies.training import make_agent

pytestmark = pytest.mark.whole

SMALL = {
    "batches": 3,
    "iterations": [0, 1, 2],
    "lambdas": [1.0, 0.5],
    "env_kwargs": {"max_new_tokens": 4},
    "config": {"batch_size": 8, "minibatch_size": 8, "critic_warmup_iterations": 1},
}


def cell_of(design):
    path = Path(__file__).parents[3] / "examples" / "studies" / "gradients.toml"
    cells = read_study(path).main_cells()
    return next(cell for cell in cells if cell.settings["env_kwargs"]["reward_design"] == design)


@pytest.fixture(scope="module")
def agent():
    from examples.studies.cells import gradients as gradient_study

    agent = make_agent(merge(cell_of("potential").settings, SMALL), 0)
    return agent, list(gradient_study.play_batches(agent, 3, 0))


def test_moments_are_those_of_products_of_different_batches(agent, monkeypatch):
    from examples.studies.cells import gradients as gradient_study

    learner, rollouts = agent
    gradients = {1.0: torch.randn(3, 5, generator=torch.Generator().manual_seed(0)), 0.5: torch.ones(3, 5)}
    turns = {lam: iter(rows) for lam, rows in gradients.items()}
    monkeypatch.setattr(gradient_study, "gradient_of", lambda agent, rollout, lam: next(turns[lam]))
    found = gradient_study.measure_moments(learner, rollouts, [1.0, 0.5])
    pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
    for lam, rows in gradients.items():
        assert found[lam].square == pytest.approx(float(rows.square().sum(1).mean()))
        for name, one, other in (
            ("signal", rows, rows),
            ("along", rows, gradients[1.0]),
            ("true_signal", gradients[1.0], gradients[1.0]),
        ):
            by_hand = np.mean([float(one[i] @ other[j]) for i, j in pairs])
            assert getattr(found[lam], name) == pytest.approx(by_hand, rel=1e-5)


def test_a_gradient_is_that_of_the_advantages_times_the_log_probs(agent):
    from agents.learners.ppo import estimate_with_critic
    from agents.maths.tensors import whiten
    from examples.studies.cells import gradients as gradient_study

    learner, (rollout, *_) = agent
    found = gradient_study.gradient_of(learner, rollout, 1.0)
    mask = rollout.response_mask
    config = type(learner.config)(lam=1.0)
    rewards = gradient_study.kl_penalised(rollout, gradient_study.terms_of(learner))
    advantages = whiten(estimate_with_critic(rollout, rewards, config).advantages, mask, floor=1e-8)
    scored = learner.policy.score(rollout.tokens, rollout.attention_mask, mask.shape[1])
    parameters = list(learner.policy.backbone.parameters())
    loss = -(advantages * scored.logprobs)[mask].sum() / mask.sum()
    expected = torch.cat(
        [g.reshape(-1) for g in torch.autograd.grad(loss, parameters, materialize_grads=True)]
    )
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    assert all(parameter.grad is None for parameter in parameters)


def test_too_few_batches_and_no_true_gradient_are_refused(agent):
    from examples.studies.cells import gradients as gradient_study

    learner, rollouts = agent
    for batches, lambdas in ((rollouts[:1], [1.0]), (rollouts, [0.5])):
        with pytest.raises(ValueError, match="expected two batches and lambda 1"):
            gradient_study.measure_moments(learner, batches, lambdas)


def test_a_cell_measures_and_goes_on_learning_as_a_learner_that_is_not_measured():
    """Also: the policy stays as it is while the critic alone learns, and both designs pay the same there."""
    from examples.studies.cells import gradients as gradient_study

    settings = merge(cell_of("terminal").settings, SMALL)
    rows = list(gradient_study.measure(settings, 0))
    assert [(row["iterations"], row["lam"]) for row in rows] == [
        (n, lam) for n in (0, 1, 2) for lam in (1.0, 0.5)
    ]
    nothing, alone, learned = rows[0], rows[2], rows[4]
    assert nothing["explained"] == 0.0 and alone["explained"] != 0.0
    assert nothing["kl"] == pytest.approx(0.0, abs=1e-6) and alone["kl"] == pytest.approx(0.0, abs=1e-6)
    assert learned["kl"] > 1e-5
    other = next(gradient_study.measure(merge(cell_of("potential").settings, SMALL), 0))
    assert other["score"] == pytest.approx(nothing["score"], abs=1e-6)
    plain = make_agent(settings, 0).learn(16)
    measured = make_agent(settings, 0)
    for count in (8, 16):
        measured.learn(count)
        gradient_study.measure_moments(measured, list(gradient_study.play_batches(measured, 2, 0)), [1.0])
    for one, same in zip(plain.policy.parameters(), measured.policy.parameters(), strict=True):
        assert torch.equal(one, same)


def test_a_learner_without_a_critic_is_refused():
    from examples.studies.cells import gradients as gradient_study

    settings = merge(cell_of("terminal").settings, SMALL)
    rloo = {**settings, "agent": "rloo", "config": {"batch_size": 8, "minibatch_size": 8, "group_size": 2}}
    with pytest.raises(ValueError, match="expected 'ppo'"):
        next(gradient_study.measure(rloo, 0))


def cell(design, seed, **moments):
    header = {"seed": seed, "settings": {"env_kwargs": {"reward_design": design}}, "id": f"{design}{seed}"}
    row = {"record": "gradient", "iterations": 16, "warmup": 64, "lam": 0.5, "explained": 0.1, **moments}
    return CellResult(header, (row, {"record": "end", "status": "done", "reason": None}))


def test_the_section_pools_moments_before_it_takes_roots():
    from examples.studies.sections.gradients import compare, gradient_section, read_arms

    known = {"square": 16.0, "signal": 4.0, "along": 2.0, "true_signal": 1.0}
    cells = [cell("potential", 0, **known), cell("potential", 1, **known)]
    cells += [cell("terminal", 0, **{**known, "square": 100.0, "signal": 10.0})]
    cells += [cell("terminal", 1, **{**known, "square": 28.0, "signal": -2.0})]
    (row,) = compare(read_arms(cells))
    assert row["state"] == "critic alone after 16" and row["seeds"] == 2
    assert row["potential"]["cosine"] == pytest.approx(1.0) and row["terminal"]["noise"] == pytest.approx(
        15.0
    )
    assert row["potential"]["alignment"]["value"] == pytest.approx(0.5)
    assert row["ratio"]["value"] == pytest.approx(2.0)
    assert 28**0.5 / 4 <= row["ratio"]["low"] < 2.0 < row["ratio"]["high"] <= 2.5
    (table,) = gradient_section(cells, None).tables
    assert table.rows[0][-1].startswith("4.00 [") and table.rows[0][6] == "15.0"


def test_a_direction_that_is_not_told_from_none_has_no_cosine():
    from examples.studies.sections.gradients import compare, read_arms

    lost = {"square": 16.0, "signal": -1.0, "along": 2.0, "true_signal": -1.0}
    cells = [cell(design, 0, **lost) for design in ("potential", "terminal")]
    (row,) = compare(read_arms(cells))
    assert row["ratio"] is None and row["potential"]["cosine"] is None and row["potential"]["noise"] is None
