"""Optional packages, imported where they are first needed."""

from __future__ import annotations

import importlib
from typing import Any


def import_extra(module: str, needing: str, *, package: str, extra: str) -> Any:
    """Returns a module of an optional package.

    Args:
        module: What is imported.
        needing: The feature that needs it, with its verb, as in "LoRA needs".
        package: The package that the module belongs to.
        extra: The extra of this distribution that installs the package.

    Raises:
        ImportError: If it can't be imported; the message says what to install.
    """
    try:
        found = importlib.import_module(module)
        if hasattr(found, "__path__") and getattr(found, "__file__", None) is None:
            # Python takes any folder that it finds for a package, without code.
            raise ImportError(f"{module!r} is a folder here, {next(iter(found.__path__))}")
        return found
    except ImportError as error:
        raise ImportError(
            f"{needing} the package {package!r}, which could not be imported ({error}); "
            f"install it with: pip install 'rlsf-gym[{extra}]'"
        ) from error
