"""studies/cells/game.py and its section: the exact tier, against enumeration and identities."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from rlsf_gym.designs import load_design
from rlsf_gym.word_game import WORDS, WordGame, pay_responses, roll_out

ROOT = Path(__file__).parents[3]
SMALL = {"words": 3, "share": 0.8, "kl_coef": 0.03, "batch_size": 16}
DESIGNS = ["terminal", "potential", "uniform"]


@pytest.fixture(scope="module")
def credit():
    from examples.studies.cells import game as game_study

    settings = {**SMALL, "designs": DESIGNS, "lambdas": [1.0, 0.8], "qualities": [0.0, 0.5, 1.0]}
    rows = game_study.credit({**settings, "betas": [0.3]}, 0)
    found = [row for row in rows if row["record"] == "credit"]
    return {(row["design"], row["lam"], row["quality"]): row for row in found}


@pytest.fixture(scope="module")
def runs():
    from examples.studies.cells import game as game_study

    settings = {
        **SMALL, "lambdas": [0.8], "qualities": [0.0, 1.0], "learning_rates": [3.0, 9.0], "steps": 60,
        "learners": 6, "max_kl": 3.0,
    }  # fmt: skip
    found = [row for design in DESIGNS[:2] for row in game_study.learning({**settings, "design": design}, 0)]
    return {(row["design"], row["lam"], row["quality"], row["learning_rate"]): row for row in found}


@pytest.fixture(scope="module")
def small_game():
    """Gains, rewards of potential, and a drawn policy of the game of three words."""
    game = WordGame(choices=(WORDS,) * 3)
    payments = pay_responses(game, {"potential": load_design("potential")})
    rollouts = roll_out(np.random.default_rng(5).standard_normal((13, 12)), 3)
    return payments.gains, payments.rewards["potential"], rollouts


def test_the_goal_lies_between_the_start_and_the_best_of_64_by_simulation():
    from examples.studies.cells import game as game_study

    task = game_study.make_task(SMALL, ["terminal"])
    drawn = np.random.default_rng(0).choice(task.gains, (20_000, 64)).max(axis=1).mean()
    assert task.start == pytest.approx(task.gains.mean())
    assert task.goal == pytest.approx(task.start + 0.8 * (drawn - task.start), abs=2e-3)


def test_with_the_exact_critic_token_rewards_are_worth_what_the_sum_is(credit):
    for lam in (1.0, 0.8):
        for key in ("cosine", "noise", "cost", "small_step_cost"):
            mine, terminal = (credit[design, lam, 1.0][key] for design in ("potential", "terminal"))
            assert mine == pytest.approx(terminal, rel=1e-12)


@pytest.mark.parametrize("quality", [0.0, 0.5, 1.0])
def test_knowing_the_same_of_terminal_makes_potential_terminal(small_game, quality):
    """With V the critic of terminal and V - Phi that of potential, every advantage is the same."""
    from examples.studies.cells.game_critics import blend, exact_values, measure_worth

    gains, rewards, rollouts = small_game
    at_the_end = np.zeros_like(rewards)
    at_the_end[:, -1] = gains
    values = blend(
        exact_values(at_the_end, rollouts.probabilities, (12,) * 3), rollouts.probabilities, quality
    )
    paid = rewards.cumsum(axis=1) - rewards
    for lam in (1.0, 0.8, 0.0):
        mine = measure_worth(rollouts, gains, rewards, values - paid, lam=lam)
        assert mine == pytest.approx(measure_worth(rollouts, gains, at_the_end, values, lam=lam), rel=1e-12)


def test_a_small_step_gains_what_the_scale_says(small_game):
    """Of the expected gain, by differences: along the expected estimate and along the true gradient."""
    from examples.studies.cells.game_critics import measure_worth
    from rlsf_gym.word_game import expected_gradient, gae, true_gradient

    gains, rewards, rollouts = small_game
    values = np.zeros_like(rewards)
    found = expected_gradient(rollouts, gae(rewards, values, 0.5))
    logits, step = np.log(rollouts.policy), 1e-5
    rises = []
    for direction in (found, true_gradient(rollouts, gains)):
        up, down = (roll_out(logits + sign * step * direction, 3).probabilities @ gains for sign in (1, -1))
        rises.append((up - down) / (2 * step))
    worth = measure_worth(rollouts, gains, rewards, values, lam=0.5)
    assert worth.scale == pytest.approx(rises[0] / rises[1], rel=1e-6)


def test_what_a_critic_lacks_costs_terminal_more(credit):
    for lam in (1.0, 0.8):
        ratios = [
            credit["terminal", lam, quality]["cost"] / credit["potential", lam, quality]["cost"]
            for quality in (0.0, 0.5, 1.0)
        ]
        assert ratios[0] > ratios[1] > ratios[2] == pytest.approx(1.0, rel=1e-12)
    assert credit["potential", 1.0, 0.0]["cosine"] == pytest.approx(1.0, abs=1e-12)
    assert credit["uniform", 1.0, 0.0]["cosine"] < 0.999


def test_a_critic_of_quality_q_explains_what_it_says(credit):
    for (_, _, quality), row in credit.items():
        assert row["explained"] == pytest.approx(1.0 - (1.0 - quality) ** 2, abs=1e-9)


def test_with_the_exact_critic_learners_take_the_same_steps(runs):
    for rate in (3.0, 9.0):
        mine, terminal = (runs[design, 0.8, 1.0, rate] for design in ("potential", "terminal"))
        assert mine["episodes"] == terminal["episodes"]
        assert mine["kls"] == pytest.approx(terminal["kls"], rel=1e-9)
    assert runs["potential", 0.8, 0.0, 3.0]["episodes"] != runs["terminal", 0.8, 0.0, 3.0]["episodes"]


def test_arrivals_by_hand():
    from examples.studies.cells.game import _arrivals
    from examples.studies.cells.game_learning import History

    gains = np.array([[0.0, 0.6, 0.4, 0.7], [0.0, 0.1, 0.2, 0.3], [0.0, 0.2, 0.9, 0.9]])
    kls = np.array([[0.0, 5.0, 3.0, 2.0], [0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 9.0, 9.0]])
    found = _arrivals(History(gains, kls, np.empty(0)), 0.5, 4.0, 16)
    assert found == {"episodes": [16, None, 32], "kls": [5.0, None, 9.0], "episodes_within": [48, None, None]}


def test_learners_of_hindsight_know_what_causal_ones_do(small_game):
    """The general recursion and the short one for causal designs agree."""
    from examples.studies.cells.game_learning import Table, know, softmax

    gains, rewards, _ = small_game
    policy = softmax(np.random.default_rng(6).standard_normal((2, 13, 12)))
    short, general = (know(policy, Table(gains, rewards, causal)) for causal in (True, False))
    np.testing.assert_allclose(short.gains, general.gains, atol=1e-12)
    np.testing.assert_allclose(short.means, general.means, atol=1e-12)
    for one, other in zip(short.values, general.values, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("quality", [0.0, 0.7])
def test_batches_estimate_the_expected_gradient(small_game, quality):
    """The mean over many responses, within four standard errors, in both arms of lambda."""
    from examples.studies.cells.game_critics import blend, exact_values
    from examples.studies.cells.game_learning import Arm, Table, _estimate, know, sample, softmax
    from rlsf_gym.word_game import expected_gradient, gae

    gains, rewards, rollouts = small_game
    policy = softmax(np.log(rollouts.policy)[None])
    values = blend(exact_values(rewards, rollouts.probabilities, (12,) * 3), rollouts.probabilities, quality)
    words = sample(policy, np.random.default_rng(7).random((1, 200_000, 3)))
    known = know(policy, Table(gains, rewards, causal=True))
    for lam in (1.0, 0.8):
        found = _estimate(policy, words, known, rewards, Arm(lam, quality, 1.0, 200_000, 0.0))[0]
        wanted = expected_gradient(rollouts, gae(rewards, values, lam))
        assert np.abs(found - wanted).max() < 4 / np.sqrt(200_000)  # each entry's deviation is below 1


def test_learners_know_what_enumeration_says():
    """Expected gain and state values of random bigrams, against a sum over all responses."""
    from examples.studies.cells.game_learning import Table, kl_and_gradient, know, softmax

    game = WordGame(choices=(WORDS,) * 3)
    payments = pay_responses(game, {"potential": load_design("potential")})
    logits = np.random.default_rng(1).standard_normal((1, 13, 12))
    policy = softmax(logits)
    known = know(policy, Table(payments.gains, payments.rewards["potential"], causal=True))
    gain = kl = value = weight = 0.0
    for number, words in enumerate(itertools.product(range(12), repeat=3)):
        states = (12, *words[:2])
        chance = math.prod(policy[0, state, word] for state, word in zip(states, words, strict=True))
        gain += chance * payments.gains[number]
        kl += chance * math.log(chance * 12**3)
        if words[0] == 4:  # what word 4 lets expect of the rewards behind it
            value += chance * payments.rewards["potential"][number, 1:].sum()
            weight += chance
    assert known.gains[0] == pytest.approx(gain, abs=1e-12)
    assert known.values[1][0, 4] == pytest.approx(value / weight, abs=1e-12)
    assert kl_and_gradient(policy, 3)[0][0] == pytest.approx(kl, abs=1e-12)


def test_the_gradient_of_the_divergence_is_that_of_differences():
    from examples.studies.cells.game_learning import kl_and_gradient, softmax

    logits = np.random.default_rng(2).standard_normal((1, 13, 12))
    _, gradient = kl_and_gradient(softmax(logits), 3)
    for place in ((0, 12, 3), (0, 5, 7)):
        moved = [logits.copy() for _ in range(2)]
        moved[0][place] += 1e-5
        moved[1][place] -= 1e-5
        up, down = (kl_and_gradient(softmax(one), 3)[0][0] for one in moved)
        assert gradient[place] == pytest.approx((up - down) / 2e-5, abs=1e-8)


def test_samples_follow_the_policy():
    from examples.studies.cells.game_learning import sample, softmax

    logits = np.random.default_rng(3).standard_normal((1, 13, 12))
    words = sample(softmax(logits), np.random.default_rng(4).random((1, 200_000, 2)))[0]
    counts = np.bincount(words[:, 0] * 12 + words[:, 1], minlength=144) / len(words)
    assert np.abs(counts - roll_out(logits[0], 2).probabilities).max() < 4e-3


def test_the_frontier_is_that_of_the_best_policy():
    """Of potential that is the Gibbs distribution, which no policy betters; hindsight leads elsewhere."""
    from examples.studies.cells import game as game_study

    settings = {**SMALL, "designs": ["terminal", *DESIGNS[1:], "shapley"], "lambdas": [], "qualities": []}
    rows = list(game_study.credit({**settings, "betas": [0.5, 0.1]}, 0))
    gains = game_study.make_task(SMALL, ["terminal"]).gains
    found = {(row["design"], row["beta"]): row["gain"] - row["beta"] * row["kl"] for row in rows}
    for beta in (0.5, 0.1):
        best = beta * np.log(np.exp(gains / beta).mean())  # of E[gain] - beta KL, over all policies
        assert found["potential", beta] == pytest.approx(found["terminal", beta], abs=1e-12)
        assert found["terminal", beta] == pytest.approx(best, abs=1e-12)
        assert found["shapley", beta] < best - 1e-3 and found["uniform", beta] < best - 1e-3


def test_where_hindsight_leads():
    from examples.studies.cells import game as game_study

    rows = list(game_study.invariance({"designs": ["terminal", "potential", "shapley"], "kls": [0.5]}, 0))
    found = {row["design"]: (row["good_after_not"], row["gain"]) for row in rows}
    assert found["potential"] == pytest.approx(found["terminal"], abs=1e-9)
    assert found["potential"] == pytest.approx((0.076, 0.420), abs=1e-3)
    assert found["shapley"] == pytest.approx((0.583, 0.324), abs=1e-3)


def test_the_section_shows_what_the_cells_hold(credit, runs):
    from examples.studies.sections.game import credit_table
    from examples.studies.sections.game_speed import compare, run_table, speed_table

    speeds = compare(list(credit.values()), list(runs.values()))
    (whole,) = [row for row in speeds if (row["lam"], row["quality"]) == (0.8, 1.0)]
    assert whole["small"] == pytest.approx(1.0) and whole["measured"]["value"] == 1.0
    assert whole["best"] == pytest.approx(1.0) and whole["nats"]["value"] == pytest.approx(0.0, abs=1e-9)
    costs = [credit[design, 0.8, 0.0] for design in ("terminal", "potential")]
    (plain,) = [row for row in speeds if (row["lam"], row["quality"]) == (0.8, 0.0)]
    assert plain["best"] == costs[0]["cost"] / costs[1]["cost"]
    assert plain["small"] == costs[0]["small_step_cost"] / costs[1]["small_step_cost"] > 1.2
    assert len(speed_table(speeds).rows) == len(speeds) == 6
    assert [row[0] for row in run_table(list(runs.values())).rows] == ["terminal"] * 4 + ["potential"] * 4
    table = credit_table(list(credit.values()))
    assert [row[0] for row in table.rows] == DESIGNS and table.rows[0][3] == "1.00"


def test_measured_savings_by_hand():
    from examples.studies.sections.game_speed import measure

    def run(rate, episodes, kls):
        return {"learning_rate": rate, "episodes": episodes, "kls": kls, "horizon": 100}

    treatment = [run(9.0, [10, 10], [1.0, 2.0]), run(1.0, [20, 40], [1.0, 1.0])]
    control = [run(1.0, [50, None], [1.0, None]), run(9.0, [10, 10], [1.5, 3.5])]
    speed, nats = measure(treatment, control)
    assert speed["value"] == pytest.approx(150 / 60) and speed["control_censored"] == 1
    assert nats["value"] == pytest.approx(1.0)
    assert measure([], control) == (None, None)


def test_the_study_can_be_read():
    from agents.studies.read import read_study

    cells = read_study(ROOT / "examples" / "studies" / "tier0.toml").main_cells()
    assert len(cells) == 4 and all(cell.settings["run"].startswith("game_study:") for cell in cells)
