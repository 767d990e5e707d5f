"""Settings of the documentation site: Sphinx reads this file, `make docs` builds with it."""

import gc
import sys
import tomllib
from pathlib import Path

DOCS = Path(__file__).parent
# Parsed pages are millions of objects that stay: to look for garbage among them took a third of the build.
gc.set_threshold(200_000, 50, 100)

sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent)]

_project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _project["name"]
author = _project["authors"][0]["name"]
version = release = _project["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "rlsf_site",
]

exclude_patterns = ["_build", "_ext", "results/submitted", "notebooks/*.ipynb", "**/.ipynb_checkpoints"]

# Links to files of the repository that are no pages lead to this address. As long as pyproject.toml has none,
# it is nobody's (GitHub's accounts have no underscore), and the workflow that publishes hands in its own.
rlsf_repository = _project.get("urls", {}).get("Repository", "https://github.com/YOUR_ACCOUNT/rlsf-gym")
rlsf_branch = "main"

toc_object_entries = False  # thousands of them would be copied into the navigation of each page
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "dollarmath"]
nb_execution_mode = "cache"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

smartquotes = False  # texts say exactly what is typed

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "rlsf-gym"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_js_files = ["keyboard.js"]
html_search_scorer = str(DOCS / "_static" / "search_order.js")
html_theme_options = {"top_of_page_buttons": []}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
