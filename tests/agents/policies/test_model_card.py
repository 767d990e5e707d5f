"""agents/policies/model_card.py and policy_files.py: a saved policy is a whole Hugging Face folder."""

from __future__ import annotations

import importlib
import json

import pytest
import torch
import transformers as tf
import yaml
from huggingface_hub import ModelCard, ModelCardData

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
from agents.policies.model_card import Origin, read_origin, write_card
from agents.policies.pair import read_pair
from agents.runs import checkpoint

CONFIG = TokenPPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1)
TEXTS = ["The film was", " a good one, café!\n", "naïve 12 %", "", "  "]
FACTS = {
    "learner": "ppo",
    "environment": {
        "id": "toys/Counting-v0",
        "kwargs": {"tokenizer": object(), "length": 3, "odd | key": "a\n---\nb"},
    },
    "reward_design": "potential",
    "episodes": 64,
    "kl": 1.23456,
    "held_out": {"before": {"score": 0.25, "length": 16}, "after": {"score": 0.75, "judge": None}},
}


@pytest.fixture
def saved(tmp_path):
    policy = CausalLMPolicy.from_pretrained("bundled", temperature=0.7)
    policy.save_pretrained(tmp_path / "policy", facts=FACTS)
    return tmp_path / "policy"


def test_the_tokenizer_is_there_and_gives_the_ids_of_the_environment(saved):
    found = tf.AutoTokenizer.from_pretrained(saved)
    tokenizers = importlib.import_module("tokenizers")
    plain = tokenizers.Tokenizer.from_file(str(saved / "tokenizer.json"))
    for text in TEXTS:
        ids = found(text)["input_ids"]
        assert ids == plain.encode(text, add_special_tokens=False).ids
        assert found.decode(ids) == text
    assert (len(found), found.eos_token_id) == (4096, 4095)


@pytest.mark.filterwarnings("ignore")
def test_the_pipeline_writes_and_samples_as_the_policy_does(saved):
    write = tf.pipeline("text-generation", model=str(saved), device="cpu")
    assert write("The film was", max_new_tokens=4)[0]["generated_text"].startswith("The film was")
    config = write.model.generation_config
    assert (config.do_sample, config.temperature, config.top_k, config.top_p) == (True, 0.7, 0, 1.0)
    assert config.eos_token_id == 4095


def test_surplus_logits_are_never_generated(make_policy, tmp_path):
    make_policy(vocab_size=12, model_vocab=16).save_pretrained(tmp_path, eos_token_id=11)
    config = json.loads((tmp_path / "generation_config.json").read_text())
    assert config["suppress_tokens"] == [12, 13, 14, 15]
    assert (config["eos_token_id"], config["pad_token_id"]) == (11, 11)


def test_the_card_is_one_that_the_hub_reads(saved):
    text = (saved / "README.md").read_text(encoding="utf-8")
    card = ModelCard(text)
    assert isinstance(card.data, ModelCardData)
    assert yaml.safe_load(text.split("---\n")[1]) == {
        "library_name": "transformers", "pipeline_tag": "text-generation", "license": "mit",
        "tags": ["reinforcement-learning", "rlsf", "ppo"],
    }  # fmt: skip
    for line in (
        "| base model | gpt2-imdb-4m |", "| environment | toys/Counting-v0 |",
        "| reward design | potential |", "| episodes | 64 |",
        "| KL from the reference in the last iteration, nats | 1.235 |",
        "| | before | after |", "| score | 0.25 | 0.75 |", "| length | 16 |  |",
        '      "tokenizer": "object"',
        r'      "odd | key": "a\n---\nb",',
    ):  # fmt: skip
        assert line in text.splitlines(), line
    assert "None" not in text.split("## On held-out prompts")[1].split("##")[0]
    assert "| judge |" not in text
    assert torch.__version__ in text


def test_what_a_policy_was_made_of_is_still_known_when_it_is_read_again(saved, tmp_path):
    assert read_origin(str(saved), saved) == Origin("bundled", "mit")
    again = CausalLMPolicy.from_pretrained(saved)
    assert (again.origin, again.tokenizer.files) == (
        Origin("bundled", "mit"), CausalLMPolicy.from_pretrained("bundled").tokenizer.files,
    )  # fmt: skip
    again.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "policy.json").read_bytes() == (saved / "policy.json").read_bytes()


def test_a_base_in_a_folder_is_named_without_its_path_and_its_licence_is_read(make_policy, tmp_path):
    make_policy().backbone.model.save_pretrained(tmp_path / "mine")
    (tmp_path / "mine" / "README.md").write_text("---\nlicense: Apache-2.0\ntags: []\n---\nlicense: none\n")
    policy = CausalLMPolicy.from_pretrained(tmp_path / "mine", lora={"rank": 2})
    assert policy.origin == Origin("mine", "apache-2.0")
    policy.save_pretrained(tmp_path / "saved")
    text = (tmp_path / "saved" / "README.md").read_text()
    assert "library_name: peft" in text
    assert str(tmp_path) not in text
    assert "license: none" not in text


@pytest.mark.parametrize(
    ("base", "named"), [("org/model", True), ("bundled", False), ("a: b/c", False), ("", False)]
)
def test_names_of_the_hub_alone_are_a_base_model(tmp_path, base, named):
    write_card(tmp_path, Origin(base), {}, is_adapter=False)
    data = yaml.safe_load((tmp_path / "README.md").read_text().split("---\n")[1])
    assert data.get("base_model") == (base if named else None)


def test_a_damaged_origin_is_refused(saved):
    (saved / "policy.json").write_text("[]")
    with pytest.raises(ValueError, match=r"expected base and licence in policy\.json.*restore or remove it"):
        CausalLMPolicy.from_pretrained(saved)


def test_a_checkpoint_says_what_was_learned_and_can_be_told_more(make_policy, make_toy, tmp_path):
    agent = TokenPPO(make_policy(), make_toy(), CONFIG).learn(16)
    agent.card["held_out"] = {"after": {"score": 0.5}}
    agent.save(tmp_path / "checkpoint")
    text = (tmp_path / "checkpoint" / "policy" / "README.md").read_text()
    for part in (
        "trained with PPO",
        "| episodes | 16 |",
        "KL from the reference",
        "| score | 0.5 |",
        '"cliprange"',
    ):
        assert part in text
    config = json.loads((tmp_path / "checkpoint" / "policy" / "generation_config.json").read_text())
    assert config["eos_token_id"] == 11  # the environment's
    assert "episodes" not in (tmp_path / "checkpoint" / "reference" / "README.md").read_text()
    read_pair(checkpoint.load(tmp_path / "checkpoint"), "cpu")


def test_files_of_an_earlier_tokenizer_do_not_stay(saved, make_policy):
    make_policy().save_pretrained(saved)
    assert not list(saved.glob("tokenizer*"))
