"""A long list comprehension of numbers as one loop that fills a table.

[i * i for i in range(1000)]     →     for k in range(1000): table[k] = k * k
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gast
import numpy as np

from hloc.frontend import numbers
from hloc.frontend.arrays import nested_value, resolve_list
from hloc.frontend.context import LoopContext
from hloc.frontend.iteration import Iteration
from hloc.frontend.structure import same
from hloc.frontend.values import AbstractValue, ArrayRef, ListRef, Tensor
from hloc.ir.core import Block
from hloc.ir.types import I64
from hloc.ops import helpers
from hloc.ops.control import For
from hloc.ops.indexing import Upd
from hloc.ops.shape import Constant

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer


def tabulate(
    sp: Specializer, node: gast.ListComp, iteration: Iteration, item_of_trip: Callable[[], AbstractValue]
) -> AbstractValue | None:
    """The table; None when the items are no Python numbers (or lists of them), or evaluating them has effects."""
    assert sp.frame is not None
    context = LoopContext(node, sp.frame.span(node))
    base = sp.state.copy()
    body = Block()
    k = body.add_arg(I64, "k")
    sp.loop_of[k] = context
    with sp.in_block(body, base.copy()):
        sp.assign(node.generators[0].target, iteration.item(sp, Tensor(k, True)))
        item = resolve_list(sp, item_of_trip())
        if not _is_table_item(sp, item) or _has_effects(sp, base):
            return None
        value = nested_value(sp, item)
        length = iteration.static_length(sp)
        table = body.add_arg(value.type.with_shape((length, *value.type.shape)), "table")
        if value.type.dtype.kind not in "bifc":
            return None
        starts = [k, *[sp.constant(0, np.int64)] * value.type.rank]
        body.results = [sp.emit(Upd, table, value, *starts, drop=(0,), mode="set")]
    initial = helpers.full(sp.builder, table.type.shape, 0, table.type.dtype)
    count = sp.emit(Constant, value=np.asarray(length, np.int64))
    (result,) = sp.builder.emit_op(For, [count, initial], [table.type], {"direction": 1}, [body])
    sp.register_loop([result], context)
    return sp.new_array(result, is_list=True)


def _is_table_item(sp: Specializer, item: AbstractValue) -> bool:
    if isinstance(item, ListRef):
        return bool(sp.items(item)) and all(_is_table_item(sp, resolve_list(sp, i)) for i in sp.items(item))
    if isinstance(item, ArrayRef):
        return item.is_list
    described = numbers.describe(item)
    return described is not None and described[1]


def _has_effects(sp: Specializer, base: Any) -> bool:
    """Whether anything that existed before changed: a check that may fail, a written array."""
    changed = (slot for slot, value in sp.state.slots.items() if slot in base and not same(value, base[slot]))
    return any(not _is_own(sp, slot) for slot in changed)


def _is_own(sp: Specializer, slot: Any) -> bool:
    assert sp.frame is not None
    return isinstance(slot, tuple) and slot[0] == sp.frame.number
