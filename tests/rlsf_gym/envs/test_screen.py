"""What environments show of an episode: the chosen tokens, and beside them the best and the worst."""

import numpy as np
import pytest

from rlsf_gym import ResponseEnv, ResponseVectorEnv, TextEnv, TokenEnv
from rlsf_gym.envs.screen import RENDER_MODES

PROMPT, RESPONSE = "It was ", b"good"
ASKED = {"candidates": True, "boundary": "open", "tokenizer": "bytes", "max_new_tokens": 6}
TOLD = "  'd' +0.44; best here 'D' +0.44, worst '\u2400' +0.00; rank 1 of 257, shared by 2"


def respond(env):
    env.reset(options={"prompt": PROMPT})
    return env.step(list(RESPONSE))[-1]


def write(env):
    env.reset(options={"prompt": PROMPT})
    env.step(RESPONSE.decode())


def append(env):
    env.reset(options={"prompt": PROMPT})
    return [env.step(token) for token in (*RESPONSE, env.tokenizer.eos_token_id)][-1][-1]


def respond_twice(env):
    env.reset(options={"prompt": PROMPT})
    env.step(np.array([[*RESPONSE, 257, 257]] * 2))


PLAYS = [
    pytest.param(ResponseEnv, {}, respond, id="response"),
    pytest.param(TextEnv, {}, write, id="text"),
    pytest.param(TokenEnv, {}, append, id="token"),
    pytest.param(ResponseVectorEnv, {"num_envs": 2}, respond_twice, id="vector"),
]


@pytest.mark.parametrize(("made", "more", "play"), PLAYS)
def test_a_terminal_tells_what_other_tokens_would_have_earned(made, more, play):
    env = made(**more, **ASKED, render_mode="ansi")
    play(env)
    shown = env.render()
    for text in shown if isinstance(shown, tuple) else [shown]:
        assert text.endswith(f"\n{TOLD}")


@pytest.mark.parametrize(("made", "more", "play"), PLAYS)
def test_without_candidates_there_is_no_word_of_them(made, more, play):
    env = made(**more, **ASKED | {"candidates": False}, render_mode="ansi")
    play(env)
    assert "best here" not in "".join(env.render())


@pytest.mark.parametrize("render_mode", [None, *RENDER_MODES])
def test_what_is_shown_changes_no_info(render_mode):
    """The last info of an environment whose steps are tokens has no candidates: no token follows."""
    assert not [
        key for key in append(TokenEnv(**ASKED, render_mode=render_mode)) if key.startswith(("cand", "other"))
    ]
    plain, shown = (respond(ResponseEnv(**ASKED, render_mode=mode)) for mode in (None, render_mode))
    assert plain.keys() == shown.keys()
