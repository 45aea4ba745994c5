"""Rewrites a copy of the program into the form that is written.

For every platform: canonical loops, and constants in the region that uses them. For the CPU also loops of stores in
place of scatters, and (`tune`) the ordering of carried scalars. For the CPU and GPUs stores instead of branches, and
barriers that keep updates in place: without them a GPU copies the stacks of recursion in each trip, twice; a TPU copies
no more and no less with them. What depends on the version of jaxlib is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence

from hloc.emit.barriers import insert_barriers
from hloc.emit.conditions import sink_into_conditions
from hloc.emit.constants import sink_constants
from hloc.emit.context import jaxlib_version
from hloc.emit.divisions import reduce_divisions
from hloc.emit.forward import forward_stores
from hloc.emit.keep import call_barriers
from hloc.emit.loops import canonicalize_loops
from hloc.emit.options import EmitOptions
from hloc.emit.predicate import Policy, predicate_stores
from hloc.emit.scatters import write_scatters_as_loops
from hloc.emit.scratch import carry_scratch
from hloc.emit.strict import separate_products
from hloc.emit.tune import tune_loops
from hloc.ir.core import Function, Module, clone_block


def prepare(module: Module, names: Sequence[str], options: EmitOptions) -> Module:
    """A copy with the named functions, ready to be written."""
    copy = Module(main=module.main)
    for name in names:
        function = module.functions[name]
        copy.functions[name] = Function(name, clone_block(function.block, {}), function.span)
    if options.platform == "cpu":
        write_scatters_as_loops(copy)
    for name in names:
        _prepare_function(copy, copy.functions[name], options)
    return copy


def _prepare_function(module: Module, function: Function, options: EmitOptions) -> None:
    cpu, copies = options.platform == "cpu", options.platform != "tpu"
    if copies:
        predicate_stores(function, _policy(jaxlib_version()))
    if cpu:
        forward_stores(function)
    reduce_divisions(function)
    canonicalize_loops(function)
    if cpu:
        carry_scratch(function, through_branches=jaxlib_version() >= (0, 11))
    sink_into_conditions(function)
    sink_constants(function)
    if options.strict:
        separate_products(function)
    if copies:
        insert_barriers(function, broadcasts=cpu)
    if cpu:
        if options.tune:
            tune_loops(function)
        if jaxlib_version() < (0, 11):
            call_barriers(module, function)


def _policy(jaxlib: tuple[int, ...]) -> Policy:
    """Up to 0.10 a branch that writes an array copies it in each trip: worth as much work as the copy."""
    return Policy(work_per_written_element=1.0 if jaxlib < (0, 11) else 0.0)
