"""Origin of a policy: its base model and the licence of that, read from cards and kept from then on."""

import pytest
from huggingface_hub import ModelCard

from agents import CausalLMPolicy
from agents.policies.model_card import write_card
from agents.policies.origin import Origin, read_origin


@pytest.fixture
def saved(tmp_path):
    CausalLMPolicy.from_pretrained("bundled").save_pretrained(tmp_path / "policy")
    return tmp_path / "policy"


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


def test_a_damaged_origin_is_refused(saved):
    (saved / "policy.json").write_text("[]")
    with pytest.raises(ValueError, match=r"expected base and licence in policy\.json.*restore or remove it"):
        CausalLMPolicy.from_pretrained(saved)


def test_a_licence_is_never_guessed(tmp_path):
    assert read_origin("org/model", tmp_path / "missing") == Origin("org/model", "unknown")
    for text in ("no head", "---\ntags: []\n---\nlicense: mit\n", "---\nlicense: [mit, gpl]\n---\n"):
        (tmp_path / "README.md").write_text(text)
        assert read_origin("org/model", tmp_path).licence == "unknown"


def test_a_licence_that_the_hub_does_not_know_keeps_its_name_and_its_place(tmp_path):
    head = "license: other\nlicense_name: Qwen Research\nlicense_link: https://example.org/LICENSE"
    (tmp_path / "README.md").write_text(f"---\n{head}\n---\n")
    found = read_origin("org/model", tmp_path)
    assert found == Origin("org/model", "other", "Qwen Research", "https://example.org/LICENSE")
    found.save(tmp_path)
    assert read_origin("org/model", tmp_path) == found
    (tmp_path / "saved").mkdir()
    write_card(tmp_path / "saved", found, {}, is_adapter=False)
    card = ModelCard.load(tmp_path / "saved" / "README.md")
    told = (card.data.license, card.data.license_name, card.data.license_link)
    assert told == ("other", "Qwen Research", "https://example.org/LICENSE")
    assert "| licence of the base model | other, Qwen Research, https://example.org/LICENSE |" in card.text


@pytest.mark.parametrize(
    ("head", "licence"),
    [("license: mit\nlicense_name: x", "mit"), ("license: null", "unknown"),
     ("license: other\nlicense_link: LICENSE", "other"), ("license: other\nlicense_name: null", "other"),
     ("license:\nmit", "unknown"), ("license: other\nlicense_name:\ntags: x", "other"),
     ("license: other\nlicense_link:\nhttps://example.org", "other")],
)  # fmt: skip
def test_a_name_or_a_file_that_says_nothing_elsewhere_is_left_out(tmp_path, head, licence):
    (tmp_path / "README.md").write_text(f"---\n{head}\n---\n")
    assert read_origin("org/model", tmp_path) == Origin("org/model", licence)
