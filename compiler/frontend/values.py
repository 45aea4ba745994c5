"""Abstract values: what the specialiser knows of a Python value at compile time.

A number or array element type lives in SSA (`Tensor`); everything else (structure, functions, strings) is known now.
Mutable Python objects are references to a `Cell`; their content lives in the `State` and is replaced on a write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hloc.ir.core import Value
from hloc.ir.types import TensorType

if TYPE_CHECKING:
    from hloc.frontend.views import View


class AbstractValue:
    """Base of all abstract values; compared by identity."""

    __slots__ = ()


class Cell:
    """The identity of one mutable object; after a join it may stand for one of several allocations, its `sources`."""

    __slots__ = ("kind", "label", "sources")

    def __init__(self, kind: str, label: str = "", sources: frozenset[Cell] = frozenset()) -> None:
        self.kind = kind
        self.label = label
        self.sources = sources or frozenset((self,))

    def __repr__(self) -> str:
        return f"<{self.kind} {self.label} {id(self) & 0xFFFF:x}>"


@dataclass(frozen=True, slots=True, eq=False)
class Const(AbstractValue):
    """A Python object known at compile time: a number, string, None, function, module, dtype, class."""

    obj: Any


@dataclass(frozen=True, slots=True, eq=False)
class Tensor(AbstractValue):
    """Data: an immutable scalar (or the whole content of an array cell). `weak` marks a Python number (NEP 50)."""

    value: Value
    weak: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ArrayRef(AbstractValue):
    """An ndarray: a view (a path of index maps, empty for the whole) of the array in `cell`.

    `is_list` marks a Python list of numbers kept as an array so that it can be indexed by data.
    """

    cell: Cell
    type: TensorType
    view: tuple[View, ...] = ()
    is_list: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceRef(AbstractValue):
    """An ndarray that is one of several, chosen by data: `refs[selector]`; all have the same type.

    content: what it holds as long as the cells of `refs` hold the values in `holding`.
    """

    selector: Value
    refs: tuple[ArrayRef, ...]
    content: Value | None = None
    holding: list[Value] = field(default_factory=list)

    @property
    def type(self) -> TensorType:
        return self.refs[0].type

    @property
    def is_list(self) -> bool:
        return False


@dataclass(frozen=True, slots=True, eq=False)
class TupleV(AbstractValue):
    """A tuple; `cls` is the namedtuple class where it is one."""

    items: tuple[AbstractValue, ...]
    cls: type | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ListRef(AbstractValue):
    """A list of known length; the cell's content is a `Sequence_`, or a `Tensor` for a table of numbers."""

    cell: Cell


@dataclass(frozen=True, slots=True, eq=False)
class DictRef(AbstractValue):
    """A dict with known keys; the cell's content is a `Mapping_`."""

    cell: Cell


@dataclass(frozen=True, slots=True, eq=False)
class ObjectRef(AbstractValue):
    """An instance of a user class; the cell's content is a `Mapping_` of its attributes."""

    cell: Cell
    cls: type


@dataclass(frozen=True, slots=True, eq=False)
class Sequence_(AbstractValue):
    """Content of a list cell."""

    items: tuple[AbstractValue, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Forward(AbstractValue):
    """Content of a list cell whose list has become a row of a table."""

    ref: ArrayRef


@dataclass(frozen=True, slots=True, eq=False)
class MaskedV(AbstractValue):
    """`a[mask]` with a mask that is data: all elements, and which of them are meant. Reductions and ufuncs take it."""

    values: Value
    mask: Value


@dataclass(frozen=True, slots=True, eq=False)
class Mapping_(AbstractValue):
    """Content of a dict or object cell, in insertion order; keys are Python constants."""

    entries: dict[Any, AbstractValue]


@dataclass(frozen=True, slots=True, eq=False)
class FunctionV(AbstractValue):
    """A function defined inside compiled code: its source node and the slots of its free variables.

    `owner` is the Python function that it stands in, whose globals and closure it sees.
    """

    source: Any
    defaults: tuple[AbstractValue, ...]
    kw_defaults: dict[str, AbstractValue]
    closure: dict[str, tuple[int, str]]
    globals: dict[str, Any]
    owner: Any


@dataclass(frozen=True, slots=True, eq=False)
class MethodV(AbstractValue):
    """A function with its first argument bound."""

    function: AbstractValue
    owner: AbstractValue


@dataclass(frozen=True, slots=True, eq=False)
class BuiltinMethodV(AbstractValue):
    """A method of a container, string or number, found by name: `handler(sp, owner, *args, **kwargs)`."""

    handler: Callable[..., AbstractValue]
    owner: AbstractValue
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class PartialV(AbstractValue):
    """functools.partial."""

    function: AbstractValue
    args: tuple[AbstractValue, ...]
    kwargs: dict[str, AbstractValue]


@dataclass(frozen=True, slots=True, eq=False)
class DerivedV(AbstractValue):
    """A derivative of a function as a function; `derivative` is the hloc.transformed.Derivative (its function counts
    not)."""

    derivative: Any
    function: AbstractValue


@dataclass(frozen=True, slots=True, eq=False)
class LinearMapV(AbstractValue):
    """What hloc.linearize (tangents → tangents) and hloc.vjp (`transposed`: cotangents → cotangents) return.

    tape, attrs: of the `linearize` operation. scope: a cell of the states in which the tape can be reached.
    arguments, results: their trees.
    """

    tape: Value
    attrs: dict[str, Any]
    scope: Cell
    arguments: Any
    results: Any
    transposed: bool


@dataclass(frozen=True, slots=True, eq=False)
class RangeV(AbstractValue):
    start: AbstractValue
    stop: AbstractValue
    step: AbstractValue


@dataclass(frozen=True, slots=True, eq=False)
class EnumerateV(AbstractValue):
    iterable: AbstractValue
    start: AbstractValue


@dataclass(frozen=True, slots=True, eq=False)
class ZipV(AbstractValue):
    iterables: tuple[AbstractValue, ...]
    strict: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ReversedV(AbstractValue):
    iterable: AbstractValue


@dataclass(frozen=True, slots=True, eq=False)
class MapV(AbstractValue):
    function: AbstractValue
    iterables: tuple[AbstractValue, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SliceV(AbstractValue):
    start: AbstractValue
    stop: AbstractValue
    step: AbstractValue


@dataclass(frozen=True, slots=True, eq=False)
class FormatV(AbstractValue):
    """A string with data in it (an f-string): texts and (value, conversion, format spec)."""

    parts: tuple[str | tuple[AbstractValue, int, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class TypeOfV(AbstractValue):
    """`type(x)` of a value that is data: the Python or NumPy class."""

    cls: type


class UndefinedV(AbstractValue):
    """A local variable before its first assignment."""

    __slots__ = ()


UNDEFINED = UndefinedV()
NONE = Const(None)
FALLS = Const("falls through")
"""What a block gives when control reaches its end."""


@dataclass(frozen=True, slots=True, eq=False)
class MaybeV(AbstractValue):
    """A variable that is defined when `flag` is true."""

    value: AbstractValue
    flag: Value


@dataclass(frozen=True, slots=True, eq=False)
class ConflictV(AbstractValue):
    """Two values that no single one can stand for; using it is refused with `reason`."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class NeverV(AbstractValue):
    """The value of an expression that always raises."""


class Unreachable(Exception):
    """A part of what is being evaluated always raises: the rest, up to the next branch or statement, never runs."""
