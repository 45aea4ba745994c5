"""Compile options that go with a program."""

from __future__ import annotations

import numpy as np

import hloc
from hloc.emit import EmitOptions, emit_module
from hloc.emit.build import NATIVE_LOOPS, NO_NATIVE_LOOPS, VERSIONING_FLAGS
from hloc.ir.core import Module
from hloc.ops.elementwise import Sine
from tests.emit.building import program


def loop_over(n: int) -> Module:
    return program([f"f64[{n}]"], lambda c, a: c.loop(20, [a], lambda c, k, a: c.b.emit(Sine, a)))


def test_scalar_loops_get_versioning_flags() -> None:
    extra = dict(emit_module(loop_over(8), EmitOptions()).build_options.extra)
    assert extra == VERSIONING_FLAGS | NATIVE_LOOPS


def test_loops_of_large_operations_run_operation_by_operation() -> None:
    extra = dict(emit_module(loop_over(300_000), EmitOptions()).build_options.extra)
    assert extra == VERSIONING_FLAGS | NO_NATIVE_LOOPS


def test_strict_programs_get_no_versioning_flags() -> None:
    assert dict(emit_module(loop_over(8), EmitOptions(strict=True)).build_options.extra) == NATIVE_LOOPS


def test_untuned_programs_get_plain_options() -> None:
    options = emit_module(loop_over(300_000), EmitOptions(tune=False)).build_options
    assert not options.extra
    assert not options.overrides


def push_and_pop(x, n):
    a = np.zeros((4096, 64))
    b = np.zeros((4096, 64))
    c = np.zeros((4096, 64))
    for i in range(n):
        a[i] = x
        b[i] = x * x
        c[i] = x + x
        x = np.sin(x)
    for i in range(n):
        x = x + (a[i] * b[i] + c[i]) * (a[n - 1 - i] + b[n - 1 - i] * c[n - 1 - i])
    return x


def test_loops_that_read_rows_of_several_arrays_are_native() -> None:
    hlo = hloc.compile(push_and_pop).lower("f64[64]", "i64").compile().optimized_hlo
    assert hlo.count('xla_cpu_small_call="true"') >= 2


def sums(x, n):
    total = 0.0
    for i in range(n):
        total += (x * (x + i)).sum()
    return total


def test_loops_with_reductions_are_native() -> None:
    hlo = hloc.compile(sums).lower("f64[98,98]", "i64").compile().optimized_hlo
    assert 'xla_cpu_small_call="true"' in hlo
