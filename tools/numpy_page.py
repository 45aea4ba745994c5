"""Writes docs/numpy.md: which names of NumPy compile, from the tables of the front end.

python tools/numpy_page.py            writes the page
python tools/numpy_page.py --check    says whether it is up to date, exit code 1 if not
"""

from __future__ import annotations

import inspect
import math
import operator
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hloc.frontend.tables import (
    every_table,  # noqa: F401  (fills the registry)
    registry,
)
from hloc.frontend.tables.registry import find

PAGE = Path(__file__).parents[1] / "docs" / "numpy.md"
VERSIONS = f"NumPy {'.'.join(np.__version__.split('.')[:2])} and Python {sys.version_info[0]}.{sys.version_info[1]}"
INTRODUCTION = f"""\
# NumPy

Which names of NumPy, `math` and `operator` compile. Written by `tools/numpy_page.py` from the tables of the front end
(`compiler/frontend/tables`), for the names of {VERSIONS}: do not edit.

Names are recognised by the object that they are, so aliases and `from numpy import sin` work. *Partly* means that the
arguments named are refused, or what else differs; `device=`, `like=` and `subok=` always are refused. Ufuncs take
`out=`, `where=` and `dtype=`. What is under *not yet* is refused with its name and place.

Results whose length depends on data (`np.unique`, `np.nonzero`, `np.where(mask)`) are computed for arrays known at
compile time and refused for others. `a[mask]` with a mask that is data can be computed with elementwise and reduced
(`sum`, `mean`, `max`, `std`, `median`, `argmax`, `len`, …). Everything in `numpy.random` is refused: pass random
numbers as arguments.
"""
NEVER_TAKEN = {"device", "like", "subok"}
HIDDEN = {
    "test",
    "show_config",
    "show_runtime",
    "info",
    "get_include",
    "set_printoptions",
    "get_printoptions",
    "printoptions",
}


@dataclass(frozen=True)
class Entry:
    """A name: what of it compiles; `missing`: the parameters that its rule does not take; `note`: what else differs."""

    name: str
    supported: bool
    missing: tuple[str, ...] = ()
    note: str = ""


def entry(name: str, obj: Any, rule: Callable[..., Any] | None) -> Entry:
    if rule is None or getattr(rule, "refused", False):
        return Entry(name, False)
    return Entry(name, True, missing_parameters(obj, rule), note(rule))


def note(rule: Callable[..., Any]) -> str:
    """What the docstring of a rule says: rules have one where they differ from NumPy."""
    if not rule.__module__.startswith("hloc.frontend.tables"):
        return ""
    return (rule.__doc__ or "").strip().split("\n")[0]


def missing_parameters(obj: Any, rule: Callable[..., Any]) -> tuple[str, ...]:
    """Parameters of a NumPy function that its rule does not take; none where NumPy gives no signature."""
    if isinstance(obj, np.ufunc):
        return ()
    try:
        wanted = inspect.signature(obj).parameters
    except (ValueError, TypeError):
        return ()
    taken = inspect.signature(rule).parameters
    if any(p.kind is p.VAR_KEYWORD for p in taken.values()):
        return ()
    by_name = [p.name for p in wanted.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    optional = [name for name in by_name if wanted[name].default is not inspect.Parameter.empty]
    return tuple(name for name in optional if name not in taken and name not in NEVER_TAKEN)


def module_entries(module: types.ModuleType, prefix: str) -> Iterator[Entry]:
    """The public callables of a module, types and constants left out."""
    for name in sorted(getattr(module, "__all__", None) or dir(module), key=str.lower):
        obj = getattr(module, name, None)
        if callable(obj) and not isinstance(obj, type) and not name.startswith("_") and name not in HIDDEN:
            yield entry(f"{prefix}{name}", obj, find(obj))


def array_entries() -> Iterator[Entry]:
    """Methods and attributes of arrays."""
    rules = registry._METHODS.get("array", {}) | registry._PROPERTIES.get("array", {})
    for name in sorted(dir(np.ndarray), key=str.lower):
        if not name.startswith("_"):
            yield entry(f"ndarray.{name}", getattr(np.ndarray, name), rules.get(name))


def section(title: str, entries: list[Entry]) -> str:
    """What compiles, what compiles partly and how, what does not."""
    whole = [e for e in entries if e.supported and not (e.missing or e.note)]
    partly = [e for e in entries if e.supported and (e.missing or e.note)]
    absent = [e for e in entries if not e.supported]
    parts = [f"## {title}", f"{len(whole) + len(partly)} of {len(entries)}."]
    if whole:
        parts.append("Supported: " + ", ".join(f"`{e.name}`" for e in whole))
    if partly:
        rows = [f"| `{e.name}` | {', '.join(f'`{m}`' for m in e.missing)} | {e.note} |" for e in partly]
        parts.append("\n".join(["| partly | without | how |", "|---|---|---|", *rows]))
    if absent:
        parts.append("Not yet: " + ", ".join(f"`{e.name}`" for e in absent))
    return "\n\n".join(parts)


def sections() -> dict[str, list[Entry]]:
    return {
        "Functions": list(module_entries(np, "np.")),
        "Array methods and attributes": list(array_entries()),
        "numpy.linalg": list(module_entries(np.linalg, "np.linalg.")),
        "numpy.fft": list(module_entries(np.fft, "np.fft.")),
        "math": list(module_entries(math, "math.")),
        "operator": list(module_entries(operator, "operator.")),
    }


def all_entries() -> list[Entry]:
    """Every name that the page goes through."""
    return [found for entries in sections().values() for found in entries]


def page() -> str:
    texts = [section(title, entries) for title, entries in sections().items()]
    return "\n\n".join([INTRODUCTION.rstrip(), *texts]) + "\n"


def main(words: list[str]) -> int:
    if words == ["--check"]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
        print("up to date" if current else "docs/numpy.md is not up to date: run python tools/numpy_page.py")
        return int(not current)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
