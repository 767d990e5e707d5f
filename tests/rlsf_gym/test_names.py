"""Names, objects and places of parts."""

import pytest

from rlsf_gym.designs import DESIGNS, Design, load_design, register_design
from rlsf_gym.registry import Table

TABLE = Table("number", {"one": 1, "lazy": "math:pi"})


def test_names_places_and_objects_are_resolved():
    assert TABLE.load("one") == 1
    assert TABLE.load("lazy") == pytest.approx(3.14159265)
    assert TABLE.load("os:path.sep") in "/\\"
    assert TABLE.load(5) == 5


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
        ("math:taw", r"module 'math' has no attribute 'taw' \(did you mean 'tau'\?\)"),
        ("math:", "number must be written 'module:attribute', got 'math:'"),
        (":x", "number must be written 'module:attribute', got ':x'"),
        ("a:b:c", "number must be written 'module:attribute', got 'a:b:c'"),
        (".math:pi", "'.math' is not a module name"),
    ],
)
def test_what_is_not_there_is_said_so_in_one_line(spec, message):
    with pytest.raises(ValueError, match=message) as caught:
        TABLE.load(spec)
    assert "\n" not in str(caught.value)


def test_a_module_that_fails_to_import_keeps_its_own_error(tmp_path, monkeypatch):
    (tmp_path / "needs_a_missing_one.py").write_text("import surely_missing_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="surely_missing_module"):
        Table("number", {}).load("needs_a_missing_one:x")


def test_nothing_is_replaced_silently():
    table = Table("number", {})
    table.register("one", part := object())
    table.register("one", part)
    with pytest.raises(ValueError, match="number 'one' is registered already: choose another name"):
        table.register("one", object())
    for name in ("", "a:b"):
        with pytest.raises(ValueError, match="number name must be a non-empty string without ':'"):
            table.register(name, 1)


def scaled(scale, shift=0):
    return scale + shift


def test_a_factory_gets_its_arguments_or_says_which_it_takes():
    assert TABLE.bind("scaled", scaled, {"scale": 2, "shift": 3}) == 5
    assert TABLE.bind("one", 1, {}) == 1
    with pytest.raises(ValueError, match=r"^number_kwargs must fit number 'scaled': it takes "):
        TABLE.bind("scaled", scaled, {"scael": 2})
    with pytest.raises(ValueError, match="must be left out: number 'one' takes none, got scale"):
        TABLE.bind("one", 1, {"scale": 2})


def test_a_copy_is_a_table_of_its_own():
    copy = TABLE.copy()
    copy.register("two", 2)
    assert (copy.load("two"), copy.kind, "two" in TABLE) == (2, "number", False)


def quiet(evidence, *, rng):
    return 0 * evidence.mask


def test_a_plain_function_becomes_a_design_that_declares_nothing(monkeypatch):
    monkeypatch.setattr("rlsf_gym.designs.DESIGNS", DESIGNS.copy())
    register_design("calm", quiet)
    design = load_design("calm")
    assert (design.name, design.causal, design.conserving, design.bounded) == ("calm", False, False, False)
    with pytest.raises(ValueError, match="reward design 'calm' is registered already"):
        register_design("calm", Design("other", quiet))
    with pytest.raises(
        ValueError, match="reward design must be a name, a Design or a function of Evidence, got 3"
    ):
        load_design(3)
