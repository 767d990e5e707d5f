"""Names, objects and places of parts."""

import pytest

from rlsf_gym.designs import DESIGNS, Design, load_design, register_design
from rlsf_gym.resolve import register, resolve

TABLE = {"one": 1, "lazy": "math:pi"}


def test_names_places_and_objects_are_resolved():
    assert resolve("number", "one", TABLE) == 1
    assert resolve("number", "lazy", TABLE) == pytest.approx(3.14159265)
    assert resolve("number", "os:path.sep", TABLE) in "/\\"
    assert resolve("number", 5, TABLE) == 5


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "on",
            r"unknown number 'on' \(did you mean 'one'\?\): expected one of 'lazy', 'one', '",
        ),
        ("zzz", "unknown number 'zzz': expected one of 'lazy', 'one', 'module:attribute' or an object"),
        ("no_such_module:x", "number 'no_such_module:x': there is no module 'no_such_module' to import"),
        ("os.no_such:x", "there is no module 'os.no_such' to import"),
        ("math:tau.x", "number 'math:tau.x': module 'math' has no attribute 'tau.x'"),
        ("math:", "number must be written 'module:attribute', got 'math:'"),
        (":x", "number must be written 'module:attribute', got ':x'"),
        ("a:b:c", "number must be written 'module:attribute', got 'a:b:c'"),
        (".math:pi", "'.math' is not a module name"),
    ],
)
def test_what_is_not_there_is_said_so_in_one_line(spec, message):
    with pytest.raises(ValueError, match=message) as caught:
        resolve("number", spec, TABLE)
    assert "\n" not in str(caught.value)


def test_a_module_that_fails_to_import_keeps_its_own_error(tmp_path, monkeypatch):
    (tmp_path / "needs_a_missing_one.py").write_text("import surely_missing_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="surely_missing_module"):
        resolve("number", "needs_a_missing_one:x", {})


def test_nothing_is_replaced_silently():
    table = {}
    register("number", "one", part := object(), table)
    register("number", "one", part, table)
    with pytest.raises(ValueError, match="number 'one' is registered already: choose another name"):
        register("number", "one", object(), table)
    for name in ("", "a:b"):
        with pytest.raises(ValueError, match="number name must be a non-empty string without ':'"):
            register("number", name, 1, table)


def quiet(evidence, *, rng):
    return 0 * evidence.mask


def test_a_plain_function_becomes_a_design_that_declares_nothing(monkeypatch):
    monkeypatch.setattr("rlsf_gym.designs.DESIGNS", dict(DESIGNS))
    register_design("calm", quiet)
    design = load_design("calm")
    assert (design.name, design.causal, design.conserving, design.bounded) == ("calm", False, False, False)
    with pytest.raises(ValueError, match="reward design 'calm' is registered already"):
        register_design("calm", Design("other", quiet))
    with pytest.raises(
        ValueError, match="reward design must be a name, a Design or a function of Evidence, got 3"
    ):
        load_design(3)
