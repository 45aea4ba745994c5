"""Remove what no result needs: operations, loop carries, results of branches, parameters of inner functions.

    %a, %b = for %n (%s = %x, %t = %y) { ^(%k):         %a = for %n (%s = %x) { ^(%k):
      %s1 = sine %s                                       %s1 = sine %s
      %t1 = multiply %t, %s1                      →       yield %s1
      yield %s1, %t1                                    }
    }                                                   return %a
    return %a

Liveness is marked backwards from the results of the main function, over the whole module, with a work list: each
value names what it needs, and a loop carry becomes live only when its result, its use in the body or the condition
asks for it. What is never marked is removed: the greatest set that can be. A loop whose results nobody needs goes
too, although it might not have ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress

from hloc.ir.core import Block, Function, Module, Op, Value
from hloc.transform.call_graph import fixed_signatures
from hloc.transform.regions import carries_of, keep_carries, keep_results


def eliminate_dead_code(module: Module) -> bool:
    """Remove dead code from `module`, in place; says whether anything changed. Unreachable functions are left alone."""
    liveness = _Liveness(module)
    changed = False
    for function in module.functions.values():
        changed |= _sweep_function(liveness, function)
    return changed


class _Liveness:
    """What is needed.

    Fields:
        live: needed values.
        ops: needed operations.
        needs: value → values that are needed when it is (its operation's own needs come with the operation).
        owner: value → the operation that must run for it.
        fixed: functions whose parameters and results must stay.
        signatures: for the other functions, which parameters and which results stay.
    """

    def __init__(self, module: Module) -> None:
        self.functions = module.functions
        self.live: set[Value] = set()
        self.ops: set[Op] = set()
        self.needs: dict[Value, list[Value]] = {}
        self.owner: dict[Value, Op] = {}
        self.fixed = fixed_signatures(module)
        for function in module.functions.values():
            self.enter_block(function.block, ())
        self.mark([v for name in self.fixed for v in module.functions[name].results])
        self.signatures = {
            name: ([v in self.live for v in f.params], [False] * len(f.results))
            for name, f in module.functions.items()
            if name not in self.fixed
        }
        for call in [op for op in self.ops if op.name == "call" and op.attrs["function"] in self.signatures]:
            _, results = self.signatures[call.attrs["function"]]
            results[:] = [kept or result in self.live for kept, result in zip(results, call.results, strict=True)]

    def enter_block(self, block: Block, around: tuple[Op, ...]) -> None:
        """Note what the operations of a block need; those with effects, and all around them, are needed."""
        for op in block.ops:
            self.owner.update((v, op) for v in op.results)
            self.enter_op(op)
            for region in op.regions:
                self.enter_block(region, (*around, op))
            if not op.kind.pure:
                self.mark([v for needed in (*around, op) for v in self.run(needed)])

    def enter_op(self, op: Op) -> None:
        """Note what each result and each carry of an operation needs."""
        if op.name in ("for", "while"):
            self.enter_loop(op)
        elif op.name == "call":
            self.tie(zip(op.results, self.functions[op.attrs["function"]].results, strict=True))
        elif op.name in ("if", "switch"):
            for region in op.regions:
                self.tie(zip(op.results, region.results, strict=True))

    def enter_loop(self, op: Op) -> None:
        """A live carry needs its initial value, what the body yields for it, and its place in both regions."""
        body = op.regions[-1]
        for number, init in enumerate(op.operands[carries_of(op)]):
            arg, result = body.args[number + 1], op.results[number + (op.name == "while")]
            self.tie([(arg, init), (arg, body.results[number]), (result, arg)])
            for region in op.regions[:-1]:
                self.tie([(region.args[number], arg), (arg, region.args[number])])

    def tie(self, pairs: Iterable[tuple[Value, Value]]) -> None:
        for value, needed in pairs:
            self.needs.setdefault(value, []).append(needed)

    def mark(self, pending: list[Value]) -> None:
        """Mark values, and all that they need."""
        while pending:
            value = pending.pop()
            if value in self.live:
                continue
            self.live.add(value)
            pending += self.needs.get(value, ())
            op = self.owner.get(value)
            if op is not None:
                pending += self.run(op)

    def run(self, op: Op) -> Iterable[Value]:
        """Note that an operation must run; gives the values without which it cannot."""
        if op in self.ops:
            return ()
        self.ops.add(op)
        if op.name == "call" and op.attrs["function"] not in self.fixed:
            return self.pass_arguments(op)
        if op.name == "while":
            return op.regions[0].results
        if op.name in ("for", "if", "switch"):
            return op.operands[:1]
        return [*op.operands, *(v for region in op.regions for v in region.results)]

    def pass_arguments(self, op: Op) -> list[Value]:
        """The arguments of a call whose parameters are needed; the others may become so."""
        pairs = list(zip(self.functions[op.attrs["function"]].params, op.operands, strict=True))
        self.tie(pairs)
        return [argument for param, argument in pairs if param in self.live]


def _sweep_function(liveness: _Liveness, function: Function) -> bool:
    changed = _sweep(liveness, function.block)
    if function.name in liveness.fixed:
        return changed
    params, results = liveness.signatures[function.name]
    function.block.args[:] = compress(function.params, params)
    function.block.results[:] = compress(function.results, results)
    return changed or not all(params + results)


def _sweep(liveness: _Liveness, block: Block) -> bool:
    """Keep the live operations of a block, and of these the live carries and results."""
    kept = [op for op in block.ops if op in liveness.ops]
    changed = len(kept) != len(block.ops)
    block.ops[:] = kept
    for op in kept:
        changed |= _shrink(liveness, op)
        for region in op.regions:
            changed |= _sweep(liveness, region)
    return changed


def _shrink(liveness: _Liveness, op: Op) -> bool:
    live, before = liveness.live, len(op.results) + len(op.operands)
    if op.name in ("for", "while"):
        keep_carries(op, [arg in live for arg in op.regions[-1].args[1:]])
    elif op.name in ("if", "switch"):
        keep_results(op, [result in live for result in op.results])
    elif op.name == "call" and op.attrs["function"] not in liveness.fixed:
        params, results = liveness.signatures[op.attrs["function"]]
        op.operands, op.results = tuple(compress(op.operands, params)), tuple(compress(op.results, results))
    return len(op.results) + len(op.operands) != before
