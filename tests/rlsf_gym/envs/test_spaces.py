"""The space of texts, inside Gymnasium's machinery."""

import pickle

import numpy as np
import pytest
from gymnasium.spaces import flatten, flatten_space, unflatten
from gymnasium.vector.utils import batch_space, create_shared_memory, read_from_shared_memory
from gymnasium.vector.utils.shared_memory import write_to_shared_memory

from rlsf_gym.envs.spaces import UnicodeText

ODD = [
    "",
    " ",
    "two words",
    "\u0130stanbul",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "a\u202eb",
    "\x00\n",
]


def test_it_holds_every_text_up_to_its_length():
    space = UnicodeText(10)
    assert all(text in space for text in ODD)
    assert "x" * 10 in space
    for other in ("x" * 11, "\ud800", b"bytes", None, 3, ["a"]):
        assert other not in space


def test_samples_are_printable_and_follow_the_seed():
    space, again = UnicodeText(30, seed=4), UnicodeText(30, seed=4)
    samples = [space.sample() for _ in range(200)]
    assert samples == [again.sample() for _ in range(200)]
    assert all(text in space and text.isascii() and text.isprintable() for text in samples)
    assert {len(text) for text in samples} >= {0, 30}
    assert len(space.sample(mask=(5, None))) == 5
    with pytest.raises(ValueError, match="mask of characters"):
        space.sample(mask=(5, np.ones(3, np.int8)))
    with pytest.raises(ValueError, match=r"must be in \[0, 30\], got 31"):
        space.sample(probability=(31, None))


def test_it_is_short_to_print_and_survives_pickling():
    space = UnicodeText(12)
    assert repr(space) == "UnicodeText(12)"
    assert pickle.loads(pickle.dumps(space)) == space
    assert space != UnicodeText(13)
    assert len(pickle.dumps(space)) < 10_000


@pytest.mark.parametrize("text", ODD)
def test_texts_survive_flattening_and_shared_memory(text):
    space = UnicodeText(10)
    flat = flatten(space, text)
    assert flat in flatten_space(space)
    assert unflatten(space, flat) == text
    memory = create_shared_memory(space, n=2)
    write_to_shared_memory(space, 1, text, memory)
    write_to_shared_memory(space, 0, "first", memory)
    assert read_from_shared_memory(space, memory, n=2) == ("first", text)


def test_a_batch_of_texts_is_a_tuple():
    batch = batch_space(UnicodeText(5), 3)
    assert ("a", "", "\u00e9") in batch
    assert batch.sample() in batch
