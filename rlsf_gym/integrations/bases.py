"""Base classes of other libraries, for modules that are to be read where those libraries are missing."""

from __future__ import annotations

import importlib
from typing import Any, NoReturn

__all__ = ["import_base", "import_package"]


def import_base(place: str, requirement: str) -> Any:
    """Returns a class of another library to inherit from, or a class that refuses to be used.

    Args:
        place: Where it is, `"module:attribute"`.
        requirement: What pip installs it from, such as `"skyrl-gym==0.4.0"`.

    Raises:
        ImportError: If the library is there, but not the class.

    Example:
        >>> issubclass(import_base("collections:OrderedDict", "cpython"), dict)
        True
        >>> class Environment(import_base("no_such_library:Base", "no-such-library==1.0")): ...
        >>> Environment()
        Traceback (most recent call last):
        ...
        ImportError: Environment needs no_such_library: pip install no-such-library==1.0
    """
    module, _, name = place.partition(":")
    package = module.partition(".")[0]
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        return _refusing(package, requirement)
    return getattr(importlib.import_module(module), name)


def import_package(module: str, needing: str, requirement: str) -> Any:
    """Returns a module of another library.

    Args:
        module: Its name.
        needing: What needs it, for the message.
        requirement: What pip installs it from.

    Raises:
        ImportError: If it can't be imported; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"{needing} needs {package} ({error}): pip install {requirement}") from error


def _refusing(package: str, requirement: str) -> type:
    def refuse(cls: type, *_: Any, **__: Any) -> NoReturn:
        raise ImportError(f"{cls.__name__} needs {package}: pip install {requirement}")

    return type("Missing", (), {"__new__": refuse})
