"""Errors and prints: status words that the program carries as ordinary values.

The first failing check sets the error code and the payload (64-bit words of the values in the message); nothing that
happens after it is seen by the caller, and loops end. A print appends words to a log that the host reads in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend import numbers
from hloc.frontend.state import ERROR, PRINT_LOG, PRINT_POSITION, Slot, lane_slot, payload_slot
from hloc.frontend.structure import kind_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    FormatV,
    ListRef,
    Tensor,
    TupleV,
    TypeOfV,
)
from hloc.ir.core import Value
from hloc.ir.types import TensorType
from hloc.ops import helpers
from hloc.ops.elementwise import Add, And, BitcastConvert, Imag, Not, Real, Select
from hloc.ops.indexing import Upd
from hloc.ops.shape import Concatenate, Reshape, Slice
from hloc.program import ErrorSite, MessagePart, PrintSite

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

MAX_PAYLOAD = 8
MAX_LANES = 8
"""Maps inside of maps that an error names, from the outermost."""
ERROR_SLOTS: tuple[Slot, ...] = (
    ERROR,
    *map(payload_slot, range(MAX_PAYLOAD)),
    *map(lane_slot, range(MAX_LANES)),
)


def start(sp: Specializer) -> None:
    """No error yet, nothing printed."""
    clear_error(sp)
    sp.state[PRINT_POSITION] = Tensor(sp.constant(0, np.int64))


def clear_error(sp: Specializer) -> None:
    """No error from here on."""
    zero = sp.constant(0, np.int64)
    for slot in ERROR_SLOTS:
        sp.state[slot] = Tensor(zero)


def error_words(sp: Specializer) -> list[Value]:
    """The error code, and of payload and lanes as many words as some error uses."""
    payload, lanes = map(payload_slot, range(sp.payload_words)), map(lane_slot, range(sp.lane_words))
    return [word(sp, slot) for slot in (ERROR, *payload, *lanes)]


def word(sp: Specializer, slot: Any) -> Value:
    value = sp.state[slot]
    assert isinstance(value, Tensor)
    return value.value


def is_zero(sp: Specializer, status: Value) -> bool:
    """Whether a status word is known to be 0."""
    producer = sp.builder.producers.get(status)
    return producer is not None and producer.name == "constant" and not producer.attrs["value"].any()


def no_error(sp: Specializer) -> Value | None:
    """True while nothing failed; None when nothing can have failed yet."""
    error = word(sp, ERROR)
    if is_zero(sp, error):
        return None
    return helpers.compare(sp.builder, error, "EQ", sp.constant(0, np.int64))


def check(sp: Specializer, ok: Value | bool, exception: type[BaseException], *args: AbstractValue) -> None:
    """Raise `exception(*args)` at run time unless `ok`; dropped by `checks=False`."""
    if ok is True or not sp.options.checks:
        return
    fail(sp, None if ok is False else sp.emit(Not, ok), exception, args)


def fail(sp: Specializer, bad: Value | None, exception: type[BaseException], args: Sequence[AbstractValue]) -> None:
    """Raise `exception(*args)` at run time where `bad` (None: always)."""
    words: list[Value] = []
    parts = tuple(_describe(sp, arg, words, scalars_only=True) for arg in args)
    if len(words) > MAX_PAYLOAD:
        raise UnsupportedError(f"an error message holds at most {MAX_PAYLOAD} numbers, this one has {len(words)}")
    sp.error_sites.append(ErrorSite(exception, parts, sp.span))
    sp.payload_words = max(sp.payload_words, len(words))
    first = no_error(sp)
    happens = bad if first is None else first if bad is None else sp.emit(And, bad, first)
    code = sp.constant(len(sp.error_sites), np.int64)
    for slot, new in [(ERROR, code), *((payload_slot(j), w) for j, w in enumerate(words))]:
        value = new if happens is None else sp.emit(Select, happens, new, word(sp, slot))
        sp.state[slot] = Tensor(value)


def print_values(sp: Specializer, args: Sequence[AbstractValue], sep: str, end: str) -> None:
    """Append a row to the print log: the site number and the words of its values."""
    words: list[Value] = []
    parts = tuple(_describe(sp, arg, words, scalars_only=False) for arg in args)
    sp.print_sites.append(PrintSite(parts, sep, end, sum(w.type.size for w in words)))
    number = sp.constant(len(sp.print_sites), np.int64)
    row = [helpers.reshape(sp.builder, w, (w.type.size,)) for w in (number, *words)]
    entry = sp.emit(Concatenate, *row, dim=0) if len(row) > 1 else row[0]
    log = sp.state[PRINT_LOG]
    assert isinstance(log, Tensor)
    position, happens = word(sp, PRINT_POSITION), no_error(sp)
    sp.state[PRINT_LOG] = Tensor(sp.emit(Upd, log.value, entry, position, drop=(), mode="set"))
    step = sp.constant(entry.type.size, np.int64)
    if happens is not None:
        step = sp.emit(Select, happens, step, sp.constant(0, np.int64))
    sp.state[PRINT_POSITION] = Tensor(sp.emit(Add, position, step))


def _describe(sp: Specializer, value: AbstractValue, words: list[Value], *, scalars_only: bool) -> MessagePart:
    """The host's recipe for a value; its data is appended to `words` (each an i64 scalar or vector)."""

    def inner(v: AbstractValue) -> MessagePart:
        return _describe(sp, v, words, scalars_only=scalars_only)

    match value:
        case Tensor() | ArrayRef() | ChoiceRef():
            x = sp.number(value)
            weak = value.weak if isinstance(value, Tensor) else False
            offset = sum(w.type.size for w in words)
            words.extend(_scalar_words(sp, x) if scalars_only else to_words(sp, x))
            kind = "list_data" if isinstance(value, ArrayRef) and value.is_list else "data"
            return MessagePart(kind, offset=offset, type=x.type, weak=weak)
        case FormatV(parts):
            described = tuple(p if isinstance(p, str) else (inner(p[0]), p[1], p[2]) for p in parts)
            return MessagePart("format", parts=described)
        case TupleV(items, cls):
            return MessagePart("tuple", value=cls, parts=tuple(map(inner, items)))
        case ListRef():
            return MessagePart("list", parts=tuple(map(inner, sp.items(value))))
        case TypeOfV(cls):
            return MessagePart("const", value=cls)
        case Const(obj):
            return MessagePart("const", value=obj)
    raise UnsupportedError(f"{kind_of(value)} cannot be printed or put into a message from compiled code yet")


def _scalar_words(sp: Specializer, x: Value) -> list[Value]:
    if x.type.size > MAX_PAYLOAD:
        raise UnsupportedError(f"an error message holds at most {MAX_PAYLOAD} numbers, not an array {x.type}")
    flat = [helpers.reshape(sp.builder, w, (w.type.size,)) for w in to_words(sp, x)]
    return [
        sp.emit(Reshape, sp.emit(Slice, w, start=(j,), limit=(j + 1,), stride=(1,)), shape=())
        if w.type.size > 1
        else helpers.reshape(sp.builder, w, ())
        for w in flat
        for j in range(w.type.size)
    ]


def to_words(sp: Specializer, x: Value) -> list[Value]:
    """The 64-bit words of a value: floats by their bits as float64, complex numbers as real and imaginary words."""
    dtype = x.type.dtype
    if dtype.kind == "c":
        return [w for part in (Real, Imag) for w in to_words(sp, sp.emit(part, x))]
    if dtype.kind == "f":
        return [sp.emit(BitcastConvert, helpers.convert(sp.builder, x, np.float64), dtype=np.dtype(np.int64))]
    return [helpers.convert(sp.builder, x, np.int64)]


def word_type(type: TensorType) -> tuple[TensorType, bool]:
    """How many words a value of this type takes, as a type, and whether it has an imaginary part after the real one."""
    return type.with_dtype(numbers.INT), type.dtype.kind == "c"
