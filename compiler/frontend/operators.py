"""Operators on abstract values: Python's meaning for Python numbers, NumPy's ufuncs for everything else."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import CompileError, DTypeError, ShapeError
from hloc.frontend import numbers
from hloc.frontend.arrays import as_array, list_items, list_repeat, wrap
from hloc.frontend.effects import fail
from hloc.frontend.members import defines, guard_distinct, has_member, is_generated, member
from hloc.frontend.python_arithmetic import constant_power, operands, python_binary
from hloc.frontend.structure import kind_of, same
from hloc.frontend.ufuncs import apply_ufunc
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    ConflictV,
    Const,
    DictRef,
    FormatV,
    ListRef,
    MaskedV,
    NeverV,
    ObjectRef,
    RangeV,
    Tensor,
    TupleV,
    TypeOfV,
)
from hloc.ir.core import Value
from hloc.ops import helpers
from hloc.ops.elementwise import (
    Abs,
    And,
    Compare,
    Negate,
    Not,
    Or,
    Select,
)
from hloc.ops.reduction import ReduceOr

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

UNARY: dict[str, tuple[Callable[[Any], Any], np.ufunc, str]] = {
    "USub": (operator.neg, np.negative, "neg"),
    "UAdd": (operator.pos, np.positive, "pos"),
    "Invert": (operator.invert, np.invert, "invert"),
}
BINARY: dict[str, tuple[Callable[[Any, Any], Any], np.ufunc, str]] = {
    "Add": (operator.add, np.add, "add"),
    "Sub": (operator.sub, np.subtract, "sub"),
    "Mult": (operator.mul, np.multiply, "mul"),
    "Div": (operator.truediv, np.true_divide, "truediv"),
    "FloorDiv": (operator.floordiv, np.floor_divide, "floordiv"),
    "Mod": (operator.mod, np.remainder, "mod"),
    "Pow": (operator.pow, np.power, "pow"),
    "LShift": (operator.lshift, np.left_shift, "lshift"),
    "RShift": (operator.rshift, np.right_shift, "rshift"),
    "BitAnd": (operator.and_, np.bitwise_and, "and"),
    "BitOr": (operator.or_, np.bitwise_or, "or"),
    "BitXor": (operator.xor, np.bitwise_xor, "xor"),
}
COMPARE: dict[str, tuple[Callable[[Any, Any], Any], np.ufunc, str, str]] = {
    "Eq": (operator.eq, np.equal, "EQ", "eq"),
    "NotEq": (operator.ne, np.not_equal, "NE", "ne"),
    "Lt": (operator.lt, np.less, "LT", "lt"),
    "LtE": (operator.le, np.less_equal, "LE", "le"),
    "Gt": (operator.gt, np.greater, "GT", "gt"),
    "GtE": (operator.ge, np.greater_equal, "GE", "ge"),
}


def is_numeric(value: AbstractValue) -> bool:
    return isinstance(value, Tensor | ArrayRef | ChoiceRef) or numbers.describe(value) is not None


def python_call(sp: Specializer, function: Callable[..., Any], *args: Any) -> AbstractValue:
    """Apply a Python function to constants now; an exception becomes one at run time."""
    try:
        with np.errstate(all="ignore"):
            return wrap(sp, function(*args))
    except CompileError:
        raise
    except Exception as error:
        fail(sp, None, type(error), [Const(a) for a in error.args])
        return NeverV()


# --- binary operators


def binary(sp: Specializer, name: str, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    """`a <op> b`; name is the ast class, e.g. "Add"."""
    if isinstance(a, NeverV) or isinstance(b, NeverV):
        return NeverV()
    function, ufunc, dunder = BINARY[name]
    if isinstance(a, Const) and isinstance(b, Const):
        return python_call(sp, function, a.obj, b.obj)
    if isinstance(a, MaskedV) or isinstance(b, MaskedV):
        return sp.call(Const(ufunc), a, b)
    found = _sequence_operator(sp, name, a, b)
    if found is None:
        found = call_dunder(sp, dunder, a, b)
    if found is not None:
        return found
    if not (is_numeric(a) and is_numeric(b)):
        return _mixed(sp, name, ufunc, a, b)
    if numbers.is_python_number(a) and numbers.is_python_number(b):
        return python_binary(sp, name, a, b)
    if name == "Pow":
        special = constant_power(sp, a, b)
        if special is not None:
            return special
    return apply_ufunc(sp, ufunc, [a, b])


def binary_into(sp: Specializer, name: str, target: ArrayRef | ChoiceRef, value: AbstractValue) -> AbstractValue:
    """`array op= value`: the array is written in place."""
    return apply_ufunc(sp, BINARY[name][1], [target, as_array(sp, value)], out=target)


def write_into(sp: Specializer, value: AbstractValue, target: ArrayRef | ChoiceRef) -> AbstractValue:
    """Set all elements of an array to a computed value of its shape."""
    x = helpers.convert(sp.builder, sp.number(value), target.type.dtype)
    sp.store(target, helpers.broadcast_to(sp.builder, x, target.type.shape))
    return target


def _mixed(sp: Specializer, name: str, ufunc: np.ufunc, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    """A list or tuple beside an array is an array; anything else has no meaning."""
    if any(isinstance(v, ArrayRef | ChoiceRef) for v in (a, b)) and all(
        is_numeric(v) or isinstance(v, ListRef | TupleV) for v in (a, b)
    ):
        return apply_ufunc(sp, ufunc, [as_array(sp, a), as_array(sp, b)])
    for value in (a, b):
        if isinstance(value, ConflictV):
            raise DTypeError(f"this value may be {value.reason}", help="make both paths give the same kind of value")
    raise DTypeError(f"operator {name}: no meaning for {kind_of(a)} and {kind_of(b)}")


def _sequence_operator(sp: Specializer, name: str, a: AbstractValue, b: AbstractValue) -> AbstractValue | None:
    if name == "Add":
        if isinstance(a, TupleV) and isinstance(b, TupleV):
            return TupleV(a.items + b.items)
        if _is_list(a) and _is_list(b):
            return sp.new_list([*list_items(sp, a), *list_items(sp, b)])
        if isinstance(a, FormatV | Const) and isinstance(b, FormatV | Const):
            return FormatV(_format_parts(a) + _format_parts(b))
    if name == "Mult":
        for sequence, count in ((a, b), (b, a)):
            if _is_list(sequence) and numbers.is_python_number(count):
                return list_repeat(sp, sequence, sp.static_int(count, "the number of repetitions of a list"))
            if isinstance(sequence, TupleV) and numbers.is_python_number(count):
                return TupleV(sequence.items * sp.static_int(count, "the number of repetitions of a tuple"))
    return None


def _is_list(value: AbstractValue) -> bool:
    return isinstance(value, ListRef) or (isinstance(value, ArrayRef) and value.is_list)


def _format_parts(value: AbstractValue) -> tuple[Any, ...]:
    if isinstance(value, FormatV):
        return value.parts
    assert isinstance(value, Const)
    return (value.obj,) if isinstance(value.obj, str) else ((value, -1, ""),)


def call_dunder(sp: Specializer, name: str, a: AbstractValue, b: AbstractValue) -> AbstractValue | None:
    """An operator defined by a user class."""
    for owner, other, method in ((a, b, f"__{name}__"), (b, a, _REFLECTED.get(name, f"__r{name}__"))):
        if isinstance(owner, ObjectRef) and defines(sp, owner.cls, method):
            found = _equal_fields(sp, owner, other) if is_generated(owner.cls, method) else None
            found = found or sp.call(member(sp, owner.cls, method), owner, other)
            if not isinstance(found, Const) or found.obj is not NotImplemented:
                return found
    if name == "ne":
        equal = call_dunder(sp, "eq", a, b)
        return None if equal is None else unary(sp, "Not", equal)
    return None


_REFLECTED = {"eq": "__eq__", "ne": "__ne__", "lt": "__gt__", "gt": "__lt__", "le": "__ge__", "ge": "__le__"}


def _equal_fields(sp: Specializer, a: ObjectRef, b: AbstractValue) -> AbstractValue:
    """The `==` that dataclasses write."""
    if not isinstance(b, ObjectRef) or b.cls is not a.cls:
        return Const(NotImplemented)
    names = [field.name for field in dataclasses.fields(a.cls) if field.compare]
    xs, ys = ([sp.entries(ref)[name] for name in names] for ref in (a, b))
    return _compare_sequences(sp, "Eq", xs, ys)


# --- unary operators


def unary(sp: Specializer, name: str, a: AbstractValue) -> AbstractValue:
    """`-a`, `+a`, `~a`, `not a`; name is the ast class."""
    if isinstance(a, NeverV):
        return a
    if name == "Not":
        known = truth(sp, a)
        return Const(not known) if isinstance(known, bool) else Tensor(sp.emit(Not, known), True)
    function, ufunc, dunder = UNARY[name]
    if isinstance(a, Const):
        return python_call(sp, function, a.obj)
    if isinstance(a, ObjectRef) and hasattr(a.cls, f"__{dunder}__"):
        return sp.call(member(sp, a.cls, f"__{dunder}__"), a)
    if isinstance(a, MaskedV):
        return sp.call(Const(ufunc), a)
    if not is_numeric(a):
        raise DTypeError(f"operator {name}: no meaning for {kind_of(a)}")
    if numbers.is_python_number(a):
        x = sp.number(a)
        x = helpers.convert(sp.builder, x, np.int64) if x.type.dtype == numbers.BOOL else x
        if name == "Invert" and x.type.dtype.kind != "i":
            raise DTypeError(f"operator ~: no meaning for {kind_of(a)}")
        return Tensor(x if name == "UAdd" else sp.emit(Negate if name == "USub" else Not, x), True)
    return apply_ufunc(sp, ufunc, [a])


# --- comparisons


def compare(sp: Specializer, name: str, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    """One comparison; name is the ast class."""
    if isinstance(a, NeverV) or isinstance(b, NeverV):
        return NeverV()
    if name in ("Is", "IsNot"):
        return Const(_identical(sp, a, b) == (name == "Is"))
    if name in ("In", "NotIn"):
        found = contains(sp, b, a)
        return found if name == "In" else unary(sp, "Not", found)
    function, ufunc, direction, dunder = COMPARE[name]
    if isinstance(a, Const) and isinstance(b, Const):
        return python_call(sp, function, a.obj, b.obj)
    if isinstance(a, TypeOfV | Const) and isinstance(b, TypeOfV | Const):
        same = getattr(a, "cls", getattr(a, "obj", None)) is getattr(b, "cls", getattr(b, "obj", None))
        if isinstance(a, TypeOfV) or isinstance(b, TypeOfV):
            return Const(same == (name == "Eq"))
    found_dunder = call_dunder(sp, dunder, a, b)
    if found_dunder is not None:
        return found_dunder
    if isinstance(a, MaskedV) or isinstance(b, MaskedV):
        return sp.call(Const(ufunc), a, b)
    if is_numeric(a) and is_numeric(b) and not _is_list(a) and not _is_list(b):
        if numbers.is_python_number(a) and numbers.is_python_number(b):
            return _compare_python(sp, direction, a, b)
        return apply_ufunc(sp, ufunc, [a, b])
    return _compare_structures(sp, name, a, b)


def _compare_python(sp: Specializer, direction: str, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    kinds = [(described[0].dtype, True) for v in (a, b) if (described := numbers.describe(v))]
    dtype = numbers.promote(kinds)
    if dtype.kind == "c" and direction not in ("EQ", "NE"):
        raise DTypeError("complex numbers have no order")
    return Tensor(sp.emit(Compare, *operands(sp, dtype, a, b), direction=direction), True)


def _compare_structures(sp: Specializer, name: str, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    if any(isinstance(v, ArrayRef | ChoiceRef) and not _is_list(v) for v in (a, b)) and all(
        is_numeric(v) or isinstance(v, ListRef | TupleV) for v in (a, b)
    ):
        return apply_ufunc(sp, COMPARE[name][1], [as_array(sp, a), as_array(sp, b)])
    pair = None
    if isinstance(a, TupleV) and isinstance(b, TupleV):
        pair = (a.items, b.items)
    elif _is_list(a) and _is_list(b):
        pair = (tuple(list_items(sp, a)), tuple(list_items(sp, b)))
    if pair is not None:
        return _compare_sequences(sp, name, *pair)
    if name in ("Eq", "NotEq"):
        equal = _equal_objects(sp, a, b)
        return equal if name == "Eq" else unary(sp, "Not", equal)
    raise DTypeError(f"comparison {name}: no meaning for {kind_of(a)} and {kind_of(b)}")


def _equal_objects(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    """`a == b` of what is no number and no sequence."""
    if isinstance(a, DictRef) and isinstance(b, DictRef):
        xs, ys = sp.entries(a), sp.entries(b)
        if xs.keys() != ys.keys():
            return Const(False)
        return _compare_sequences(sp, "Eq", list(xs.values()), [ys[key] for key in xs])
    if isinstance(a, RangeV) and isinstance(b, RangeV) and a is not b:
        raise DTypeError("comparison of two ranges", help="compare their bounds")
    return Const(_identical(sp, a, b) if isinstance(a, ObjectRef) and isinstance(b, ObjectRef) else a is b)


def _compare_sequences(
    sp: Specializer, name: str, xs: Sequence[AbstractValue], ys: Sequence[AbstractValue]
) -> AbstractValue:
    """Lexicographic order, from the last item to the first."""
    if name in ("Eq", "NotEq"):
        result: AbstractValue = Const(len(xs) == len(ys))
        if len(xs) == len(ys):
            for x, y in zip(xs, ys, strict=True):
                result = logical_and(sp, result, compare(sp, "Eq", x, y))
        return result if name == "Eq" else unary(sp, "Not", result)
    result = Const(BINARY_LENGTH[name](len(xs), len(ys)))
    for x, y in reversed(list(zip(xs, ys, strict=False))):
        strict = compare(sp, "Lt" if name.startswith("Lt") else "Gt", x, y)
        result = logical_or(sp, strict, logical_and(sp, compare(sp, "Eq", x, y), result))
    return result


BINARY_LENGTH: dict[str, Callable[[int, int], bool]] = {
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
}


def _identical(sp: Specializer, a: AbstractValue, b: AbstractValue) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return a.obj is b.obj
    for x, y in ((a, b), (b, a)):
        if isinstance(x, ConflictV):
            raise DTypeError(f"this value may be {x.reason}", help="keep `None` and data in separate variables")
        if isinstance(x, TypeOfV):
            return isinstance(y, Const | TypeOfV) and x.cls is getattr(y, "obj", getattr(y, "cls", None))
    if isinstance(a, Const) or isinstance(b, Const):
        return False
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        raise DTypeError("`is` on numbers depends on the interpreter", help="compare with ==")
    return same(a, b) or guard_distinct(sp, a, b)


def contains(sp: Specializer, container: AbstractValue, item: AbstractValue) -> AbstractValue:
    """`item in container`."""
    if isinstance(container, DictRef):
        return Const(sp.static(item, "the key of a dict") in sp.entries(container))
    if isinstance(container, Const) and isinstance(item, Const):
        return python_call(sp, lambda c, i: i in c, container.obj, item.obj)
    if isinstance(container, RangeV):
        return _in_range(sp, container, item)
    if isinstance(container, ArrayRef | ChoiceRef) and not _is_list(container):
        hit = apply_ufunc(sp, np.equal, [container, item])
        x = sp.number(hit)
        return Tensor(sp.emit(ReduceOr, x, axes=tuple(range(x.type.rank))) if x.type.rank else x, True)
    if isinstance(container, TupleV) or _is_list(container):
        items = container.items if isinstance(container, TupleV) else list_items(sp, container)
        result: AbstractValue = Const(False)
        for candidate in items:
            result = logical_or(sp, result, compare(sp, "Eq", candidate, item))
        return result
    if isinstance(container, Const) and isinstance(container.obj, tuple | list | frozenset | set):
        return contains(sp, TupleV(tuple(Const(c) for c in container.obj)), item)
    raise DTypeError(f"`in`: no meaning for {kind_of(container)}")


def _in_range(sp: Specializer, container: RangeV, item: AbstractValue) -> AbstractValue:
    start, stop, step = container.start, container.stop, container.step
    positive = compare(sp, "Gt", step, Const(0))
    up = logical_and(sp, compare(sp, "GtE", item, start), compare(sp, "Lt", item, stop))
    down = logical_and(sp, compare(sp, "LtE", item, start), compare(sp, "Gt", item, stop))
    inside = logical_or(sp, logical_and(sp, positive, up), logical_and(sp, unary(sp, "Not", positive), down))
    offset = binary(sp, "Mod", binary(sp, "Sub", item, start), step)
    return logical_and(sp, inside, compare(sp, "Eq", offset, Const(0)))


# --- truth


def truth(sp: Specializer, value: AbstractValue) -> bool | Value:
    """`bool(value)`: known now, or a b1 scalar."""
    match value:
        case Const(obj):
            return bool(obj)
        case NeverV():
            return False
        case TupleV(items=items):
            return bool(items)
        case ListRef():
            return bool(sp.items(value))
        case DictRef():
            return bool(sp.entries(value))
        case ConflictV(reason):
            raise DTypeError(f"this value may be {reason}", help="make both paths give the same kind of value")
        case ObjectRef(cls=cls):
            return _object_truth(sp, value, cls)
        case Tensor() | ArrayRef() | ChoiceRef():
            if isinstance(value, ArrayRef) and value.is_list:
                return bool(value.type.shape[0])
            return truth_of_value(sp, sp.number(value))
    return True


def _object_truth(sp: Specializer, value: ObjectRef, cls: type) -> bool | Value:
    for method in ("__bool__", "__len__"):
        if has_member(sp, cls, method):
            return truth(sp, sp.call(member(sp, cls, method), value))
    return True


def truth_of_value(sp: Specializer, x: Value) -> Value:
    if x.type.size != 1:
        raise ShapeError(
            f"the truth value of an array {x.type} is ambiguous",
            help="use a.any(), a.all(), or compare a single element",
        )
    return helpers.convert(sp.builder, helpers.reshape(sp.builder, x, ()), np.bool_)


def logical_and(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    """Both true; both are already computed."""
    return _logical(sp, And, False, a, b)


def logical_or(sp: Specializer, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    return _logical(sp, Or, True, a, b)


def _logical(sp: Specializer, op: Any, absorbing: bool, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    x, y = truth(sp, a), truth(sp, b)
    if isinstance(x, bool):
        x, y = y, x
    if isinstance(y, bool):
        if y == absorbing:
            return Const(absorbing)
        return Const(x) if isinstance(x, bool) else Tensor(x, True)
    assert not isinstance(x, bool)
    return Tensor(sp.emit(op, x, y), True)


def select(sp: Specializer, condition: bool | Value, a: AbstractValue, b: AbstractValue) -> AbstractValue:
    """A number chosen by a condition; both are already computed."""
    if isinstance(condition, bool):
        return a if condition else b
    weak = numbers.is_python_number(a) and numbers.is_python_number(b)
    kinds = [(d[0].dtype, d[1]) for v in (a, b) if (d := numbers.describe(v)) is not None]
    x, y = operands(sp, numbers.promote(kinds), a, b)
    return Tensor(sp.emit(Select, condition, x, y), weak)


def absolute(sp: Specializer, a: AbstractValue) -> AbstractValue:
    """abs(a)."""
    if isinstance(a, Const):
        return python_call(sp, abs, a.obj)
    if isinstance(a, ObjectRef) and hasattr(a.cls, "__abs__"):
        return sp.call(member(sp, a.cls, "__abs__"), a)
    if numbers.is_python_number(a):
        x = sp.number(a)
        x = helpers.convert(sp.builder, x, np.int64) if x.type.dtype == numbers.BOOL else x
        return Tensor(sp.emit(Abs, x), True)
    return apply_ufunc(sp, np.absolute, [a])
