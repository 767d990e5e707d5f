"""The leaderboard of studies whose truth is known."""

from pathlib import Path

import pytest

from agents.commands import leaderboard as command
from agents.reports.leaderboard import leaderboard, make_boards, overview, paragraph


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
        (tmp_path / name).parent.mkdir(exist_ok=True)
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


def test_the_share_of_runs_that_reached_the_goal_ranks_before_their_times(write, known, load_beside):
    """Under potential one run of four gets there, after 469 episodes, and the others end at 500.

    Under terminal all do, after 15 / 16 of 1000 to 1600 episodes. By means up to the end potential was first.
    """
    synthetic = load_beside("synthetic_study")
    cut, rest = known.STUDY.split('[[contrasts]]\nname = "lambda 1"')
    short = (cut + rest[rest.index("[[contrasts]]") :]).replace('"config.lam" = [0.95, 1.0]\n', "")
    grid = '[cells.grid]\n"env_kwargs.reward_design" = '
    both = f'{grid}["potential", "terminal"]\n'
    short = short.replace(
        both,
        f'settings = {{ episodes = 600 }}\n{grid}["potential"]\n'
        f'[[cells]]\ngroup = "long"\nseeds = 4\n{grid}["terminal"]\n',
    )

    def truth(cell):
        late = known.design(cell) == "potential" and cell.seed > 0
        return {"score": synthetic.ramp(known.times(cell), top=0.5 if late else 0.8)}

    (board,) = make_boards(write("one", short, truth=truth))
    assert [(row[0], row[2]) for row in board.rows] == [
        ("terminal", "4 of 4"),
        ("potential episodes=600", "1 of 4"),
    ]
    assert [row[3].partition(" [")[0] for row in board.rows] == ["1,219", "≥ 492"]


def test_a_design_has_a_row_for_each_value_of_parts_where_that_varies(write, known):
    """Two values under potential, one under terminal: that one is not named."""
    toml = known.STUDY.replace(
        '[[cells]]\ngroup = "att',
        '[[cells]]\ngroup = "valued"\nseeds = 4\n[cells.grid]\n"env_kwargs.reward_design" = ["potential"]\n'
        '"env_kwargs.domain_kwargs.value" = ["random"]\n[[cells]]\ngroup = "att',
    )
    toml = toml.replace(
        "[defaults.config]", '[defaults.env_kwargs.domain_kwargs]\nvalue = "solvable"\n[defaults.config]'
    )
    (board,) = make_boards(write("one", toml))
    assert list(board.speed_ups) == [
        "potential on solvable, ppo",
        "potential on random, ppo",
        "terminal, ppo",
    ]


def test_a_submitted_study_is_marked(write):
    (board,) = make_boards(write("submitted/mine"))
    assert board.name == "Chess, T=4 (study) (submitted)"
    page = leaderboard([write("submitted/mine")])
    assert "| Chess, T=4 (study) (submitted) |" in page and "\n## Chess, T=4 (study) (submitted)\n" in page


def test_two_studies_of_one_name_are_refused_in_one_line(write):
    one, two = write("one"), write("submitted/two")
    with pytest.raises(ValueError, match="expected studies of different names, got 'study' twice: ") as error:
        leaderboard([one, two])
    assert str(error.value).endswith(f"{one} and {two}; give one another name and run it under that")


@pytest.mark.parametrize(
    ("mark", "escaped"),
    [
        ("# First", "\\# First"),
        ("> First", "\\> First"),
        ("- First", "\\- First"),
        ("+ First", "\\+ First"),
        ("1. First", "1\\. First"),
        ("1) First", "1\\) First"),
        ("=== First", "\\=== First"),
        ("--- First", "\\--- First"),
        (":--- First", "\\:--- First"),
        ("0.5 First", "0.5 First"),
    ],
)
def test_a_setting_that_wraps_begins_no_block(mark, escaped):
    """At one of the lengths before it the mark begins a line."""
    found: set[str] = set()
    for before in map("x".__mul__, range(80, 100)):
        first, *others = paragraph(f"{before} {mark}").splitlines()
        assert first in (before, f"{before} {mark.split()[0]}", f"{before} {mark}")
        assert all(len(line) <= 100 for line in (first, *others))
        found |= set(others)
    assert found == {escaped, "First"}


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
