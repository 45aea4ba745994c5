"""Python objects of the caller as abstract values: arguments, globals, closures, attributes.

Numbers and arrays become parameters of the compiled entry (so that a changed value is seen at the next call); lists,
dicts and objects become structures of those; everything else is a constant under a guard.
"""

from __future__ import annotations

import collections
import copy
import dataclasses
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, StaticValueError, UnsupportedError
from hloc.frontend import numbers
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    Cell,
    Const,
    DictRef,
    ListRef,
    Mapping_,
    MethodV,
    ObjectRef,
    Sequence_,
    Tensor,
    TupleV,
)
from hloc.interchange import computes_otherwise, described, is_shared
from hloc.ir.types import ELEMENT_TYPES, TensorType, scalar
from hloc.program import Path, TypeSpec, attributes_of

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

LONG_LIST = 32
"""Lists of more numbers than this become one array parameter."""


def capture(sp: Specializer, path: Path, obj: Any) -> AbstractValue:
    """The abstract value of the object at `path`, made once."""
    known = sp.captured_paths.get(path)
    if known is None:
        known = sp.captured_paths[path] = abstract(sp, path, obj)
    return known


def capture_default(sp: Specializer, path: Path, obj: Any) -> AbstractValue:
    """The default of a parameter: numbers are constants under a guard, as they choose what a function does."""
    if numbers.is_number(obj):
        sp.guard(path, "equal", obj)
        return Const(obj)
    return capture(sp, path, obj)


def abstract(sp: Specializer, path: Path, obj: Any) -> AbstractValue:
    """The abstract value of a caller's object. Raises DTypeError for what cannot be data in compiled code."""
    if isinstance(obj, bool | int | float | complex | np.generic):
        return _number(sp, path, obj)
    if isinstance(obj, TypeSpec):
        return _specified(sp, path, obj)
    shared = sp.captured.get(id(obj))
    if shared is not None and shared[0] is obj:
        sp.guard(path, "same", sp.origins[shared[1].cell][0])  # type: ignore[attr-defined]
        return shared[1]
    value = _object(sp, path, obj)
    if isinstance(value, ArrayRef | ListRef | DictRef | ObjectRef):
        sp.captured[id(obj)] = (obj, value)
    return value


def _specified(sp: Specializer, path: Path, spec: TypeSpec) -> AbstractValue:
    """An argument of which only the type is given."""
    if spec.number and sp.decisions.is_static(path):
        use = sp.decisions.static.get(path)
        raise StaticValueError(
            f"{path} must be known at compile time" + (f": {use.reason} depends on it" if use else ""),
            span=use.span if use else None,
            help=f"give a value for {path} instead of a type",
        )
    if spec.number:
        return Tensor(sp.add_input(path, spec.type, "number", _name(path)), True)
    value = sp.add_input(path, spec.type, "array", _name(path))
    return _with_cell(sp, path, ArrayRef(Cell("array", str(path)), spec.type), Tensor(value))


def _number(sp: Specializer, path: Path, obj: Any) -> AbstractValue:
    if isinstance(obj, np.generic) and obj.dtype not in ELEMENT_TYPES:
        raise DTypeError(
            f"{path} is a {type(obj).__name__}: only booleans and numbers up to float64 and complex128 can be data"
        )
    sp.guard(path, "type", type(obj))
    if sp.decisions.is_static(path) or (isinstance(obj, bool) and path.root is not None):
        sp.guard(path, "equal", obj)
        return Const(obj)
    weak = isinstance(obj, bool | int | float | complex) and not isinstance(obj, np.generic)
    if weak and type(obj) not in (bool, int, float, complex):  # a member of an enumeration
        sp.guard(path, "equal", obj)
        return Const(obj)
    if isinstance(obj, int) and weak and not -(2**63) <= obj < 2**63:
        sp.guard(path, "equal", obj)
        return Const(obj)
    dtype = numbers.describe(Const(obj))
    assert dtype is not None
    value = sp.add_input(path, scalar(dtype[0].dtype), "number" if weak else "scalar", _name(path))
    return Tensor(value, weak)


def _name(path: Path) -> str:
    return "_".join(str(key) for _, key in path.steps if isinstance(key, str | int))


def _object(sp: Specializer, path: Path, obj: Any) -> AbstractValue:
    if isinstance(obj, np.ndarray) or is_shared(obj):
        return _array(sp, path, obj)
    if type(obj) is list:
        return _list(sp, path, obj)
    if isinstance(obj, tuple):
        sp.guard(path, "keys", (type(obj), len(obj)))
        items = tuple(capture(sp, path.then("item", j), item) for j, item in enumerate(obj))
        return TupleV(items, None if type(obj) is tuple else type(obj))
    if type(obj) is dict:
        sp.guard(path, "keys", (dict, tuple(obj)))
        entries = {key: capture(sp, path.then("item", key), item) for key, item in obj.items()}
        return _with_cell(sp, path, DictRef(Cell("dict", str(path))), Mapping_(entries))
    if isinstance(obj, types.MethodType):
        sp.guard(path, "equal", obj)
        owner = capture(sp, path.then("attr", "__self__"), obj.__self__)
        return MethodV(Const(obj.__func__), owner)
    if _is_record(obj):
        return _record(sp, path, obj)
    if hasattr(obj, "__array__") and not isinstance(obj, type | types.ModuleType):
        return _array(sp, path, obj)
    sp.guard(path, *_constant_guard(obj))
    return Const(obj)


def _constant_guard(obj: Any) -> tuple[str, Any]:
    """The guard of what is no data; where its content may change, a copy is what it must be equal to."""
    if type(obj) in _CHANGEABLE:
        return "equal", copy.copy(obj)
    by_value = obj is None or isinstance(obj, str | bytes | range | slice | np.dtype)
    return ("equal" if by_value else "is"), obj


_CHANGEABLE = (set, bytearray, collections.deque)


def _array(sp: Specializer, path: Path, obj: Any) -> AbstractValue:
    if isinstance(obj, np.ndarray) and (redefined := computes_otherwise(obj)):
        raise DTypeError(
            f"{path} is a {type(obj).__name__}, which computes otherwise than an array: it defines {redefined}",
            help=f"give its plain array: np.asarray({path})",
        )
    obj = described(obj)
    dtype = obj.dtype
    if dtype not in ELEMENT_TYPES and dtype.newbyteorder("=") in ELEMENT_TYPES:
        raise DTypeError(
            f"{path} is an array of {dtype}, whose bytes stand in the order of another machine",
            help=f"convert it: {path}.astype(np.{dtype.name})",
        )
    if dtype not in ELEMENT_TYPES:
        raise DTypeError(
            f"{path} is an array of {dtype}: only booleans and numbers can be data",
            help="convert it: x.astype(np.float64), or a column of codes instead of strings",
        )
    type_ = TensorType(tuple(obj.shape), dtype.newbyteorder("="))
    sp.guard(path, "array", type_)
    value = sp.add_input(path, type_, "array", _name(path))
    return _with_cell(sp, path, ArrayRef(Cell("array", str(path)), type_), Tensor(value))


def _list(sp: Specializer, path: Path, obj: list[Any]) -> AbstractValue:
    sp.guard(path, "keys", (list, len(obj)))
    kinds = {type(item) for item in obj}
    if len(obj) > LONG_LIST and len(kinds) == 1 and kinds <= {int, float, complex, bool}:
        (kind,) = kinds
        described = numbers.describe(Const(kind()))
        assert described is not None
        type_ = TensorType((len(obj),), described[0].dtype)
        sp.guard(path, "elements", kind)
        value = sp.add_input(path, type_, "list", _name(path))
        return _with_cell(sp, path, ListRef(Cell("list", str(path))), Tensor(value))
    items = tuple(capture(sp, path.then("item", j), item) for j, item in enumerate(obj))
    return _with_cell(sp, path, ListRef(Cell("list", str(path))), Sequence_(items))


def _with_cell(sp: Specializer, path: Path, ref: Any, content: AbstractValue) -> AbstractValue:
    sp.enter_captured(ref.cell, content)
    sp.origins[ref.cell] = (path, content)
    return ref  # type: ignore[no-any-return]


def _is_record(obj: Any) -> bool:
    """An instance of a user class whose attributes are data."""
    cls = type(obj)
    if isinstance(obj, type | types.ModuleType | types.FunctionType | BaseException) or (
        callable(obj) and not dataclasses.is_dataclass(obj) and not is_callable_object(obj)
    ):
        return False
    if hasattr(obj, "__dict__"):
        return cls.__module__ not in ("builtins", "numpy", "functools")
    root = cls.__module__.partition(".")[0]
    return attributes_of(obj) is not None and root not in sys.stdlib_module_names and root not in _LIBRARIES


_LIBRARIES = frozenset({"numpy", "functools", "operator", "builtins", "hloc"})


def is_callable_object(obj: Any) -> bool:
    """Whether it is an instance of a user class that defines `__call__`."""
    cls = type(obj)
    if cls.__module__.partition(".")[0] in _LIBRARIES:
        return False
    return any(isinstance(base.__dict__.get("__call__"), types.FunctionType) for base in cls.__mro__)


def capture_record(sp: Specializer, obj: Any) -> AbstractValue:
    """The attributes of an object that is found by itself: a callable one that a call names."""
    known = sp.captured.get(id(obj))
    if known is not None and known[0] is obj:
        return known[1]
    return _record(sp, Path(obj, ()), obj)


def _record(sp: Specializer, path: Path, obj: Any) -> AbstractValue:
    attributes = attributes_of(obj) or {}
    sp.guard(path, "keys", (type(obj), tuple(attributes)))
    ref = ObjectRef(Cell("object", str(path)), type(obj))
    sp.captured[id(obj)] = (obj, ref)
    sp.origins[ref.cell] = (path, Mapping_({}))
    entries: dict[Any, AbstractValue] = {}
    for name, value in attributes.items():
        if isinstance(value, types.GeneratorType):
            raise UnsupportedError(f"{path}.{name} is a generator")
        entries[name] = capture(sp, path.then("attr", name), value)
    return _with_cell(sp, path, ref, Mapping_(entries))
