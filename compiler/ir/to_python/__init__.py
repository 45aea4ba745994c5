"""IR → Python that runs under plain NumPy and computes the same: the readable form of every stage.

    func @main(%x: f64, %n: i64) -> f64 {                import numpy as np
      %one: f64 = constant {value = f64(1.0)}
      %y: f64 = for %n, %x … body(%k: i64, %s: f64) {    def main(x, n):
        %t: f64 = sine %s                           →        x = np.float64(x)
        %u: f64 = add %t, %one                               n = np.int64(n)
        yield %u                                             for _ in range(n):
      }                                                          x = np.sin(x) + 1.0
      return %y                                              return x
    }

The way there: `prepare` (a copy with constants at their uses), `memory` and `copies` (so that every write may happen
in place), `nesting` (what is written inside an expression), `variables`, `statements` and `expressions` (gast),
`source` (text).
"""

from __future__ import annotations

import builtins
import keyword
import os
from pathlib import Path
from typing import Any

import numpy as np

from hloc.diagnostics.span import Span
from hloc.ir.core import Module
from hloc.ir.opdef import PRELUDES
from hloc.ir.to_python.face import Face
from hloc.ir.to_python.memory import passing
from hloc.ir.to_python.prepare import prepare
from hloc.ir.to_python.source import Comments, function_source
from hloc.ir.to_python.statements import function_tree

_PACKAGE = str(Path(__file__).parents[2]) + os.sep

__all__ = ["Face", "run_python", "to_python"]


def to_python(module: Module, *, comments: bool = False, clamp: bool = True, face: Face | None = None) -> str:
    """The module as Python source; its functions keep their names.

    comments: each statement ends with its place in the user's source, `# mlp.py:12`.
    clamp: an index that may leave its array is written `min(max(i, 0), n - 1)`, as `read` and `upd` define it;
        without it the text is plainer and computes the same for programs that never index out of range.
    face: how the entry looks to its caller, instead of a parameter for each one that it has and a tuple of all results.
    Scalars must be NumPy scalars for integers to wrap; the entry function converts its parameters. NumPy warns
    where numbers overflow: np.errstate is the caller's matter.
    """
    reserved = _reserved_names(module)
    functions = []
    prepared = prepare(module, clamp)
    calls = passing(prepared)
    for function in prepared.functions.values():
        spans: dict[Any, Span] = {}
        entry = function.name == module.main
        tree = function_tree(function, calls, reserved, entry, spans, face if entry else None)
        place = (_file_and_line if face else _place) if comments else _nothing
        functions.append(function_source(tree, Comments(spans, place, changes=bool(face), parts=bool(face))))
    text = "\n\n\n".join(functions)
    helpers = [source for prelude in PRELUDES if (source := prelude.source(text))]
    return "\n\n".join([_header("".join(helpers)), *(source.rstrip() + "\n" for source in helpers), text + "\n"])


def run_python(module: Module, args: list[Any] | tuple[Any, ...]) -> list[Any]:
    """Run the printed program on arrays and numbers; gives the results as arrays of their types."""
    namespace: dict[str, Any] = {}
    exec(compile(to_python(module), f"<{module.main}>", "exec", dont_inherit=True), namespace)
    with np.errstate(all="ignore"):
        found = namespace[module.main](*args)
    types = [v.type for v in module.entry.results]
    values = [found] if len(types) == 1 else list(found or ())
    for value, type_ in zip(values, types, strict=True):
        if np.asarray(value).dtype != type_.dtype:
            raise TypeError(f"the printed program gives {np.asarray(value).dtype} for {type_}:\n{to_python(module)}")
    return [np.asarray(v) for v in values]


def _header(helpers: str) -> str:
    """The imports."""
    lines = ["import math\n"] if "math." in helpers else []
    return "\n".join([*lines, "import numpy as np\n"])


def _reserved_names(module: Module) -> set[str]:
    """Names that variables must not take."""
    helpers = {name for prelude in PRELUDES for name in prelude.names()}
    return {"np", "math", *dir(builtins), *keyword.kwlist, *module.functions, *helpers}


def _place(span: Span) -> str:
    return str(span) if span.line else ""


def _file_and_line(span: Span) -> str:
    """The place in the user's files."""
    inside = span.file.startswith(_PACKAGE)
    return f"{os.path.basename(span.file)}:{span.line}" if span.line and not inside else ""


def _nothing(span: Span) -> str:
    return ""
