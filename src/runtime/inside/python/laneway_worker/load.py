"""Finds what to call in a version's entry."""

import importlib.util
import os
import sys


class LoadError(Exception):
    """Why a version can't be run; the message is for the one who pushed it."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


def load_function(load):
    """The callable of the entry and how many values it takes. Raises LoadError."""
    os.environ.update(load["env"])
    path = os.path.join(load["folder"], load["file"])
    os.chdir(load["folder"])
    for folder in (load["folder"], os.path.dirname(path)):
        if folder in sys.path:
            sys.path.remove(folder)
        sys.path.insert(0, folder)
    module = _import(path, load["file"])
    function = _find(module, load)
    return function, _count_parameters(function)


def _import(path, file):
    if not os.path.isfile(path):
        raise LoadError("bad_artifact", f"the entry {file} is not there")
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name if name.isidentifier() else "laneway_function", path)
    if spec is None:
        raise LoadError("bad_artifact", f"the entry {file} is no python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, ImportError) as error:
        raise LoadError("bad_artifact", f"{file} does not load: {type(error).__name__}: {error}") from error
    return module


def _find(module, load):
    names = [load["handler"]] if load["handler"] else ["main", "handler"]
    for name in names:
        function = getattr(module, name, None)
        if callable(function):
            return function
    found = ", ".join(name for name in vars(module) if not name.startswith("_") and callable(getattr(module, name)))
    sought = " or ".join(f"a function `{name}`" for name in names)
    raise LoadError(
        "bad_artifact",
        f"{load['file']} has nothing to call: looked for {sought}; found {found or 'no functions'}",
    )


def _count_parameters(function):
    """`main(args)` is as good as `main(args, context)`. Read off the code object: the inspect module is slow to load."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or code.co_flags & 0x04:
        return 2
    return min(2, code.co_argcount - (1 if hasattr(function, "__self__") else 0))
