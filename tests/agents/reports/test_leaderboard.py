"""The leaderboard of studies whose truth is known."""

from pathlib import Path

import pytest

from agents.commands import leaderboard as command
from agents.reports.leaderboard import leaderboard, make_boards, overview


@pytest.fixture
def known(load_beside):
    return load_beside("test_numbers")


@pytest.fixture
def write(tmp_path, load_beside, known):
    """Returns a function: name, changes of the study file, truth -> the study's folder."""
    synthetic = load_beside("synthetic_study")

    def written(name, toml=None, truth=None):
        def told(cell):
            if known.is_best_of(cell):
                return {"records": synthetic.attainable_records(0.0, 1.0)}
            found = truth(cell) if truth else {"score": synthetic.ramp(known.times(cell))}
            return {"after": {"score": 0.8}, **found}

        toml = (toml or known.STUDY).replace("episodes = 2100", 'episodes = 2100\nenv = "my:games/Chess-v3"')
        synthetic.write_study(tmp_path / name, toml, told)
        return tmp_path / name

    return written


def test_arms_are_ranked_by_what_they_take_to_the_goal(write):
    (board,) = make_boards(write("one"))
    assert board.name == "Chess, T=4 (study)"
    assert [row[0] for row in board.rows] == ["potential", "terminal", "potential λ=1", "terminal λ=1"]
    assert [row[4] for row in board.rows] == [
        "2.00× [2.00, 2.00]",
        "1 (control)",
        "1.00× [1.00, 1.00]",
        "1.00× [1.00, 1.00]",
    ]
    assert board.rows[0][:4] == ("potential", "4", "4 of 4", "609 [516, 703]")
    assert board.facts.startswith("Goal: a score of 0.750 within 4.00 nats, from 0.000. Seeds 0 to 3. Shared")
    assert "Intervals: bca. The version was not recorded." in board.facts
    assert [row[-1] for row in board.rows] == ["λ=0.95", "λ=0.95", "λ=1", "λ=1"]  # what arms differ in


def test_arms_that_never_got_there_come_last_by_their_score(write, known, load_beside):
    synthetic = load_beside("synthetic_study")

    def truth(cell):
        if known.design(cell) == "potential":
            return {"score": synthetic.ramp(known.times(cell))}
        top = 0.5 if known.lam(cell) == 0.95 else 0.6
        return {"score": synthetic.ramp(known.times(cell), top=top), "after": {"score": top}}

    (board,) = make_boards(write("one", truth=truth))
    assert [row[0] for row in board.rows][2:] == ["terminal λ=1", "terminal"]
    assert board.rows[2][2:5] == ("0 of 4", "> 2,000", "1 (control)")
    assert board.rows[3][2:5] == ("0 of 4", "> 2,000", "no run of either got there")
    assert board.rows[0][4].startswith("≥ 3.28× [")  # 2000 over 609


def test_the_overview_has_a_row_for_each_design_and_learner(write, known):
    more = known.STUDY.replace('"potential", "terminal"]', '"potential", "terminal", "mine:first"]')
    boards = [*make_boards(write("one")), *make_boards(write("two", more))]
    table = overview(boards)
    assert table.head == ("design, learner", "Chess, T=4 (study)", "Chess, T=4 (study)")
    assert [row[0] for row in table.rows] == ["first, ppo", "potential, ppo", "terminal, ppo"]
    assert table.rows[0][1:] == ("–", "1.00× [1.00, 1.00]")
    assert table.rows[1][1:] == ("2.00× [2.00, 2.00]",) * 2
    assert table.rows[2][1:] == ("1 (control)",) * 2


def test_the_arm_of_a_row_is_that_with_the_most_runs(write, known):
    """Lambda 0.95 is the faster one under potential; with three of its four seeds lambda 1 counts."""
    grid = '[cells.grid]\n"env_kwargs.reward_design" = ["potential", "terminal"]\n'
    fewer = known.STUDY.replace('"config.lam" = [0.95, 1.0]', '"config.lam" = [1.0]')
    fewer = fewer.replace(
        '[[cells]]\ngroup = "att', f'[[cells]]\ngroup = "few"\nseeds = 3\n{grid}[[cells]]\ngroup = "att'
    )
    (board,) = make_boards(write("one", fewer))
    assert board.rows[0][:2] == ("potential", "3")
    assert board.speed_ups == {"potential, ppo": "1.00× [1.00, 1.00]", "terminal, ppo": "1 (control)"}


def test_a_study_without_a_goal_ranks_nothing_and_is_named(write, known):
    toml = known.STUDY.replace("[goal]\nshare = 0.75\nkl_per_token = 1.0\nwindow = 1\n", "")
    aimless = write("aimless", toml.replace('"episodes_to_goal"', '"area"'))
    assert make_boards(aimless) == []
    page = leaderboard([write("one"), aimless], before="Before.", after="After.")
    assert page.startswith("# Leaderboard\n\nBefore.\n\nHow many times fewer")
    assert page.endswith("Studies without a goal, which rank nothing: aimless.\n\nAfter.\n")
    assert page == leaderboard([aimless.parent / "one", aimless], before="Before.", after="After.")


def test_the_command_writes_the_page(write, tmp_path, capsys, monkeypatch):
    folder = write("one")
    monkeypatch.chdir(tmp_path)
    assert command.main([str(folder), "--out", "page.md"]) == 0
    page = Path("page.md").read_text(encoding="utf-8")
    assert "## Chess, T=4 (study)" in page and command.BEFORE in page
    assert command.main([str(folder)]) == 0 and capsys.readouterr().out == page
    assert command.main(["gone"]) == 1
    assert capsys.readouterr().err.startswith(
        "error: expected the folder, file or name of a study, found none"
    )
