"""The structure of abstract values: parts, sameness, the cells that they hold, their names in messages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    Cell,
    ChoiceRef,
    Const,
    DerivedV,
    DictRef,
    EnumerateV,
    Forward,
    FunctionV,
    LinearMapV,
    ListRef,
    Mapping_,
    MapV,
    MethodV,
    ObjectRef,
    PartialV,
    RangeV,
    ReversedV,
    Sequence_,
    SliceV,
    Tensor,
    TupleV,
    UndefinedV,
    ZipV,
)
from hloc.frontend.views import IndexView


def children(value: AbstractValue) -> list[AbstractValue]:
    """The parts of a structure, in a fixed order."""
    match value:
        case TupleV(items=items) | Sequence_(items=items):
            return list(items)
        case Mapping_(entries=entries):
            return list(entries.values())
        case RangeV(start, stop, step) | SliceV(start, stop, step):
            return [start, stop, step]
        case EnumerateV(iterable, start):
            return [iterable, start]
        case ZipV(iterables=iterables):
            return list(iterables)
        case ReversedV(iterable):
            return [iterable]
        case MapV(function, iterables):
            return [function, *iterables]
        case PartialV(function, args, kwargs):
            return [function, *args, *kwargs.values()]
        case MethodV(function, owner):
            return [function, owner]
        case FunctionV(defaults=defaults, kw_defaults=kw_defaults):
            return [*defaults, *kw_defaults.values()]
        case DerivedV(function=function):
            return [function]
    return []


def with_children(like: AbstractValue, parts: list[AbstractValue]) -> AbstractValue:
    """The structure `like` with other parts."""
    match like:
        case TupleV(cls=cls):
            return TupleV(tuple(parts), cls)
        case Sequence_():
            return Sequence_(tuple(parts))
        case Mapping_(entries=entries):
            return Mapping_(dict(zip(entries, parts, strict=True)))
        case RangeV():
            return RangeV(*parts)
        case SliceV():
            return SliceV(*parts)
        case EnumerateV():
            return EnumerateV(*parts)
        case ZipV(strict=strict):
            return ZipV(tuple(parts), strict)
        case ReversedV():
            return ReversedV(*parts)
        case MapV():
            return MapV(parts[0], tuple(parts[1:]))
        case PartialV(args=args, kwargs=kwargs):
            n = 1 + len(args)
            return PartialV(parts[0], tuple(parts[1:n]), dict(zip(kwargs, parts[n:], strict=True)))
        case MethodV():
            return MethodV(*parts)
        case DerivedV(derivative):
            return DerivedV(derivative, *parts)
        case FunctionV(defaults=defaults, kw_defaults=kw_defaults):
            keywords = dict(zip(kw_defaults, parts[len(defaults) :], strict=True))
            return dataclasses.replace(like, defaults=tuple(parts[: len(defaults)]), kw_defaults=keywords)
    return like


def same_frame(a: AbstractValue, b: AbstractValue) -> bool:
    """Whether two structures differ at most in their parts."""
    if type(a) is not type(b) or len(children(a)) != len(children(b)):
        return False
    if isinstance(a, Mapping_) and isinstance(b, Mapping_):
        return list(a.entries) == list(b.entries)
    if isinstance(a, PartialV) and isinstance(b, PartialV):
        return len(a.args) == len(b.args) and list(a.kwargs) == list(b.kwargs)
    if isinstance(a, FunctionV) and isinstance(b, FunctionV):
        return a.source == b.source and a.closure == b.closure
    if isinstance(a, DerivedV) and isinstance(b, DerivedV):
        return bool(a.derivative.choices == b.derivative.choices)
    return getattr(a, "cls", None) is getattr(b, "cls", None)


def same(a: AbstractValue, b: AbstractValue) -> bool:
    """Whether two abstract values certainly stand for the same value."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    match a, b:
        case Const(x), Const(y):
            return same_object(x, y)
        case Tensor(v, p), Tensor(w, q):
            return v is w and p == q
        case ArrayRef(), ArrayRef():
            return a.cell is b.cell and differing_starts(a, b) == frozenset()
        case (ListRef(p), ListRef(q)) | (DictRef(p), DictRef(q)) | (ObjectRef(p), ObjectRef(q)):
            return p is q
        case FunctionV(), FunctionV():
            defaults = (*a.defaults, *a.kw_defaults.values()), (*b.defaults, *b.kw_defaults.values())
            alike = len(defaults[0]) == len(defaults[1]) and all(map(same, *defaults))
            return a.source == b.source and a.closure == b.closure and alike
    if children(a) or isinstance(a, TupleV | Sequence_ | Mapping_):
        return same_frame(a, b) and all(same(x, y) for x, y in zip(children(a), children(b), strict=True))
    return False


def same_object(x: Any, y: Any) -> bool:
    """Equal constants of one type; 0.0 and -0.0 differ, NaN equals NaN."""
    if x is y:
        return True
    if type(x) is not type(y):
        return False
    if isinstance(x, float | complex | np.generic):
        return repr(x) == repr(y)
    return isinstance(x, int | str | bytes | slice | np.dtype | tuple | range) and bool(x == y)


def differing_starts(a: ArrayRef, b: ArrayRef) -> frozenset[tuple[int, int]] | None:
    """Where two views of one array start differently; None when they differ in anything else."""
    if a.type != b.type or len(a.view) != len(b.view) or a.is_list != b.is_list:
        return None
    places = set()
    for i, (p, q) in enumerate(zip(a.view, b.view, strict=True)):
        if isinstance(p, IndexView) and isinstance(q, IndexView):
            for d, (v, w) in enumerate(zip(p.windows, q.windows, strict=True)):
                if (v.size, v.step) != (w.size, w.step):
                    return None
                if v.start is not w.start and not (isinstance(v.start, int) and v.start == w.start):
                    places.add((i, d))
        elif type(p) is not type(q) or (p != q and not same_static_step(p, q)):
            return None
    return frozenset(places)


def data_starts(ref: ArrayRef) -> frozenset[tuple[int, int]]:
    """Where a view starts at a place that is data."""
    steps = [(i, step.windows) for i, step in enumerate(ref.view) if isinstance(step, IndexView)]
    return frozenset((i, d) for i, windows in steps for d, w in enumerate(windows) if not isinstance(w.start, int))


def same_static_step(p: Any, q: Any) -> bool:
    return all(getattr(p, f.name) == getattr(q, f.name) for f in dataclasses.fields(p))


def cells_in(value: AbstractValue) -> Iterator[Cell]:
    """The cells that a value refers to directly or through immutable structure."""
    if isinstance(value, ArrayRef | ListRef | DictRef | ObjectRef):
        yield value.cell
    elif isinstance(value, ChoiceRef):
        yield from (ref.cell for ref in value.refs)
    elif isinstance(value, Forward):
        yield value.ref.cell
    else:
        inner = getattr(value, "value", None)
        if isinstance(inner, AbstractValue):
            yield from cells_in(inner)
        for child in children(value):
            yield from cells_in(child)


def kind_of(value: AbstractValue) -> str:
    """How messages name a value."""
    match value:
        case Const(obj):
            return "None" if obj is None else f"{type(obj).__name__} {obj!r}"[:60]
        case Tensor(v):
            return f"a number ({v.type})"
        case ArrayRef(is_list=True):
            return "a list of numbers"
        case ArrayRef() | ChoiceRef():
            return f"an array ({value.type})"
        case TupleV(items=items):
            return f"a tuple of {len(items)}"
        case ListRef():
            return "a list"
        case Sequence_(items=items):
            return f"a list of {len(items)}"
        case DictRef() | Mapping_():
            return "a dict"
        case ObjectRef(cls=cls):
            return f"a {cls.__name__}"
        case FunctionV() | MethodV() | PartialV() | DerivedV() | LinearMapV():
            return "a function"
        case UndefinedV():
            return "nothing (the variable is not set)"
    return type(value).__name__.removesuffix("V").lower()
