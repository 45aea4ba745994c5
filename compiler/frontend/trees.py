"""Structured values as trees: tuples, lists, dicts and objects with numbers, arrays and everything else at the leaves.

{"w": w, "layers": [(a, b), (c, d)], "steps": 3}      leaves: w, a, b, c, d, 3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hloc.diagnostics.errors import DTypeError, ShapeError
from hloc.frontend import numbers
from hloc.frontend.arrays import resolve_list
from hloc.frontend.structure import kind_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    DictRef,
    ListRef,
    MaskedV,
    ObjectRef,
    Tensor,
    TupleV,
)
from hloc.ir.core import Value
from hloc.ir.types import TensorType
from hloc.ops import helpers
from hloc.program import Structure

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Made = Callable[[AbstractValue, AbstractValue], None]


@dataclass(frozen=True, eq=False)
class Tree:
    """like: the container or leaf itself; parts: what a container holds, by `keys` in dicts and objects."""

    like: AbstractValue
    parts: tuple[Tree, ...] = ()
    keys: tuple[Any, ...] = ()

    @property
    def is_leaf(self) -> bool:
        return not isinstance(self.like, TupleV | ListRef | DictRef | ObjectRef)

    def leaves(self) -> list[AbstractValue]:
        """The leaves from left to right."""
        return [self.like] if self.is_leaf else [leaf for part in self.parts for leaf in part.leaves()]

    def floats(self) -> list[AbstractValue]:
        """The leaves that have derivatives."""
        return [leaf for leaf in self.leaves() if is_float(leaf)]

    def build(
        self, sp: Specializer, leaves: Iterator[AbstractValue], made: Made = lambda old, new: None
    ) -> AbstractValue:
        """A value of this structure in new containers; `made` hears of each new container and leaf."""
        new = next(leaves) if self.is_leaf else self.container(sp, [p.build(sp, leaves, made) for p in self.parts])
        made(self.like, new)
        return new

    def container(self, sp: Specializer, parts: list[AbstractValue]) -> AbstractValue:
        """A new container of this kind."""
        match self.like:
            case TupleV(cls=cls):
                return TupleV(tuple(parts), cls)
            case ListRef():
                return sp.new_list(parts)
            case ObjectRef(cls=cls):
                return sp.new_object(cls, dict(zip(self.keys, parts, strict=True)))
        return sp.new_dict(dict(zip(self.keys, parts, strict=True)))

    def build_floats(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        """Derivatives in this structure: `values` are those of the float leaves; integers have zeros."""
        return self.build(sp, iter([_derivative(sp, leaf, values) for leaf in self.leaves()]))

    def match(self, sp: Specializer, other: AbstractValue, what: str) -> list[Value]:
        """The derivatives for the float leaves in `other`, a value of this structure. Raises DTypeError, ShapeError."""
        found = tree_of(sp, other)
        if self.is_leaf:
            return [_given(sp, self.like, other, what)] if is_float(self.like) else []
        if type(found.like) is not type(self.like) or len(found.parts) != len(self.parts):
            raise DTypeError(
                f"{what} must have the structure of {kind_of(self.like)}, found {kind_of(other)}", help=_SAME
            )
        if set(found.keys) != set(self.keys):
            raise DTypeError(f"{what} must have the keys {list(self.keys)}, found {list(found.keys)}", help=_SAME)
        parts = dict(zip(found.keys, found.parts, strict=True)) if self.keys else dict(enumerate(found.parts))
        keys = self.keys or range(len(self.parts))
        return [v for key, part in zip(keys, self.parts, strict=True) for v in part.match(sp, parts[key].like, what)]


def structure_of(tree: Tree) -> Structure:
    """The structure as the host needs it."""
    if tree.is_leaf:
        return Structure("leaf", type_of(tree.like)) if is_float(tree.like) else Structure("other")
    kinds: dict[type, str] = {TupleV: "tuple", ListRef: "list", DictRef: "dict", ObjectRef: "object"}
    return Structure(kinds[type(tree.like)], None, tree.keys, tuple(map(structure_of, tree.parts)))


_SAME = "tangents have the structure of the arguments, cotangents that of the result"


def tree_of(sp: Specializer, value: AbstractValue) -> Tree:
    """The tree of a value as it is now."""
    value = resolve_list(sp, value)
    match value:
        case TupleV(items=items):
            return Tree(value, tuple(tree_of(sp, item) for item in items))
        case ListRef():
            return Tree(value, tuple(tree_of(sp, item) for item in sp.items(value)))
        case DictRef() | ObjectRef():
            entries = sp.entries(value)
            return Tree(value, tuple(tree_of(sp, item) for item in entries.values()), tuple(entries))
    return Tree(value)


def type_of(leaf: AbstractValue) -> TensorType | None:
    """The type of a number or array; None for other leaves."""
    match leaf:
        case ArrayRef() | ChoiceRef():
            return leaf.type
        case MaskedV(values):
            return values.type
    described = numbers.describe(leaf)
    return None if described is None else described[0]


def is_float(leaf: AbstractValue) -> bool:
    """Whether a leaf is made of real or complex floats."""
    type_ = type_of(leaf)
    return type_ is not None and type_.dtype.kind in "fc"


def like_leaf(sp: Specializer, leaf: AbstractValue, value: Value) -> AbstractValue:
    """`value` as the kind of number or array that `leaf` is."""
    match leaf:
        case ArrayRef(is_list=is_list):
            return sp.new_array(value, leaf.cell.label, is_list)
        case ChoiceRef():
            return sp.new_array(value)
    described = numbers.describe(leaf)
    assert described is not None
    return Tensor(value, described[1])


def _derivative(sp: Specializer, leaf: AbstractValue, values: Iterator[Value]) -> AbstractValue:
    type_ = type_of(leaf)
    if type_ is None:
        return leaf
    if is_float(leaf):
        return like_leaf(sp, leaf, next(values))
    if isinstance(leaf, Const):
        return Const(type(leaf.obj)(0))
    return like_leaf(sp, leaf, helpers.full(sp.builder, type_.shape, 0, type_.dtype))


def _given(sp: Specializer, leaf: AbstractValue, other: AbstractValue, what: str) -> Value:
    """A tangent or cotangent that the user gives for a leaf, in the leaf's type."""
    type_ = type_of(leaf)
    assert type_ is not None
    found = type_of(other)
    if found is None:
        raise DTypeError(f"{what} must be {type_} here, found {kind_of(other)}", help=_SAME)
    if found.shape != type_.shape:
        raise ShapeError(f"{what} has the shape {list(found.shape)} where {list(type_.shape)} is needed", help=_SAME)
    weak = numbers.is_python_number(other) and found.dtype.kind in ("biuf" if type_.dtype.kind == "f" else "biufc")
    if found.dtype != type_.dtype and not weak:
        raise DTypeError(
            f"{what} is {found} where {type_} is needed", help=f"convert it: .astype(np.{type_.dtype.name})"
        )
    return helpers.convert(sp.builder, sp.number(other), type_.dtype)
