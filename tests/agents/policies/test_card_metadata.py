"""Head of a model card: what the hub's own library reads of it, offline."""

import math

import pytest
import yaml
from huggingface_hub import ModelCard, metadata_load
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results

from agents.policies.card_metadata import write_metadata
from agents.policies.model_card import write_card
from agents.policies.origin import Origin

HELD_OUT = {
    "before": {"score": 0.1, "kl": 0.0},
    "after": {"score": 0.5, "kl": 1.25, "solved": 1, "judge": None, "length": math.nan, "is": True},
}
FACTS = {"learner": "grpo", "environment": {"id": "toys/Counting-v0", "kwargs": {}}, "held_out": HELD_OUT}


def read(facts=FACTS, origin=None, *, is_adapter=False):
    lines = [*write_metadata(origin or Origin("org/model", "apache-2.0"), facts, is_adapter=is_adapter)]
    assert lines[0] == lines[-1] == "---"
    return yaml.safe_load("\n".join(lines[1:-1]))


def test_the_hub_reads_the_figures_and_writes_them_again(tmp_path):
    write_card(tmp_path, Origin("org/model", "apache-2.0"), FACTS, is_adapter=False)
    data = metadata_load(tmp_path / "README.md")
    name, results = model_index_to_eval_results(data["model-index"])
    assert name == "org/model-grpo"
    told = [(one.dataset_name, one.metric_type, one.metric_name, one.metric_value) for one in results]
    assert told == [
        ("toys/Counting-v0", "score", "score", 0.5),
        ("toys/Counting-v0", "kl", "KL", 1.25),
        ("toys/Counting-v0", "solved", "solved", 1),
    ]
    assert {one.task_type for one in results} == {"text-generation"}
    assert eval_results_to_model_index(name, results) == data["model-index"]
    card = ModelCard.load(tmp_path / "README.md")
    assert (card.data.license, card.data.base_model, card.data.eval_results) == (
        "apache-2.0", "org/model", results,
    )  # fmt: skip


def test_what_was_measured_on_another_environment_is_of_that_one():
    evaluated = {"id": "toys/Other-v0", "kwargs": {"split": "eval"}, "responses": 8}
    found = read({**FACTS, "evaluated": evaluated})["model-index"][0]["results"][0]["dataset"]
    assert found == {"name": "toys/Other-v0", "type": "toys/Other-v0", "split": "eval"}


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"held_out": HELD_OUT},
        {**FACTS, "held_out": {}},
        {**FACTS, "held_out": {"after": {"judge": None}}},
    ],
)
def test_without_figures_or_an_environment_there_is_no_index(facts):
    assert "model-index" not in read(facts)


@pytest.mark.parametrize("is_adapter", [False, True])
def test_an_adapter_is_one_of_peft(is_adapter):
    assert read({}, is_adapter=is_adapter)["library_name"] == ("peft" if is_adapter else "transformers")


@pytest.mark.parametrize(
    ("base", "named"), [("org/model", True), ("bundled", False), ("a: b/c", False), ("", False)]
)
def test_names_of_the_hub_alone_are_a_base_model(base, named):
    assert read({}, Origin(base)).get("base_model") == (base if named else None)


@pytest.mark.parametrize("text", ['a: "b" # c', "caf\u00e9 \U0001f600", "a\n---\nb", "\ufeff\x85\x7f\\"])
def test_every_text_is_read_back_as_it_is(text):
    found = read({**FACTS, "learner": text, "held_out": {"after": {text: 1.0}}})
    assert found["tags"][-1] == text
    assert found["model-index"][0]["results"][0]["metrics"][0]["name"] == text


def test_half_of_a_character_is_replaced():
    assert read({"learner": "a\ud800"})["tags"][-1] == "a\ufffd"
