"""Modules from files that lie in no package, such as scripts and recordings."""

import importlib.util


def load_file(path):
    """Returns the module that a file defines, without a place in `sys.modules`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
