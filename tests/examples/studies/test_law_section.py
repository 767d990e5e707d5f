"""studies/sections/law.py: predictions beside what runs took, by hand, and the verdict of the rule."""

import math

import numpy as np
import pytest

from agents.reports.tables import table_to_markdown
from agents.studies.files import CellResult

END = {"record": "end", "status": "done", "reason": None}
CONTROL, EXACT, EQUAL = "terminal, λ 1", "terminal, λ 0.95, critic exact", "potential, λ 0.95"
WHERE = {
    CONTROL: {"env_kwargs.reward_design": "terminal", "config.lam": 1.0, "config.critic_offset": None},
    EXACT: {"env_kwargs.reward_design": "terminal", "config.lam": 0.95, "config.critic_offset": 1.0},
    EQUAL: {"env_kwargs.reward_design": "potential", "config.lam": 0.95, "config.critic_offset": None},
    "potential, λ 0": {
        "env_kwargs.reward_design": "potential",
        "config.lam": 0.0,
        "config.critic_offset": None,
    },
    "shuffled, λ 0.95": {
        "env_kwargs.reward_design": "shuffled",
        "config.lam": 0.95,
        "config.critic_offset": None,
    },
}
ENVS = ("rlsf_gym:rlsf_gym/Sudoku-v0", "rlsf_gym:rlsf_gym/Countdown-v0")


def prediction_cell(env, seed, speed_ups):
    rows = [{"record": "law_task", "reward": 0.1, "deviation": 0.3, "explained_by_prefixes": 0.4}]
    rows[0]["explained_by_best_head"] = 0.02
    for arm, value in speed_ups.items():
        told = {"speed_up": value, "error": 0.1, "speed_up_start": value, "speed_up_warmed": value}
        rows.append(
            {"record": "law_progress", "arm": arm, "state": "warmed", "progress": value, "error": 0.1}
        )
        rows[-1]["explained"] = 0.01
        rows.append({"record": "law_prediction", "domain": env, "arm": arm, "where": WHERE[arm], **told})
    return CellResult({"seed": seed, "settings": {"env": env}, "id": f"p{seed}"}, (*rows, END))


def run_cell(env, arm, seed, episodes, most=1000):
    """A run whose score is 0 at first and reaches 0.5 at so many episodes, in a straight line."""
    where = WHERE[arm]
    settings = {
        **{"env": env, "most_episodes": most, "stop_at": {"score": 0.5, "window_episodes": 10}},
        "env_kwargs": {"reward_design": where["env_kwargs.reward_design"]},
        "config": {"lam": where["config.lam"]},
    }
    if where["config.critic_offset"] is not None:
        settings["config"]["critic_offset"] = where["config.critic_offset"]
    rows = [
        {"record": "iteration", "episodes": n + 10, "env/score": 0.5 * n / episodes, "objective/kl": 0.0}
        for n in range(0, most, 10)
    ]
    return CellResult({"seed": seed, "settings": settings, "id": f"{arm}{seed}"}, (*rows, END))


def results(times, speed_ups):
    cells = [prediction_cell(env, seed, speed_ups) for env in ENVS for seed in (0, 1)]
    runs = [
        run_cell(env, arm, seed, time)
        for env in ENVS for arm, both in times.items() for seed, time in zip((1, 2), both, strict=True)
    ]  # fmt: skip
    return cells + runs


TIMES = {
    CONTROL: (400, 400), EXACT: (200, 200), EQUAL: (200, 200), "potential, λ 0": (50, 200),
    "shuffled, λ 0.95": (2000, 2000),
}  # fmt: skip
TOLD = {CONTROL: 1.0, EXACT: 2.0, EQUAL: 2.0, "potential, λ 0": 6.0, "shuffled, λ 0.95": 0.3}


def test_measured_speed_ups_are_geometric_means_of_paired_seeds_and_bounds_are_said():
    from examples.studies.sections.law_measured import counted, points_of, read_arms

    points = {p.arm.name: p for p in points_of(read_arms(results(TIMES, TOLD))) if "Sudoku" in p.arm.domain}
    assert list(points) == [EXACT, EQUAL, "potential, λ 0", "shuffled, λ 0.95"]
    assert points[EQUAL].measure().value == pytest.approx(2.0) and points[EQUAL].predicted == 2.0
    assert points["potential, λ 0"].measure().value == pytest.approx(4.0)  # of 8 and 2
    slow = points["shuffled, λ 0.95"]
    assert math.isinf(slow.arm.times[1]) and slow.measure().value == pytest.approx(0.4)
    assert slow.measure().treatment_censored == 2 and slow.error == pytest.approx((0.1 / 0.3) / 2**0.5)
    assert [p.arm.name for p in counted(list(points.values()))] == list(points)[1:]


def test_the_section_tells_the_rule_from_its_numbers():
    from examples.studies.sections.law import law_section

    section = law_section(results(TIMES, TOLD), None)
    assert section.numbers["verdict"].startswith(
        "Not refuted by its rule: Spearman's correlation 1.00 over 6"
    )
    assert section.numbers["exact_critic"] == pytest.approx(1.0)
    arms, critics, agreement = section.tables
    text = table_to_markdown(arms)
    assert (
        "| Sudoku | shuffled, λ 0.95 | 0.30 | 0.30 | 0.30 [0.19, 0.48] | ≤ 0.40 [0.40, 0.40] | 0 of 2 | no |"
        in text
    )
    assert "2.00 [2.00, 2.00] | 2 of 2 | yes |" in text and "(no cell of the law)" in text
    assert critics.rows[0][2:] == ("0.400", "1.00") and critics.rows[1][2:] == ("0.020", "0.05")
    assert agreement.rows[0][:2] == ("all", "6") and agreement.rows[0][2].startswith("1.00 [")
    assert agreement.rows[0][3].startswith("0.33 [")  # potential at 0.95, of three arms in each domain
    assert agreement.rows[0][4:] == ("0.00", "1.00", "–")  # none within 1.3 of 1; shuffled is a bound
    assert len(section.figures) == 1


@pytest.mark.parametrize(
    ("times", "told", "verdict"),
    [
        ({**TIMES, EXACT: (240, 240)}, TOLD, "False by its rule, an exact critic within 0.9 to 1.1"),
        (
            TIMES,
            {**TOLD, EQUAL: 0.1, "shuffled, λ 0.95": 8.0},
            "False by its rule, a correlation of at least 0.5",
        ),
        ({CONTROL: (400, 400)}, TOLD, "Not told yet"),
    ],
)
def test_the_law_can_be_false(times, told, verdict):
    from examples.studies.sections.law import law_section

    assert law_section(results(times, told), None).numbers["verdict"].startswith(verdict)


def test_an_arm_that_is_predicted_not_to_learn_is_said():
    from examples.studies.sections.law import law_section

    section = law_section(results(TIMES, {**TOLD, "shuffled, λ 0.95": -0.1}), None)
    row = next(row for row in section.tables[0].rows if row[1].startswith("shuffled"))
    assert row[4] == "0: does not learn" and row[-1] == "no"


def test_the_figure_has_a_point_for_each_cell():
    pytest.importorskip("matplotlib")
    from agents.reports.look import Look
    from examples.studies.sections.law import law_section

    (picture,) = law_section(results(TIMES, TOLD), None).figures
    panel = picture.draw(Look()).axes[0]
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["Sudoku", "Countdown"]
    drawn = [container[0] for container in panel.containers]
    assert sorted(drawn[0].get_xdata()) == pytest.approx([0.3, 2.0, 6.0])
    assert sorted(drawn[0].get_ydata()) == pytest.approx([0.4, 2.0, 4.0])


def test_ranks_and_shares_are_those_by_hand():
    """Columns (1, 2, 2, 4) and (1, 3, 2, 4): ranks (1, 2.5, 2.5, 4) and (1, 3, 2, 4), 4.5 / sqrt(4.5 5)."""
    from examples.studies.sections.law_measured import share_near, spearman

    pairs = np.array([[1.0, 1.0], [2.0, 3.0], [2.0, 2.0], [4.0, 4.0]])
    assert spearman(pairs) == pytest.approx(4.5 / (4.5 * 5.0) ** 0.5)
    assert share_near(pairs) == 0.75


def test_names_of_arms_are_those_that_cells_write():
    from examples.studies.cells import law_arms
    from examples.studies.sections import law_measured

    names = ("CONTROL", "EXACT", "EQUAL")
    assert [getattr(law_measured, name) for name in names] == [getattr(law_arms, name) for name in names]
    assert next(iter(law_arms.ARMS)) == law_measured.CONTROL
