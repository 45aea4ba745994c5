"""The way of a program, and the one list of passes."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hloc.calling import BoundProgram
from hloc.diagnostics.span import Span
from hloc.donation import donation, mark_donated, without_changes
from hloc.emit.host_status import move_status
from hloc.emit.module import Emitted, emit_module
from hloc.emit.options import EmitOptions
from hloc.frontend.context import Options
from hloc.frontend.entry import specialize
from hloc.ir.core import Module, clone_block
from hloc.options import CompileOptions
from hloc.program import (
    PASSES,
    Batch,
    Input,
    LinearPart,
    LinearProgram,
    Machine,
    Output,
    Path,
    Program,
)
from hloc.runtime import XlaCompileError, compile_or_load, program_key
from hloc.runtime.cache import default_cache
from hloc.runtime.devices import device
from hloc.runtime.profiling import span
from hloc.runtime.workspace import BUDGET, lending
from hloc.transform.differentiate import Sites, differentiate
from hloc.transform.eliminate_dead_code import eliminate_dead_code
from hloc.transform.forget_failures import forget_failures
from hloc.transform.lanes import Meter, expand_lanes
from hloc.transform.longest_run import longest_run
from hloc.transform.recursion import Stacks, lower_recursion
from hloc.transform.relax_mul0 import relax_mul0
from hloc.transform.simplify import simplify
from hloc.transform.split_linear import split_linear

Rows = Mapping[str, int]
"""Room for recursive functions, by their names in the SSA program, as far as runs have found out."""
NO_ROWS: Rows = types.MappingProxyType({})


def make_program(
    function: types.FunctionType,
    arguments: Mapping[str, Any],
    options: CompileOptions,
    print_capacity: int = 4096,
    capacities: Mapping[int, int] | None = None,
    *,
    status: bool = True,
) -> Program:
    """Source and arguments to the simplified SSA program that every stage is printed from.

    capacities: how many trips loops of derivatives have to remember, as far as runs have found out.
    status: without it, the program computes only what the function returns, and relies on all checks to hold.
    """
    frontend = Options(checks=options.checks, print_capacity=print_capacity)
    with span("hloc: front end"):
        program = specialize(function, arguments, frontend, options.static_argnames)
        mark_donated(program, options.donate)
    with span("hloc: passes", function=program.name):
        return _simplified(program, tuple(arguments), options, capacities or {}, status)


def _simplified(
    program: Program, parameters: tuple[str, ...], options: CompileOptions, capacities: Mapping[int, int], status: bool
) -> Program:
    """The passes over a specialised program."""
    eliminate_dead_code(program.module)  # the loop carries that nobody reads
    simplify(program.module)  # constants, common subexpressions, ranges, invariants: while → for, checks dropped
    sites = Sites(dict(capacities), budget=options.memory_budget, checked=status)
    changed = differentiate(program.module, sites)
    if changed:
        relax_mul0(program.module)
    if not status and program.linear is None:
        program = results_only(program)
    if changed or not status:
        simplify(program.module)
    program = program.replace(parameters=parameters, saved=sites.saved)
    count = len(program.module.entry.results)
    program = drop_status(program)
    dropped = count - len(program.module.entry.results)
    return program if program.linear is None else in_halves(program, program.linear, program.linear.start - dropped)


def in_halves(program: Program, part: LinearPart, start: int) -> Program:
    """The first half of hloc.vjp or hloc.linearize, which gives (value, what the second takes, the second, *aux)."""
    first, second = split_linear(program.module, part.given, start)
    count = len(first.entry.results) - start
    types = [v.type for v in second.entry.params]
    places = [("residuals", j) for j in range(count)] + [("given", j) for j in range(len(part.given))]
    linear = Program(
        name=f"{program.name}_linear",
        module=second,
        parameters=("residuals", "given"),
        inputs=[
            Input(Path(None, (("item", name), ("item", j))), type_, "array")
            for (name, j), type_ in zip(places, types, strict=True)
        ],
        output=part.output,
        error_sites=program.error_sites,
        error_index=part.error_index,
        error_words=part.error_words,
        lane_words=program.lane_words,
        span=program.span,
    )
    value, *aux = program.output.parts
    residuals = Output("tuple", parts=tuple(Output("array", start + j) for j in range(count)))
    handle = Output("const", value=LinearProgram(part.what, part.structure, drop_status(linear)))
    output = Output("tuple", parts=(value, residuals, handle, *aux))
    return program.replace(module=first, output=output, linear=None)


def results_only(program: Program) -> Program:
    """Without errors, prints and changed arguments."""
    results = program.module.entry.results
    if program.error_words:
        forget_failures(program.module, results[program.error_index])
    indices = sorted(set(program.output.indices()))
    program.module.entry.block.results = [program.module.entry.results[j] for j in indices]
    eliminate_dead_code(program.module)
    output = program.output.renumbered({old: new for new, old in enumerate(indices)})
    return program.replace(output=output, write_backs=[], error_words=0, print_capacity=0)


def drop_status(program: Program) -> Program:
    """Without the error words where no check is left that may fail."""
    results = program.module.entry.results
    if program.error_words and _is_zero(program.module, results[program.error_index]):
        del results[program.error_index : program.error_index + program.error_words]
        shift = program.error_words if program.print_capacity else 0
        program = program.replace(error_words=0, print_index=program.print_index - shift)
        eliminate_dead_code(program.module)
    return program


def _is_zero(module: Module, value: Any) -> bool:
    for op in module.entry.block.ops:
        if value in op.results:
            return op.name == "constant" and not op.attrs["value"].any()
    return False


def platform_of(options: CompileOptions) -> str:
    """The platform a program is written for: "cpu", "cuda" or "tpu". Its device need not be there."""
    return device(options.device).platform


@dataclass(frozen=True)
class Lowering:
    """A program as it is emitted: a copy without recursive functions and loops over lanes, and what became of them."""

    module: Module
    machines: list[Machine]
    batches: list[Batch]


def lowered(program: Program, options: CompileOptions, rows: Rows, until: str = PASSES[-1]) -> Lowering:
    """What the passes before emission give, up to the one of this name."""
    module = Module(main=program.module.main)
    for function in program.module.functions.values():
        module.add(dataclasses.replace(function, block=clone_block(function.block, {})))
    machines = lower_recursion(module, Stacks(dict(rows), limit=options.recursion_limit))
    batches = [] if until == "recursion" else expand_lanes(module, platform_of(options))
    return Lowering(module, machines, batches)


def before_emission(program: Program, options: CompileOptions, rows: Rows, until: str = PASSES[-1]) -> Lowering:
    """The same, cleaned up, with cheap branches as selects."""
    lowering = lowered(program, options, rows, until)
    simplify(lowering.module, select=True)
    return lowering


def build_metered(program: Program, options: CompileOptions, rows: Rows) -> tuple[BoundProgram, list[tuple[Span, int]]]:
    """The program with all lanes in lockstep, which counts those that are active, and the loops that it counts.

    Of each loop the active trips and all trips are its last results but the token of recursion.
    """
    meter = Meter()
    program = without_changes(program)
    lowering = lowered(program, options, rows, until="recursion")
    expand_lanes(lowering.module, platform_of(options), meter)
    counts = meter.finish(lowering.module.entry.block)
    results = lowering.module.entry.results
    place = len(results) - bool(lowering.machines)
    results[place:place] = counts
    simplify(lowering.module, select=True)
    return compile_program(program, emit_lowered(program, options, lowering)), meter.loops


def emit(program: Program, options: CompileOptions, rows: Rows = NO_ROWS, *, lend: bool = True) -> Emitted:
    """The StableHLO module: on a copy, lowered, and with what the host can do for itself left out.

    lend: it may take memory as further parameters (hloc.emit.workspace).
    """
    with span("hloc: emission", function=program.name):
        return emit_lowered(program, options, before_emission(program, options, rows), lend=lend)


def emit_lowered(program: Program, options: CompileOptions, lowering: Lowering, *, lend: bool = True) -> Emitted:
    """The StableHLO module of a lowered program."""
    module = lowering.module
    status = None
    if program.error_words:
        status = move_status(module.entry.block, program.error_index, program.error_words)
        eliminate_dead_code(module)
    platform = platform_of(options)
    workspace = BUDGET if platform == "cpu" and lend else 0
    results = [value.type for value in module.entry.results]
    target = EmitOptions(
        platform=platform,
        donate=donation(program, results, machines=bool(lowering.machines)),
        tune=options.tune,
        strict=options.strict,
        workspace=workspace,
        precision=options.precision,
        fast_math=options.fast_math,
        deterministic=options.deterministic,
        overrides=options.options,
    )
    return dataclasses.replace(emit_module(module, target), status=status, machines=tuple(lowering.machines))


def compile_program(program: Program, emitted: Emitted) -> BoundProgram:
    """Compile, or take from the cache."""
    program.work = longest_run(program.module)
    key = None
    if default_cache() is not None:  # the places in the text count not: they say where it stood
        key = program_key(emitted.text(), emitted.build_options.key())
    executable = compile_or_load(emitted.bytecode, emitted.build_options, key=key, metadata={"function": program.name})
    return BoundProgram(program, lending(executable, len(program.inputs)), emitted.status, emitted.machines, key)


def build(program: Program, options: CompileOptions, rows: Rows = NO_ROWS) -> BoundProgram:
    """Emit and compile; a tuned program that XLA refuses is emitted again in plain form."""
    try:
        return compile_program(program, emit(program, options, rows))
    except XlaCompileError:
        if not options.tune:
            raise
        return compile_program(program, emit(program, dataclasses.replace(options, tune=False), rows))
