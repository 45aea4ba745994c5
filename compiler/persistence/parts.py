"""What an object is itself, and the parts that it leads to: for numbering them (see `naming`)."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from hloc.persistence.digest import Unportable, canonical, code_digest, reached_names
from hloc.persistence.library import is_installed, library_name
from hloc.transformed import CustomJvp, CustomVjp, Rewritten, Transformed

Edge = tuple[str, Any]
"""A part of an object: how it is called there, and what it is."""

Description = tuple[str, str, Iterable[Edge]]
"""What an object is, for people; what it is itself, as a text; its parts."""


def describe(obj: Any) -> Description:
    """An object that has a number. Raises Unportable for choices of a transformation that no text stands for."""
    for kind, rule in _RULES:
        if isinstance(obj, kind):
            return rule(obj)
    if hasattr(type(obj), "__hloc_compiled__"):
        return "function", "compiled", [("", obj.__hloc_function__)]
    return "object", "", [("class", type(obj))]


def is_code(obj: Any) -> bool:
    """Whether number and digests say all about an object: functions and classes, and what is made of them."""
    return isinstance(obj, tuple(kind for kind, _ in _RULES)) or hasattr(type(obj), "__hloc_compiled__")


def _function(obj: types.FunctionType) -> Description:
    digest = code_digest(obj.__code__).hex()
    return "function", digest, () if is_installed(obj) else _function_parts(obj)


def _function_parts(obj: types.FunctionType) -> Iterator[Edge]:
    names = reached_names(obj.__code__)
    yield from _globals(obj.__globals__, names)
    for name, cell in zip(obj.__code__.co_freevars, obj.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    yield from ((f"default {j}", value) for j, value in enumerate(obj.__defaults__ or ()))
    yield from ((f"default of {name}", value) for name, value in (obj.__kwdefaults__ or {}).items())


def _globals(scope: dict[str, Any], names: Iterable[str]) -> Iterator[Edge]:
    """The globals that code mentions, and attributes of modules among them that it mentions."""
    modules: dict[int, tuple[str, types.ModuleType]] = {}
    for name in names:
        if name in scope:
            value = scope[name]
            yield name, value
            if isinstance(value, types.ModuleType):
                modules.setdefault(id(value), (name, value))
    pending = list(modules.values())
    while pending:
        prefix, module = pending.pop(0)
        if library_name(module) is not None:
            continue  # what a program uses of a library has a guard
        members = vars(module)
        for name in names:
            if name in members:
                value = members[name]
                yield f"{prefix}.{name}", value
                if isinstance(value, types.ModuleType) and id(value) not in modules:
                    modules[id(value)] = entry = (f"{prefix}.{name}", value)
                    pending.append(entry)


_CODE = (types.FunctionType, staticmethod, classmethod, property)


def _class(obj: type) -> Description:
    members = vars(obj)
    own = [obj.__qualname__, repr(members.get("__dataclass_params__")), repr(members.get("_fields"))]
    if is_installed(obj):
        functions = ((name, m) for name, m in members.items() if isinstance(m, types.FunctionType))
        own += [f"{name} {code_digest(m.__code__).hex()}" for name, m in functions]
        return "class", "\0".join(own), ()
    return "class", "\0".join(own), _class_parts(obj, members)


def _class_parts(obj: type, members: Any) -> Iterator[Edge]:
    yield "metaclass", type(obj)
    yield from ((f"base {j}", base) for j, base in enumerate(obj.__bases__))
    for name, member in members.items():
        if name == "__dataclass_fields__":
            yield from member.items()
        elif isinstance(member, _CODE) or not (name.startswith("__") or name == "_abc_impl"):
            yield name, member


def _parts_of(kind: str, *attributes: str) -> Callable[[Any], Description]:
    def describe(obj: Any) -> Description:
        return kind, type(obj).__name__, [(name, getattr(obj, name)) for name in attributes]

    return describe


def _partial(obj: functools.partial[Any]) -> Description:
    edges = [("func", obj.func), *((f"argument {j}", value) for j, value in enumerate(obj.args))]
    return "partial", type(obj).__name__, [*edges, *((f"argument {name}", v) for name, v in obj.keywords.items())]


def _transformed(obj: Transformed) -> Description:
    return f"hloc.{obj.kind}", f"{type(obj).__name__} {canonical(obj.choices).hex()}", [("", obj.function)]


def _rewritten(obj: Rewritten) -> Description:
    edges: list[Edge] = [("function", obj.function)]
    if isinstance(obj, CustomJvp):
        edges.append(("rule", obj.rule))
    if isinstance(obj, CustomVjp):
        edges += [("forward rule", obj.forward), ("backward rule", obj.backward)]
    return "function with a rule", f"{type(obj).__name__} {canonical(obj.nondiff_argnums).hex()}", edges


def _vectorize(obj: Any) -> Description:
    try:
        choices = canonical((obj.otypes, obj.signature, frozenset(obj.excluded)))
    except (AttributeError, TypeError) as error:
        raise Unportable(f"np.vectorize with choices that no text stands for: {error}") from None
    return "np.vectorize", choices.hex(), [("", obj.pyfunc)]


def _field(obj: dataclasses.Field[Any]) -> Description:
    choices = (obj.name, obj.init, obj.repr, obj.hash, obj.compare, bool(obj.kw_only))
    return "field", canonical(choices).hex(), [("default", obj.default), ("factory", obj.default_factory)]


def _slot(obj: types.MemberDescriptorType) -> Description:
    return "slot", obj.__name__, [("class", obj.__objclass__)]


def _module(obj: types.ModuleType) -> Description:
    return "module", "", ()  # functions lead to the attributes that they mention


_RULES: tuple[tuple[type, Callable[[Any], Description]], ...] = (
    (types.FunctionType, _function),
    (type, _class),
    (types.ModuleType, _module),
    (types.MethodType, _parts_of("method", "__func__", "__self__")),
    (staticmethod, _parts_of("static method", "__func__")),
    (classmethod, _parts_of("class method", "__func__")),
    (property, _parts_of("property", "fget", "fset", "fdel")),
    (functools.cached_property, _parts_of("property", "func")),
    (functools.partial, _partial),
    (Transformed, _transformed),
    (Rewritten, _rewritten),
    (np.vectorize, _vectorize),
    (types.MemberDescriptorType, _slot),
    (dataclasses.Field, _field),
)
