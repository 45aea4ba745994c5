"""SSA module → StableHLO module.

    func @f(%x: f64) -> f64 { %y = sine %x; return %y }

becomes `func.func public @main(%x: tensor<f64>) -> tensor<f64> { %y = stablehlo.sine %x … }`. The program is first
prepared on a copy (hloc.emit.prepare), then written operation by operation and checked by MLIR's verifier.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hloc import mlir
from hloc.diagnostics.errors import InternalError
from hloc.emit.build import build_options
from hloc.emit.context import LowerContext
from hloc.emit.control import Writer
from hloc.emit.options import EmitOptions
from hloc.emit.prepare import prepare
from hloc.emit.workspace import lend_workspaces
from hloc.ir.core import Function, Module, walk
from hloc.ops.control import Call
from hloc.program import HostStatus, Machine
from hloc.runtime.options import BuildOptions


@dataclass(frozen=True)
class Emitted:
    """A StableHLO module that passed MLIR's verifier, and how to compile it.

    status: how the host makes the error words of what the module returns in their place; None: they are returned.
    machines: what recursive functions became; where there are any, the module gives their token as one more result.
    """

    module: Any
    build_options: BuildOptions
    status: HostStatus | None = None
    machines: tuple[Machine, ...] = ()

    def text(self, with_locations: bool = False) -> str:
        """The module as text; with `loc(…)` on each operation if asked."""
        return str(self.module.operation.get_asm(enable_debug_info=with_locations))

    @property
    def bytecode(self) -> bytes:
        """The module as MLIR bytecode, locations included."""
        buffer = io.BytesIO()
        self.module.operation.write_bytecode(buffer)
        return buffer.getvalue()


def emit_module(module: Module, options: EmitOptions) -> Emitted:
    """Write the functions that `main` reaches as a StableHLO module; `module` stays as it is.

    Raises: InternalError for a call cycle (XLA has none) and for a module that MLIR's verifier refuses.
    """
    functions = reachable_functions(module)
    prepared = prepare(module, [f.name for f in functions], options)
    with mlir.create_context(), mlir.ir.Location.unknown():
        target = mlir.ir.Module.create()
        target.operation.attributes["sym_name"] = mlir.ir.StringAttr.get(_symbol(module.main))
        with mlir.ir.InsertionPoint(target.body):
            _write_functions(prepared, options)
        _verify(target)
    return Emitted(target, build_options(prepared, options))


def reachable_functions(module: Module) -> list[Function]:
    """`main` and all it calls, callees first. Raises InternalError when a function reaches itself."""
    done: dict[str, Function] = {}
    active: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in active:
            cycle = " → ".join([*active[active.index(name) :], name])
            raise InternalError(f"recursive calls reach emission: {cycle}", span=module.functions[name].span)
        active.append(name)
        for op in walk(module.functions[name].block):
            if op.kind is Call:
                visit(op.attrs["function"])
        active.pop()
        done[name] = module.functions[name]

    visit(module.main)
    return list(done.values())


def _write_functions(module: Module, options: EmitOptions) -> None:
    ctx = LowerContext(options)
    symbols = _symbols(module)
    lent = lend_workspaces(module.entry.block, options.workspace) if options.workspace else []
    for function in module.functions.values():
        donate = [*options.donate, *lent] if function.name == module.main else ()
        _write_function(ctx, symbols, function, donate)


def _write_function(
    ctx: LowerContext, symbols: dict[str, str], function: Function, donate: Sequence[tuple[int, int]]
) -> None:
    ir, func = mlir.ir, mlir.func
    symbol = symbols[function.name]
    params = [ctx.type(v.type) for v in function.params]
    results = [ctx.type(v.type) for v in function.results]
    with ctx.location(function.span, function.name) as location:
        visibility = "public" if symbol == "main" else "private"
        target = func.FuncOp(symbol, (params, results), visibility=visibility)
        entry = target.regions[0].blocks.append(*params, arg_locs=[location] * len(params))
        with ir.InsertionPoint(entry):
            scope = dict(zip(function.params, entry.arguments, strict=True))
            results = Writer(ctx, symbols).write_block(function.block, scope)
            last = function.block.ops[-1].span if function.block.ops else function.span
            func.ReturnOp(results, loc=ctx.location(last, "return"))
    if donate:
        _set_donation(target, dict(donate))


def _set_donation(target: Any, donate: dict[int, int]) -> None:
    ir = mlir.ir
    i32 = ir.IntegerType.get_signless(32)
    attrs = [
        ir.DictAttr.get({"tf.aliasing_output": ir.IntegerAttr.get(i32, donate[i])} if i in donate else {})
        for i in range(len(target.arguments))
    ]
    target.arg_attrs = ir.ArrayAttr.get(attrs)


def _symbols(module: Module) -> dict[str, str]:
    """MLIR symbols for functions: `main` for the entry, names made of letters and digits for the others."""
    symbols = {module.main: "main"}
    for name in module.functions:
        if name == module.main:
            continue
        symbol = base = _symbol(name)
        count = 1
        while symbol in symbols.values():
            symbol, count = f"{base}_{count}", count + 1
        symbols[name] = symbol
    return symbols


def _symbol(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def _verify(target: Any) -> None:
    try:
        target.operation.verify()
    except mlir.ir.MLIRError as error:
        raise InternalError(f"MLIR refuses the emitted module: {error}") from error
