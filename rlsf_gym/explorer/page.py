"""Builds the explorer's page: one HTML document with its style, script and data."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from rlsf_gym.render.colours import css_variables

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("chart.js", "tokens.js", "page.js")


def page(data: Mapping[str, Any]) -> str:
    """Returns the HTML document; it fetches nothing but, if `data["live"]` is set, answers of its own server.

    Args:
        data: `live`, and the plain data `options`, `question` and `answer` of the explorer.
    """
    style = css_variables() + _read("page.css")
    script = '"use strict";\n' + "\n".join(map(_read, _SCRIPTS))
    parts = {
        "policy": policy(style, script, live=bool(data["live"])),
        "style": style,
        "script": script,
        "data": embed(data),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _read("page.html"))


def policy(style: str, script: str, *, live: bool) -> str:
    """Returns the content security policy that allows this style and this script alone."""
    reachable = "'self'" if live else "'none'"
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        f"connect-src {reachable}; base-uri 'none'; form-action 'none'"
    )


def embed(data: Any) -> str:
    r"""Returns JSON escaped for a script element, which no text in it can close.

    >>> embed("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))  # ASCII: line separators are escaped too
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _read(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
