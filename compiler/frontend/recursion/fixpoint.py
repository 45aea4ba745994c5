"""A function that calls itself as a function of the program, found by iteration.

    def fib(n):                                     func @fib(%n: i64) -> i64 {
        if n < 2: return n                            …
        return fib(n - 1) + fib(n - 2)                %a = call @fib %n1;  %b = call @fib %n2; …

What a function takes of its environment, what it changes and what it gives are templates, as for the carries of a
loop. At first nothing is known of a function that is active: a call of it never comes back, so that only the paths
that do not recurse decide. Then the body is run again with what has been found, until nothing is found any more.
One outermost call does this for all functions that are met on the way.

A function is only called while no error has happened: it starts with none, and a call after one is skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hloc.diagnostics.errors import AliasError, UnsupportedError
from hloc.frontend import effects
from hloc.frontend.frames import run_frame
from hloc.frontend.joins import NeverT, template_of, unify_any
from hloc.frontend.recursion.arguments import Arguments, SharedCells, functions_in, widen
from hloc.frontend.recursion.calling import guarded_call
from hloc.frontend.recursion.signatures import look_for_recursion, signature
from hloc.frontend.recursion.specialisation import Group, Recursive, endless, way
from hloc.frontend.separate import capture_free, outside, put
from hloc.frontend.state import ERROR, PRINT_LOG, PRINT_POSITION, Slot, State, label_of
from hloc.frontend.structure import cells_in, same
from hloc.frontend.templates import Template
from hloc.frontend.values import AbstractValue, Cell, NeverV, Tensor, Unreachable
from hloc.ir.core import Block, Function, Value, free_values, walk
from hloc.ops.control import Call

if TYPE_CHECKING:
    from hloc.frontend.context import Frame
    from hloc.frontend.specializer import Specializer

MAX_ROUNDS = 32


class Recursions:
    """The functions that call themselves in one specialisation of the program."""

    def __init__(self, sp: Specializer) -> None:
        self.sp = sp
        self.known: dict[object, list[Recursive]] = {}
        self.groups: list[Group] = []

    @property
    def active(self) -> list[Recursive]:
        """The functions that are being made in the innermost group."""
        return self.groups[-1].active if self.groups else []

    def call(self, frame: Frame, bound: dict[str, AbstractValue]) -> AbstractValue:
        """Call a function that calls itself."""
        sp = self.sp
        bound = widen(sp, frame, bound)
        frame.signature = signature(sp, frame, bound)
        arguments = self._arguments(frame, bound)
        recursive = self._find(arguments)
        if recursive is None:
            look_for_recursion(sp, frame)
            recursive = self._new(frame, arguments)
        group = self.groups[-1] if self.groups else None
        if group is not None:
            caller = group.active[-1]
            caller.calls.append((recursive, sp.span, way(caller, frame)))
        if recursive.group is None and (group is None or group.separations < sp.separations):
            self._iterate(recursive)
        elif not recursive.complete:
            assert group is not None
            recursive.group = recursive.group or group
            if recursive.group is not group or group.separations < sp.separations:
                raise UnsupportedError(
                    f"{frame.source.name} differentiates what calls it again, as often as data says",
                    help="recursion on values known at compile time unfolds; or write the derivative as a function",
                )
            if recursive.round < group.round:
                self._specialize(recursive, group)
            recursive.assumed |= recursive in group.active
        return self._emit(recursive, arguments)

    # --- which function

    def _arguments(self, frame: Frame, bound: dict[str, AbstractValue]) -> Arguments:
        shared = captured_cells(self.sp)
        while True:
            try:
                return Arguments(self.sp, frame, bound, shared)
            except SharedCells as found:
                shared.add(found.cell)

    def _find(self, arguments: Arguments) -> Recursive | None:
        """The specialisation for these arguments. A complete one must fit the caller's objects as they are."""
        for recursive in self.known.get(tuple(arguments.key), ()):
            if not recursive.complete or self._fits(recursive):
                return recursive
        return None

    def _fits(self, recursive: Recursive) -> bool:
        state = self.sp.state
        modified = {cell for cell in captured_cells(self.sp) if cell in state.slots and cell.kind != "array"}
        if modified - recursive.takes.keys():
            return False
        return all(slot in state for slot in recursive.takes) and all(
            self._unify(template, state[slot], state) is template for slot, template in recursive.takes.items()
        )

    def _new(self, frame: Frame, arguments: Arguments) -> Recursive:
        sp = self.sp
        name = "function" if frame.source.name == "<lambda>" else frame.source.name
        function = sp.module.add(Function(name, Block(), frame.source.span(frame.source.node)))
        slots: list[Slot] = [PRINT_POSITION, PRINT_LOG]
        slots += [cell for cell in arguments.shared if cell in sp.state.slots or cell.kind != "array"]
        takes = {slot: self._template(sp.state[slot], sp.state) for slot in slots}
        recursive = Recursive(function, frame, arguments, takes)
        self.known.setdefault(tuple(arguments.key), []).append(recursive)
        return recursive

    def _template(self, value: AbstractValue, state: State) -> Template:
        """What a value may be when everything that exists now existed before."""
        sp = self.sp
        outer, sp.join_base = sp.join_base, state
        try:
            return template_of(sp, value, state)
        finally:
            sp.join_base = outer

    def _unify(self, template: Template, value: AbstractValue, state: State) -> Template:
        sp = self.sp
        outer, sp.join_base = sp.join_base, self.active[-1].before if self.active else state
        try:
            return unify_any(sp, template, state, value)
        finally:
            sp.join_base = outer

    # --- iteration

    def _iterate(self, outermost: Recursive) -> None:
        """Run the bodies until all that is known of them holds, then complete them."""
        group = outermost.group = Group(self.sp.separations)
        self.groups.append(group)
        while not self._round(outermost, group):
            if group.round < MAX_ROUNDS:
                continue
            raise UnsupportedError(
                f"{outermost.function.name} changes the kind of what it returns or changes with each call of itself",
                span=outermost.function.span,
            )
        self.groups.pop()
        self._complete(outermost, group)

    def _round(self, outermost: Recursive, group: Group) -> bool:
        """Run the bodies once; says whether nothing new was found."""
        group.round += 1
        group.stable = True
        for recursive in group.met:
            recursive.assumed = False
        self._specialize(outermost, group)
        return group.stable

    def _specialize(self, recursive: Recursive, group: Group) -> None:
        """Run the body once, on what is known so far."""
        sp = self.sp
        if recursive not in group.met:
            group.met.append(recursive)
        recursive.round = group.round
        recursive.calls = []
        block = Block(list(recursive.entry.parameters))
        base, control, captured = sp.join_base, sp.control, len(sp.captured_paths)
        group.active.append(recursive)
        try:
            with sp.in_block(block, State({}, sp.state.initial)):
                self._enter(recursive, block)
                before = recursive.before = sp.state.copy()
                sp.join_base = before
                frame = recursive.frame
                inner = sp.new_frame(frame.source, frame.globals, frame.function, recursive.entry.closure)
                result: AbstractValue
                try:
                    result = run_frame(sp, inner, recursive.entry.bound)
                except Unreachable:
                    result = NeverV()
                self._refuse_aliases(recursive, captured)
                self._widen(recursive, block, sp.state, result)
                block.results = self._results(recursive, sp.state, result)
        finally:
            group.active.pop()
            sp.join_base, sp.control = base, control
        recursive.block = block

    def _refuse_aliases(self, recursive: Recursive, known: int) -> None:
        """An array that is passed must not be reached by a global name as well, if that was met only now."""
        for path, value in list(self.sp.captured_paths.items())[known:]:
            if path.root is not None and any(cell in recursive.entry.inside for cell in cells_in(value)):
                raise AliasError(
                    f"{recursive.function.name} is passed what it also reaches as {path}",
                    help="use one of the two names in it",
                )

    def _enter(self, recursive: Recursive, block: Block) -> None:
        sp = self.sp
        effects.clear_error(sp)
        for slot, template in recursive.takes.items():
            names = template.leaf_names(label_of(slot).replace("$", ""))
            leaves = [block.add_arg(t, name) for t, name in zip(template.leaves(), names, strict=True)]
            sp.state[slot] = template.rebuild(sp, iter(leaves))
        sp.state.slots.update(recursive.entry.contents)

    def _widen(self, recursive: Recursive, block: Block, after: State, result: AbstractValue) -> None:
        """Note what the body takes, changes and gives beyond what was known."""
        sp, before = self.sp, recursive.before
        changed = False
        for slot, value in after.slots.items():
            if slot not in before or same(value, before[slot]):
                continue
            self._refuse_closures(recursive, value, after)
            if slot in sp.state.initial and slot not in recursive.takes:
                self._take(recursive, slot)
            known = recursive.changes.get(slot)
            widened = template_of(sp, value, after) if known is None else self._unify(known, value, after)
            changed |= widened is not known
            recursive.changes[slot] = widened
        contents = {v.value: cell for cell, v in sp.state.initial.items() if isinstance(v, Tensor)}
        for used in free_values(block):
            if used in contents and contents[used] not in recursive.takes:
                self._take(recursive, contents[used])
        self._refuse_closures(recursive, result, after)
        given = self._unify(recursive.result or NeverT(), result, after)
        changed |= given is not recursive.result
        recursive.result = given
        if changed and recursive.assumed:
            self.groups[-1].stable = False

    def _refuse_closures(self, recursive: Recursive, value: AbstractValue, after: State) -> None:
        """The variables of one of many activations cannot be kept."""
        for function in functions_in(value, after):
            if any(slot not in recursive.before for slot in function.closure.values()):
                raise UnsupportedError(
                    f"{recursive.frame.source.name}, which calls itself with data, hands out a function "
                    "that uses its variables",
                    help="pass the values to the function as arguments (functools.partial), or call it inside",
                )

    def _take(self, recursive: Recursive, slot: Slot) -> None:
        """From the next round on the body is given what is in `slot`."""
        recursive.takes[slot] = self._template(self.sp.state.initial[slot], self.sp.state)
        self.groups[-1].stable = False

    def _results(self, recursive: Recursive, after: State, result: AbstractValue) -> list[Value]:
        sp = self.sp
        values = [v for slot, template in recursive.changes.items() for v in template.collect(sp, after, after[slot])]
        assert recursive.result is not None
        return values + recursive.result.collect(sp, after, result)

    def _complete(self, outermost: Recursive, group: Group) -> None:
        """Make the functions of the program; what they use of the entry is passed along."""
        reached: dict[Recursive, None] = {}
        pending = [outermost]
        while pending:
            recursive = pending.pop()
            if recursive not in reached and recursive in group.met:
                reached[recursive] = None
                pending += [callee for callee, _, _ in recursive.calls]
        for recursive in group.met:
            if recursive not in reached:
                del self.sp.module.functions[recursive.function.name]
        self.known = {
            key: [r for r in found if r not in group.met or r in reached] for key, found in self.known.items()
        }
        for recursive in reached:
            if recursive.never_returns and ERROR not in recursive.changes:
                raise endless(recursive)
            recursive.function.block = recursive.block
        blocks = [recursive.block for recursive in reached]
        names = {recursive.function.name for recursive in reached}
        calls = [op for block in blocks for op in walk(block) if op.kind is Call and op.attrs["function"] in names]
        values = capture_free(self.sp, blocks, calls)
        for recursive in reached:
            recursive.captured, recursive.complete = values, True

    # --- a call

    def _emit(self, recursive: Recursive, arguments: Arguments) -> AbstractValue:
        """The call, and what it does to the caller's state; skipped where an error has happened."""
        sp = self.sp
        operands = list(arguments.operands)
        if not recursive.complete:
            for cell in captured_cells(sp):
                if cell in sp.state.slots and cell not in recursive.takes:
                    self._take(recursive, cell)
        for slot in list(recursive.takes):
            widened = self._unify(recursive.takes[slot], sp.state[slot], sp.state)
            if widened is not recursive.takes[slot]:
                recursive.takes[slot] = widened
                self.groups[-1].stable = False
            operands += widened.collect(sp, sp.state, sp.state[slot])
        operands += recursive.captured
        if recursive.result is None:
            raise Unreachable
        originals = dict(zip(recursive.entry.originals, arguments.originals.values(), strict=True))
        results = iter(guarded_call(sp, recursive, originals, operands))
        for slot, template in recursive.changes.items():
            put(sp, slot, outside(sp, template.rebuild(sp, results), originals), originals)
        if recursive.never_returns:
            raise Unreachable
        return outside(sp, recursive.result.rebuild(sp, results), originals)


def captured_cells(sp: Specializer) -> set[Cell]:
    """The objects that global names, and closures of the caller's functions, lead to."""
    found = (value for path, value in sp.captured_paths.items() if path.root is not None)
    return {cell for value in found for cell in cells_in(value)}
