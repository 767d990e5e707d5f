"""studies/cells/negation.py: masses behind a negator, by hand, and its section."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from agents.studies.files import CellResult
from agents.studies.plan import Study
from rlsf_gym.text.tokenizer import load_tokenizer

pytestmark = pytest.mark.whole

STUDY = Study("negation", "Negation", interval="percentile")


def test_signs_are_those_of_the_lexicon():
    from examples.studies.cells import negation as negation_study

    tokenizer = load_tokenizer("bundled")
    signs = negation_study.valence_signs(tokenizer, 4096)
    for word, sign in ((" good", 1.0), (" bad", -1.0), (" the", 0.0), ("good", 0.0)):
        (token, *rest) = tokenizer.encode(word)
        assert not rest or word == "good"
        assert rest or signs[token] == sign
    assert (signs > 0).sum() > 50 and (signs < 0).sum() > 50


def test_masses_by_hand():
    from examples.studies.cells import negation as negation_study

    class Policy:
        device, vocab_size, temperature = torch.device("cpu"), 3, 1.0
        backbone = SimpleNamespace(
            model=lambda input_ids: SimpleNamespace(
                logits=torch.tensor([0.5, 0.3, 0.2, 9.0]).log().expand(1, input_ids.shape[1], 4)
            )
        )

    tokenizer = SimpleNamespace(encode=lambda text: [0] * len(text.split()))
    found = negation_study.probe(Policy(), tokenizer, torch.tensor([0.0, 1.0, -1.0]), ["It is not", "No"])
    assert found["positive"] == pytest.approx(0.3) and found["negative"] == pytest.approx(0.2)
    assert found["positive_share"] == pytest.approx(0.6) and found["openings"] == 2


def test_each_opening_ends_in_a_negator_that_still_works():
    """The next word is turned round: good words come out negative, bad ones less so than by themselves."""
    from examples.studies.cells import negation as negation_study
    from rlsf_gym.scorers import VaderScorer

    scorer = VaderScorer()
    for opening in negation_study.OPENINGS:
        plain, good, bad = scorer.score([opening, f"{opening} good", f"{opening} bad"])
        assert good < plain < bad


def test_the_section_pairs_seeds():
    from examples.studies.sections.negation import negation_section

    def cell(design, seed, share):
        header = {
            "seed": seed,
            "settings": {"env_kwargs": {"reward_design": design}},
            "id": f"{design}{seed}",
        }
        rows = [
            {"record": "negation", "when": when, "positive_share": value}
            for when, value in (("before", 0.5), ("after", share))
        ]
        return CellResult(header, (*rows, {"record": "end", "status": "done", "reason": None}))

    cells = [
        cell("terminal", 0, 0.2),
        cell("terminal", 1, 0.3),
        cell("shapley", 0, 0.6),
        cell("shapley", 1, 0.7),
    ]
    (table,) = negation_section(cells, STUDY).tables
    first, second = table.rows
    assert first[:3] == ("terminal", "in the opening", "2")
    assert first[3:6] == ("0.500 [0.500, 0.500]", "0.250 [0.200, 0.300]", "–")
    assert second[4:6] == ("0.650 [0.600, 0.700]", "0.400 [0.400, 0.400]")
    assert second[6:] == ("–", "–", "–")


def test_a_cell_trains_and_asks_before_and_after():
    from agents.studies.read import read_study
    from agents.studies.settings import merge
    from examples.studies.cells import negation as negation_study

    path = Path(__file__).parents[3] / "examples" / "studies" / "negation.toml"
    (cell, *_) = read_study(path).main_cells()
    small = {
        "episodes": 8,
        "env_kwargs": {"max_new_tokens": 4},
        "config": {"batch_size": 8, "minibatch_size": 8},
    }
    before, after = negation_study.train_and_probe(merge(cell.settings, small), cell.seed)
    assert (before["when"], after["when"]) == ("before", "after")
    assert 0.0 < before["positive_share"] < 1.0 and before["positive_share"] != after["positive_share"]


def test_a_policy_that_negates_by_itself_is_asked_behind_its_own_negator():
    """Also: it learns behind the openings that it is asked about, and there alone."""
    from agents.studies.read import read_study
    from agents.studies.settings import merge
    from examples.studies.cells import negation as negation_study

    path = Path(__file__).parents[3] / "examples" / "studies" / "negation.toml"
    cell = next(cell for cell in read_study(path).main_cells() if "openings" in cell.settings)
    small = {
        "episodes": 8,
        "env_kwargs": {"max_new_tokens": 4},
        "config": {"batch_size": 8, "minibatch_size": 8},
    }
    before, after = negation_study.train_and_probe(merge(cell.settings, small), cell.seed)
    assert before["openings"] == len(cell.settings["openings"]) == 24
    assert 0.3 < before["negator"] < 0.7 and after["negator"] != before["negator"]
    assert before["positive"] > before["negative"] > 0.01


def test_every_opening_is_one_that_the_policy_negates():
    from agents.policies.policy import CausalLMPolicy
    from agents.studies.read import read_study
    from examples.studies.cells import negation as negation_study

    path = Path(__file__).parents[3] / "examples" / "studies" / "negation.toml"
    cell = next(cell for cell in read_study(path).main_cells() if "openings" in cell.settings)
    policy, tokenizer = CausalLMPolicy.from_pretrained("bundled"), load_tokenizer("bundled")
    for opening in cell.settings["openings"]:
        assert 0.3 < negation_study.probe_negator(policy, tokenizer, [opening]) < 0.7


def test_groups_are_told_apart():
    from examples.studies.sections.negation import negation_section

    def cell(openings, share):
        header = {"seed": 0, "settings": {"env_kwargs": {"reward_design": "terminal"}, **openings}, "id": "x"}
        rows = [
            {"record": "negation", "when": when, "positive_share": share, "negator": 0.5}
            for when in ("before", "after")
        ]
        return CellResult(header, (*rows, {"record": "end", "status": "done", "reason": None}))

    section = negation_section([cell({}, 0.25), cell({"openings": ["I do"]}, 0.75)], STUDY)
    shares = {row[1]: row[4] for row in section.tables[0].rows}
    assert shares == {"in the opening": "0.250 [0.250, 0.250]", "said by the policy": "0.750 [0.750, 0.750]"}
