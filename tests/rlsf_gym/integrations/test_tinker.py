"""Loss inputs of Tinker: shifted by one, laid on the ids that were sampled."""

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.integrations.tinker import returns_to_go, to_datum
from rlsf_gym.text.wider_tokenizer import WiderTokenizer
from tests.helpers.sampled import ENV_ID, SAMPLED, TASK, TOKENIZER, pay

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
        ({"logprobs": [-1.0] * 14 + [np.nan]}, "logprobs must be finite in float32, got nan"),
        ({"advantages": [[1.0] * 15]}, r"advantages must be one number for each of 15 tokens"),
        ({"logprobs": [None] * 15}, r"logprobs must be numbers, got \[None, "),
        ({"logprobs": [[-1.0], [-1.0, -2.0]]}, r"logprobs must be numbers, got \[\["),
        ({"response_ids": [[1], [2, 3]]}, "response_ids must be a list of at least one token id"),
    ],
)
def test_what_does_not_fit_is_refused(info, changed, said):
    with pytest.raises(ValueError, match=said):
        datum(info, **changed)


class Tensor:
    """A tensor on a device, or of a type that NumPy does not have: it refuses to be an array."""

    def __init__(self, values):
        self.values = values

    def __array__(self, *_, **__):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def tolist(self):
        return self.values


def test_tensors_of_any_device_are_taken(info):
    given = {"prompt_ids": list(b"It"), "response_ids": RESPONSE, "advantages": [0.5] * 15}
    made = datum(info, logprobs=Tensor([-1.0] * 15), **{name: Tensor(one) for name, one in given.items()})
    plain = datum(info, **given)
    for name, array in plain.loss_fn_inputs.items():
        np.testing.assert_array_equal(made.loss_fn_inputs[name], array)
    assert returns_to_go(info, baseline=Tensor(0.5)).tolist() == returns_to_go(info, baseline=0.5).tolist()


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        ("x", "must be numbers, got 'x'"),
        (np.nan, "must be finite in float32, got nan"),
        (1e300, r"must be finite in float32, got 1e\+300"),
        ([1.0], "each of 15 tokens"),
    ],
)
def test_a_baseline_is_finite_numbers(info, baseline, said):
    with pytest.raises(ValueError, match=f"baseline {said}|baseline must be one number for {said}"):
        returns_to_go(info, baseline=baseline)


@pytest.mark.parametrize("gamma", [-0.1, 1.5, np.nan, "x"])
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


@pytest.mark.adapters
@pytest.mark.parametrize("one", SAMPLED)
def test_each_sampled_token_weighs_what_it_earned_in_tinkers_datum(one):
    """Position i of the loss's inputs is about token i + 1, in tinker's own Datum."""
    tinker = pytest.importorskip("tinker", reason="needs the package tinker, which is in no extra")
    tokenizer = WiderTokenizer(TOKENIZER, 2_000)
    env = gym.make(ENV_ID, tokenizer=tokenizer, **TASK)
    env.reset(options={"prompt": one.prompt})
    info, prompt = env.step(one.ids)[4], TOKENIZER.encode(one.prompt)
    length = len(one.ids)
    made = to_datum(
        info,
        [-1.0] * length,
        prompt_ids=prompt,
        response_ids=one.ids,
        advantages=returns_to_go(info, gamma=0.0),
    )
    own = tinker.Datum(
        model_input=tinker.ModelInput.from_ints(made.model_input.tolist()), loss_fn_inputs=made.loss_fn_inputs
    )
    earned = dict(enumerate(own.loss_fn_inputs["advantages"].data, 1))  # by position in prompt and response
    assert [earned[len(prompt) + at] for at in range(length)] == pay(one)
    assert not any(earned[at] for at in range(1, len(prompt)))
    read, wanted = own.model_input.to_ints(), own.loss_fn_inputs["target_tokens"].data
    assert [read[0], *wanted] == [*prompt, *one.ids] and read[1:] == wanted[:-1]
