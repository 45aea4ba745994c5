"""Calls: user functions run in a new frame on the same state; NumPy, math and builtins go through the tables."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from hloc.diagnostics.errors import CompileError, DTypeError, SourceError, UnsupportedError
from hloc.diagnostics.span import Span
from hloc.frontend import custom, derivatives
from hloc.frontend.batching import vmapped
from hloc.frontend.frames import run_frame
from hloc.frontend.inputs import capture, capture_default, capture_record, is_callable_object
from hloc.frontend.jacobians import hessian, jacobian
from hloc.frontend.members import guard_attribute, member, refuse_own
from hloc.frontend.operators import python_call
from hloc.frontend.outline import call_outlined, sharing_key
from hloc.frontend.source import function_source
from hloc.frontend.structure import kind_of
from hloc.frontend.tables.registry import find
from hloc.frontend.values import (
    AbstractValue,
    BuiltinMethodV,
    ConflictV,
    Const,
    DerivedV,
    DictRef,
    FunctionV,
    LinearMapV,
    MethodV,
    NeverV,
    ObjectRef,
    PartialV,
    TupleV,
    TypeOfV,
    Unreachable,
)
from hloc.frontend.vectorizing import vectorized
from hloc.program import Path
from hloc.transformed import (
    Checkpoint,
    Derivative,
    Mapped,
    Rewritten,
    Transformed,
    Vectorized,
    innermost,
    plain,
    signature,
)

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer


def call(
    sp: Specializer, function: AbstractValue, args: list[AbstractValue], kwargs: dict[str, AbstractValue]
) -> AbstractValue:
    """`function(*args, **kwargs)`."""
    match function:
        case FunctionV():
            return _call_nested(sp, function, args, kwargs)
        case MethodV(inner, owner):
            return call(sp, inner, [owner, *args], kwargs)
        case PartialV(inner, first, named):
            return call(sp, inner, [*first, *args], {**named, **kwargs})
        case BuiltinMethodV(handler, owner, name):
            return call_handler(sp, name, handler, [owner, *args], kwargs)
        case DerivedV(derivative, inner):
            return call_transformed(sp, derivative, inner, args, kwargs)
        case LinearMapV():
            return derivatives.apply_linear(sp, function, args, kwargs)
        case TypeOfV(cls):
            return _call_object(sp, cls, args, kwargs)
        case ObjectRef(cls=cls) if "__call__" in dir(cls):
            return call(sp, member(sp, cls, "__call__"), [function, *args], kwargs)
        case Const(obj):
            return _call_object(sp, obj, args, kwargs)
        case NeverV():
            return function
        case ConflictV(reason):
            raise DTypeError(f"this function may be {reason}", help="call each one in a branch of its own")
    raise DTypeError(f"{kind_of(function)} is not callable")


def call_transformed(
    sp: Specializer,
    made: Transformed,
    function: AbstractValue,
    args: list[AbstractValue],
    kwargs: dict[str, AbstractValue],
) -> AbstractValue:
    """Call what a transformation makes of a function."""
    if isinstance(made, Mapped):
        return vmapped(sp, made, function, args, kwargs)
    if isinstance(made, Vectorized):
        return vectorized(sp, made, function, args, kwargs)
    assert isinstance(made, Derivative)
    return _call_derivative(sp, made, function, args, kwargs)


def _call_derivative(
    sp: Specializer,
    derivative: Derivative,
    function: AbstractValue,
    args: list[AbstractValue],
    kwargs: dict[str, AbstractValue],
) -> AbstractValue:
    match derivative.kind:
        case "value":
            return call(sp, function, args, kwargs)
        case "grad" | "value_and_grad":
            return derivatives.gradient(sp, derivative, function, args, kwargs)
        case "jacfwd" | "jacrev":
            return jacobian(sp, derivative, function, args, kwargs)
        case "hessian":
            return hessian(sp, derivative, function, args, kwargs)
        case "checkpoint":
            return custom.checkpointed(sp, function, args, kwargs)
        case "jvp":
            return derivatives.jvp(sp, function, args[0], args[1], derivative.has_aux)
        case "hvp":
            return derivatives.hvp(sp, function, args[0], args[1])
        case "vjp" | "linearize" if isinstance(primals := args[0], TupleV):
            make = derivatives.vjp if derivative.kind == "vjp" else derivatives.linearize
            return make(sp, function, list(primals.items), derivative.has_aux)
    raise UnsupportedError(f"hloc.{derivative.kind} is not supported yet")


def call_handler(
    sp: Specializer, name: str, handler: Any, args: list[AbstractValue], kwargs: dict[str, AbstractValue]
) -> AbstractValue:
    """A rule of the tables; its signature is the one the user sees."""
    try:
        inspect.signature(handler).bind(sp, *args, **kwargs)
    except TypeError as error:
        raise UnsupportedError(
            f"{name}: {error}", help="see docs/numpy.md for the arguments that are supported"
        ) from None
    result: AbstractValue = handler(sp, *args, **kwargs)
    return result


def _call_object(
    sp: Specializer, obj: Any, args: list[AbstractValue], kwargs: dict[str, AbstractValue]
) -> AbstractValue:
    obj = plain(obj)
    rule = find(obj)
    if rule is not None:
        if isinstance(rule, types.FunctionType) and rule.__module__.startswith("hloc.library"):
            return _call_python(sp, rule, args, kwargs)
        return call_handler(sp, _name_of(obj), rule, args, kwargs)
    if isinstance(obj, Transformed):
        return call_transformed(sp, obj, Const(obj.function), args, kwargs)
    if isinstance(obj, Checkpoint):
        return custom.checkpointed(sp, Const(obj.function), args, kwargs)
    if isinstance(obj, Rewritten):
        return custom.with_rule(sp, obj, args, kwargs)
    if isinstance(obj, types.FunctionType):
        return _call_python(sp, _unwrapped(obj), args, kwargs)
    if isinstance(obj, types.MethodType):
        owner = capture(sp, Path(obj, (("attr", "__self__"),)), obj.__self__)
        return call(sp, Const(obj.__func__), [owner, *args], kwargs)
    if isinstance(obj, functools.partial):
        return _call_partial(sp, obj, args, kwargs)
    if isinstance(obj, type):
        return _construct(sp, obj, args, kwargs)
    if is_callable_object(obj):
        return call(sp, member(sp, type(obj), "__call__"), [capture_record(sp, obj), *args], kwargs)
    if _all_constant(args, kwargs) and _is_pure(obj):
        named = {k: v.obj for k, v in kwargs.items() if isinstance(v, Const)}
        return python_call(sp, functools.partial(obj, **named), *(a.obj for a in args if isinstance(a, Const)))
    raise UnsupportedError(
        f"{_name_of(obj)} is not supported yet",
        help="docs/numpy.md lists what is; a function in plain Python can be compiled",
    )


_PURE_MODULES = frozenset({"math", "cmath", "operator", "_operator"})
_PURE: tuple[Any, ...] = (
    *(ord, chr, bin, hex, oct, format, ascii, frozenset, bytes, np.dtype, np.iinfo, np.finfo),
    *(np.result_type, np.promote_types, np.can_cast, np.issubdtype, np.isscalar, np.broadcast_shapes),
)


def _is_pure(obj: Any) -> bool:
    """Library functions without effects or hidden state: on constants they may run now."""
    if getattr(obj, "__module__", None) in _PURE_MODULES:
        return True
    if any(obj is known for known in _PURE):
        return True
    return isinstance(getattr(obj, "__self__", None), str | bytes | int | float | complex | np.dtype | np.generic)


def _all_constant(args: list[AbstractValue], kwargs: dict[str, AbstractValue]) -> bool:
    return all(isinstance(a, Const) for a in (*args, *kwargs.values()))


def _name_of(obj: Any) -> str:
    module = getattr(obj, "__module__", "") or ""
    name = getattr(obj, "__qualname__", getattr(obj, "__name__", repr(obj)))
    short = "np" if module.startswith("numpy") or isinstance(obj, np.ufunc) else module
    return name if short in ("", "builtins") else f"{short}.{name}"


def _unwrapped(function: types.FunctionType) -> types.FunctionType:
    """The function itself: what decorators with functools.wraps stand around is compiled as they wrote it."""
    return function


def _call_partial(
    sp: Specializer, obj: Any, args: list[AbstractValue], kwargs: dict[str, AbstractValue]
) -> AbstractValue:
    path = Path(obj, ())
    sp.guard(path.then("attr", "keywords"), "keys", (dict, tuple(obj.keywords)))
    first = [capture(sp, path.then("attr", "args").then("item", j), a) for j, a in enumerate(obj.args)]
    named = {k: capture(sp, path.then("attr", "keywords").then("item", k), v) for k, v in obj.keywords.items()}
    return call(sp, Const(obj.func), [*first, *args], {**named, **kwargs})


# --- user functions


def _call_python(
    sp: Specializer, function: types.FunctionType, args: list[AbstractValue], kwargs: dict[str, AbstractValue]
) -> AbstractValue:
    if (function.__module__ or "").startswith("hloc.runtime."):
        raise UnsupportedError(
            f"hloc.{function.__name__} works around compiled functions, not in them",
            help="call it before, and pass its result as an argument",
        )
    try:
        source = function_source(function)
    except SourceError as error:
        error.report.labels.clear()
        raise
    sp.guard(Path(function, (("attr", "__code__"),)), "is", function.__code__)
    for name in ("__defaults__", "__kwdefaults__"):
        if held := getattr(function, name):
            keys = len(held) if isinstance(held, tuple) else tuple(held)
            sp.guard(Path(function, (("attr", name),)), "keys", (type(held), keys))
    defaults = [
        capture_default(sp, Path(function, (("attr", "__defaults__"), ("item", j))), d)
        for j, d in enumerate(function.__defaults__ or ())
    ]
    kw_defaults = {
        k: capture_default(sp, Path(function, (("attr", "__kwdefaults__"), ("item", k))), d)
        for k, d in (function.__kwdefaults__ or {}).items()
    }
    frame = sp.new_frame(source, function.__globals__, function, {})
    bound = bind(sp, source.name, source.node.args, defaults, kw_defaults, args, kwargs)
    return run_shared(sp, frame, bound)


def call_entry(sp: Specializer, function: types.FunctionType, bound: dict[str, AbstractValue]) -> AbstractValue:
    """Run the compiled function itself on its bound parameters."""
    source = function_source(function)
    sp.guard(Path(function, (("attr", "__code__"),)), "is", function.__code__)
    frame = sp.new_frame(source, function.__globals__, function, {})
    try:
        return run_alone(sp, frame, bound)
    except Unreachable:
        return NeverV()


def call_transformed_entry(sp: Specializer, made: Transformed, bound: dict[str, AbstractValue]) -> AbstractValue:
    """Run what a transformation makes of a function on its bound parameters."""
    args = list(bound.values())
    kwargs: dict[str, AbstractValue] = {}
    if not made.parameters:
        args, kwargs = _passed(sp, signature(made.function), bound)
    sp.builder.span = entry_span(made)
    try:
        return call_transformed(sp, made, Const(made.function), args, kwargs)
    except CompileError as error:
        raise error.with_span(sp.span) from None


def _passed(
    sp: Specializer, signature: inspect.Signature, bound: dict[str, AbstractValue]
) -> tuple[list[AbstractValue], dict[str, AbstractValue]]:
    """The arguments of the call that bound the parameters so."""
    args: list[AbstractValue] = []
    kwargs: dict[str, AbstractValue] = {}
    for name, parameter in signature.parameters.items():
        value = bound.get(name)
        if isinstance(value, TupleV) and parameter.kind is parameter.VAR_POSITIONAL:
            args += value.items
        elif isinstance(value, DictRef) and parameter.kind is parameter.VAR_KEYWORD:
            kwargs.update(sp.entries(value))
        elif value is not None and parameter.kind is parameter.KEYWORD_ONLY:
            kwargs[name] = value
        elif value is not None:
            args.append(value)
    return args, kwargs


def entry_span(function: Any) -> Span:
    """The place of the function written in Python that a program is made of."""
    source = function_source(innermost(function))
    return source.span(source.node)


def run_shared(sp: Specializer, frame: Frame, bound: dict[str, AbstractValue]) -> AbstractValue:
    """Run a module-level function: in place at the first call, as a function of the program from the second on.

    While a function that calls itself is made, all others run in place: what they call may not be known yet.
    """
    if frame.source.node in sp.decisions.recursive or sp.recursions.active:
        return run_alone(sp, frame, bound)
    key = sharing_key(sp, frame, bound)
    places = sp.call_places.setdefault(key, set()) if key is not None else {sp.span}
    places.add(sp.span)
    if key is not None and len(places) > 1:
        result = call_outlined(sp, key, frame, bound)
        if result is not None:
            return result
    return run_frame(sp, frame, bound)


def run_alone(sp: Specializer, frame: Frame, bound: dict[str, AbstractValue]) -> AbstractValue:
    """Run a function in place, unless it calls itself with data."""
    if frame.source.node in sp.decisions.recursive:
        result: AbstractValue = sp.recursions.call(frame, bound)
        return result
    return run_frame(sp, frame, bound)


def _call_nested(
    sp: Specializer, function: FunctionV, args: list[AbstractValue], kwargs: dict[str, AbstractValue]
) -> AbstractValue:
    frame = sp.new_frame(function.source, function.globals, function.owner, function.closure)
    node = function.source.node
    bound = bind(sp, function.source.name, node.args, list(function.defaults), function.kw_defaults, args, kwargs)
    return run_alone(sp, frame, bound)


def bind(
    sp: Specializer,
    name: str,
    spec: Any,
    defaults: list[AbstractValue],
    kw_defaults: dict[str, AbstractValue],
    args: list[AbstractValue],
    kwargs: dict[str, AbstractValue],
) -> dict[str, AbstractValue]:
    """Arguments to parameters by Python's rules. Raises DTypeError with CPython's message."""
    positional = [a.id for a in (*spec.posonlyargs, *spec.args)]
    only_positional = {a.id for a in spec.posonlyargs}
    bound: dict[str, AbstractValue] = dict(zip(positional, args, strict=False))
    extra = args[len(positional) :]
    if extra and spec.vararg is None:
        raise DTypeError(f"{name}() takes {len(positional)} positional arguments but {len(args)} were given")
    remaining: dict[str, AbstractValue] = {}
    keyword_names = {a.id for a in spec.kwonlyargs} | (set(positional) - only_positional)
    for key, value in kwargs.items():
        if key in keyword_names:
            if key in bound:
                raise DTypeError(f"{name}() got multiple values for argument '{key}'")
            bound[key] = value
        elif spec.kwarg is None:
            raise DTypeError(f"{name}() got an unexpected keyword argument '{key}'")
        else:
            remaining[key] = value
    with_default = dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True)) if defaults else {}
    for parameter in (*positional, *(a.id for a in spec.kwonlyargs)):
        if parameter in bound:
            continue
        default = with_default.get(parameter, kw_defaults.get(parameter))
        if default is None:
            raise DTypeError(f"{name}() missing a required argument: '{parameter}'")
        bound[parameter] = default
    if spec.vararg is not None:
        bound[spec.vararg.id] = TupleV(tuple(extra))
    if spec.kwarg is not None:
        bound[spec.kwarg.id] = sp.new_dict(dict(remaining))
    return bound


# --- classes


def _construct(
    sp: Specializer, cls: type, args: list[AbstractValue], kwargs: dict[str, AbstractValue]
) -> AbstractValue:
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _construct_namedtuple(sp, cls, args, kwargs)
    if issubclass(cls, BaseException):
        raise UnsupportedError("exceptions are raised directly: `raise X(...)`")
    if cls.__module__ in ("builtins", "numpy") or issubclass(cls, np.generic):
        if _all_constant(args, kwargs):
            return python_call(sp, cls, *(a.obj for a in args if isinstance(a, Const)))
        raise UnsupportedError(f"{cls.__name__}() is not supported yet")
    if dataclasses.is_dataclass(cls) and "__init__" in cls.__dict__ and not hasattr(cls.__init__, "__wrapped__"):
        return _construct_dataclass(sp, cls, args, kwargs)
    refuse_own(cls, "__new__")
    ref = sp.new_object(cls, {})
    init = guard_attribute(sp, cls, "__init__")
    if isinstance(init, types.FunctionType):
        call(sp, Const(init), [ref, *args], kwargs)
    elif args or kwargs:
        raise DTypeError(f"{cls.__name__}() takes no arguments")
    return ref


def _construct_namedtuple(
    sp: Specializer, cls: Any, args: list[AbstractValue], kwargs: dict[str, AbstractValue]
) -> AbstractValue:
    values = dict(zip(guard_attribute(sp, cls, "_fields"), args, strict=False)) | kwargs
    for field in cls._fields:
        if field not in values:
            if field not in cls._field_defaults:
                raise DTypeError(f"{cls.__name__}() missing a required argument: '{field}'")
            values[field] = capture(
                sp, Path(cls, (("attr", "_field_defaults"), ("item", field))), cls._field_defaults[field]
            )
    if len(args) > len(cls._fields) or set(values) - set(cls._fields):
        raise DTypeError(f"{cls.__name__}() takes {len(cls._fields)} arguments")
    return TupleV(tuple(values[field] for field in cls._fields), cls)


def _construct_dataclass(
    sp: Specializer, cls: type, args: list[AbstractValue], kwargs: dict[str, AbstractValue]
) -> AbstractValue:
    try:
        inspect.signature(cls).bind(*args, **kwargs)
    except TypeError as error:
        raise DTypeError(f"{cls.__name__}(): {error}") from None
    init = guard_attribute(sp, cls, "__init__")
    fields = [f for f in dataclasses.fields(cls) if f.init]
    values = dict(zip((f.name for f in fields if not f.kw_only), args, strict=False)) | kwargs
    attributes: dict[str, AbstractValue] = {}
    for field in dataclasses.fields(cls):
        path = Path(cls, (("attr", "__dataclass_fields__"), ("item", field.name)))
        if field.name in values:
            attributes[field.name] = values[field.name]
        elif field.default_factory is not dataclasses.MISSING:
            sp.guard(path.then("attr", "default_factory"), "is", field.default_factory)
            attributes[field.name] = call(sp, Const(field.default_factory), [], {})
        elif field.default is not dataclasses.MISSING:
            attributes[field.name] = capture(sp, path.then("attr", "default"), field.default)
    ref = sp.new_object(cls, attributes)
    if "__post_init__" in init.__code__.co_names:  # it was there when the class was made
        call(sp, member(sp, cls, "__post_init__"), [ref], {})
    return ref
