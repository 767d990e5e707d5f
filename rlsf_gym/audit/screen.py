"""Screen of a report: text of 100 columns, the worst first, then what is fine in one line each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from rlsf_gym.audit.checks import CHECKS
from rlsf_gym.audit.dense import DesignRow
from rlsf_gym.audit.findings import Evidence, Finding, Severity
from rlsf_gym.audit.report import Report
from rlsf_gym.render.visible import show_controls

__all__ = ["screen"]

_WIDTH: Final = 100
_NAME: Final = 21
_QUOTED: Final = 84
_SIGNATURES: Final = {
    "trl": "TRL's signature",
    "verl": "verl's signature",
    "scorer": "a scorer",
    "environment": "an environment",
}


def screen(report: Report, *, status: int) -> str:
    """Returns the text of a report.

    Args:
        report: The report.
        status: The exit status, told in the last line.
    """
    parts: list[Sequence[str]] = [_head(report)]
    parts += [_finding(one) for one in report.findings]
    parts.append([_line("ok", one.check, one.told) for one in report.passed])
    parts.append([_line("?", one.check, f"not decided: {one.reason}") for one in report.undecided])
    parts.append(_designs(report.designs))
    parts.append([*_hint(report), _verdict(report, status)])
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(report: Report) -> list[str]:
    called = [_SIGNATURES[report.signature]]
    if report.signature == "trl":
        called.append("completions as chat messages" if report.chat else "completions as text")
    cases = "cases of yours" if report.own_cases else "bundled cases"
    if report.signature == "environment" and not report.own_cases:
        cases = "cases of its domain"
    if report.cases == 1:
        cases = cases.replace("cases", "case", 1)
    called += [f"{report.cases} {cases}", f"{report.calls} responses paid in {report.seconds:.1f} s"]
    lines = [report.reward, "  " + ", ".join(called)]
    if report.forms:
        lines.append("  answers are read from: " + ", ".join(report.forms))
    return [_cut(line, _WIDTH) for line in lines]


def _finding(finding: Finding) -> list[str]:
    check = CHECKS[finding.check]
    count = f" ({finding.count})" if finding.count else ""
    head = _wrap(f"{finding.severity.name:8}{finding.check:{_NAME}} ", finding.title + count)
    lines = [line for one in finding.evidence for line in _evidence(one)]
    return [*head, *lines, *_wrap("        why   ", check.why), *_wrap("        mend  ", check.mend)]


def _evidence(evidence: Evidence) -> Iterator[str]:
    if evidence.prompt:
        truth = f"  (answer {quote(evidence.truth, 24)})" if evidence.truth else ""
        yield _cut(f"        asked {quote(evidence.prompt, _QUOTED - len(truth))}{truth}", _WIDTH)
    yield _cut(f"        text  {quote(evidence.response)}", _WIDTH)
    beside = f"  ({evidence.beside})" if evidence.beside else ""
    yield from _wrap("        paid  ", show_controls(evidence.paid + beside))


def quote(text: str, most: int = _QUOTED) -> str:
    """Returns a text in quotes, its middle left out where it is long, nothing in it acting on a terminal.

    Example:
        >>> quote("a" * 40 + "b" * 40, 44), quote("")
        ('"aaaaaaaaaa" ... "bbbbbbbbbbb" (80 characters)', '""')
    """
    if len(text) <= most:
        return f'"{show_controls(text)}"'
    told = f" ({len(text):,} characters)"
    kept = max(8, most - len(told) - len('" ... "'))
    start, end = text[: kept // 2], text[len(text) - (kept - kept // 2) :]
    return f'"{show_controls(start)}" ... "{show_controls(end)}"{told}'


def _line(mark: str, name: str, told: str) -> str:
    return _cut(f"{mark:8}{name:{_NAME}} {show_controls(told)}", _WIDTH)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3] + "..."


def _wrap(start: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
    )


def _designs(rows: Sequence[DesignRow]) -> list[str]:
    if not rows:
        return []
    head = (
        f"{'as a design':12} {'last token':>11} {'tokens paid':>12} {'noise':>7} {'calls of 256 tokens':>20}"
    )
    lines = [head]
    for row in rows:
        causal = "" if row.causal else "  not causal"
        lines.append(
            f"{row.name:12} {row.last:11.0%} {row.tokens:12.0%} {row.noise:7.2f} {row.calls:20}{causal}"
        )
    return lines


def _hint(report: Report) -> list[str]:
    """Returns where the responses stand that this screen has cut."""
    shown = [evidence.response for finding in report.findings for evidence in finding.evidence]
    return ["--json has each response whole"] if any(len(text) > _QUOTED for text in shown) else []


def _verdict(report: Report, status: int) -> str:
    counts = [(report.count(one), one.name.lower()) for one in reversed(Severity)]
    told = ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for number, name in counts)
    checks = f"{len(report.passed)} checks passed, {len(report.undecided)} not decided"
    return f"{told}; {checks}; exit status {status}"
