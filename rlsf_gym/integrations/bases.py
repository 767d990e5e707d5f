"""Base classes of other libraries, for modules that are to be read where those libraries are missing."""

from __future__ import annotations

import importlib
from typing import Any, NoReturn

__all__ = ["import_base", "import_package", "import_present"]


def import_base(place: str, requirement: str) -> Any:
    """Returns a class of another library to inherit from, or a class that refuses to be used.

    Args:
        place: Where it is, `"module:attribute"`.
        requirement: What pip installs it from, such as `"skyrl-gym==0.4.0"`.

    Raises:
        ImportError: If the library is there, but not the module.
        AttributeError: If the module is there, but not the class.

    Example:
        >>> issubclass(import_base("collections:OrderedDict", "cpython"), dict)
        True
        >>> class Environment(import_base("no_such_library:Base", "no-such-library==1.0")): ...
        >>> Environment()
        Traceback (most recent call last):
        ...
        ImportError: Environment needs no_such_library: pip install no-such-library==1.0
    """
    found = import_present(place)
    return _refusing(place.partition(".")[0].partition(":")[0], requirement) if found is None else found


def import_present(place: str) -> Any:
    """Returns an attribute of another library, or None where that is not installed.

    Args:
        place: Where it is, `"module:attribute"`.

    Raises:
        ImportError: If the library is there, but not the module.
        AttributeError: If the module is there, but not the attribute.

    Example:
        >>> import_present("math:pi"), import_present("no_such_library:pi")
        (3.141592653589793, None)
    """
    module, _, name = place.partition(":")
    package = module.partition(".")[0]
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        return None
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
