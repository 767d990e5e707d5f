"""vocabulary.py and tokenizer_match.py: a policy's tokenizer is the environment's, or is refused."""

from __future__ import annotations

import hashlib
import json
import warnings

import numpy as np
import pytest

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
from agents.policies.backbone import bundled_folder
from agents.policies.vocabulary import read_tokenizer
from agents.rollouts.evaluation import evaluate

V = 12
TOKENS = {f"t{number}": number for number in range(V)}
CONFIG = TokenPPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1)
BUNDLED = "a1aec3c0940817ce66864f7e2c802f622f81948fa8f9a4ad8151d65d9ca7713a"
"""Also that of the environments' default, see tests/rlsf_gym/text/test_vocabulary.py."""


def digest(tokens):
    """An independent one: the text is put together by hand."""
    pairs = ",".join(f'[{number},"{token}"]' for token, number in sorted(tokens.items(), key=lambda p: p[1]))
    return hashlib.sha256(f"[{pairs}]".encode()).hexdigest()


def write(folder, tokens=TOKENS, added=None):
    folder.mkdir(exist_ok=True)
    listed = [{"id": number, "content": token, "special": True} for token, number in (added or {}).items()]
    data = {"model": {"type": "BPE", "vocab": tokens, "merges": []}, "added_tokens": listed}
    (folder / "tokenizer.json").write_text(json.dumps(data))
    return folder


@pytest.fixture
def make_claiming(make_toy):
    """Returns a toy environment that says the hash of its vocabulary."""

    def make(tokens=TOKENS, other=None):
        env = make_toy()
        draw = env._draw

        def claiming():
            observation, infos = draw()
            said = [digest(tokens)] * (env.num_envs - 1) + [digest(other or tokens)]
            return observation, {**infos, **env._infos(vocabulary_sha256=np.array(said, dtype=object))}

        env._draw = claiming
        return env

    return make


@pytest.fixture
def saved(make_policy, tmp_path):
    make_policy(model_vocab=16).backbone.model.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_the_same_tokenizer_is_taken_and_so_are_further_tokens_of_the_model(saved, make_claiming):
    write(saved, {**TOKENS, "more": 12}, {"t11": 11, "<end>": 13})
    for policy in (saved, CausalLMPolicy.from_pretrained(saved)):
        TokenPPO(policy, make_claiming(), CONFIG).learn(8)


@pytest.mark.parametrize(
    "tokens",
    [{**TOKENS, "t3": 4, "t4": 3}, {f"u{n}": n for n in range(V)}, dict(list(TOKENS.items())[:-1])],
    ids=["two swapped", "all others", "one less"],
)
def test_another_tokenizer_is_refused_and_its_own_is_named(saved, make_claiming, make_policy, tokens):
    write(saved, tokens)
    own = rf"--tokenizer {saved}, or beside --env --env-kwargs tokenizer={saved}$"
    message = rf"policy: expected a model with the tokenizer of the environment .*{own}"
    with pytest.raises(ValueError, match=message) as caught:
        TokenPPO(saved, make_claiming(), CONFIG)
    assert "\n" not in str(caught.value)
    policy = CausalLMPolicy.from_pretrained(saved, vocab_size=V)
    with pytest.raises(ValueError, match="policy: expected a model with the tokenizer"):
        evaluate(policy, make_claiming(), episodes=8, reference=make_policy(), seed=0)
    TokenPPO(policy, make_claiming(tokens), CONFIG)  # what the message says to take


@pytest.mark.filterwarnings("ignore:.*found no tokenizer beside the model")
def test_a_reference_of_another_vocabulary_is_refused(saved, make_claiming, make_policy):
    reference = CausalLMPolicy.from_pretrained(write(saved, {f"u{n}": n for n in range(V)}), vocab_size=V)
    with pytest.raises(ValueError, match=r"^reference: expected a model with the tokenizer"):
        TokenPPO(make_policy(), make_claiming(), CONFIG, reference=reference)


def test_a_model_without_a_tokenizer_is_taken_with_one_warning(saved, make_claiming, make_toy, make_policy):
    for policy in (saved, make_policy()):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            TokenPPO(policy, make_claiming(), CONFIG).learn(16)
        assert [str(one.message)[:59] for one in caught] == [
            "policy and reference: found no tokenizer beside the model t"
        ]
    TokenPPO(make_policy(), make_toy(), CONFIG)  # the environment says nothing: nothing to warn of


def test_sentence_pieces_cannot_be_compared(saved, make_claiming):
    (saved / "tokenizer.model").write_bytes(b"\0")
    with pytest.warns(UserWarning, match="could be compared"):
        TokenPPO(saved, make_claiming(), CONFIG)


def test_a_folder_can_be_named(saved, make_claiming, make_policy, tmp_path):
    folder = write(tmp_path / "tokenizer")
    model = make_policy().backbone.model
    TokenPPO(CausalLMPolicy(model, tokenizer=folder), make_claiming(), CONFIG)
    TokenPPO(CausalLMPolicy.from_pretrained(saved, tokenizer=folder), make_claiming(), CONFIG)
    with pytest.raises(ValueError, match=r"tokenizer: expected a folder with tokenizer.json"):
        CausalLMPolicy(model, tokenizer=saved)


def test_an_environment_of_two_minds_is_refused(make_claiming, make_policy):
    with pytest.raises(ValueError, match="expected one vocabulary_sha256 in the infos of reset, got 2"):
        TokenPPO(make_policy(), make_claiming(other={"x": 0}), CONFIG)


def test_files_of_one_tokenizer_in_other_forms_have_one_hash(tmp_path):
    whole = read_tokenizer(write(tmp_path / "whole", dict(list(TOKENS.items())[:10]), {"t10": 10, "t11": 11}))
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "vocab.json").write_text(json.dumps(dict(list(TOKENS.items())[:10])))
    (parts / "merges.txt").write_text("#version: 0.2\n")
    (parts / "added_tokens.json").write_text('{"t10": 10}')
    (parts / "tokenizer_config.json").write_text(
        '{"model_max_length": 5, "added_tokens_decoder": {"11": {"content": "t11"}}}'
    )
    pieces = tmp_path / "pieces"
    pieces.mkdir()
    data = {"model": {"type": "Unigram", "vocab": [[token, -1.0] for token in TOKENS]}}
    (pieces / "tokenizer.json").write_text(json.dumps(data))
    for found in (whole, read_tokenizer(parts), read_tokenizer(pieces)):
        assert found.sha256(V) == digest(TOKENS)
        assert found.sha256(3) == digest({"t0": 0, "t1": 1, "t2": 2})


@pytest.mark.parametrize(
    "text", ["{", "{}", "[]", '{"model": {"vocab": 3}}', '{"model": {"vocab": {"a": "x"}}}']
)
def test_damaged_files_are_refused_in_one_line(saved, text):
    (saved / "tokenizer.json").write_text(text)
    with pytest.raises(
        ValueError, match=r"tokenizer '.*model': expected a vocabulary in its files"
    ) as caught:
        CausalLMPolicy.from_pretrained(saved)
    assert "\n" not in str(caught.value)


def test_the_bundled_model_comes_with_the_tokenizer_of_the_environments():
    assert read_tokenizer(bundled_folder()).sha256(4096) == BUNDLED
    policy = CausalLMPolicy.from_pretrained("bundled")
    assert policy.tokenizer.source == "bundled"
    assert CausalLMPolicy(policy.backbone.model).tokenizer.sha256(4096) == BUNDLED
