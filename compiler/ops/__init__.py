"""The op records: all that the compiler knows of each operation, one file per family.

Importing this package fills `hloc.ir.opdef.REGISTRY`.
"""

from hloc.ir.opdef import PRELUDES
from hloc.ops import (
    contraction,
    control,
    derivative,
    elementwise,
    indexing,
    layout,
    linalg,
    prelude,
    reduction,
    shape,
    sorting,
)

__all__ = [
    "contraction",
    "control",
    "derivative",
    "elementwise",
    "indexing",
    "layout",
    "linalg",
    "reduction",
    "shape",
    "sorting",
]

PRELUDES.append(prelude)
