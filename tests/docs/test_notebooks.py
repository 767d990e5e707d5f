"""docs/notebooks: each runs from top to bottom, and the export for Colab is the same without outputs."""

import re
import tomllib
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"
ROOT = FOLDER.parents[1]
NOTEBOOKS = sorted(FOLDER.glob("*.md"))
QUICK = ("token_rewards",)


@pytest.mark.filterwarnings("ignore")  # of Jupyter's own parts
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "notebook",
    [
        pytest.param(one, marks=pytest.mark.whole if one.stem in QUICK else pytest.mark.slow, id=one.stem)
        for one in NOTEBOOKS
    ],
)
def test_it_runs(notebook, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    read = jupytext.read(notebook)
    client = nbclient.NotebookClient(
        read, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    cells = [cell for cell in read.cells if cell.cell_type == "code"]
    streams = [out for cell in cells for out in cell.outputs if out.output_type == "stream"]
    assert not [out.text for out in streams if out.name == "stderr"]
    assert any(
        out.output_type == "display_data" or "text/html" in out.get("data", {})
        for cell in cells
        for out in cell.outputs
    )
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: one.stem)
def test_it_says_nothing_of_a_machine(notebook):
    text = notebook.read_text(encoding="utf-8")
    assert not re.search(r"/(?:work|home|root|tmp|usr)/", text)
    assert "![" not in text  # the site loads nothing remote


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: one.stem)
def test_its_pictures_have_alt_texts(notebook):
    cells = [cell for cell in jupytext.read(notebook).cells if cell.cell_type == "code"]
    drawn = [cell for cell in cells if "plt.show()" in cell.source]
    assert all(cell.metadata.get("mystnb", {}).get("image", {}).get("alt") for cell in drawn)
    frames = [cell.source for cell in cells if "<iframe" in cell.source]
    assert drawn or frames
    assert all("<iframe title=" in source for source in frames)


def test_the_export_is_the_text_notebook_without_outputs():
    """`jupytext --to ipynb docs/notebooks/token_rewards.md` writes it anew."""
    text = jupytext.read(FOLDER / "token_rewards.md")
    export = nbformat.read(FOLDER / "token_rewards.ipynb", as_version=4)
    parts = [[(cell.cell_type, cell.source) for cell in one.cells] for one in (text, export)]
    assert parts[0] == parts[1]
    assert not [cell for cell in export.cells if cell.get("outputs") or cell.get("execution_count")]
    assert export.metadata.kernelspec.name == "python3"


def test_the_first_cell_of_the_export_installs_the_package():
    export = nbformat.read(FOLDER / "token_rewards.ipynb", as_version=4)
    first = next(cell.source for cell in export.cells if cell.cell_type == "code")
    assert '"pip", "install", "--quiet", SOURCE' in first and 'SOURCE = "rlsf-gym"' in first


def test_it_opens_in_colab_by_a_link_once_the_repository_has_an_address():
    """Nobody's account stands in it before."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository", "").removeprefix("https://github.com/")
    links = re.findall(
        r"\(https://colab\.research\.google\.com/github/(\S+)/blob/main/docs/notebooks/token_rewards\.ipynb\)",
        (FOLDER / "token_rewards.md").read_text(encoding="utf-8"),
    )
    assert links == ([address] if address else [])
