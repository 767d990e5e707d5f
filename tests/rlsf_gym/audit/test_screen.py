"""The screen: 100 columns, the worst first, nothing that acts on a terminal."""

import json
from dataclasses import replace

from rlsf_gym.audit.dense import DesignRow
from rlsf_gym.audit.findings import Evidence, Finding, Passed, Severity, Undecided
from rlsf_gym.audit.plain import plain
from rlsf_gym.audit.report import Report
from rlsf_gym.audit.screen import quote, screen

LONG = "word " * 400 + "\x1b[31m"
REPORT = Report(
    reward="mine:reward", signature="trl", chat=True, forms=("####",), cases=4, own_cases=False, calls=99,
    seconds=1.25, seconds_per_call=1e-5,
    results=(
        Passed("bounded", "from 0 to 1 " * 20),
        Finding("refuses-equivalent", Severity.WARNING, "a title " * 20, (Evidence("42.", "0"),)),
        Undecided("batch-order", "it is called with one response at a time"),
        Finding("none", Severity.NOTE, "it returns None", (Evidence("x", "None", "2 + 2?", truth="4"),)),
        Finding("raises", Severity.ERROR, "it raises", (Evidence(LONG, "Key\x1b[0m", beside="b"),), "1 of 2"),
    ),
    designs=(DesignRow("uniform", False, 0.25, 1.0, 0.44, 1),),
)  # fmt: skip


def test_the_worst_comes_first_and_lines_fit():
    lines = screen(REPORT, status=2).splitlines()
    assert all(len(line) <= 100 for line in lines)
    heads = [line.split()[:2] for line in lines if line.split()[:1] in (["ERROR"], ["WARNING"], ["NOTE"])]
    assert heads == [["ERROR", "raises"], ["WARNING", "refuses-equivalent"], ["NOTE", "none"]]
    assert "?       batch-order           not decided: it is called with one response at a time" in lines
    assert '        asked "2 + 2?"  (answer "4")' in lines
    assert "uniform              25%         100%    0.44                    1  not causal" in lines
    assert lines[-1] == "1 error, 1 warning, 1 note; 1 checks passed, 1 not decided; exit status 2"


def test_what_is_cut_is_said_to_be_whole_elsewhere():
    assert "--json has each response whole" in screen(REPORT, status=2).splitlines()
    short = replace(REPORT, results=REPORT.results[:4])
    assert "--json" not in screen(short, status=1)
    long = Finding("raises", Severity.ERROR, "it raises", (Evidence("x", "a", "y" * 500, truth="z" * 500),))
    lines = screen(replace(REPORT, results=(long,)), status=2).splitlines()
    assert all(len(line) <= 100 for line in lines)


def test_nothing_acts_on_a_terminal():
    text = screen(REPORT, status=2)
    assert "\x1b" not in text and "Key␛[0m" in text
    assert quote(LONG, 60).endswith('␛[31m" (2,005 characters)')


def test_plain_values_are_json():
    found = json.loads(json.dumps(plain(REPORT, status=2), allow_nan=False))
    assert set(found) == {
        "schema", "reward", "signature", "chat", "forms", "cases", "own_cases", "calls", "seconds",
        "seconds_per_call", "status", "findings", "passed", "undecided", "designs",
    }  # fmt: skip
    assert (found["schema"], found["status"]) == (1, 2)
    first = found["findings"][0]
    assert set(first) == {"check", "severity", "title", "count", "evidence", "why", "mend"}
    assert (first["check"], first["severity"]) == ("raises", "error")
    assert set(first["evidence"][0]) == {"response", "paid", "prompt", "beside", "truth"}
    assert found["passed"][0].keys() == {"check", "told"} and found["undecided"][0].keys() == {
        "check",
        "reason",
    }
