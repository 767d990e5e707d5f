import numpy as np
import pytest

from rlsf_gym.text.automaton import State, Vocabulary, look_ahead
from rlsf_gym.text.following import Following


class Count(State):
    """Texts of three letters "a": each is worth a quarter, and the whole text 1; any other letter loses."""

    def __init__(self, count):
        super().__init__()
        self.count, self.asked = count, []
        self.is_dead = count > 3
        self.value = 0.0 if self.is_dead else (count + 1) / 4
        self.verdict = float(count == 3)

    def advance(self, character):
        self.asked.append(character)
        return Count(self.count + 1 if character == "a" else 4)


def make_following(*texts, last=False):
    ends = np.full(len(texts), last)
    ends[-1] = True
    return Following(tuple(texts), ends)


def test_a_text_is_followed_and_each_character_is_asked_for_once():
    start = Count(0)
    for _ in range(2):
        states = start.follow("aab")
        assert [state.value for state in states] == [0.25, 0.5, 0.75, 0.0]
    assert start.asked == ["a"]
    assert start.follow("") == [start]


def test_a_dead_state_is_not_left_and_not_asked():
    states = Count(0).follow("b" + "a" * 100_000)
    assert len(states) == 100_002
    assert states[1].is_dead and states[-1] is states[1] and states[1].asked == []
    assert states[1].after("a") is states[1]


def test_tokens_are_worth_what_their_texts_lead_to():
    following = make_following("a", "aa", "aaa", "ab", "x", "", "")
    ids, scores = look_ahead([Count(0), Count(1), Count(3)], following, "ab")
    assert ids.tolist() == [0, 1, 2, 3, 5, 6]  # "x" is left out: it is worth 0 everywhere
    # Half a character adds nothing: the value stays. The end is worth the verdict, 1 behind three letters.
    assert scores.tolist() == [
        [0.5, 0.75, 1.0, 0.0, 0.25, 0.0],
        [0.75, 1.0, 0.0, 0.0, 0.5, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
    ]


def test_at_the_last_place_every_token_gets_the_verdict():
    following = make_following("a", "aa", "", last=True)
    ids, scores = look_ahead([Count(1), Count(2)], following, "a")
    assert ids.tolist() == [0, 1, 2]
    assert scores.tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]


def test_what_lies_ahead_is_walked_once_per_state_and_vocabulary():
    state, vocabulary = Count(0), Vocabulary(make_following("a", ""), "a")
    first = vocabulary.ahead(state)
    assert vocabulary.ahead(state) is first
    other = Vocabulary(make_following("", "a"), "a")
    assert (first[1].tolist(), other.ahead(state)[1].tolist()) == ([0.5], [0.25])


def test_a_state_without_advance_says_so():
    with pytest.raises(NotImplementedError, match=r"State must have advance\(character\)"):
        State().after("a")
