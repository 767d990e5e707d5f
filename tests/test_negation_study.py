"""examples/negation_study.py: masses behind a negator, by hand, and its section."""

from types import SimpleNamespace

import pytest
import torch

from agents.study_files import CellResult
from rlsf_gym.tokenizer import load_tokenizer


def test_signs_are_those_of_the_lexicon():
    import negation_study

    tokenizer = load_tokenizer("bundled")
    signs = negation_study.valence_signs(tokenizer, 4096)
    for word, sign in ((" good", 1.0), (" bad", -1.0), (" the", 0.0), ("good", 0.0)):
        (token, *rest) = tokenizer.encode(word)
        assert not rest or word == "good"
        assert rest or signs[token] == sign
    assert (signs > 0).sum() > 50 and (signs < 0).sum() > 50


def test_masses_by_hand():
    import negation_study

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
    import negation_study

    from rlsf_gym.scorers import VaderScorer

    scorer = VaderScorer()
    for opening in negation_study.OPENINGS:
        plain, good, bad = scorer.score([opening, f"{opening} good", f"{opening} bad"])
        assert good < plain < bad


def test_the_section_pairs_seeds():
    from reporting.negation_section import negation_section

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
    (table,) = negation_section(cells, None).tables
    assert table.rows[0] == ("terminal", "2", "0.500 [0.500, 0.500]", "0.250 [0.200, 0.300]", "")
    assert table.rows[1][3:] == ("0.650 [0.600, 0.700]", "0.400 [0.400, 0.400]")


def test_a_cell_trains_and_asks_before_and_after():
    from pathlib import Path

    import negation_study

    from agents.study import read_study
    from agents.study_settings import merge

    path = Path(__file__).parents[1] / "examples" / "studies" / "negation.toml"
    (cell, *_) = read_study(path).main_cells()
    small = {
        "episodes": 8,
        "env_kwargs": {"max_new_tokens": 4},
        "config": {"batch_size": 8, "minibatch_size": 8},
    }
    before, after = negation_study.train_and_probe(merge(cell.settings, small), cell.seed)
    assert (before["when"], after["when"]) == ("before", "after")
    assert 0.0 < before["positive_share"] < 1.0 and before["positive_share"] != after["positive_share"]
