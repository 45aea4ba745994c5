"""Intervals of integers through calls: what functions are given bounds their parameters.

func @sum(%a: f64[9], %i: i64) { … %j = subtract %i, 1; call @sum %a, %j under %i > 0 … }      i in [0, 8]
func @main(%a: f64[9]) { … call @sum %a, 8 … }

Callers come first. For functions that call each other, intervals are sought that hold what they pass, too, as for the
carries of a loop (see analyze_ranges): first what comes from outside, then hulls, then the unstable ends are moved to
those of the type.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hloc.ir.core import Module, Value
from hloc.transform.analyze_ranges import MOST_ROUNDS, analyze_ranges, widened
from hloc.transform.call_graph import callees, callees_first, components, fixed_signatures, recursive_functions
from hloc.transform.intervals import Interval
from hloc.transform.ranges import Ranges

Intervals = Sequence[Interval | None]
Arguments = dict[str, Intervals]
"""For functions, the intervals in which their parameters lie."""


def analyze_module(module: Module) -> dict[str, Ranges]:
    """What is known of the values of each function; callers first, so that arguments bound the parameters."""
    graph = {name: callees(module, function) for name, function in module.functions.items()}
    order = callees_first(graph, module.main)
    recursive, component, open_ = recursive_functions(graph, order), components(graph, order), fixed_signatures(module)
    arguments: Arguments = {name: [None] * len(module.functions[name].params) for name in open_}
    result: dict[str, Ranges] = {}
    for name in sorted(order, key=lambda name: -order[name]):
        if name in result:
            continue
        if name in recursive:
            cycle = [other for other in order if component[other] == component[name]]
            found = _analyze_cycle(module, cycle, {n: arguments[n] for n in cycle if n in arguments}, open_)
        else:
            found = {name: analyze_ranges(module.functions[name], arguments.get(name))}
        result |= found
        for ranges in found.values():
            _join_arguments(arguments, ranges, {*open_, *found})
    return result


def _analyze_cycle(module: Module, names: Sequence[str], outer: Arguments, open_: Collection[str]) -> dict[str, Ranges]:
    """What is known in functions that call each other, some of which are given `outer` from outside."""
    guess = outer
    for attempt in range(MOST_ROUNDS):
        result = {name: analyze_ranges(module.functions[name], guess[name]) for name in names if name in guess}
        passed = dict(outer)
        for ranges in result.values():
            _join_arguments(passed, ranges, open_)
        passed = {name: passed[name] for name in names if name in passed}
        if passed.keys() == guess.keys() and all(_within(passed[name], guess[name]) for name in guess):
            return result
        guess = {
            name: _widened_all(guess.get(name, intervals), intervals, module.functions[name].params, attempt)
            for name, intervals in passed.items()
        }
    return {name: analyze_ranges(module.functions[name]) for name in names}


def _join_arguments(arguments: Arguments, ranges: Ranges, fixed: Collection[str]) -> None:
    """Let the intervals of parameters hold what calls pass, but for those of the functions `fixed`."""
    for callee, intervals in ranges.calls.values():
        if callee not in fixed:
            before = arguments.get(callee, intervals)
            arguments[callee] = [x.hull(y) if x and y else None for x, y in zip(before, intervals, strict=True)]


def _within(inner: Intervals, outer: Intervals) -> bool:
    return all(y is None or (x is not None and x.within(y)) for x, y in zip(inner, outer, strict=True))


def _widened_all(guess: Intervals, passed: Intervals, params: Sequence[Value], attempt: int) -> list[Interval | None]:
    stable = [g is None or (p is not None and p.within(g)) for g, p in zip(guess, passed, strict=True)]
    return [widened(*place, attempt) for place in zip(guess, passed, stable, params, strict=True)]
