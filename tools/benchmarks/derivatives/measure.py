"""Measuring one case: time of function and gradient, time to compile them, memory; after a check of the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import hloc
from hloc.runtime import compile_stablehlo
from hloc.runtime.array import array
from hloc.runtime.workspace import lending
from tools.benchmarks.derivatives.case import Case
from tools.benchmarks.results import assert_same, wait
from tools.benchmarks.timing import Contender, Timed, interleaved

jax.config.update("jax_enable_x64", True)


@dataclass(frozen=True)
class Peer:
    """hloc or jax: the compiled function, its value and gradient, and how arrays get on the device."""

    function: Callable[..., Any]
    gradient: Callable[..., Any]
    put: Callable[[Any], Any]
    prepare: Callable[[Callable[..., Any], Sequence[Any]], Any]
    """Compiles for arguments, nothing cached; gives what says how much memory that needs."""
    memory: Callable[[Any], int]
    """Bytes of temporaries of what `prepare` gave."""

    def on_device(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(self.put(x) if isinstance(x, np.ndarray) else x for x in arguments)


def ours(case: Case) -> Peer:
    gradient = hloc.value_and_grad(case.function, argnums=case.wrt)
    return Peer(hloc.compile(case.function), gradient, array, _compile_ours, lambda program: program.temporaries)


def _compile_ours(function: Any, arguments: Sequence[Any]) -> Any:
    lowered = function.lower(*arguments)
    executable = compile_stablehlo(lowered._emitted.bytecode, lowered._emitted.build_options)
    return lending(executable, len(lowered.program.inputs)).memory()


def theirs(case: Case, form: Callable[..., Any] | None = None) -> Peer:
    form = form or case.in_jax
    gradient = jax.value_and_grad(form, argnums=case.wrt)
    return Peer(
        jax.jit(form, static_argnums=case.static),
        jax.jit(gradient, static_argnums=case.static),
        jnp.asarray,
        lambda function, arguments: function.lower(*arguments).compile(),
        lambda compiled: int(compiled.memory_analysis().temp_size_in_bytes),
    )


def times(case: Case, rounds: int) -> dict[str, Timed]:
    """CPU seconds of "hloc", "hloc gradient", "jax", "jax gradient", and of the gradients of jax's other forms."""
    peers = {"hloc": ours(case), "jax": theirs(case)}
    wanted = peers["jax"].gradient(*case.arguments)
    contenders = {}
    for name, peer in peers.items():
        contenders[name] = _contender(peer.function, peer, case)
        contenders[f"{name} gradient"] = _contender(peer.gradient, peer, case)
        assert_same(peer.function(*case.arguments), wanted[0], f"{case.name}: {name}")
    assert_same(peers["hloc"].gradient(*case.arguments), wanted, f"{case.name}: gradient")
    for name, form in case.beside:
        other = theirs(case, form)
        contenders[name] = _contender(other.gradient, other, case)
    return interleaved(contenders, rounds)


def _contender(call: Callable[..., Any], peer: Peer, case: Case) -> Contender:
    placed = peer.on_device(case.arguments)
    return Contender(lambda *arguments: wait(call(*arguments)), lambda: placed)


@dataclass(frozen=True)
class Compiling:
    """CPU seconds to compile a function and its value and gradient, and the bytes that the latter needs besides."""

    function: float
    gradient: float
    longer: float | None
    """The gradient, for ten times the trips."""
    memory: int


def compiling(case: Case, peer: Callable[[Case], Peer]) -> Compiling:
    """The least of two for each time."""
    made = peer(case)
    function, _ = _cold(made, made.function, case.arguments)
    gradient, program = _cold(made, made.gradient, case.arguments)
    longer = None if case.longer is None else _cold(made, made.gradient, case.longer)[0]
    return Compiling(function, gradient, longer, made.memory(program))


def _cold(peer: Peer, function: Any, arguments: Sequence[Any]) -> tuple[float, Any]:
    function(*arguments)  # hloc learns how many trips dynamic loops take
    spent = []
    for _ in range(2):
        jax.clear_caches()
        start = time.process_time()
        program = peer.prepare(function, arguments)
        spent.append(time.process_time() - start)
    return min(spent), program
