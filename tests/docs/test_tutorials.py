"""docs/tutorials and docs/how_to: each page runs in an empty folder, and prints what it says.

Tutorials that train for minutes run at a smaller size in `make check`, where nothing is expected of what that
prints, and as they are printed in `make check-all`, as do how-tos that train. How a page is read says
`tests.helpers.printed_page`.
"""

import re
from pathlib import Path

import pytest

from tests.helpers.printed_page import DiffersError, check_page, make_folder, matches, read_blocks, run_page

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/tutorials/*.md"), *ROOT.glob("docs/how_to/*.md")])
STUDY = (
    ("episodes = 1024", "episodes = 32"),
    ("eval_episodes = 256", "eval_episodes = 8"),
    ("seeds = 4", "seeds = 2"),
)
SMALL: dict[str, tuple[tuple[str, str], ...]] = {
    "tutorials/own_agent": (("range(40)", "range(2)"), ("agent.learn(16_384)", "agent.learn(1_024)")),
    "tutorials/own_design": (
        ("--episodes 512 --eval-samples 128", "--episodes 128 --eval-samples 8"),
        *STUDY,
    ),
    "tutorials/own_domain": (("learn(6_400)", "learn(1_280)"), ("--episodes 2560", "--episodes 256")),
}
"""Page to the texts in its code that stand for long training, and what is run in the place of each."""


def name(page):
    return f"{page.parent.name}/{page.stem}"


def is_slow(page):
    return page.parent.name == "how_to" and re.search("^rlsf-(train|study)", page.read_text(), flags=re.M)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.slow if is_slow(page) else pytest.mark.whole, id=name(page))
        for page in PAGES
    ],
)
def test_it_runs_as_printed(page, tmp_path):
    check_page(page, make_folder(tmp_path), small=SMALL.get(name(page), ()))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("page", [page for page in PAGES if name(page) in SMALL], ids=name)
def test_it_runs_at_its_full_size(page, tmp_path):
    check_page(page, make_folder(tmp_path))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_all_that_can_be_run_is(page):
    """A fence of Python or bash that is no block, such as an indented one, would be passed over."""
    text = page.read_text(encoding="utf-8")
    opened = re.findall(r"^\s*```\s*(?:python|bash|sh|shell|pycon)", text, flags=re.M)
    of_files = [block for block in read_blocks(text) if block.name.endswith(".py")]
    run = [block for block in read_blocks(text) if block.kind != "file"]
    assert len(opened) == len(run) + len(of_files)


PAGE = """
Save as `my_part.py`:

```python
ONE = 1
```

```python
from my_part import ONE

two = ONE + 1
print("two is", two)
```

```text
two is 2
```

```bash
pip install nothing-of-this-name
cat my_part.py
```

<!-- numbers differ -->

```text
ONE   = 7
```

Not run, and not printed by anything:

```console
rm my_part.py
```

```python
print("a\\nb\\nc", two)
```

```text
a
...
c 2
```
"""


def write(folder, text):
    (folder / "page.md").write_text(text, encoding="utf-8")
    (folder / "empty").mkdir()
    return folder / "page.md", folder / "empty"


def test_a_page_is_run_in_order_and_held_to_what_it_prints(tmp_path):
    page, folder = write(tmp_path, PAGE)
    assert check_page(page, folder) == 3
    assert [block.kind for block in read_blocks(PAGE)] == ["file", "python", "bash", "python"]
    assert (folder / "my_part.py").read_text() == "ONE = 1\n"


@pytest.mark.parametrize(
    ("right", "wrong"), [("two is 2", "two is 3"), ("ONE   = 7", "TWO   = 7"), ("c 2\n", "d 2\n")]
)
def test_what_is_not_printed_is_found(tmp_path, right, wrong):
    page, folder = write(tmp_path, PAGE.replace(right, wrong))
    with pytest.raises(DiffersError, match=wrong.split()[0]):
        check_page(page, folder)


@pytest.mark.parametrize(
    ("broken", "message"),
    [("print(two + [])", r"page\.md, line 8[\s\S]*TypeError"), ("```\n\n```bash\nfalse\n", "exit status 1")],
)
def test_a_block_that_fails_is_named(tmp_path, broken, message):
    page, folder = write(tmp_path, PAGE.replace('print("two is", two)', broken))
    with pytest.raises(RuntimeError, match=message):
        check_page(page, folder)


def test_a_page_is_run_at_a_smaller_size(tmp_path):
    """From the first block on that differs nothing is expected; a text that is in no block is refused."""
    page, folder = write(tmp_path, PAGE)
    assert check_page(page, folder, small=[("cat my_part.py", "echo")]) == 1
    with pytest.raises(ValueError, match="expected each text that is replaced"):
        list(run_page(page, folder, small=[("ONE = 2", "ONE = 5")]))


def test_numbers_are_exact_unless_they_are_free():
    assert matches("score  0.5 \n", "score  0.5")
    assert not matches("score  0.5", "score  0.6")
    assert matches("score 12 [-1.5, 2e-3]", "score   0.6 [0, 1]", free=True)
    assert not matches("score none [0, 1]", "score 0.6 [0, 1]", free=True)
    assert matches("one\ntwo\nthree", "one\n...\nthree") and not matches("one\ntwo", "one\n...\nthree")


def test_the_domain_of_the_tutorial_is_that_of_the_example():
    page = (ROOT / "docs/tutorials/own_domain.md").read_text(encoding="utf-8")
    example = (ROOT / "examples/quickstart/custom_domain.py").read_text(encoding="utf-8")
    example = example.partition("if __name__")[0]
    blocks = [block.code.strip() for block in read_blocks(page) if block.kind == "python"]
    parts = [block for block in blocks if block in example]
    assert [re.match(r"(?:class |def )?(\w+)", part)[1] for part in parts] == [
        *("PROMPTS", "Openings", "Brackets", "verify", "BRACKETS")
    ]
    rest = example.partition("PROMPTS = ")[1:]
    left = "".join(rest)
    for part in parts:
        left = left.replace(part, "")
    assert not left.strip()
