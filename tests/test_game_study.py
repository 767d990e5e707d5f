"""examples/game_study.py and game_section.py: the exact tier, against enumeration and identities."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from rlsf_gym.designs import load_design
from rlsf_gym.word_game import WORDS, WordGame, pay_responses, roll_out

ROOT = Path(__file__).parents[1]
SMALL = {"words": 3, "share": 0.8, "kl_coef": 0.03, "batch_size": 16}
DESIGNS = ["terminal", "potential", "uniform"]


@pytest.fixture(scope="module")
def credit():
    import game_study

    settings = {**SMALL, "designs": DESIGNS, "lambdas": [1.0, 0.8], "qualities": [0.0, 0.5, 1.0]}
    rows = list(game_study.credit(settings, 0))
    return {(row["design"], row["lam"], row["quality"]): row for row in rows}


@pytest.fixture(scope="module")
def runs():
    import game_study

    settings = {
        **SMALL, "lambdas": [0.8], "qualities": [0.0, 1.0], "learning_rate": 3.0, "steps": 60, "learners": 6,
        "max_kl": 3.0,
    }  # fmt: skip
    found = [row for design in DESIGNS[:2] for row in game_study.learning({**settings, "design": design}, 0)]
    return {(row["design"], row["lam"], row["quality"]): row for row in found}


def test_the_goal_lies_between_the_start_and_the_best_of_64_by_simulation():
    import game_study

    task = game_study.make_task(SMALL, ["terminal"])
    drawn = np.random.default_rng(0).choice(task.gains, (20_000, 64)).max(axis=1).mean()
    assert task.start == pytest.approx(task.gains.mean())
    assert task.goal == pytest.approx(task.start + 0.8 * (drawn - task.start), abs=2e-3)


def test_with_the_exact_critic_token_rewards_are_worth_what_the_sum_is(credit):
    for lam in (1.0, 0.8):
        for key in ("cosine", "noise", "cost"):
            mine, terminal = (credit[design, lam, 1.0][key] for design in ("potential", "terminal"))
            assert mine == pytest.approx(terminal, rel=1e-12)


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
    assert runs["potential", 0.8, 1.0]["episodes"] == runs["terminal", 0.8, 1.0]["episodes"]
    assert runs["potential", 0.8, 0.0]["episodes"] != runs["terminal", 0.8, 0.0]["episodes"]


def test_learners_know_what_enumeration_says():
    """Expected gain and state values of random bigrams, against a sum over all responses."""
    from game_learning import Table, kl_and_gradient, know, softmax

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
    from game_learning import kl_and_gradient, softmax

    logits = np.random.default_rng(2).standard_normal((1, 13, 12))
    _, gradient = kl_and_gradient(softmax(logits), 3)
    for place in ((0, 12, 3), (0, 5, 7)):
        moved = [logits.copy() for _ in range(2)]
        moved[0][place] += 1e-5
        moved[1][place] -= 1e-5
        up, down = (kl_and_gradient(softmax(one), 3)[0][0] for one in moved)
        assert gradient[place] == pytest.approx((up - down) / 2e-5, abs=1e-8)


def test_samples_follow_the_policy():
    from game_learning import sample, softmax

    logits = np.random.default_rng(3).standard_normal((1, 13, 12))
    words = sample(softmax(logits), np.random.default_rng(4).random((1, 200_000, 2)))[0]
    counts = np.bincount(words[:, 0] * 12 + words[:, 1], minlength=144) / len(words)
    assert np.abs(counts - roll_out(logits[0], 2).probabilities).max() < 4e-3


def test_where_hindsight_leads():
    import game_study

    rows = list(game_study.invariance({"designs": ["terminal", "potential", "shapley"], "kls": [0.5]}, 0))
    found = {row["design"]: (row["good_after_not"], row["gain"]) for row in rows}
    assert found["potential"] == pytest.approx(found["terminal"], abs=1e-9)
    assert found["potential"] == pytest.approx((0.076, 0.420), abs=1e-3)
    assert found["shapley"] == pytest.approx((0.583, 0.324), abs=1e-3)


def test_the_section_shows_what_the_cells_hold(credit, runs):
    from game_section import compare, credit_table, speed_table

    speeds = compare(list(credit.values()), list(runs.values()))
    (whole,) = [row for row in speeds if (row["lam"], row["quality"]) == (0.8, 1.0)]
    assert whole["predicted"] == pytest.approx(1.0) and whole["measured"]["value"] == 1.0
    plain = credit["terminal", 0.8, 0.0]["cost"] / credit["potential", 0.8, 0.0]["cost"]
    assert [row["predicted"] for row in speeds if (row["lam"], row["quality"]) == (0.8, 0.0)] == [plain]
    assert len(speed_table(speeds).rows) == len(speeds) == 6
    table = credit_table(list(credit.values()))
    assert [row[0] for row in table.rows] == DESIGNS and table.rows[0][3] == "1.00"


def test_the_study_can_be_read():
    from agents.study import read_study

    cells = read_study(ROOT / "examples" / "studies" / "tier0.toml").main_cells()
    assert len(cells) == 4 and all(cell.settings["run"].startswith("game_study:") for cell in cells)
