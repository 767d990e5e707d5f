"""A measure more is one row of the table: in logs, summaries, figures and reports alike."""

import json

import pytest

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
from agents.reports import report
from agents.rollouts.evaluation import evaluate, summarise
from agents.runs.logs import JsonlLog
from agents.runs.plots import draw_run, panels_of
from agents.runs.run_report import describe_run, format_table, read_run
from agents.stats.measures import MEASURES, Measure
from agents.studies.files import read_results

LUCK = Measure(
    *("luck", "luck"), 2, panel="luck of a response", at_kl=True, last=True, optional=True,
    tables=("learning", "differences"), described="the luck of a response",
)  # fmt: skip


@pytest.fixture
def one_more(monkeypatch):
    monkeypatch.setitem(MEASURES, "luck", LUCK)


@pytest.fixture
def lucky(make_toy):
    """Returns the class of a toy whose infos say how lucky a response was: a quarter, always."""

    class Lucky(make_toy):
        def _infos(self, **columns):
            if "score" in columns:
                columns["luck"] = 0 * columns["score"] + 0.25
            return super()._infos(**columns)

    return Lucky


def test_logs_summaries_and_the_figure_of_a_run_have_it(one_more, lucky, make_policy, tmp_path):
    pytest.importorskip("matplotlib")
    agent = TokenPPO(
        make_policy(),
        lucky(),
        TokenPPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1),
        callbacks=[log := JsonlLog(tmp_path)],
    )
    policy: CausalLMPolicy = agent.policy
    before = summarise(evaluate(policy, lucky(), episodes=8, reference=agent.reference, seed=0))
    agent.learn(16)
    log.close()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["env/luck"] for row in rows] == [0.25, 0.25]
    assert before["luck"] == 0.25 and "solved" not in before
    assert "luck               0.250       0.250" in format_table(before, before)
    assert "  env/luck                      0.25" in describe_run(read_run(tmp_path)).splitlines()
    assert "luck of a response" in [measure.panel for measure in panels_of(rows)]
    draw_run(tmp_path / "curves.png", rows, before=before, after=before, title="lucky")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_without_its_row_only_the_log_of_the_environment_has_it(lucky, make_policy):
    policy = make_policy()
    summary = summarise(evaluate(policy, lucky(), episodes=8, reference=policy, seed=0))
    assert "luck" not in summary


@pytest.fixture
def study(tmp_path, load_beside):
    """A study whose runs have luck: seed / 10 in each iteration, 0.5 more at the end."""
    synthetic, numbers = load_beside("synthetic_study"), load_beside("test_numbers")

    def truth(cell):
        if numbers.is_best_of(cell):
            return {"records": synthetic.attainable_records(0.0, 1.0)}
        luck = cell.seed / 10
        rows = synthetic.training_records(
            cell, score=synthetic.ramp(numbers.times(cell)), after={"score": 0.8, "luck": 0.5 + luck}
        )
        told = [{**row, "env/luck": luck} if row["record"] == "iteration" else row for row in rows]
        return {"records": told}

    found, _ = synthetic.write_study(tmp_path / "lucky", numbers.STUDY, truth)
    return found, read_results(tmp_path / "lucky")


def test_a_report_has_it_in_numbers_tables_and_figures(one_more, study):
    plan, results = study
    made = report.make(results, plan)
    arm = next(one for one in made.numbers["arms"] if one["name"] == "terminal")
    assert [run["luck"] for run in arm["runs"]] == [0.5, 0.6, 0.7, 0.8]
    assert arm["summary"]["luck"]["value"] == pytest.approx(0.65)
    assert arm["summary"]["luck_at_kl_2"]["value"] == pytest.approx(0.15)  # 0, 0.1, 0.2 and 0.3
    tables = {table.name: table for section in made.sections for table in section.tables}
    learning = {row[0]: row for row in tables["learning"].rows}
    assert learning["terminal"][tables["learning"].head.index("luck")].startswith("0.65 [")
    assert "Δ luck" in tables["differences"].head and "Δ luck at 2 nats" in tables["differences"].head
    assert "luck at 2 nats" in tables["matched"].head
    pictures = {picture.name: picture for section in made.sections for picture in section.figures}
    assert pictures["luck_frontier"].caption == "The same for the luck of a response."


def test_a_contrast_may_be_about_it(one_more, study):
    plan, _ = study
    assert report.make([], plan).measures.keys() >= {"area", "score"}
    contrast = plan.contrasts[-1].__class__(**{**vars(plan.contrasts[-1]), "measure": "luck"})
    asked = plan.__class__(**{**vars(plan), "contrasts": (*plan.contrasts[:-1], contrast)})
    assert "luck" in report.make([], asked).measures  # before anything has measured it


def test_without_its_row_a_report_is_as_it_was(study):
    plan, results = study
    made = report.make(results, plan)
    assert "luck" not in json.dumps(made.numbers) and "luck" not in report.tables_markdown(made)
