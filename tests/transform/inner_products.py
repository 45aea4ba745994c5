"""Compares reverse mode with forward mode by inner products: <ct, J t> = <J^T ct, t>, for derivatives of any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.ir.opdef import REGISTRY
from hloc.ir.types import I64
from hloc.ir.verifier import verify
from hloc.transform.differentiate import Sites, differentiate
from hloc.transform.simplify import simplify
from tests.transform.interpreter import run
from tests.transform.tangents import add_jvp, leading_floats

Make = Callable[[], Module]
Arrays = Sequence[Any]


def add_tape(module: Module, name: str, use: str) -> str:
    """Add a function that uses the tape of another one once, in the same place: `pullback` or `pushforward`.

    (xs…, weights…, others…) → (what the use gives…, ys…, other results…, needed); xs, ys are the leading floats.
    """
    callee = module.functions[name]
    wrt, outputs = leading_floats(callee.params), leading_floats(callee.results)
    ends = {"pullback": (callee.results[:outputs], callee.params[:wrt])}
    weights_of, found_for = ends.get(use, (callee.params[:wrt], callee.results[:outputs]))
    attrs = {"function": name, "wrt": wrt, "outputs": outputs}
    params, results = [Value(v.type, v.name) for v in callee.params], [Value(v.type) for v in callee.results]
    weights, found = [Value(v.type) for v in weights_of], [Value(v.type) for v in found_for]
    tape, before, after, needed = (Value(I64) for _ in range(4))
    ops = [
        Op(REGISTRY["linearize"], tuple(params), attrs, (), (*results, tape, before)),
        Op(REGISTRY[use], (tape, *weights), attrs, (), (*found, after)),
        Op(REGISTRY["maximum"], (before, after), {}, (), (needed,)),
    ]
    block = Block([*params[:wrt], *weights, *params[wrt:]], ops, [*found, *results, needed])
    return module.add(Function(f"{name}_{use}", block)).name


def derivative(make: Make, kinds: str, sites: Sites) -> Module:
    """The entry's derivatives, one upon the other: j for jvp, v for pullback, p for pushforward; valid."""
    module = make()
    verify(module)
    for kind in kinds:
        add = add_jvp if kind == "j" else lambda m, n, k=kind: add_tape(m, n, "pullback" if k == "v" else "pushforward")
        module.main = add(module, module.main)
    simplify(module)
    differentiate(module, sites)
    verify(module)
    simplify(module)
    verify(module)
    return module


def results_of(make: Make, kinds: str, arguments: Arrays, **sites: Any) -> list[np.ndarray]:
    """What the derivative gives once its logs have room; they are enlarged as a caller does, one site at a time."""
    capacities: dict[int, int] = {}
    counts = sum(kind in "vp" for kind in kinds)
    while True:
        found = run(derivative(make, kinds, Sites(capacities=capacities, **sites)), arguments)
        needed = max((int(found[-1 - j]) for j in range(counts)), default=0)
        if not needed:
            return found
        site, rows = divmod(needed, 1 << 40)
        assert capacities.get(site, 0) < rows, f"site {site} wants {rows} rows and has {capacities[site]}"
        capacities[site] = 1 << (rows - 1).bit_length()


def check_adjoint(make: Make, before: str, arguments: Arrays, near: float = 1e-9, **sites: Any) -> None:
    """Pullback and pushforward of the derivatives `before` of the entry agree with their jvp, and give their values."""
    function = derivative(make, before, Sites())
    wrt, outputs = leading_floats(function.entry.params), leading_floats(function.entry.results)
    rng = np.random.default_rng(1)
    xs, others = list(arguments[:wrt]), list(arguments[wrt:])
    ts = [rng.standard_normal(np.shape(x)) for x in xs]
    values = results_of(make, before, arguments, **sites)
    forward = results_of(make, before + "j", [*xs, *ts, *others], **sites)
    tangents = forward[outputs : 2 * outputs]
    cts = [rng.standard_normal(t.shape) for t in tangents]
    reverse = results_of(make, before + "v", [*xs, *cts, *others], **sites)
    assert_near(_dot(cts, tangents), _dot(reverse[:wrt], ts), near)
    for found in (forward[:outputs], reverse[wrt : wrt + outputs]):
        for x, y in zip(found, values, strict=False):
            np.testing.assert_array_equal(x, y)
    if before.count("v") == 0:
        again = results_of(make, before + "p", [*xs, *ts, *others], **sites)
        for x, y in zip(again[:outputs], tangents, strict=True):
            assert_near(x, y, near)


def assert_near(x: Any, y: Any, near: float) -> None:
    np.testing.assert_allclose(x, y, rtol=near, atol=near)


def _dot(xs: Arrays, ys: Arrays) -> float:
    return sum(float(np.sum(x * y)) for x, y in zip(xs, ys, strict=True))
