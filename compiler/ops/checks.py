"""Checks that `infer` functions share. Errors name the operation, the operand and what was found."""

from __future__ import annotations

from collections.abc import Sequence

from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.ir.types import TensorType

KIND_NAMES = {
    "b": "bool",
    "i": "signed integer",
    "u": "unsigned integer",
    "f": "float",
    "c": "complex",
}


def describe_kinds(kinds: str) -> str:
    """The kinds of element types as a message lists them: "iuf" gives "signed integer, unsigned integer or float"."""
    names = [KIND_NAMES[k] for k in kinds]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def check_count(op: str, types: Sequence[TensorType], count: int) -> None:
    if len(types) != count:
        raise ShapeError(f"{op}: takes {count} operands, got {len(types)}")


def check_kind(op: str, operand: str, type: TensorType, kinds: str) -> None:
    """The element type of an operand is of one of the kinds (letters of `dtype.kind`)."""
    if type.dtype.kind not in kinds:
        raise DTypeError(f"{op}: {operand} must be {describe_kinds(kinds)}, found {type}")


def check_same(op: str, names: Sequence[str], types: Sequence[TensorType]) -> None:
    """All operands have the type of the first."""
    for name, type in zip(names[1:], types[1:], strict=True):
        check_same_dtype(op, names[0], types[0], name, type)
        if type.shape != types[0].shape:
            raise ShapeError(f"{op}: shapes differ, {names[0]} is {types[0]} and {name} is {type}")


def check_same_dtype(op: str, name: str, type: TensorType, other_name: str, other: TensorType) -> None:
    if type.dtype != other.dtype:
        raise DTypeError(f"{op}: element types differ, {name} is {type} and {other_name} is {other}")


def check_shape(op: str, operand: str, type: TensorType, shape: Sequence[int], reason: str) -> None:
    if type.shape != tuple(shape):
        raise ShapeError(f"{op}: {operand} must have shape {list(shape)} ({reason}), found {type}")


def check_dims(op: str, attr: str, dims: Sequence[int], type: TensorType, *, increasing: bool = False) -> None:
    """Dimension numbers are distinct, in [0, rank) and, if asked, increasing."""
    wrong = [d for d in dims if not 0 <= d < type.rank]
    if wrong:
        raise ShapeError(f"{op}: {attr} {wrong[0]} is out of range for {type} with {type.rank} dimensions")
    if len(set(dims)) != len(dims) or (increasing and list(dims) != sorted(dims)):
        order = "distinct and increasing" if increasing else "distinct"
        raise ShapeError(f"{op}: {attr} must be {order}, found {tuple(dims)}")


def check_starts(op: str, starts: Sequence[TensorType], type: TensorType) -> None:
    """One i64 scalar for each dimension of `type`."""
    if len(starts) != type.rank:
        raise ShapeError(f"{op}: {type} needs {type.rank} start indices, found {len(starts)}")
    for number, start in enumerate(starts):
        check_index(op, f"start {number}", start)
        check_shape(op, f"start {number}", start, (), "a scalar")


def check_index(op: str, operand: str, type: TensorType) -> None:
    if type.dtype.name != "int64":
        raise DTypeError(f"{op}: {operand} must have element type i64, found {type}")
