"""The programs in the cache, for `hloc cache`: the files that belong together as one row each.

A program is an executable and the records of the calls that it serves; what is kept about a function itself (which
questions its programs ask, how they came about) is a row of its own. What a file does not say is left empty.
"""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hloc.ir.types import TensorType
from hloc.runtime.inventory import Item


@dataclass(frozen=True)
class Row:
    """What belongs together. kind: "program", "function", "unused" (waits for eviction) or "damaged"."""

    kind: str
    functions: tuple[str, ...]
    arguments: str
    platform: str
    jaxlib: str
    items: tuple[Item, ...]
    problem: str = ""

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(item.file.size for item in self.items)

    @property
    def used(self) -> float:
        """When one of its files was last used, in seconds since 1970."""
        return max(item.file.used for item in self.items)

    def is_of(self, names: Sequence[str]) -> bool:
        """Whether one of the names or patterns means a function of this row: `step`, `Model.step`, `train*`."""
        return any(
            fnmatch.fnmatchcase(function, name) or fnmatch.fnmatchcase(function.rpartition(".")[2], name)
            for function in self.functions
            for name in names
        )


def rows(items: Iterable[Item]) -> list[Row]:
    """The rows, the one used last first."""
    executables: dict[str, Item] = {}
    records: dict[str, list[Item]] = defaultdict(list)
    functions: dict[str, list[Item]] = defaultdict(list)
    found = []
    for item in items:
        if item.problem:
            found.append(Row("damaged" if item.is_damaged else "unused", (), "", "", "", (item,), item.problem))
        elif "executable" in item.blobs:
            executables[item.key] = item
        elif isinstance(item.metadata.get("executable"), str):
            records[item.metadata["executable"]].append(item)
        else:
            functions[_text(item.metadata.get("function"))].append(item)
    found += [_program(item, records.pop(key, [])) for key, item in executables.items()]
    evicted = "its executable has been evicted"
    found += [Row("unused", _functions(lone), "", "", "", tuple(lone), evicted) for lone in records.values()]
    found += [Row("function", _functions(known), "", "", "", tuple(known)) for known in functions.values()]
    return sorted(found, key=lambda row: -row.used)


def _program(executable: Item, records: Sequence[Item]) -> Row:
    origin = _dict(executable.metadata.get("origin"))
    return Row(
        "program",
        _functions([*records, executable]),
        argument_types(executable.metadata.get("signature")),
        _text(origin.get("platform")),
        _text(origin.get("jaxlib")),
        (executable, *records),
    )


def _functions(items: Iterable[Item]) -> tuple[str, ...]:
    """The names of functions that these files mention, each once."""
    names = (_text(item.metadata.get("function")) for item in items)
    return tuple(dict.fromkeys(filter(None, names)))


def argument_types(signature: Any) -> str:
    """`f64[3,4], i64` for the signature of an executable; empty for anything else."""
    try:
        inputs, _ = signature
        return ", ".join(str(TensorType(tuple(map(int, shape)), np.dtype(name))) for shape, name in inputs)
    except (TypeError, ValueError, LookupError):
        return ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """A text that fits into a line; empty for anything else."""
    return "".join(c if c.isprintable() else "?" for c in value) if isinstance(value, str) else ""
