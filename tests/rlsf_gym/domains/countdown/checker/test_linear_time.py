"""Hostile answers are proved as fast as they are read."""

import time

import pytest

from tests.rlsf_gym.domains.countdown.checker.test_forgery import certify, make_instance

SIZE = 100_000
HOSTILE = [
    "9" * SIZE,
    "5" + "0" * SIZE,
    " " * SIZE,
    "5" + " " * SIZE + "+7=12",
    "5+7=" + " " * SIZE,
    "5+7=12," + " " * SIZE + "11+12=23",
    "(" * SIZE,
    "(" * SIZE + "5" + ")" * SIZE,
    "5" + "+5" * SIZE,
    "5/0" * SIZE,
    "-" * SIZE,
    "(1/" * SIZE,
    "\u0665" * SIZE,
    "5+7=12," * (SIZE // 7),
    "",
]


@pytest.mark.parametrize("form", ["steps", "expression"])
@pytest.mark.parametrize("response", HOSTILE, ids=lambda response: f"{response[:9]!r} and so on")
def test_hostile_answers_are_proved_in_a_second(form, response):
    instance = make_instance((5, 7, 11), 23)
    certificate = certify(instance, response, form=form)
    start = time.process_time()
    certificate.check(instance.prompt, response, instance)
    assert time.process_time() - start < 1.0  # mostly a tenth
    assert certificate.score == float(
        form == "steps" and response.endswith("11+12=23")
    )  # spaces may stand there
