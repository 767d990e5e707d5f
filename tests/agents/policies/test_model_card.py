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
from agents.policies.model_card import write_card
from agents.policies.origin import Origin
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
        "model-index": [{"name": "gpt2-imdb-4m-ppo", "results": [{
            "task": {"type": "text-generation"},
            "dataset": {"name": "toys/Counting-v0", "type": "toys/Counting-v0"},
            "metrics": [
                {"type": "score", "name": "score", "value": 0.75},
            ],
        }]}],
    }  # fmt: skip
    for line in (
        "| base model | gpt2-imdb-4m |", "| environment | toys/Counting-v0 |",
        "| reward design | potential |", "| episodes | 64 |",
        "| KL from the reference in the last iteration, nats | 1.235 |",
        "| | before | after |", "| score of prompt + response | 0.25 | 0.75 |", "| length, tokens | 16 |  |",
        '      "tokenizer": "object"',
        r'      "odd | key": "a\n---\nb",',
    ):  # fmt: skip
        assert line in text.splitlines(), line
    assert "None" not in text.split("## On held-out prompts")[1].split("##")[0]
    assert "| held-out judge |" not in text
    assert torch.__version__ in text


def test_a_checkpoint_says_what_was_learned_and_can_be_told_more(make_policy, make_toy, tmp_path):
    agent = TokenPPO(make_policy(), make_toy(), CONFIG).learn(16)
    agent.card["held_out"] = {"after": {"score": 0.5}}
    agent.save(tmp_path / "checkpoint")
    text = (tmp_path / "checkpoint" / "policy" / "README.md").read_text()
    for part in (
        "trained with PPO",
        "| episodes | 16 |",
        "KL from the reference",
        "| score of prompt + response | 0.5 |",
        '"cliprange"',
    ):
        assert part in text
    config = json.loads((tmp_path / "checkpoint" / "policy" / "generation_config.json").read_text())
    assert config["eos_token_id"] == 11  # the environment's
    assert "episodes" not in (tmp_path / "checkpoint" / "reference" / "README.md").read_text()
    read_pair(checkpoint.load(tmp_path / "checkpoint"), "cpu")


def test_a_card_that_was_edited_in_a_checkpoint_stays_when_that_is_written_again(
    make_policy, make_toy, tmp_path
):
    agent = TokenPPO(make_policy(), make_toy(), CONFIG).learn(8)
    agent.save(tmp_path / "checkpoint")
    card = tmp_path / "checkpoint" / "policy" / "README.md"
    card.write_text(card.read_text() + "\nWhat I found out.\n")
    mine = card.read_bytes()
    with pytest.raises(
        ValueError, match=r"README\.md is damaged: expected \d+ bytes, got \d+; put it back as"
    ):
        checkpoint.load(tmp_path / "checkpoint")  # as little as with any other change
    with pytest.warns(UserWarning, match=r"checkpoint/policy/README\.md: left as it is"):
        agent.learn(16).save(tmp_path / "checkpoint")
    assert card.read_bytes() == mine
    read_pair(checkpoint.load(tmp_path / "checkpoint"), "cpu")  # it is sealed with what stands there


@pytest.mark.parametrize("facts", [{}, {"learner": "ppo", "episodes": 0}])
def test_what_is_not_known_to_be_trained_is_not_said_to_be(tmp_path, facts):
    write_card(tmp_path, Origin("bundled", "mit"), facts, is_adapter=False)
    text = (tmp_path / "README.md").read_text()
    assert "\n# A policy from gpt2-imdb-4m\n\nSaved by rlsf-gym, which knows of no training" in text
    assert "reinforcement" not in text.lower() and "trained with" not in text
    assert yaml.safe_load(text.split("---\n")[1])["tags"] == ["rlsf"]


def test_numbers_are_told_with_their_units_and_own_ones_by_their_keys(tmp_path):
    held_out = {"after": {"kl": 1.5, "solved": 0.25, "mine | own": 2}}
    write_card(tmp_path, Origin("a"), {**FACTS, "held_out": held_out}, is_adapter=False)
    rows = (tmp_path / "README.md").read_text().splitlines()
    assert "| KL to the reference, nats per response | 1.5 |" in rows
    assert "| share of responses solved | 0.25 |" in rows
    assert r"| mine \| own | 2 |" in rows


def test_files_of_an_earlier_tokenizer_do_not_stay(saved, make_policy):
    make_policy().save_pretrained(saved)
    assert not list(saved.glob("tokenizer*"))


def test_equal_facts_make_equal_bytes_and_no_path_of_a_machine(tmp_path):
    texts = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "prompts.txt").write_text("It was")
        places = [str(folder / "prompts.txt"), folder / "prompts.txt", "/no such/place", "/ is a slash"]
        facts = {**FACTS, "environment": {"id": "a/B-v0", "kwargs": {"places": places}}}
        write_card(folder, Origin("bundled", "mit"), facts, is_adapter=False)
        texts.append((folder / "README.md").read_text())
    assert texts[0] == texts[1]
    shown = (".../prompts.txt", ".../prompts.txt", "/no such/place", "/ is a slash")
    assert ",\n        ".join(f'"{one}"' for one in shown) in texts[0]


def test_names_of_a_stranger_do_not_act_in_the_card(tmp_path):
    base = "a |\n# b ![c](http://d) <img> &lt; \u202e\x1b[31m\ud800"
    write_card(tmp_path, Origin(base), {"learner": "e\u2028f"}, is_adapter=False)
    text = (tmp_path / "README.md").read_text(encoding="utf-8").split("---\n", 2)[2]
    assert (
        r"| base model | a \| \# b \!\[c\](http://d) \<img\> \&lt; \\u202e\\x1b\[31m\\ud800 |"
        in text.splitlines()
    )
    assert "| learner | e f |" in text.splitlines()
    assert not {"\u202e", "\x1b", "\u2028"} & set(text)


def test_a_card_is_replaced_as_long_as_nobody_edits_it(tmp_path):
    card = tmp_path / "README.md"
    write_card(tmp_path, Origin("a", "mit"), {}, is_adapter=False)
    first = card.read_bytes()
    write_card(tmp_path, Origin("b", "mit"), {}, is_adapter=False)
    second = card.read_bytes()
    assert b"from b" in second and second != first
    write_card(tmp_path, Origin("b", "mit"), {}, is_adapter=False)
    assert card.read_bytes() == second


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: "# Mine\n",
        lambda text: "",
        lambda text: text.replace("licence", "license"),
        lambda text: text + "One more line.\n",
        lambda text: text.rsplit("<!--", 1)[0],
        lambda text: text.replace("from a", "from caf\udce9"),  # bytes of another encoding
    ],
)
def test_a_card_that_somebody_wrote_or_edited_stays_with_a_warning(tmp_path, edit):
    card = tmp_path / "README.md"
    write_card(tmp_path, Origin("a", "mit"), {}, is_adapter=False)
    card.write_text(edit(card.read_text()), errors="surrogateescape")
    mine = card.read_bytes()
    with pytest.warns(UserWarning, match=r"README\.md: left as it is.*remove it for a card of this policy"):
        write_card(tmp_path, Origin("b", "mit"), {}, is_adapter=False)
    assert card.read_bytes() == mine


def test_a_policy_beside_a_card_of_the_users_is_saved_all_the_same(make_policy, tmp_path):
    (tmp_path / "README.md").write_text("# Mine\n")
    with pytest.warns(UserWarning, match="left as it is"):
        make_policy().save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "# Mine\n"
    assert {"model.safetensors", "policy.json", "generation_config.json"} <= {
        file.name for file in tmp_path.iterdir()
    }


def test_it_says_how_many_responses_the_figures_are_of(tmp_path):
    known = {
        "id": "toys/Counting-v0", "kwargs": {"split": "eval", "low": 1},
        "responses": 2048, "prompts": 145, "seed": 7,
    }  # fmt: skip
    write_card(tmp_path, Origin("a"), {**FACTS, "evaluated": known}, is_adapter=False)
    text = (tmp_path / "README.md").read_text()
    assert (
        "Each column is of 2,048 responses to 145 different prompts, drawn with the seed 7, sampled as in "
        "training.\n" in text
    )
    assert '      "low": 1,\n      "split": "eval"\n' in text.split("these figures")[1]


def test_figures_of_an_unknown_number_of_responses_say_so(saved):
    text = (saved / "README.md").read_text()
    assert "How many responses these figures are of was not recorded.\n\n| | before | after |" in text


def run_blocks(text, folder):
    """Runs the Python blocks of a card, where FOLDER stands for its folder, and returns what they define."""
    defined = {}
    for block in text.split("```python\n")[1:]:
        exec(block.split("```")[0].replace("FOLDER", str(folder)), defined)
    return defined


def test_the_policy_is_loaded_as_the_card_says(saved):
    found = run_blocks((saved / "README.md").read_text(), saved)
    assert found["policy"].temperature == 0.7
    assert torch.equal(found["policy"].backbone.model.lm_head.weight, found["model"].lm_head.weight)


def test_an_adapter_is_loaded_as_the_card_says(make_policy, tmp_path):
    pytest.importorskip("peft")
    make_policy().backbone.model.save_pretrained(tmp_path / "base")
    policy = CausalLMPolicy.from_pretrained(tmp_path / "base", lora={"rank": 2})
    policy.save_pretrained(tmp_path / "saved")
    text = (tmp_path / "saved" / "README.md").read_text()
    assert "AutoPeftModelForCausalLM" in text and "base=" in text
    ours = text.split("```python\n")[1]
    assert run_blocks(f"```python\n{ours}", tmp_path / "saved")["policy"].adapter is not None


def test_the_card_of_a_resumed_run_still_knows_its_last_iteration(make_policy, make_toy, tmp_path):
    agent = TokenPPO(make_policy(), make_toy(), CONFIG).learn(16)
    agent.save(tmp_path / "one")
    again = TokenPPO.load(tmp_path / "one", make_toy())
    again.save(tmp_path / "other")
    card = "policy/README.md"
    assert "KL from the reference" in (tmp_path / "one" / card).read_text()
    assert (tmp_path / "other" / card).read_bytes() == (tmp_path / "one" / card).read_bytes()
    assert (tmp_path / "other/learner.json").read_bytes() == (tmp_path / "one/learner.json").read_bytes()
