"""Runs that end at a score: one that ended before it had reached the goal is no run that never gets there."""

import pytest

from agents.reports.methods import methods_markdown
from agents.reports.numbers import analyse
from agents.reports.report import make, tables_markdown
from agents.reports.sensitivity import sensitivity_table
from agents.studies.files import read_results
from agents.studies.fingerprint import fingerprint

# The goal is 0.75 of the way from 0 to 1, reached at 0.75 / 0.8 of 500 to 800 episodes under potential, of
# twice as many under terminal; runs have batches of 100 episodes.
LENGTHS = "episodes = 2100"


def stopping(known, *, score=0.75, most=4200, extra=""):
    lines = f"{LENGTHS}\nmost_episodes = {most}\n{extra}"
    lines += f"stop_at = {{ score = {score}, kl = 4.0, window_episodes = 100 }}"
    return known.STUDY.replace(LENGTHS, lines).replace("primary = true", "primary = true\nsensitivity = true")


@pytest.fixture
def study(tmp_path, load_beside, known):
    """Returns a function: file and truth of a run -> study and results, runs cut at so many iterations."""
    synthetic = load_beside("synthetic_study")

    def made(toml, *, iterations=21, attainable=True, kl=lambda x: x / 1000):
        def told(cell):
            if known.is_best_of(cell):
                return {"records": synthetic.attainable_records(0.0, 1.0)}
            records = synthetic.training_records(cell, score=synthetic.ramp(known.times(cell)), kl=kl)
            kept = [row for row in records if row.get("iteration", 0) <= iterations]
            return {"records": kept}

        leave_out = (lambda cell: False) if attainable else known.is_best_of
        folder = tmp_path / f"made-{len(list(tmp_path.iterdir()))}"
        plan, _ = synthetic.write_study(folder, toml, told, leave_out=leave_out)
        return plan, read_results(folder)

    return made


def test_a_run_that_was_ended_before_the_goal_is_an_error_in_one_line(study, known):
    """At 800 episodes terminal is at 0.4 to 0.64 of 1, which a stop at 0.3 lets end, and the goal is 0.75."""
    plan, results = study(stopping(known, score=0.3), iterations=9)
    with pytest.raises(ValueError, match="stop_at: expected") as caught:
        analyse(results, plan)
    first, _, rest = str(caught.value).partition(": ")
    assert first in {result.id for result in results} and first.startswith("terminal-0.95-seed0")
    assert rest == (
        "stop_at: expected score at least the goal, 0.75, and kl at most its K, 4, got {'score': 0.3, "
        "'kl': 4.0, 'window_episodes': 100}; the run ended after 900 episodes without reaching the goal: "
        "give its cells another stop_at and run them again"
    )


def test_runs_that_went_on_to_the_end_never_got_there(study, known):
    """The same runs, where 900 episodes are the most that they could have."""
    plan, results = study(stopping(known, score=0.3, most=900), iterations=9)
    assert known.contrast(analyse(results, plan), "main")["speed_up"]["control_censored"] == 4


def test_a_warm_up_is_no_part_of_a_runs_length(study, known):
    """Of 900 episodes 200 are a warm-up's: 700 of at most 700."""
    toml = stopping(known, score=0.3, most=700, extra="extra_episodes = 200\n")
    analyse(*reversed(study(toml, iterations=9)))
    with pytest.raises(ValueError, match="the run ended after 700 episodes without"):
        analyse(*reversed(study(toml.replace("most_episodes = 700", "most_episodes = 701"), iterations=9)))


def test_runs_that_had_reached_the_goal_are_fine_and_those_beyond_its_limit_are_not(study, known):
    """At 1,600 episodes all have 0.8; 5 nats from 500 on, where K is 4, is no goal of any of terminal."""
    plan, results = study(stopping(known), iterations=17)
    assert known.contrast(analyse(results, plan), "main")["speed_up"]["value"] == pytest.approx(2.0, rel=1e-5)
    plan, results = study(stopping(known), iterations=17, kl=lambda x: x / 100)
    with pytest.raises(ValueError, match="the run ended after 1,700 episodes without reaching the goal"):
        analyse(results, plan)


def test_a_goal_that_is_the_best_arms_so_far_counts_once_the_study_is_finished(study, known):
    """Without the cell of best-of-n the goal is 0.75 of the best final score, 0.6: not all had it at 800."""
    toml = stopping(known, score=0.3)
    plan, results = study(toml, iterations=9, attainable=False)
    assert not analyse(results, plan)["progress"]["complete"]
    group = toml[toml.index('[[cells]]\ngroup = "attainable"') : toml.index("[[contrasts]]")]
    plan, results = study(toml.replace(group, ""), iterations=9)
    with pytest.raises(ValueError, match=r"stop_at: expected score at least the goal, 0\.6,"):
        analyse(results, plan)


def test_the_methods_say_when_runs_ended_and_how_long_they_were(study, known):
    plan, results = study(stopping(known), iterations=17)
    ended = (
        "A run ended after 2,100 episodes if it had reached 0.75 within 4 nats by then (mean over 100 "
        "episodes), and else when it had, or after 4,200"
    )
    assert f"{ended}; all had 1,700." in methods_markdown(analyse(results, plan))
    for result in results:
        if result.settings["run"] == "train" and result.seed == 3:
            result.iterations[-1]["episodes"] = 1800
    numbers = analyse(results, plan)
    assert (
        f"{ended}. What is measured after training is measured there, so runs of different lengths are "
        "compared, of 1,700 to 1,800 episodes; numbers.json has those of each arm."
    ) in methods_markdown(numbers)
    assert numbers["stops"]["lengths"]["terminal"] == [1700.0, 1800.0]
    plain = analyse(*reversed(study(known.STUDY)))
    assert "stops" not in plain and "A run ended" not in methods_markdown(plain)


def test_goals_above_the_stop_tell_runs_that_were_ended_from_those_that_never_got_there(study, known):
    """At 1,600 episodes all are at 0.8: 0.9 of the way is out of reach, and all were ended before it."""
    numbers = analyse(*reversed(study(stopping(known), iterations=17)))
    (one,) = numbers["sensitivity"]
    rows = {(row["share"], row["max_kl"]): (row["reached"], row["ended"]) for row in one["rows"]}
    assert rows[0.9, None] == ([0, 0], [4, 4]) and rows[0.75, 4.0] == ([4, 4], [0, 0])
    table = sensitivity_table(one)
    assert table.rows[-1][3] == "0 of 4 (4 ended before) and 0 of 4 (4 ended before)"
    assert "; ended before: runs that ended at the score of their stop_at" in table.caption
    (whole,) = analyse(*reversed(study(stopping(known, most=1700), iterations=17)))["sensitivity"]
    assert sensitivity_table(whole).rows[-1][3] == "0 of 4 and 0 of 4"
    assert "ended before" not in sensitivity_table(whole).caption


def test_the_tables_say_that_a_plan_was_changed_and_nothing_where_it_was_not(study, known):
    plan, results = study(known.STUDY)
    title = "# Known truth\n\n"
    assert tables_markdown(make(results, plan)).startswith(f"{title}**Contrasts")
    for result in results:
        result.header["plan"] = fingerprint(plan)
    assert tables_markdown(make(results, plan)).startswith(f"{title}**Contrasts")
    changed = plan.__class__(**{**vars(plan), "contrasts": plan.contrasts[:2]})
    said = "The plan was changed after cells had run (17 in all): the contrast 'judge' (left out), after "
    said += "17 cells."
    assert tables_markdown(make(results, changed)).startswith(f"{title}{said}\n\n**Contrasts")
