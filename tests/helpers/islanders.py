"""Knights and knaves read from the English of a prompt, by all its readings, and solved by truth tables."""

import re
from fractions import Fraction
from itertools import product

NAMES = "ABCDEFGH"
ATOMS = {
    r"([A-H]) is a (knight|knave)": lambda name, kind: ["is", name, kind],
    r"([A-H]) and ([A-H]) are of the same kind": lambda one, other: ["same", one, other],
    r"([A-H]) and ([A-H]) are of different kinds": lambda one, other: ["different", one, other],
    r"(exactly|at least|at most) (1) of us is a (knight|knave)": lambda *parts: count(*parts),
    r"(exactly|at least|at most) ([02-8]) of us are (knight|knave)s": lambda *parts: count(*parts),
}
JOINS = {"and": "(.+) and (.+)", "or": "(.+) or (.+)", "if": "if (.+) then (.+)"}
JOINS["either"] = "either (.+) or (.+) but not both"


def count(how, number, kind):
    return [how.removeprefix("at "), int(number), kind]


def parse_prompt(prompt):
    """Returns the statements of a prompt, each of which has one reading."""
    assert prompt.endswith(".\n")
    sentences = prompt.removesuffix(".\n").split(". ")
    statements = []
    for name, sentence in zip(NAMES, sentences, strict=False):
        assert sentence.startswith(f"{name} says: ")
        readings = read_all(sentence.removeprefix(f"{name} says: "))
        assert len(readings) == 1, readings
        statements += readings
    return statements


def read_all(text):
    """Returns every reading of a statement, wherever its joining words are taken to stand."""
    found = read_atoms(text)
    for word, form in JOINS.items():
        before, between, after = re.split(r"\(\.\+\)", form)
        if not (text.startswith(before) and text.endswith(after)):
            continue
        inner = text[len(before) : len(text) - len(after)]
        for match in re.finditer(re.escape(between), inner):
            pairs = product(read_atoms(inner[: match.start()]), read_atoms(inner[match.end() :]))
            found += [[word, first, second] for first, second in pairs]
    return found


def read_atoms(text):
    matches = ((re.fullmatch(form, text), make) for form, make in ATOMS.items())
    return [make(*match.groups()) for match, make in matches if match]


def is_true(statement, knights):
    """Returns whether a statement is true where these names are the knights among all the names."""
    word, first, second = statement
    names = knights["names"]
    if word == "is":
        return (first in knights["knights"]) == (second == "knight")
    if word in ("same", "different"):
        return ((first in knights["knights"]) == (second in knights["knights"])) == (word == "same")
    if word in ("exactly", "least", "most"):
        number = sum((name in knights["knights"]) == (second == "knight") for name in names)
        return {"exactly": number == first, "least": number >= first, "most": number <= first}[word]
    one, other = is_true(first, knights), is_true(second, knights)
    return {"and": one and other, "or": one or other, "either": one != other, "if": other or not one}[word]


def solve(statements):
    """Returns every set of knights under which knights say what is true and knaves what is not."""
    names, found = NAMES[: len(statements)], []
    for chosen in product((False, True), repeat=len(names)):
        knights = {name for name, is_one in zip(names, chosen, strict=True) if is_one}
        world = {"names": names, "knights": knights}
        if all(is_true(one, world) == (name in knights) for name, one in zip(names, statements, strict=True)):
            found.append(knights)
    return found


def read_answer(names, text):
    """Returns the claims of a prefix, the symbols that it may be in the midst of, and whether it is whole.

    None where no well-formed answer begins so. Symbols are a name not yet said, " is a ", a kind and ".";
    between them there may be further spaces.
    """
    claims, place, said = {}, 0, ""
    stage = "name"
    while True:
        rest = text[place:]
        options = {
            "name": [name for name in names if name not in claims],
            "is": [" is a "],
            "kind": ["knight", "knave"],
            "stop": ["."],
        }[stage]
        stripped = rest.lstrip(" ") if stage != "is" else " " * rest.startswith(" ") + rest.lstrip(" ")
        if not rest.strip(" "):
            return claims, stage, options, said
        whole = [one for one in options if stripped.startswith(one)]
        if not whole:
            options = [one for one in options if one.startswith(stripped)]
            return (claims, stage, options, said) if options else None
        place = len(text) - len(stripped) + len(whole[0])
        if stage == "name":
            said = whole[0]
        elif stage == "kind":
            claims[said] = whole[0]
        stage = {"name": "is", "is": "kind", "kind": "stop", "stop": "name"}[stage]


def find_value(statements, text):
    """Returns the chance that an answer is right which a random writer goes on with, as a Fraction."""
    names = NAMES[: len(statements)]
    read = read_answer(names, text)
    if read is None:
        return Fraction(0)
    claims, stage, options, said = read
    if stage != "kind":
        return find_share(statements, claims)
    shares = [find_share(statements, {**claims, said: kind}) for kind in options]
    return sum(shares, Fraction(0)) / len(shares)


def find_share(statements, claims):
    """Returns the share of right ones among all ways to finish an answer that makes these claims."""
    solutions = solve(statements)
    right = [
        knights
        for knights in solutions
        if all((name in knights) == (kind == "knight") for name, kind in claims.items())
    ]
    return Fraction(len(right), 2 ** (len(statements) - len(claims)))


def is_solved(statements, text):
    """Returns whether an answer is right as it stands."""
    names = NAMES[: len(statements)]
    sentence = re.compile(r" *([A-H]) +is a +(knight|knave) *\.")
    place, claims = 0, {}
    while match := sentence.match(text, place):
        if match[1] in claims:
            return False
        claims[match[1]], place = match[2], match.end()
    knights = {name for name, kind in claims.items() if kind == "knight"}
    return not text[place:].strip(" ") and set(claims) == set(names) and knights in solve(statements)
