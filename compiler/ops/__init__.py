"""The op records: all that the compiler knows of each operation, one file per family.

Importing this package fills `hloc.ir.opdef.REGISTRY`.
"""

from hloc.ops import contraction, control, elementwise, indexing, linalg, reduction, shape, sorting

__all__ = ["contraction", "control", "elementwise", "indexing", "linalg", "reduction", "shape", "sorting"]
