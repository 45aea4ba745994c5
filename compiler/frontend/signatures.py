"""Parameters of abstract functions: their names, and which argument of a call belongs to one."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from hloc.diagnostics.errors import DTypeError
from hloc.frontend.values import AbstractValue, Const, DerivedV, FunctionV, MethodV, ObjectRef, PartialV
from hloc.transformed import Transformed, signature


def function_name(function: AbstractValue) -> str:
    """What a function is called in messages and in the program."""
    match function:
        case FunctionV(source=source):
            return str(source.name).strip("<>")
        case MethodV(inner, _) | PartialV(inner, _, _):
            return function_name(inner)
        case DerivedV(derivative, inner):
            return f"{derivative.kind}_{function_name(inner)}"
        case ObjectRef(cls=cls):
            return cls.__name__
        case Const(obj):
            return _name(obj)
    return "function"


def _name(obj: Any) -> str:
    if isinstance(obj, functools.partial):
        return _name(obj.func)
    if isinstance(obj, Transformed):
        return obj.name
    return str(getattr(obj, "__name__", type(obj).__name__)).strip("<>")


def parameter_names(function: AbstractValue) -> list[str]:
    """The names of the positional parameters that are still open; fewer where they are not known."""
    match function:
        case FunctionV(source=source):
            spec = source.node.args
            return [a.id for a in (*spec.posonlyargs, *spec.args)]
        case MethodV(inner, _):
            return parameter_names(inner)[1:]
        case PartialV(inner, first, _):
            return parameter_names(inner)[len(first) :]
        case DerivedV(_, inner):
            return parameter_names(inner)
        case ObjectRef(cls=cls):
            return parameter_names(Const(cls.__call__))[1:]
        case Const(obj):
            return _parameters(obj)
    return []


def first_optional(function: AbstractValue) -> int:
    """The number of the first positional parameter that has a default; as many as there are where none has."""
    names = parameter_names(function)
    match function:
        case FunctionV(defaults=defaults):
            return len(names) - len(defaults)
        case MethodV(inner, _):
            return first_optional(inner) - 1
        case Const(obj) if names:
            found = signature(obj).parameters
            return next(
                (j for j, name in enumerate(names) if found[name].default is not inspect.Parameter.empty), len(names)
            )
    return len(names)


def _parameters(obj: Any) -> list[str]:
    try:
        found = signature(obj).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def position_of(
    kind: str,
    function: AbstractValue,
    asked: int | str,
    args: list[AbstractValue],
    kwargs: dict[str, AbstractValue],
) -> int | str:
    """Where the argument stands that argnums or argnames mean: its number or its keyword."""
    names = parameter_names(function)
    if isinstance(asked, str):
        if asked in kwargs:
            return asked
        if asked in names[: len(args)]:
            return names.index(asked)
        raise DTypeError(f"hloc.{kind}: argument {asked!r} is not given", help=f"the parameters are {', '.join(names)}")
    number = asked + max(len(names), len(args)) if asked < 0 else asked
    if 0 <= number < len(args):
        return number
    if number < len(names) and names[number] in kwargs:
        return names[number]
    raise DTypeError(
        f"hloc.{kind}: there is no argument {asked} in a call with {len(args) + len(kwargs)}",
        help="argnums counts the positional parameters from 0; a default that is differentiated must be passed",
    )
