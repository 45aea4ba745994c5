"""Differences of the undecorated function under CPython are the definition of right: `check_gradient` compares.

    check_gradient(program, 1.5, np.ones(3), 4)      # with respect to 1.5 and the array; 4 is an integer

Compared are the value (CPython's, 1e-12), the derivative along random directions (five-point differences with step
1e-4: 1e-8 of the sum of |g_i d_i|), forward against reverse (1e-11), and the printed derivative run by NumPy.
`check_second_order` compares the gradient of a random projection of the gradient with differences of the gradient.
Checks of this sort miss kinks inside the step, and terms below 1e-8 of the others.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import hloc
from hloc.calling import BoundProgram
from hloc.program import TapeOverflow
from tests.language.agreement import define, outcome
from tests.random_programs.check import PrintedPython

STEP = 1e-4
STENCIL = ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0))
RELATIVE = 1e-8
Run = Callable[[Any], Callable[..., Any]]


def by_xla(compiled: Any) -> Callable[..., Any]:
    return lambda *arguments: compiled(*arguments)


def by_numpy(compiled: Any) -> Callable[..., Any]:
    """A compiled function by way of its printed Python."""
    program = None

    def run(*arguments: Any) -> Any:
        nonlocal program
        while True:
            program = program or compiled.lower(*arguments).program
            try:
                return BoundProgram(program, PrintedPython(program)).run(compiled._bind(arguments, {}))
            except TapeOverflow as overflow:
                program = None
                compiled.learned.capacities[overflow.site] = 1 << (overflow.rows - 1).bit_length()

    return run


def leaves(x: Any) -> Iterator[Any]:
    """The numbers and arrays in nested tuples, lists, dicts and dataclasses."""
    if isinstance(x, dict):
        x = list(x.values())
    elif dataclasses.is_dataclass(x):
        x = list(vars(x).values())
    if isinstance(x, tuple | list):
        for part in x:
            yield from leaves(part)
    elif x is not None:
        yield x


def rebuild(x: Any, change: Callable[[Any], Any]) -> Any:
    """A copy with every number and array changed, in the order of `leaves`."""
    if isinstance(x, tuple | list):
        parts = [rebuild(part, change) for part in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    if isinstance(x, dict):
        return {key: rebuild(part, change) for key, part in x.items()}
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return type(x)(**{key: rebuild(part, change) for key, part in vars(x).items()})
    return x if x is None else change(x)


def is_float(x: Any) -> bool:
    return not isinstance(x, bool) and np.asarray(x).dtype.kind in "fc"


def float_arguments(arguments: tuple[Any, ...]) -> tuple[int, ...]:
    """Places of the arguments whose leaves are all floats."""
    return tuple(j for j, x in enumerate(arguments) if all(map(is_float, leaves(x))) and any(True for _ in leaves(x)))


def random_like(x: Any, rng: np.random.Generator) -> Any:
    """Numbers in [-1, 1] of the same structure and types."""

    def change(leaf: Any) -> Any:
        value = rng.uniform(-1, 1, np.shape(leaf))
        if np.asarray(leaf).dtype.kind == "c":
            value = value + 1j * rng.uniform(-1, 1, np.shape(leaf))
        return type(leaf)(value) if np.ndim(leaf) == 0 else value.astype(leaf.dtype)

    return rebuild(x, change)


def shifted(arguments: tuple[Any, ...], wrt: tuple[int, ...], direction: tuple[Any, ...], step: Any) -> tuple[Any, ...]:
    """The arguments moved along a direction."""
    result = list(copy.deepcopy(arguments))
    for place, d in zip(wrt, direction, strict=True):
        parts = iter(leaves(d))
        result[place] = rebuild(result[place], lambda x, parts=parts: x + step * next(parts))
    return tuple(result)


def inner(u: Any, v: Any) -> float:
    """Re <u, v> over all leaves."""
    pairs = zip(leaves(u), leaves(v), strict=True)
    return float(sum(np.real(np.sum(np.conj(np.asarray(a)) * np.asarray(b))) for a, b in pairs))


def differences(function: Callable[..., Any], arguments: tuple[Any, ...], wrt: Any, direction: Any) -> Any:
    """Central differences of fourth order along a direction, leaf by leaf of the result."""
    total: list[Any] | None = None
    for multiple, weight in STENCIL:
        result = list(leaves(function(*shifted(arguments, wrt, direction, multiple * STEP))))
        terms = [np.asarray(r) * (weight / (12 * STEP)) for r in result]
        total = terms if total is None else [t + r for t, r in zip(total, terms, strict=True)]
    return total


def magnitude(u: Any, v: Any) -> float:
    return float(sum(np.sum(np.abs(np.asarray(a) * np.asarray(b))) for a, b in zip(leaves(u), leaves(v), strict=True)))


def close(found: float, expected: float, scale: float, relative: float, what: str) -> None:
    assert np.isfinite(found), (what, found, expected)
    assert abs(found - expected) <= relative * max(scale, abs(expected)), (what, found, expected)


def check_gradient(
    function: Callable[..., Any],
    *arguments: Any,
    wrt: tuple[int, ...] | None = None,
    forward: bool = True,
    printed: bool = True,
    complex_step: bool = False,
    directions: int = 2,
    relative: float = RELATIVE,
    reference: Callable[..., Any] | None = None,
    run: Run = by_xla,
) -> None:
    """Assert that hloc's derivatives of a scalar function are right at these arguments.

    reference: what CPython runs in place of the function, where that asks for derivatives itself.
    run: who runs the derivatives, `by_xla` or `by_numpy`.
    """
    plain = reference or function
    wrt = float_arguments(arguments) if wrt is None else wrt
    rng = np.random.default_rng(len(arguments))
    before = outcome(plain, arguments)
    assert before.error is None, before.error
    expected = before.result
    value, gradient = value_and_gradient(function, arguments, wrt, run)
    np.testing.assert_allclose(float(value), float(expected), rtol=1e-12, atol=1e-14)
    check_shapes(gradient, tuple(arguments[place] for place in wrt))
    along = [tuple(random_like(arguments[place], rng) for place in wrt) for _ in range(directions)]
    noise = 1e-10 * abs(float(expected))
    for direction in along:
        (difference,) = differences(plain, arguments, wrt, direction)
        scale = magnitude(gradient, direction) + noise / relative
        close(inner(gradient, direction), float(difference), scale, relative, "gradient against differences")
        if complex_step:
            moved = plain(*shifted(arguments, wrt, direction, 1e-30j))
            close(inner(gradient, direction), float(np.imag(moved)) / 1e-30, scale, 1e-12, "complex step")
    if forward:
        tangent = run(directional(function, arguments, wrt))(*copy.deepcopy(arguments), *copy.deepcopy(along[0]))
        scale = magnitude(gradient, along[0])
        close(float(tangent), inner(gradient, along[0]), scale + 1e-6, 1e-10, "forward against reverse")
    if printed:
        check_printed(function, arguments, wrt, gradient)


def check_cases(
    function: Callable[..., Any], cases: Sequence[tuple[Any, ...]], reference: Callable[..., Any] | None = None
) -> None:
    """Assert that derivatives are right for each case; forward mode and the printed program for the first one."""
    for number, case in enumerate(cases):
        check_gradient(function, *case, reference=reference, forward=number == 0, printed=number == 0)


def value_and_gradient(
    function: Callable[..., Any], arguments: tuple[Any, ...], wrt: tuple[int, ...], run: Run = by_xla
) -> tuple[Any, Any]:
    """hloc's value and the tuple of gradients; the arguments stay as they are."""
    value, gradient = run(hloc.value_and_grad(function, argnums=wrt))(*copy.deepcopy(arguments))
    return value, gradient


def check_shapes(gradient: Any, arguments: tuple[Any, ...]) -> None:
    """A gradient has the structure, the shapes and the element types of the arguments."""
    found, expected = list(leaves(gradient)), list(leaves(arguments))
    assert len(found) == len(expected), (gradient, arguments)
    for f, e in zip(found, expected, strict=True):
        assert np.shape(f) == np.shape(e)
        assert np.asarray(f).dtype == np.asarray(e).dtype


def parameters_of(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def directional(function: Callable[..., Any], arguments: tuple[Any, ...], wrt: tuple[int, ...]) -> Callable[..., Any]:
    """A compiled function of the arguments and tangents: the derivative forward."""
    names = parameters_of(function)[: len(arguments)]
    chosen = ", ".join(names[j] for j in wrt)
    tangents = ", ".join(f"{names[j]}_dot" for j in wrt)
    return hloc.compile(
        define(
            f"def program({', '.join(names)}, {tangents}):\n"
            f"    return hloc.jvp(lambda {chosen}: function({', '.join(names)}), ({chosen},), ({tangents},))[1]\n",
            function=function,
            hloc=hloc,
        )
    )


def projected(function: Callable[..., Any], arguments: tuple[Any, ...], wrt: tuple[int, ...]) -> Callable[..., Any]:
    """A function of the arguments and weights: the gradient times the weights."""
    names = parameters_of(function)[: len(arguments)]
    weights = [f"{names[j]}_weight" for j in wrt]
    terms = " + ".join(f"np.sum(gradient[{k}] * {w})" for k, w in enumerate(weights))
    return define(
        f"def program({', '.join(names)}, {', '.join(weights)}):\n"
        f"    gradient = hloc.grad(function, argnums={wrt})({', '.join(names)})\n"
        f"    return {terms}\n",
        function=function,
        hloc=hloc,
    )


def check_second_order(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    wrt: tuple[int, ...] | None = None,
    relative: float = RELATIVE,
    run: Run = by_xla,
) -> None:
    """Assert that the gradient of a projection of the gradient is right, in reverse and forward over reverse."""
    wrt = float_arguments(arguments) if wrt is None else wrt
    rng = np.random.default_rng(len(arguments))
    weights, direction = (tuple(random_like(arguments[place], rng) for place in wrt) for _ in range(2))
    slope = run(hloc.grad(function, argnums=wrt))
    columns = differences(slope, arguments, wrt, direction)
    program = projected(function, arguments, wrt)
    twice = run(hloc.grad(program, argnums=wrt))(*copy.deepcopy(arguments), *weights)
    first = magnitude(slope(*copy.deepcopy(arguments)), weights)
    scale = magnitude(twice, direction) + magnitude(columns, weights) + 1e-2 * first
    close(inner(twice, direction), inner(columns, weights), scale, relative, "reverse over reverse")
    tangent = run(directional(program, (*arguments, *weights), wrt))
    found = float(tangent(*copy.deepcopy(arguments), *weights, *direction))
    close(found, inner(twice, direction), scale, 1e-9, "forward over reverse")


def check_printed(
    function: Callable[..., Any], arguments: tuple[Any, ...], wrt: tuple[int, ...], gradient: Any
) -> None:
    """The printed derivative, run by NumPy, gives the same numbers."""
    _, found = value_and_gradient(function, arguments, wrt, by_numpy)
    for f, e in zip(leaves(found), leaves(gradient), strict=True):
        scale = float(np.max(np.abs(e), initial=0.0))
        np.testing.assert_allclose(np.asarray(f), np.asarray(e), rtol=1e-10, atol=1e-12 * scale, err_msg="printed")
