"""Compares derivatives that are written out in SSA with central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, takewhile
from textwrap import dedent
from typing import Any

import numpy as np

import hloc.ops  # noqa: F401
from hloc.frontend.context import Options
from hloc.frontend.entry import specialize
from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.opdef import REGISTRY
from hloc.ir.parser import parse_module
from hloc.ir.to_python import run_python
from hloc.ir.verifier import verify
from hloc.ops.algebra import is_float
from hloc.transform.call_graph import callees, callees_first
from hloc.transform.differentiate.forward import Forward
from hloc.transform.rewrite import Replacement, Rewriter
from hloc.transform.simplify import simplify

STEP = 1e-5
NEAR = 1e-7  # the error of a central difference of a function of size 1: STEP**2 and 1e-16 / STEP


class _Expander(Rewriter):
    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.forward = forward

    def rewrite(self, op: Op) -> Replacement:
        return self.forward.expand(self.builder, op) if op.name == "jvp" else None


def expand(module: Module) -> None:
    """Write out all `jvp` operations, those of callees first."""
    forward, graph = Forward(module), {name: callees(module, f) for name, f in module.functions.items()}
    for name in callees_first(graph, module.main):
        _Expander(forward).run(module.functions[name])


def leading_floats(values: Sequence[Value]) -> int:
    return len(list(takewhile(lambda v: is_float(v.type), values)))


def add_jvp(module: Module, name: str) -> str:
    """Add a function (xs…, tangents of xs…, others…) → (ys…, tangents of ys…, others…), xs and ys the leading floats."""
    callee = module.functions[name]
    wrt, outputs = leading_floats(callee.params), leading_floats(callee.results)
    primals, tangents = [Value(v.type, v.name) for v in callee.params], [Value(v.type) for v in callee.params[:wrt]]
    ys, ys_dot = [Value(v.type) for v in callee.results], [Value(v.type) for v in callee.results[:outputs]]
    attrs = {"function": name, "wrt": wrt, "outputs": outputs}
    op = Op(REGISTRY["jvp"], (*primals, *tangents), attrs, (), (*ys, *ys_dot))
    block = Block([*primals[:wrt], *tangents, *primals[wrt:]], [op], [*ys[:outputs], *ys_dot, *ys[outputs:]])
    return module.add(Function(f"{name}_tangents", block)).name


def derivative(make: Callable[[], Module], order: int, simplified: bool = False) -> Module:
    """The module whose entry is the derivative of the entry, `order` times; valid."""
    module = make()
    verify(module)
    for _ in range(order):
        module.main = add_jvp(module, module.main)
    expand(module)
    verify(module)
    if simplified:
        simplify(module)
        verify(module)
    return module


def check_orders(
    make: Callable[[], Module], arguments: Sequence[Any], orders: int = 2, simplified: bool = True
) -> None:
    """Each derivative is the limit of differences of the one before, in a random direction.

    It would miss an error at a kink, and one below 1e-7 of the size of the results.
    """
    rng, functions = np.random.default_rng(1), [derivative(make, order, simplified) for order in range(orders + 1)]
    for before, after in pairwise(functions):
        count = leading_floats(before.entry.params)
        xs, others = [np.asarray(a) for a in arguments[:count]], list(arguments[count:])
        ts = [_direction(rng, x) for x in xs]
        outputs = leading_floats(before.entry.results)
        y, low, high = (
            run_python(before, [*(x + h * t for x, t in zip(xs, ts, strict=True)), *others]) for h in (0, -STEP, STEP)
        )
        found = run_python(after, [*xs, *ts, *others])
        primals, tangents = found[:outputs] + found[2 * outputs :], found[outputs : 2 * outputs]
        for number, (expected, primal) in enumerate(zip(y, primals, strict=True)):
            np.testing.assert_array_equal(primal, expected, err_msg=f"result {number}")
        for number, tangent in enumerate(tangents):
            expected = (high[number] - low[number]) / (2 * STEP)
            near = NEAR * (1 + np.max(np.abs(expected), initial=0))
            np.testing.assert_allclose(tangent, expected, rtol=1e-6, atol=near, err_msg=f"tangent {number}")
        arguments = [*xs, *ts, *others]


def check_text(text: str, *arguments: Any, orders: int = 2) -> None:
    """The same for the main function of an SSA text."""
    check_orders(lambda: parse_module(dedent(text)), arguments, orders)


def check_python(function: Callable[..., Any], *arguments: Any, orders: int = 2) -> None:
    """The same for a Python function; its floats come first, in parameters and results."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]  # type: ignore[attr-defined]
    bound = dict(zip(names, arguments, strict=True))

    def make() -> Module:
        module = specialize(function, bound, Options(checks=False)).module  # type: ignore[arg-type]
        simplify(module)
        return module

    check_orders(make, arguments, orders)


def _direction(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    direction = rng.standard_normal(x.shape)
    return np.asarray(direction + 1j * rng.standard_normal(x.shape) if x.dtype.kind == "c" else direction, x.dtype)
