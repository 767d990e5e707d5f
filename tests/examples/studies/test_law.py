"""studies/law.toml: progress by hand, gradients as a learner steps, warm-ups, arms and their cells."""

from pathlib import Path

import numpy as np
import pytest
import torch

from agents.learners.ppo import TokenPPO
from agents.rollouts.play import play
from agents.studies.read import read_study
from agents.studies.settings import matches, merge
from agents.studies.training import make_agent

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]
FILE = ROOT / "examples" / "studies" / "law.toml"
SMALL = {
    **{"groups": 3, "batches": 1, "right_batches": 2, "warmup": 2},
    "env_kwargs": {"max_new_tokens": 6},
    "config": {"batch_size": 8, "minibatch_size": 4},
}
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).bool()
PAID = torch.tensor([[1.0, -2.0, 4.0, 8.0], [3.0, 5.0, 0.0, 0.0]])


@pytest.fixture(scope="module")
def settings():
    cells = read_study(FILE).main_cells()
    found = next(cell.settings for cell in cells if cell.group == "predictions, sentiment")
    return merge(found, SMALL)


def test_progress_is_that_of_two_parameters_and_three_groups_by_hand():
    """Pair (0, 1), scaled by group 2: ((1 0 + 3 2) / (4 + 1) + (2 2 + 0 1) / (5 + 1)) / 2 = 14 / 15."""
    from examples.studies.cells.adam_progress import (
        Groups,
        jackknife_error,
        mean_of_pairs,
        progress_of_pairs,
    )

    means = torch.tensor([[1.0, 2.0], [3.0, 0.0], [-1.0, 4.0]])
    squares = torch.tensor([[1.0, 4.0], [9.0, 16.0], [16.0, 25.0]])
    right = torch.tensor([[2.0, 1.0], [0.0, 2.0], [1.0, -1.0]])
    pairs = progress_of_pairs(Groups(means, squares), right, eps=1.0)
    assert pairs[0, 1] == pytest.approx(14 / 15) and pairs[0, 2] == pytest.approx(0.075)
    assert pairs[1, 2] == pytest.approx(25 / 12) and np.isnan(np.diag(pairs)).all()
    np.testing.assert_array_equal(pairs, pairs.T)
    assert mean_of_pairs(pairs) == pytest.approx((14 / 15 + 0.075 + 25 / 12) / 3)
    assert mean_of_pairs(pairs, left_out=1) == pytest.approx(0.075)
    assert jackknife_error(np.array([14 / 15, 0.075, 25 / 12])) == pytest.approx(1.164, abs=1e-3)
    with pytest.raises(ValueError, match=r"groups: expected three or more.*got 2"):
        progress_of_pairs(Groups(means[:2], squares[:2]), right[:2], eps=1.0)


def test_progress_is_unbiased_where_noise_rules():
    """E g = (0.3, 0), E h = (1, 1), E g^2 = (1.09, 4): P = 0.3 / sqrt(1.09), up to the bias of the root."""
    from examples.studies.cells.adam_progress import Groups, mean_of_pairs, progress_of_pairs

    generator = torch.Generator().manual_seed(0)
    found = []
    for _ in range(400):
        noise = torch.randn(2, 6, 32, 2, generator=generator)
        g = torch.tensor([0.3, 0.0]) + torch.tensor([1.0, 2.0]) * noise[0]
        h = torch.tensor([1.0, 1.0]) + 0.5 * noise[1] + noise[0]  # noise in common, as of one rollout
        pairs = progress_of_pairs(Groups(g.mean(1), g.square().mean(1)), h.mean(1), eps=0.0)
        found.append(mean_of_pairs(pairs))
    error = np.std(found) / len(found) ** 0.5
    assert abs(np.mean(found) - 0.3 / 1.09**0.5) < 3 * error + 0.003


def test_designs_are_those_of_the_rewards_of_potential():
    from examples.studies.cells.law_arms import REWARDS

    draws = torch.Generator().manual_seed(0)
    end, equal = (REWARDS[name](PAID, MASK, draws) for name in ("terminal", "uniform"))
    assert end.tolist() == [[0.0, 0.0, 0.0, 11.0], [0.0, 8.0, 0.0, 0.0]]
    assert equal.tolist() == [[2.75] * 4, [4.0, 4.0, 0.0, 0.0]]
    orders = [REWARDS["shuffled"](PAID, MASK, draws) for _ in range(300)]
    assert all(sorted(x[0].tolist()) == [-2.0, 1.0, 4.0, 8.0] for x in orders)
    assert {tuple(x[1].tolist()) for x in orders} == {(3.0, 5.0, 0.0, 0.0), (5.0, 3.0, 0.0, 0.0)}
    assert np.mean([float(x[0, 0]) for x in orders]) == pytest.approx(2.75, abs=0.7)


def test_delayed_rewards_come_later_and_are_all_paid():
    """By token 1 of the first row nothing but the 1 of token 0 can have come, which does in one of three."""
    from examples.studies.cells.law_arms import REWARDS

    draws = torch.Generator().manual_seed(0)
    later = torch.stack([REWARDS["delayed"](PAID, MASK, draws) for _ in range(600)])
    assert torch.equal(later.sum(-1), torch.tensor([[11.0, 8.0]]).expand(600, 2))
    assert not later[:, 0, 0].any() and torch.equal(later[:, 1], later[:1, 1].expand(600, 4))
    assert later[0, 1].tolist() == [0.0, 8.0, 0.0, 0.0]  # behind the last real token that one is paid
    assert set(later[:, 0, 1].tolist()) == {0.0, 1.0}
    assert float(later[:, 0, 1].mean()) == pytest.approx(1 / 3, abs=0.07)
    assert set(later[:, 0, 2].tolist()) == {0.0, 1.0, -2.0, -1.0}


def test_every_training_cell_is_of_one_arm_and_every_arm_has_cells():
    from examples.studies.cells.law_arms import ARMS

    cells = read_study(FILE).main_cells()
    plans = {cell.settings["env"]: cell.settings for cell in cells if cell.settings["run"] == "law:predict"}
    seen = []
    for cell in cells:
        if cell.settings["run"] != "train":
            continue
        plan = plans[cell.settings["env"]]
        mine = [
            name for name in plan["arms"] if matches(cell.settings, ARMS[name].where(int(plan["warmup"])))
        ]
        assert len(mine) == 1, cell.settings
        same = ("policy", "agent", "device")
        assert all(cell.settings[key] == plan[key] for key in same)
        assert {**cell.settings["config"], **plan["config"]} == cell.settings["config"]
        seen.append((cell.settings["env"], mine[0], cell.seed))
    assert len(seen) == len(set(seen)) == 3 * 16 * 4
    assert all(plan["arms"] == list(ARMS) for plan in plans.values()) and len(plans) == 3


def test_a_gradient_is_what_the_learner_steps_by(settings):
    """Adam's first step is rate g / (|g| + eps), here of a minibatch that is the batch, scaled down."""
    from examples.studies.cells.law_arms import ARMS
    from examples.studies.cells.law_gradients import gradient_of, preparing, silent, view

    own = {"minibatch_size": 8, "num_ppo_epochs": 1, "candidates": "off", "lam": 0.95, "max_grad_norm": 0.01}
    agent = make_agent(merge(settings, {"config": own}), 0)
    assert isinstance(agent, TokenPPO)
    generator = torch.Generator().set_state(agent.generator.get_state())
    rollout = play(agent.player, agent.config, iteration=0, generator=generator).rollout
    arm = ARMS["potential, λ 0.95"]
    learner = view(agent, arm)
    found = gradient_of(learner, preparing(learner, arm)(rollout), torch.arange(8))
    assert not silent(agent).weight.any() and float(found.norm()) <= 0.01 * (1 + 1e-5)
    parameters = list(agent.policy.backbone.parameters())
    before = torch.cat([p.detach().reshape(-1) for p in parameters])
    assert all(p.grad is None for p in parameters)
    agent.learn(8)
    moved = before - torch.cat([p.detach().reshape(-1) for p in parameters])
    expected = 5e-4 * found / (found.abs() + agent.config.adam_eps)
    torch.testing.assert_close(moved, expected, atol=1e-6, rtol=1e-2)


def test_a_warm_up_on_kept_states_is_that_of_the_learner(settings):
    from examples.studies.cells.law_arms import ARMS
    from examples.studies.cells.law_critics import play_batches, warm_up
    from examples.studies.cells.law_gradients import preparing, silent, view

    own = {"minibatch_size": 8, "num_ppo_epochs": 3, "candidates": "off", "lam": 0.95}
    own |= {"critic_warmup_iterations": 1, "critic_learning_rate": 3e-3, "lam_critic": 1.0}
    agent = make_agent(merge(settings, {"config": own}), 0)
    arm = ARMS["potential, λ 0.95"]
    learner, head = view(agent, arm), silent(agent)
    warm_up(learner, preparing(learner, arm), play_batches(agent, 1, 0), head)
    agent.learn(8)
    torch.testing.assert_close(head.weight, agent.policy.value_head.weight, atol=2e-5, rtol=1e-3)
    torch.testing.assert_close(head.bias, agent.policy.value_head.bias, atol=2e-5, rtol=1e-3)
    assert float(head.bias.detach().abs()) > 1e-3


def test_what_is_known_explains_what_it_should(settings):
    """Of returns that are twice the value of the prefix, straight lines explain all."""
    from agents.maths.tensors import Batch
    from examples.studies.cells.law_critics import best_head, explained, explained_by_prefixes, play_batches

    agent = make_agent(settings, 0)
    one, other = play_batches(agent, 3, 0), play_batches(agent, 3, 50)

    def prepare(rollout):
        fields = {name: getattr(rollout, name) for name in Batch._fields if hasattr(rollout, name)}
        fields |= {"kinds": None, "rewards": rollout.scores, "advantages": rollout.scores}
        return Batch(**fields, returns=2.0 * rollout.prefix_values)

    assert explained_by_prefixes(prepare, one, other) == pytest.approx(1.0, abs=1e-4)
    head = best_head(prepare, one)
    assert 0.0 < explained(prepare, one, head) <= 1.0


def test_a_cell_tells_each_arm_and_an_exact_critic_is_potential(settings):
    from examples.studies.cells.law import predict
    from examples.studies.cells.law_arms import ARMS, CONTROL, EQUAL, EXACT

    few = [CONTROL, EXACT, "terminal, λ 1, head warm", EQUAL, "every next token, λ 0.95"]
    rows = list(predict({**settings, "arms": few}, 0))
    (task,) = (row for row in rows if row["record"] == "law_task")
    assert task["deviation"] > 0.0
    told = {row["arm"]: row for row in rows if row["record"] == "law_prediction"}
    assert list(told) == few and told[CONTROL]["speed_up"] == 1.0 and told[CONTROL]["error"] == 0.0
    assert told[EXACT]["speed_up"] == pytest.approx(told[EQUAL]["speed_up"], rel=2e-3)
    assert told[EQUAL]["where"] == ARMS[EQUAL].where(2)
    progress = {(row["arm"], row["state"]): row for row in rows if row["record"] == "law_progress"}
    assert "speed_up_start" not in told["terminal, λ 1, head warm"]
    assert len(progress) == 2 * len(few) - 1
    mean = {arm: np.mean([row["progress"] for (a, _), row in progress.items() if a == arm]) for arm in few}
    for arm in few:
        assert told[arm]["speed_up"] == pytest.approx(mean[arm] / mean[CONTROL])
    again = list(predict({**settings, "arms": few}, 0))
    assert again == rows


def test_unknown_arms_and_another_control_are_refused(settings):
    from examples.studies.cells.law import predict

    with pytest.raises(ValueError, match=r"arms: expected some of 'terminal, λ 1'.*, got 'x'"):
        next(predict({**settings, "arms": ["x"]}, 0))
    with pytest.raises(ValueError, match="arms: expected 'terminal, λ 1', the control, as the first, got"):
        next(predict({**settings, "arms": ["potential, λ 1"]}, 0))


def test_every_prediction_is_committed_and_is_of_the_plan_as_it_is():
    """No cell of training was run under a plan whose predictions had not been."""
    from agents.studies.files import read_results
    from examples.studies.cells.law_arms import ARMS

    planned = {cell.key: cell for cell in read_study(FILE).main_cells()}
    results = ROOT / "docs" / "results"
    kept = {result.key: result for result in read_results(results / "law.jsonl.xz")}
    assert kept.keys() <= planned.keys()
    told = [key for key, cell in planned.items() if cell.settings["run"] == "law:predict"]
    assert len(told) == 6
    for key in told:
        rows = kept[key].records("law_prediction")
        assert [row["arm"] for row in rows] == list(ARMS) and rows[0]["speed_up"] == 1.0
        assert kept[key].settings == planned[key].settings
    assert len({str(result.header["plan"]) for result in kept.values()}) == 1
    assert (results / "law.toml").read_bytes() == FILE.read_bytes()
