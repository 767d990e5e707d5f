"""Whether the plan of a study was fixed before its runs: what the hashes that its cells keep tell of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.reports.escapes import in_prose
from agents.studies.cells import CellResult
from agents.studies.fingerprint import changed_parts, fingerprint
from agents.studies.plan import Study

FIXED, CHANGED, UNKNOWN = "fixed", "changed", "unknown"
Facts = dict[str, Any]


def describe_plan(study: Study, results: Sequence[CellResult]) -> Facts:
    """Returns the differences between the study file's plan and those that the cells' hashes record.

    `standing` is "fixed" where every cell was run under it, "changed" where one was run under another,
    "unknown" where some, or all, keep no hash. `changes` are what differs, each with the number of cells that
    were run before it did.

    Args:
        study: As its file is.
        results: All finished cells.
    """
    now = fingerprint(study)
    plans = [result.header.get("plan") for result in results]
    changes: dict[str, int] = {}
    for then in plans:
        for what in [] if then is None else changed_parts(then, now):
            changes[what] = changes.get(what, 0) + 1
    recorded = sum(then is not None for then in plans)
    standing = FIXED if recorded == len(plans) and plans else UNKNOWN
    return {
        "sha256": now["sha256"],
        "standing": CHANGED if changes else standing,
        "recorded": recorded,
        "cells": len(plans),
        "changes": [{"what": what, "cells": count} for what, count in changes.items()],
    }


def plan_sentence(plan: Mapping[str, Any]) -> str:
    """Returns in words when the plan was fixed, as far as that is known; empty without cells."""
    cells = plan["cells"]
    if not cells:
        return ""
    if plan["standing"] == CHANGED:
        changes = "; ".join(f"{in_prose(one['what'])}, after {one['cells']} cells" for one in plan["changes"])
        return f"The plan was changed after cells had run ({cells} in all): {changes}."
    if plan["standing"] == FIXED:
        return (
            f"Goal, contrasts, arms and budgets were fixed before the runs: each cell keeps the plan's hash, "
            f"{plan['sha256'][:12]}, and it is that of the study file."
        )
    missing = cells - plan["recorded"]
    whose = "when these cells ran" if missing == cells else f"when {missing} of {cells} cells ran"
    return (
        f"The plan's hash was not recorded {whose}, so that goal and contrasts were written down before is "
        "not shown by the cells."
    )
