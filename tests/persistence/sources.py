"""Programs as texts: written to files, imported, and compiled with or without the front end.

A text is a module `main` with a function `f` and its arguments, `args()`; other files may stand beside it.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hloc.api import CompiledFunction

_numbers = itertools.count()


class FrontEndUsed(Exception):
    """A program was not in the cache."""


def load(folder: Path, files: Mapping[str, str] | str, name: str = "main") -> ModuleType:
    """Write files into a folder of their own and import one of them; they may import each other."""
    files = {f"{name}.py": files} if isinstance(files, str) else files
    here = folder / f"v{next(_numbers)}"
    for path, text in files.items():
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_text(textwrap.dedent(text), encoding="utf-8")
    stems = {Path(path).parts[0].removesuffix(".py") for path in files}
    for stem in [known for known in sys.modules if known.partition(".")[0] in stems]:
        del sys.modules[stem]
    sys.path.insert(0, str(here))
    importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(here))
    return module


@contextmanager
def only_from_cache() -> Iterator[None]:
    """Inside, nothing is specialised: what is not in the cache raises FrontEndUsed."""

    def refuse(self: CompiledFunction, *args: Any, **kwargs: Any) -> Any:
        raise FrontEndUsed(self.unkept or "not in the cache")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CompiledFunction, "specialize", refuse)
        yield


def is_hit(function: CompiledFunction, *args: Any, **kwargs: Any) -> bool:
    """Whether a function that has not run yet is in the cache for such arguments."""
    with only_from_cache():
        try:
            function(*args, **kwargs)
        except FrontEndUsed:
            return False
    return True
