"""Additions of a study to its report: sections for its own records, own measures, names of its domain.

The general report knows none of it. Whoever makes a report names the module that has it, and runs it so: a
study's files can't.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from agents.reports.curve_figures import RuleColours
from agents.reports.sections import SectionFunction
from agents.stats.measures import MEASURES, Measure
from agents.studies.records import Shape

ATTRIBUTE = "ADDITIONS"
"""Attribute of a module that holds its additions, where the name gives no other."""


@dataclass(frozen=True)
class Additions:
    """Additions to the general report."""

    shapes: Mapping[str, Shape] = field(default_factory=dict[str, Shape])
    """Kind of record to the shape of its fields: cells with others are refused."""
    sections: Mapping[str, SectionFunction] = field(default_factory=dict[str, SectionFunction])
    """Kind of record to the function that makes a section of a study with such records."""
    measures: Sequence[Measure] = ()
    """Each takes the place of the measure of its key, or comes last."""
    rule_colours: RuleColours = field(default_factory=dict[str, tuple[str, str]])
    """Rule of a scorer to its colours, light and dark; drawn in this order."""


def combine(additions: Iterable[Additions]) -> Additions:
    """Returns all additions as one; of two for one key the later counts."""
    shapes: dict[str, Shape] = {}
    sections: dict[str, SectionFunction] = {}
    measures: dict[str, Measure] = {}
    colours: dict[str, tuple[str, str]] = {}
    for one in additions:
        shapes |= one.shapes
        sections |= one.sections
        measures |= {row.key: row for row in one.measures}
        colours |= one.rule_colours
    return Additions(shapes, sections, tuple(measures.values()), colours)


def with_measures(additions: Additions) -> dict[str, Measure]:
    """Returns the table of measures with those of additions."""
    return {**MEASURES, **{row.key: row for row in additions.measures}}


def load_additions(name: str) -> Additions:
    """Returns the additions of a module, which is run.

    Args:
        name: "module" or "module:attribute" (`ADDITIONS` where none is said), or the path of a .py file or of
            a folder with an __init__.py.

    Raises:
        ValueError: If there is no such module or attribute, or it is not `Additions`; in one line.
    """
    place, _, attribute = name.partition(":")
    path = Path(place)
    if path.suffix == ".py" or (path / "__init__.py").is_file():
        module = _load_file(path)
    else:
        try:
            module = importlib.import_module(place)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{place}.".startswith(f"{error.name}."):
                raise  # it is there, and lacks something itself
            expected = "a module, a .py file or a folder with an __init__.py"
            raise ValueError(f"--sections: expected {expected}, found none of {name}") from error
    found = getattr(module, attribute or ATTRIBUTE, None)
    if not isinstance(found, Additions):
        got = "nothing" if found is None else type(found).__name__
        raise ValueError(
            f"--sections {name}: expected {attribute or ATTRIBUTE} to be agents.reports.Additions, got {got}"
        )
    return found


def _load_file(path: Path) -> ModuleType:
    """Returns the module of a file or folder, under its own name, so that it can import its neighbours."""
    file = path if path.suffix == ".py" else path / "__init__.py"
    if not file.is_file():
        raise ValueError(f"--sections: expected a .py file, found none at {path}")
    name = path.resolve().stem
    spec = importlib.util.spec_from_file_location(name, file.resolve())
    assert spec is not None and spec.loader is not None  # a .py file always has both
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file.resolve()):
        return known
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs, as an import does: its neighbours import it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
