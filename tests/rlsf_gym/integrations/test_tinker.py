"""Loss inputs of Tinker: shifted by one, laid on the ids that were sampled."""

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.integrations.tinker import returns_to_go, to_datum

RESPONSE = [*b" good, not bad", 256]
# One position for each token but the first of "It" and the response: one on the prompt, 15 on the response.
ON_PROMPT = 1


@pytest.fixture(scope="module")
def info():
    env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", tokenizer="bytes", max_new_tokens=24)
    env.reset(options={"prompt": "It"})
    return env.step(RESPONSE)[4]


def datum(info, **changed):
    given = {"prompt_ids": list(b"It"), "response_ids": RESPONSE, **changed}
    return to_datum(info, given.pop("logprobs", [-1.0] * 15), **given)


def test_positions_are_shifted_by_one(info):
    made = datum(info, logprobs=[-0.5 * at for at in range(15)])
    assert made.model_input.tolist() == [*b"It good, not bad"]
    assert made.loss_fn_inputs["target_tokens"].tolist() == [*b"t good, not bad", 256]
    assert made.loss_fn_inputs["logprobs"].tolist() == [0.0, *(-0.5 * at for at in range(15))]
    dtypes = {name: (array.dtype, array.shape) for name, array in made.loss_fn_inputs.items()}
    assert dtypes == {
        "target_tokens": (np.int64, (16,)),
        "logprobs": (np.float32, (16,)),
        "advantages": (np.float32, (16,)),
    }


def test_an_advantage_is_what_is_earned_from_its_token_on(info):
    rewards = info["token_rewards"][:15].astype(np.float64)
    assert np.count_nonzero(rewards) >= 2 and rewards.sum() != 0
    advantages = datum(info).loss_fn_inputs["advantages"]
    expected = [rewards[at:].sum() for at in range(15)]
    np.testing.assert_allclose(advantages, [0.0, *expected], rtol=1e-5, atol=1e-6)
    assert advantages[ON_PROMPT] == pytest.approx(info["utility"] - 0.0, abs=1e-5)  # "It" scores 0


def test_given_advantages_are_taken_as_they_are(info):
    own = np.linspace(-1, 1, 15)
    assert datum(info, advantages=own).loss_fn_inputs["advantages"].tolist() == pytest.approx([0.0, *own])


def test_discount_and_baseline():
    info = {"token_rewards": np.array([1, 2, 4, 9], np.float32), "response_length": 3}
    assert returns_to_go(info).tolist() == [7, 6, 4]
    assert returns_to_go(info, gamma=0).tolist() == [1, 2, 4]
    assert returns_to_go(info, gamma=0.5).tolist() == [3, 4, 4]
    assert returns_to_go(info, baseline=2).tolist() == [5, 4, 2]
    assert returns_to_go(info, baseline=[7, 6, 5]).tolist() == [0, 0, -1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"response_ids": " good, not bad"}, "response_ids must be the ids that were sampled, got text: "),
        ({"response_ids": RESPONSE[:-1]}, r"response_ids must be the 15 ids that .* counts, got 14: "),
        ({"response_ids": [*RESPONSE, 256]}, r"response_ids must be the 15 ids that .* counts, got 16: "),
        ({"response_ids": [0.5] * 15}, "response_ids must be a list of at least one token id"),
        ({"prompt_ids": []}, r"prompt_ids must be a list of at least one token id, got \[\]"),
        ({"logprobs": [-1.0] * 14}, r"logprobs must be one number for each of 15 tokens, got shape \(14,\)"),
        ({"logprobs": [-1.0] * 14 + [np.nan]}, "logprobs must be finite, got nan"),
        ({"advantages": [[1.0] * 15]}, r"advantages must be one number for each of 15 tokens"),
    ],
)
def test_what_does_not_fit_is_refused(info, changed, said):
    with pytest.raises(ValueError, match=said):
        datum(info, **changed)


@pytest.mark.parametrize("gamma", [-0.1, 1.5, np.nan])
def test_a_discount_factor_is_a_share(info, gamma):
    with pytest.raises(ValueError, match=r"gamma must be in \[0, 1\], got "):
        returns_to_go(info, gamma=gamma)


@pytest.mark.adapters
def test_tinkers_own_datum_takes_them(info):
    tinker = pytest.importorskip("tinker", reason="needs the package tinker, which is in no extra")
    made = datum(info)
    own = tinker.Datum(
        model_input=tinker.ModelInput.from_ints(made.model_input.tolist()), loss_fn_inputs=made.loss_fn_inputs
    )
    assert own.model_input.to_ints() == [*b"It good, not bad"]
    assert own.model_input.length == 16
    taken = {name: (data.dtype, data.shape, data.data) for name, data in own.loss_fn_inputs.items()}
    assert taken["target_tokens"] == ("int64", [16], [*b"t good, not bad", 256])
    assert taken["logprobs"] == ("float32", [16], [0.0] + [-1.0] * 15)
    assert taken["advantages"] == ("float32", [16], made.loss_fn_inputs["advantages"].tolist())
