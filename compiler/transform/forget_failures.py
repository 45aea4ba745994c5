"""The program of a run in which no check fails, for people who read it: its error code is 0 everywhere.

    %bad = compare LT %x, 0                            %y = for %n (%s = %x) { … }
    %err = select %bad, 3, 0                           return %y
    %ok = compare EQ %err, 0                      →
    %m = select %ok, %n, 0
    %y = for %m (%s = %x) { … }
    return %y, %err

The code is followed back from the result through selects, branches, loops and calls; what it passes becomes 0, and
the passes that follow fold what was made of it. What the program computes when a check fails is no longer defined.
"""

from __future__ import annotations

import numpy as np

import hloc.ops  # noqa: F401  (fills the registry)
from hloc.ir.core import Module, Op, Value, substitute
from hloc.ir.opdef import REGISTRY
from hloc.ir.sources import Sources


def forget_failures(module: Module, code: Value) -> None:
    """Set the error code, which the entry gives as `code`, to 0, in place; dead code stays."""
    found = _all_codes(module, code)
    for function in module.functions.values():
        zero = Value(code.type)
        substitute(function.block, dict.fromkeys(found, zero))
        function.block.ops.insert(
            0, Op(REGISTRY["constant"], (), {"value": np.zeros((), code.type.dtype)}, (), (zero,), function.span)
        )


def _all_codes(module: Module, code: Value) -> set[Value]:
    """All values that the code is or was."""
    sources = Sources(module)
    return {v for v in sources.all(code) if v.type == code.type and not sources.is_constant(v)}
