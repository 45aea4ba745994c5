"""SSA programs → StableHLO modules and the options to compile them."""

from hloc.emit.module import Emitted, emit_module
from hloc.emit.options import EmitOptions

__all__ = ["EmitOptions", "Emitted", "emit_module"]
