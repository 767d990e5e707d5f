"""Several held-out judges of one environment: which key reports which, and what is refused."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.judges import load_judges

RESPONSE, TEXT, TOKEN = (f"rlsf_gym:rlsf_gym/Sentiment{form}-v0" for form in ("", "Text", "Token"))


class Constant:
    """A judge of one opinion."""

    def __init__(self, value: float, name: str | None = None) -> None:
        self.value = value
        if name is not None:
            self.name = name

    def predict(self, texts):
        return np.full(len(texts), self.value)


MINE = Constant(0.75, "of mine")


def finish(env, action):
    """Returns the info of a response."""
    env.reset(seed=4)
    *_, info = env.step(action)
    return info


def test_the_first_is_the_judge_and_further_ones_have_their_names():
    keys = ["judge", "judge_Constant", "judge_of_mine", "judge_bundled_b", "judge_MINE"]
    given = ("bundled", Constant(0.5), Constant(0.25, "of mine"), "bundled-b", f"{__name__}:MINE")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, __name__, type("module", (), {"MINE": MINE}))
        judges = load_judges(given)
    assert list(judges) == keys
    assert judges["judge_MINE"] is MINE


def test_a_path_is_named_by_its_file(tmp_path):
    judges = load_judges(["bundled", str(tmp_path / "of films.npz")], read=lambda path: Constant(0.5))
    assert list(judges) == ["judge", "judge_of_films"]


def test_none_is_no_judge_and_one_is_the_judge():
    assert load_judges(None) == {}
    assert list(load_judges("bundled-b")) == ["judge"]
    assert list(load_judges(["bundled-b"])) == ["judge"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([], r"judge must hold at least one judge, got \[\]: use None for no judge"),
        (["bundled", None], "judge must hold names or judges, got None among them"),
        ([["bundled"]], r"judge must hold names or judges, got \['bundled'\] among them"),
        (["bundled", 3], r"judge must have predict\(texts\), got 3"),
        (
            ["bundled", "bundled-b", "bundled-b"],
            r"judge must hold judges of different names, got 'bundled_b' again \('bundled-b'\): leave it",
        ),
        (
            ["bundled", "bundled"],
            r"different names, got 'bundled' again \('bundled'\): leave it out, or give an",
        ),
        (["order", Constant(0.5, "order")], "different names, got 'order' again"),
        ([Constant(0.5), Constant(0.25)], "different names, got 'Constant' again"),
        ([Constant(0.5, "a b"), Constant(0.25, "a-b")], "different names, got 'a_b' again"),
        (["bundled", Constant], r"judge must be an object, got its class Constant: pass Constant\(...\)"),
        (Constant, r"judge must be an object, got its class Constant: pass Constant\(...\)"),
        (
            ["bundled", Constant(0.5, "")],
            "judge must hold judges whose name has letters or digits, got '' of <",
        ),
        ([Constant(0.5, " _")], "judge must hold judges whose name has letters or digits, got ' _' of <"),
        (["bundled", "bundeld"], r"got 'bundeld' \(did you mean 'bundled'\?\)"),
    ],
)
def test_what_is_no_list_of_judges_is_refused(spec, message):
    with pytest.raises(ValueError, match=message) as caught:
        gym.make(RESPONSE, judge=spec)
    assert "\n" not in str(caught.value)


def test_every_form_reports_all_of_them_and_a_list_of_one_is_a_lone_judge():
    judges = ["bundled", "bundled-b", Constant(0.25, "quarter")]
    action = gym.make(RESPONSE).unwrapped.tokenizer.encode(" a good film")
    rows = [finish(gym.make(RESPONSE, judge=judges, max_new_tokens=len(action)), action)]
    rows.append(finish(gym.make(TEXT, judge=judges), " a good film"))
    token = gym.make(TOKEN, judge=judges, max_new_tokens=len(action))
    token.reset(seed=4)
    rows.append([token.step(one) for one in action][-1][4])
    vector = gym.make_vec(RESPONSE, num_envs=2, judge=judges, max_new_tokens=len(action))
    vector.reset(seed=[4, 5])
    infos = vector.step(np.array([action, action]))[4]["final_info"]
    rows.append({key: infos[key][0] for key in infos if key.startswith("judge")})
    alone = [
        finish(gym.make(RESPONSE, judge=one, max_new_tokens=len(action)), action)["judge"]
        for one in ("bundled", "bundled-b", ["bundled"])
    ]
    assert alone[0] == alone[2]
    for row in rows:
        told = {key: value for key, value in row.items() if key.startswith("judge")}
        assert told == {"judge": alone[0], "judge_bundled_b": alone[1], "judge_quarter": 0.25}


def test_a_further_judge_must_return_probabilities_too():
    env = gym.make(TEXT, judge=["bundled", Constant(1.5, "loud")])
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"judge_loud must return 1 probabilities in \[0, 1\], got \[1.5\]"):
        env.step(" good")
