"""agents/studies/fingerprint.py: what of a plan was changed is told from its hashes."""

from dataclasses import replace

import pytest

from agents.studies.fingerprint import changed_parts, fingerprint, is_fingerprint
from agents.studies.read import parse_study

CONTRAST = {"name": "main", "measure": "area", "primary": True, "treatment": {"a": 1}, "control": {"a": 2}}
TABLE = {
    "title": "T",
    "goal": {"share": 0.5},
    "defaults": {"episodes": 8},
    "cells": [{"group": "g", "seeds": 2, "grid": {"a": [1, 2]}}],
    "contrasts": [CONTRAST],
}


def plan(**changes):
    return fingerprint(parse_study("s", {**TABLE, **changes}))


def test_plans_of_before_there_was_a_choice_are_those_with_percentile_intervals():
    now = plan(statistics={"interval": "percentile"})
    assert set(now) == {"sha256", "goal", "cells", "tuning", "contrasts"}
    assert is_fingerprint(now) and is_fingerprint(plan())
    assert changed_parts(now, plan()) == ["the intervals"]


LATER = {**CONTRAST, "name": "later", "primary": False}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"contrasts": [{**CONTRAST, "sensitivity": True}]}, []),
        ({"title": "U", "question": "Why?"}, []),
        ({"contrasts": [CONTRAST, {**LATER, "post_hoc": True}]}, []),
        ({"goal": {"share": 0.6}}, ["the goal"]),
        ({"goal": {"share": 0.5, "window": 3}}, ["the goal"]),
        ({"goal": {"share": 0.5, "window_episodes": 32}}, ["the goal"]),
        ({"defaults": {"episodes": 16}}, ["arms or budgets"]),
        ({"cells": [{"group": "g", "seeds": 3, "grid": {"a": [1, 2]}}]}, ["arms or budgets"]),
        ({"tuning": {"seeds": [9], "grid": {"b": [1]}}}, ["the tuning"]),
        ({"tuning": {"seeds": [9], "arms": [{"points": [{"b": 1}]}]}}, ["the tuning"]),
        ({"contrasts": [{**CONTRAST, "measure": "score"}]}, ["the contrast 'main'"]),
        ({"contrasts": [{**CONTRAST, "control": {"a": 1}}]}, ["the contrast 'main'"]),
        ({"contrasts": [CONTRAST, LATER]}, ["the contrast 'later' (added)"]),
        (
            {"contrasts": [{**CONTRAST, "name": "other"}]},
            ["the contrast 'other' (added)", "the contrast 'main' (left out)"],
        ),
        ({"contrasts": []}, ["the contrast 'main' (left out)"]),
        ({"statistics": {"interval": "percentile"}}, ["the intervals"]),
        ({"statistics": {"interval": "bca"}}, []),
    ],
)
def test_what_was_changed_is_named(changes, told):
    assert changed_parts(plan(), plan(**changes)) == told
    assert (plan()["sha256"] == plan(**changes)["sha256"]) == (not told)


def test_a_device_of_the_command_line_is_no_other_plan():
    study = parse_study("s", TABLE)
    assert fingerprint(study.override({"device": "cuda"})) == fingerprint(study)
    assert fingerprint(replace(study, name="t")) == fingerprint(study)


def test_hashes_are_those_of_the_canonical_text():
    """The goal by hand: keys sorted, all fields, ASCII."""
    import hashlib

    text = '{"kl_per_token": null, "length_key": "env_kwargs.max_new_tokens", "share": 0.5, "window": 5}'
    assert plan()["goal"] == hashlib.sha256(text.encode()).hexdigest()


def test_fields_that_came_later_leave_the_hashes_of_earlier_plans_alone():
    """The tuning by hand: no field that it does not use."""
    import hashlib

    text = '{"criterion": "area", "grid": {"b": [1]}, "per": [], "seeds": [9], "settings": {}}'
    now = plan(tuning={"seeds": [9], "grid": {"b": [1]}})
    assert now["tuning"] == hashlib.sha256(text.encode()).hexdigest()
    assert now["tuning"] != plan(tuning={"seeds": [9], "grid": {"b": [1]}, "score": 0.5})["tuning"]


def test_a_contrast_of_two_arms_hashes_as_it_did_before_there_were_interactions():
    import hashlib

    text = (
        '{"at": {}, "control": {"a": 2}, "measure": "area", "name": "main", "post_hoc": false, '
        '"primary": true, "treatment": {"a": 1}}'
    )
    assert plan()["contrasts"]["main"] == hashlib.sha256(text.encode()).hexdigest()
    both = {**CONTRAST, "kind": "interaction", "at": {"b": 1}, "against": {"b": 2}}
    grid = {"a": [1, 2], "b": [1, 2, 3]}
    first = plan(contrasts=[both], cells=[{"group": "g", "seeds": 2, "grid": grid}])
    other = plan(contrasts=[{**both, "against": {"b": 3}}], cells=[{"group": "g", "seeds": 2, "grid": grid}])
    assert changed_parts(first, other) == ["the contrast 'main'"]


@pytest.mark.parametrize(
    "wrong",
    [
        *(None, "x", {}, {"sha256": "0"}, {**plan(), "goal": "0" * 64}, {**plan(), "sha256": "0" * 64}),
        *({**plan(), "more": "0"}, {**plan(), "contrasts": {"main": 3}}, {**plan(), "contrasts": ["main"]}),
    ],
)
def test_what_are_no_hashes_of_a_plan_is_told(wrong):
    assert is_fingerprint(plan()) and not is_fingerprint(wrong)
