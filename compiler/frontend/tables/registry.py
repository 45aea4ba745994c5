"""The registry behind the tables: rules by the object they stand for, methods by the kind of their owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    ChoiceRef,
    Const,
    DictRef,
    ListRef,
    MaskedV,
    Tensor,
    TupleV,
)

Rule = Callable[..., Any]
R = TypeVar("R", bound=Rule)

_RULES: dict[int, tuple[Any, Rule]] = {}
_FAMILIES: list[Callable[[Any], Rule | None]] = []
_INDEXED: dict[int, tuple[Any, Rule]] = {}
_METHODS: dict[str, dict[str, Rule]] = {}
_PROPERTIES: dict[str, dict[str, Rule]] = {}
_SETTERS: dict[str, dict[str, Rule]] = {}


def implements(*objects: Any) -> Callable[[R], R]:
    """The decorated rule is what these callables mean."""

    def enter(rule: R) -> R:
        for obj in objects:
            _RULES[id(obj)] = (obj, rule)
        return rule

    return enter


def family(find_in: Callable[[Any], Rule | None]) -> Callable[[Any], Rule | None]:
    """The decorated function finds the rule of any member of a family of callables (ufuncs, say); None for others."""
    _FAMILIES.append(find_in)
    return find_in


def indexed(obj: Any) -> Callable[[R], R]:
    """The decorated rule is what indexing this object means: `rule(sp, index)`."""

    def enter(rule: R) -> R:
        _INDEXED[id(obj)] = (obj, rule)
        return rule

    return enter


def method(kinds: str, *names: str) -> Callable[[R], R]:
    """The decorated rule is this method of these kinds ("array", "scalar", "list", "dict", "tuple", "str", …)."""

    def enter(rule: R) -> R:
        for kind in kinds.split():
            for name in names:
                _METHODS.setdefault(kind, {})[name] = rule
        return rule

    return enter


def prop(kinds: str, *names: str) -> Callable[[R], R]:
    """The decorated rule computes this property: `rule(sp, owner)`."""

    def enter(rule: R) -> R:
        for kind in kinds.split():
            for name in names:
                _PROPERTIES.setdefault(kind, {})[name] = rule
        return rule

    return enter


def setter(kinds: str, *names: str) -> Callable[[R], R]:
    """The decorated rule assigns to this property: `rule(sp, owner, value)`."""

    def enter(rule: R) -> R:
        for kind in kinds.split():
            for name in names:
                _SETTERS.setdefault(kind, {})[name] = rule
        return rule

    return enter


def find(obj: Any) -> Rule | None:
    """The rule of a callable, by identity, or of the family that it belongs to."""
    entry = _RULES.get(id(obj))
    if entry is not None and entry[0] is obj:
        return entry[1]
    return next((rule for find_in in _FAMILIES if (rule := find_in(obj)) is not None), None)


def find_indexed(obj: Any) -> Rule | None:
    """The rule of `obj[…]`, by identity."""
    entry = _INDEXED.get(id(obj))
    return entry[1] if entry is not None and entry[0] is obj else None


def known_objects() -> list[Any]:
    """All callables that have a rule, for the generated documentation."""
    return [obj for obj, _ in _RULES.values()]


def kind_name(value: AbstractValue) -> str:
    """The kind under which methods of a value are entered."""
    match value:
        case ArrayRef(is_list=True) | ListRef():
            return "list"
        case ArrayRef() | ChoiceRef():
            return "array"
        case MaskedV():
            return "masked"
        case Tensor(weak=True):
            return "number"
        case Tensor():
            return "scalar"
        case TupleV():
            return "tuple"
        case DictRef():
            return "dict"
        case Const(obj):
            if isinstance(obj, np.generic):
                return "scalar"
            if isinstance(obj, bool | int | float | complex):
                return "number"
            return type(obj).__name__
    return type(value).__name__.removesuffix("V").lower()


def methods_of(value: AbstractValue) -> dict[str, Rule]:
    return _METHODS.get(kind_name(value), {})


def properties_of(value: AbstractValue) -> dict[str, Rule]:
    return _PROPERTIES.get(kind_name(value), {})


def setters_of(value: AbstractValue) -> dict[str, Rule]:
    return _SETTERS.get(kind_name(value), {})
