"""The other suites as checks on a device: each entry runs programs on the default device against CPython.

What the default device is, and for which platform programs are written, is up to the tests that run these.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hloc.ops.sampling import Sample
from hloc.runtime import BuildOptions, Executable, xla
from hloc.runtime.devices import backend_of
from tests.batching import corpus
from tests.batching.trial import judge
from tests.derivatives.agreement import check_gradient
from tests.language.agreement import agree
from tests.numpy_api import test_matrix as numpy_matrix
from tests.ops import harness
from tests.ops.test_matrix import RECORDS, assert_agree, samples_of
from tests.recursion.agreement import check

Check = Callable[[], None]


def checks() -> dict[str, Check]:
    """All of them by name."""
    return dict([*_language(), *_programs(), *_gradients(), *_lanes(), *_numpy(), *_operations()])


def _language() -> Iterator[tuple[str, Check]]:
    for name in corpus.LANGUAGE:
        for context in corpus.CONTEXTS:
            yield f"language: {name}, {context}", lambda n=name, c=context: _agree(*corpus.language(n, c))


def _agree(program: Callable[..., object], cases: list[corpus.Case]) -> None:
    for case in cases:
        agree(program, *case)


def _programs() -> Iterator[tuple[str, Check]]:
    for suite, programs in (("returns", corpus.RETURNS), ("recursion", corpus.RECURSIVE)):
        for name, (function, cases) in programs.items():
            yield f"{suite}: {name}", lambda f=function, c=cases: check(f, c)


def _gradients() -> Iterator[tuple[str, Check]]:
    for name, (make, wrt) in corpus.LOSSES.items():
        yield f"gradient: {name}", lambda m=make, w=wrt: _gradient(m(), w)


def _gradient(program: corpus.Program, wrt: tuple[int, ...] | None) -> None:
    function, cases = program
    check_gradient(function, *cases[0], wrt=wrt, forward=False, printed=False)


def _lanes() -> Iterator[tuple[str, Check]]:
    for name, (function, cases) in corpus.RECURSIVE.items():
        yield f"lanes: {name}", lambda f=function, c=cases: _judge(f, c)


def _judge(function: Callable[..., object], cases: list[corpus.Case]) -> None:
    assert judge(function, cases, (None, "lockstep")).kind in ("same", "skipped")


def _numpy() -> Iterator[tuple[str, Check]]:
    for family in numpy_matrix.FAMILIES:
        for dtype in numpy_matrix.DTYPES:
            yield f"numpy: {family}, {dtype}", lambda f=family, d=dtype: _compare(f, d, (3, 4))
        for shape in numpy_matrix.SHAPES:
            yield f"numpy: {family}, {shape}", lambda f=family, s=shape: _compare(f, "float64", s)


def _compare(family: str, dtype: str, shape: tuple[int, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        numpy_matrix.compare(Path(folder), family, dtype, shape)


def _operations() -> Iterator[tuple[str, Check]]:
    for kind in RECORDS:
        yield f"operation: {kind.name}", lambda k=kind: _operation(k, samples_of(k))


def _operation(kind: harness.OpDef, samples: list[Sample]) -> None:
    device = backend_of(None)
    ops = harness.apply(kind, samples)
    text = harness.write(ops, platform=device.platform)
    program = Executable(xla.compile_program(text, BuildOptions(), device), device)
    results = [np.asarray(x) for x in program.execute([x for sample in samples for x in sample.operands])]
    for sample, op in zip(samples, ops, strict=True):
        found, results = results[: len(op.results)], results[len(op.results) :]
        assert_agree(found, harness.reference(kind, sample), sample)
