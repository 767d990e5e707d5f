"""The tokenizer spells prompts and answers, in few tokens that fit the defaults."""

import numpy as np
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.domains.constraints.knights_and_knaves.statements import tell_prompt
from rlsf_gym.text.tokenizer import load_tokenizer

TOKENIZER = load_tokenizer("knights")


def test_words_are_tokens():
    ids = TOKENIZER.encode("A is a knight. B is a knave.")
    assert [TOKENIZER.decode([one]) for one in ids] == [
        "A",
        " is a ",
        "knight",
        ". ",
        "B",
        " is a ",
        "knave",
        ".",
    ]
    assert (TOKENIZER.vocab_size, TOKENIZER.eos_token_id) == (41, 40)  # the bundled policy has these


@pytest.mark.parametrize("people", [2, 3, 8])
def test_prompts_and_answers_fit(people):
    domain = load_domain("knights", people=people)
    source, rng = domain.instances("train"), np.random.default_rng(0)
    most = domain.defaults["max_prompt_tokens"]
    for _ in range(20):
        prompt = source.sample(rng).prompt
        ids = TOKENIZER.encode(prompt)
        assert len(ids) <= most and TOKENIZER.decode(ids) == prompt
    longest = ["either", ["least", 2, "knight"], ["most", 1, "knave"]]
    assert len(TOKENIZER.encode(tell_prompt([longest] * people))) == most
    answer = " ".join(f"{name} is a knave." for name in "ABCDEFGH"[:people])
    assert len(TOKENIZER.encode(answer)) + 1 == domain.defaults["max_new_tokens"]
