"""The comparison: what is run, what is taken as it is, and what the intervals allow to say."""

import pytest

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def compare():
    import compare

    return compare


def cell(compare, scores, after, judge=0.5):
    rows = [{"episodes": 10 * (i + 1), "env/score": score} for i, score in enumerate(scores)]
    numbers = dict.fromkeys(compare.SUMMARY_KEYS, 1.0)
    summary = {"before": {**numbers, "score": 0.0}, "after": {**numbers, "score": after, "judge": judge}}
    return compare.Cell(summary, rows)


def test_measures_by_hand(compare):
    arms = {
        "potential": [cell(compare, [0.0, 0.5, 1.0], 1.0), cell(compare, [0.0, 1.0, 1.0], 1.0)],
        "terminal": [cell(compare, [0.0, 0.4, 0.8], 0.8), cell(compare, [0.0, 0.0, 0.5], 0.6)],
    }
    assert compare.threshold(arms) == pytest.approx(0.8)  # 80% of the way from 0 to 1
    measures = compare.measure(arms)
    assert measures["score"] == {"potential": [1.0, 1.0], "terminal": [0.8, 0.6]}
    assert measures["area_under_curve"]["potential"] == pytest.approx([0.5, 0.75])
    # The first point is the policy before any episode.
    assert measures["episodes_to_80%"]["potential"] == pytest.approx([16, 8])
    assert measures["episodes_to_80%"]["terminal"][0] == pytest.approx(20)
    lines = compare.report(arms)
    assert any(line.startswith("score") and "+0.300 [+0.200, +0.400]" in line for line in lines)
    conclusion = "\n".join(lines)
    assert "score: higher under potential" in conclusion
    assert "judge: no difference that this many seeds can tell" in conclusion
    assert "reached by 2 of 2 potential runs and 1 of 2 terminal runs" in conclusion
    assert "2 seeds: a first impression, not evidence" in conclusion


@pytest.fixture
def in_process(compare, monkeypatch):
    """Runs cells in this process, one after the other, and counts them."""
    import train_sentiment

    trained = []

    def train(arguments, log):
        trained.append(log.stem)
        assert train_sentiment.main(arguments) == 0

    monkeypatch.setattr(compare, "train", train)
    return trained


def test_cells_are_run_once(compare, in_process, tiny_policy, tmp_path, capsys):
    arguments = [
        *(
            "--policy",
            str(tiny_policy),
            "--tokenizer",
            "bytes",
            "--judge",
            "none",
            "--max-prompt-tokens",
            "64",
        ),
        *("--episodes", "16", "--batch-size", "8", "--minibatch-size", "8", "--response-length", "4"),
        *("--eval-samples", "8", "--seeds", "1", "--jobs", "1", "--out", str(tmp_path)),
    ]
    assert compare.main(arguments) == 0
    assert in_process == ["potential-seed0", "terminal-seed0"]
    assert "potential against terminal, 1 seed" in (tmp_path / "compare.txt").read_text()
    assert (tmp_path / "compare.png").read_bytes().startswith(b"\x89PNG")
    assert compare.main(arguments) == 0
    assert len(in_process) == 2
    capsys.readouterr()
    assert compare.main([*arguments, "--lr", "0.5"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "--lr is 0.5 but the run was started with" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--vary", "boundary", "closed"],
            "--vary needs a flag and at least two values, got boundary closed",
        ),
        (["--vary", "boundary", "closed", "closed"], "--vary needs a flag and at least two values"),
        (["--vary", "lr", "0.1", "-1"], "--lr: expected a number > 0, got -1.0"),
        (["--vary", "agent", "ppo", "grpo", "--lam", "1"], "--lam is a setting of ppo, not of grpo"),
        (["--vary", "reward-designs", "potential", "terminal"], "--reward-designs"),
        (["--vary", "lr", "0.1", "fast"], "argument --lr: expected a number, got 'fast'"),
    ],
)
def test_arms_are_checked_before_anything_runs(compare, in_process, tmp_path, capsys, arguments, said):
    with pytest.raises(SystemExit) as stopped:
        compare.main([*arguments, "--out", str(tmp_path)])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err
    assert in_process == []


def test_any_flag_can_be_varied(compare, in_process, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(compare, "run_cell", lambda options, settings, name: seen.append((settings, name)))
    monkeypatch.setattr(compare, "report", lambda arms: list(arms))
    monkeypatch.setattr(compare.plots, "draw_comparison", lambda path, arms: None)
    arguments = ["--vary", "boundary", "closed", "open", "--seeds", "1", "--jobs", "1", "--lr", "0.1"]
    assert compare.main([*arguments, "--out", str(tmp_path)]) == 0
    assert seen == [
        (["--lr", "0.1", "--boundary", arm, "--seed", "0"], f"{arm}-seed0") for arm in ("closed", "open")
    ]
    assert (tmp_path / "compare.txt").read_text() == "closed\nopen\n"


def test_names_with_dollar_signs_are_no_formulas(compare, tmp_path):
    """`$\\frac{$` would end the drawing if it were one."""
    arms = {name: [cell(compare, [0.1, 0.5, 0.7], 0.7)] for name in (r"$\frac{$", "terminal")}
    compare.plots.draw_comparison(tmp_path / "compare.png", arms)
    assert (tmp_path / "compare.png").read_bytes().startswith(b"\x89PNG")
