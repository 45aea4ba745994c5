"""Loops: one `for` or `while` op per loop in the source, carrying what the body changes.

The body is run on templates of the carried variables until they no longer widen; what it did not change is taken out
again. A loop is repeated with known values only where something inside must be known at compile time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import gast
import numpy as np

from hloc.diagnostics.errors import StaticValueError
from hloc.frontend import operators
from hloc.frontend.arrays import to_table
from hloc.frontend.branches import branch
from hloc.frontend.context import LoopContext
from hloc.frontend.effects import no_error, word
from hloc.frontend.expressions import evaluate, operand
from hloc.frontend.iteration import Iteration
from hloc.frontend.joins import MaybeT, NeverT, NumberT, open_template, template_of, unify_any
from hloc.frontend.names import own_slot
from hloc.frontend.places import Holder, Place, link
from hloc.frontend.repeated import repeat_for, repeat_while
from hloc.frontend.state import ERROR, Slot, State, is_status, label_of
from hloc.frontend.structure import same
from hloc.frontend.templates import ConflictT, Template, places_in, settle
from hloc.frontend.values import (
    FALLS,
    UNDEFINED,
    AbstractValue,
    Cell,
    Const,
    ListRef,
    MaybeV,
    NeverV,
    Sequence_,
    Tensor,
    UndefinedV,
)
from hloc.ir.core import Block, Value, substitute
from hloc.ir.types import B1, I64, TensorType
from hloc.ops import helpers
from hloc.ops.control import For, While
from hloc.ops.elementwise import Add, And, Select
from hloc.program import StaticUse

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

MAX_ROUNDS = 12


def run_while(sp: Specializer, stmt: gast.While) -> AbstractValue:
    if stmt in sp.decisions.repeated:
        use = sp.decisions.repeated[stmt]
        sp.report_repeated(StaticUse("loop repeated with known values", use.reason, sp.span))
        return repeat_while(sp, stmt, 0)
    loop = Loop(sp, stmt)
    if not loop.try_test_region():
        loop.rotate()
    loop.finish()
    return FALLS


def run_for(sp: Specializer, stmt: gast.For) -> AbstractValue:
    iterable = operand(sp, stmt.iter)
    with sp.at(stmt.iter):
        iteration = Iteration.over(sp, iterable)
    if isinstance(iteration.length, Const) and iteration.length.obj <= 0:
        return FALLS
    if not iteration.uniform or stmt in sp.decisions.repeated:
        return repeat_for(sp, stmt, iteration)
    loop = Loop(sp, stmt, iteration)
    if stmt.exit_flags:
        loop.counted_with_exits()
    else:
        loop.counted()
    loop.finish()
    return FALLS


@dataclass(eq=False)
class Loop:
    """One loop while it is built."""

    sp: Specializer
    stmt: gast.AST
    iteration: Iteration | None = None
    base: State = field(init=False)
    context: LoopContext = field(init=False)
    templates: dict[Slot, Template] = field(init=False, default_factory=dict)
    internal: set[Slot] = field(init=False, default_factory=set)
    test_again: Callable[[], AbstractValue] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        sp = self.sp
        assert sp.frame is not None
        self.context = LoopContext(self.stmt, sp.frame.span(self.stmt))
        self.base = sp.state.copy()
        self.frames_before = sp.frames
        self.live_head = self._slots(self.stmt.live_head)
        self.live_after = self._slots(self.stmt.live_after)
        self.assigned = self._slots(self.stmt.assigned)
        self.flags = [self._slot(name) for name in self.stmt.exit_flags]
        for slot in self.assigned - self.live_head - self.live_after:
            self.base.drop(slot)
        outer_base, sp.join_base = sp.join_base, self.base  # arrays made since the outer branch or loop keep identity
        try:
            self._guess()
        finally:
            sp.join_base = outer_base

    def _slot(self, name: str) -> Slot:
        slot = own_slot(self.sp, name)
        assert slot is not None
        return slot

    def _slots(self, names: frozenset[str]) -> set[Slot]:
        return {slot for name in names if (slot := own_slot(self.sp, name)) is not None}

    # --- what is carried

    def _guess(self) -> None:
        """Templates to begin with: numbers the body assigns may vary, arrays may be written, errors may happen."""
        memory = self.sp.loop_memory.setdefault(self.stmt, {})
        for slot, value in self.base.slots.items():
            if slot in self.assigned and slot in self.live_head:
                template = open_template(self.sp, value, self.base) if isinstance(value, Const) else None
                if isinstance(template, NumberT):
                    self.templates[slot] = self._remembered(memory, slot, template)
                elif not isinstance(value, UndefinedV):
                    with self._joining(slot):
                        self.templates[slot] = template_of(self.sp, value, self.base)
            elif is_status(slot) or (isinstance(slot, Cell) and isinstance(value, Tensor)):
                assert isinstance(value, Tensor)
                self.templates[slot] = NumberT(value.value.type, value.weak)

    def _remembered(self, memory: dict[Slot, NumberT], slot: Slot, template: NumberT) -> Template:
        """Widen by what an earlier pass over this loop found for the variable of this name."""
        known = memory.get(slot[1] if isinstance(slot, tuple) else slot)
        if known is None or known.type.shape != template.type.shape:
            return template
        sample = Tensor(Value(known.type), known.weak)
        return template.unify(self.sp, self.base, sample)

    def _remember(self) -> None:
        memory = self.sp.loop_memory[self.stmt]
        for slot, template in self.templates.items():
            if isinstance(template, NumberT) and isinstance(slot, tuple):
                memory[slot[1]] = template

    def _head(self, block: Block) -> None:
        """Block arguments for the leaves, and the variables made from them; `block` and its state are current."""
        sp = self.sp
        places = places_in(self.templates.values())
        for place in places:
            place.open()
        for slot, template in self.templates.items():
            name = label_of(slot).replace("$", "")
            leaves = []
            for t, leaf_name in zip(template.leaves(), template.leaf_names(name), strict=True):
                leaves.append(block.add_arg(t, leaf_name))
                sp.loop_of[leaves[-1]] = self.context
            sp.state[slot] = template.rebuild(sp, iter(leaves))
        for place in places:
            place.close(sp.state)

    def _widen(self, end: State) -> bool:
        """Unify the templates with what the body left; False when something changed and the body must run again."""
        stable = True
        for slot, value in end.slots.items():
            if self._is_inner(slot):
                continue
            template = self.templates.get(slot)
            if template is None:
                if same(value, self.base[slot]):
                    continue
                if isinstance(slot, tuple) and slot in self.assigned and slot not in self.live_head | self.live_after:
                    continue
                template = self._first_template(slot)
            with self._joining(slot):
                widened = self._unify(slot, template, end, value)
            if widened is not self.templates.get(slot):
                self.templates[slot] = widened
                stable = False
        found = link(self.sp, places_in(self.templates.values()), [self._holders(end)])
        return stable and not found

    def _joining(self, slot: Slot) -> AbstractContextManager[None]:
        return self.sp.joining((self.context.span, label_of(slot)))

    def _holders(self, state: State) -> list[Holder]:
        return [holder for slot, t in self.templates.items() for holder in t.holders(state, state[slot])]

    def _is_inner(self, slot: Slot) -> bool:
        """Objects and frames made in a trip: the next trip makes its own."""
        if isinstance(slot, Cell):
            return slot not in self.base
        assert isinstance(slot, tuple)
        return slot not in self.internal and isinstance(slot[0], int) and slot[0] > self.frames_before

    def _first_template(self, slot: Slot) -> Template:
        """Where a variable first changed here starts from."""
        before = self.base[slot]
        if isinstance(before, UndefinedV) and slot not in self.live_head:
            return NeverT()
        return template_of(self.sp, before, self.base)

    def _unify(self, slot: Slot, template: Template, end: State, value: AbstractValue) -> Template:
        if isinstance(slot, Cell) and slot.kind == "list":
            self._refuse_growth(value, self.base[slot])
        if isinstance(template, NeverT):
            inner = value.value if isinstance(value, MaybeV) else value
            fresh = template_of(self.sp, inner, end)
            return MaybeT(fresh) if isinstance(value, MaybeV) else LastT(fresh)
        if isinstance(template, LastT):
            inner_template = unify_any(self.sp, template.inner, end, value)
            if isinstance(inner_template, MaybeT):
                return inner_template
            return template if inner_template is template.inner else LastT(inner_template)
        joined = unify_any(self.sp, template, end, value)
        if isinstance(joined, ConflictT) and joined.resized and joined is not template:
            self._repeat_if_countable("the size of an array or list that changes in it")
        return joined

    def _repeat_if_countable(self, what: str) -> None:
        """Repeat a loop of known length, or whose test may become known."""
        if self.iteration is None or isinstance(self.iteration.length, Const):
            self.sp.repeat(self.context, what)

    def _refuse_growth(self, after: AbstractValue, before: AbstractValue) -> None:
        """A list that changes its length in the body: the loop is repeated, so that the length is known."""
        lengths = [
            len(v.items) if isinstance(v, Sequence_) else v.value.type.shape[0] if isinstance(v, Tensor) else -1
            for v in (after, before)
        ]
        if lengths[0] != lengths[1]:
            self.sp.repeat(self.context, "the length of a list that changes in it")

    def _become_tables(self, end: State) -> bool:
        """Lists that the body indexed by data are tables already before the loop."""
        found = False
        for slot, value in end.slots.items():
            if isinstance(slot, Cell) and isinstance(value, Tensor) and isinstance(self.base[slot], Sequence_):
                self._refuse_growth(value, self.base[slot])
                self.sp.state = self.base
                content = self.sp.load(to_table(self.sp, ListRef(slot)))
                self.templates[slot] = NumberT(content.type, False)
                found = True
        return found

    def _iterate(self, attempt: Callable[[], tuple[Block, State]]) -> None:
        """Run the body until the templates hold."""
        sp = self.sp
        for _ in range(MAX_ROUNDS):
            outer_base, sp.join_base = sp.join_base, self.base
            dynamic = self.iteration is None or not isinstance(self.iteration.length, Const)
            sp.control += dynamic
            try:
                body, end = attempt()
                if self._become_tables(end):
                    continue
                with sp.in_block(body, end):
                    stable = self._widen(end)
                sp.state = self.base
            finally:
                sp.join_base = outer_base
                sp.control -= dynamic
            if stable:
                self.body, self.end = body, end
                self._remember()
                return
        raise StaticValueError("the variables of this loop change their kind in every trip", span=self.context.span)

    def _run_body(self, block: Block) -> None:
        self.sp.run_block(self.stmt.body)

    # --- forms of loops

    def counted(self) -> None:
        """`for` over a known number of items."""
        sp = self.sp
        assert self.iteration is not None
        length = self.iteration.length
        count = helpers.convert(sp.builder, sp.number(length), np.int64)
        running = no_error(sp)
        if running is not None and not isinstance(length, Const):
            count = sp.emit(Select, running, count, sp.constant(0, np.int64))

        def attempt() -> tuple[Block, State]:
            body, state = Block(), self.base.copy()
            with sp.in_block(body, state):
                k = body.add_arg(I64)
                sp.loop_of[k] = self.context
                self._head(body)
                self._bind_item(Tensor(k, True))
                k.name = k.name or "k"
                self._run_body(body)
                return body, sp.state

        self._iterate(attempt)
        self.trips = count
        self.kind = "for"

    def _bind_item(self, k: AbstractValue) -> None:
        assert self.iteration is not None
        with self.sp.at(self.stmt.target):
            self.sp.assign(self.stmt.target, self.iteration.item(self.sp, k))

    def counted_with_exits(self) -> None:
        """A `for` that may be left early: a `while` on the counter and the flags."""
        sp = self.sp
        assert self.iteration is not None
        count = helpers.convert(sp.builder, sp.number(self.iteration.length), np.int64)
        index: Slot = (id(self), "index")
        self.internal = {index}
        self.base[index] = Tensor(sp.constant(0, np.int64), True)
        self.templates[index] = NumberT(I64, True)

        def attempt() -> tuple[Block, State]:
            body, state = Block(), self.base.copy()
            with sp.in_block(body, state):
                sp.loop_of[body.add_arg(I64, "k")] = self.context
                self._head(body)
                k = sp.state[index]
                assert isinstance(k, Tensor)
                self._bind_item(k)
                self._run_body(body)
                sp.state[index] = Tensor(sp.emit(Add, k.value, sp.constant(1, np.int64)), True)
                return body, sp.state

        self._iterate(attempt)
        self._condition(lambda: Tensor(helpers.compare(sp.builder, sp.number(sp.state[index]), "LT", count), True))

    def try_test_region(self) -> bool:
        """A `while` whose test changes nothing but may fail; False where the test has other effects."""
        sp = self.sp

        def attempt() -> tuple[Block, State]:
            body, state = Block(), self.base.copy()
            with sp.in_block(body, state):
                sp.loop_of[body.add_arg(I64, "k")] = self.context
                self._head(body)
                self._run_body(body)
                return body, sp.state

        if _has_effects(self.stmt.test):
            return False
        self._iterate(attempt)
        self.test_again = lambda: _test(sp, self.stmt.test)
        self._condition(self.test_again)
        return True

    def _condition(self, test: Callable[[], AbstractValue]) -> None:
        """The cond region: no exit flag, no error, and the test; a failing test ends the loop and is raised later."""
        sp = self.sp
        cond, state = Block(), self.base.copy()
        with sp.in_block(cond, state):
            self._head(cond)
            result = self._and_flags(test)
            failed = no_error(sp) if self._may_fail() or word(sp, ERROR) not in cond.args else None
            parts = [v for v in (result, failed) if v is not None]
            cond.results = [parts[0] if len(parts) == 1 else sp.emit(And, *parts)]
        self.cond = cond
        self.kind = "while"

    def _may_fail(self) -> bool:
        """Whether an error may have happened before or in the body."""
        error = self.end[ERROR]
        assert isinstance(error, Tensor)
        entry = self.base[ERROR]
        assert isinstance(entry, Tensor)
        constant = (op := self.sp.builder.producers.get(entry.value)) is not None and op.name == "constant"
        return error.value not in self.body.args or not constant

    def _and_flags(self, test: Callable[[], AbstractValue]) -> Value:
        """`not flag and … and test`, the test only where no flag is set."""
        sp = self.sp
        running: AbstractValue = Const(True)
        for slot in self.flags:
            running = operators.logical_and(sp, running, operators.unary(sp, "Not", sp.state[slot]))
        known = operators.truth(sp, running)
        if known is True:
            result = operators.truth(sp, test())
        elif known is False:
            result = False
        else:
            result = operators.truth(sp, branch(sp, known, lambda: as_flag(sp, test()), lambda: Const(False)))
        return result if isinstance(result, Value) else sp.constant(result, np.bool_)

    def rotate(self) -> None:
        """A `while` whose test has effects: evaluated before the loop and at the end of each trip."""
        sp = self.sp
        go: Slot = (id(self), "goes_on")
        sp.state = self.base
        first = self._and_flags(lambda: _test(sp, self.stmt.test))
        self.base = sp.state
        self.internal = {go}
        self.base[go] = Tensor(first, True)
        named = (node.target.id for node in gast.walk(self.stmt.test) if isinstance(node, gast.NamedExpr))
        self.live_head |= self._slots(frozenset(named))  # the body reads what the test bound
        self.templates = {}
        self._guess()
        self.templates[go] = NumberT(B1, True)

        def attempt() -> tuple[Block, State]:
            body, state = Block(), self.base.copy()
            with sp.in_block(body, state):
                sp.loop_of[body.add_arg(I64, "k")] = self.context
                self._head(body)
                self._run_body(body)
                again = self._and_flags(lambda: _test(sp, self.stmt.test))
                sp.state[go] = Tensor(again, True)
                return body, sp.state

        self._iterate(attempt)
        self._condition(lambda: sp.state[go])
        self.flags = []

    # --- the op

    def finish(self) -> None:
        """Emit the loop, without carries that the body hands on unchanged, and set the state after it."""
        sp = self.sp
        outer_base, sp.join_base = sp.join_base, self.base
        places = places_in(self.templates.values())
        try:
            settle(places, self._holders(self.end))
            with sp.in_block(self.body, self.end):
                for slot, template in self.templates.items():
                    self.body.results += template.collect(sp, self.end, self.end[slot])
            settle(places, self._holders(self.base))
            sp.state = self.base
            initial = [
                v for slot, template in self.templates.items() for v in template.collect(sp, self.base, self.base[slot])
            ]
        finally:
            sp.join_base = outer_base
        results = self._emit(initial)
        self._after_loop(results)

    def _emit(self, initial: list[Value]) -> list[Value]:
        sp = self.sp
        args = self.body.args[1:]
        kept = [j for j, (arg, out) in enumerate(zip(args, self.body.results, strict=True)) if out is not arg]
        invariant = {arg: initial[j] for j, arg in enumerate(args) if j not in set(kept)}
        substitute(self.body, invariant)
        self.body.args = [self.body.args[0], *(args[j] for j in kept)]
        self.body.results = [self.body.results[j] for j in kept]
        carried = [initial[j] for j in kept]
        types = [v.type for v in carried]
        emitted: Sequence[Value]
        if self.kind == "for":
            emitted = sp.builder.emit_op(For, [self.trips, *carried], types, {"direction": 1}, [self.body])
        else:
            cond_args = list(self.cond.args)
            substitute(self.cond, {arg: initial[j] for j, arg in enumerate(cond_args) if j not in set(kept)})
            self.cond.args = [cond_args[j] for j in kept]
            self.trips, *emitted = sp.builder.emit_op(While, carried, [I64, *types], {}, [self.cond, self.body])
            sp.register_loop([self.trips], self.context)
        sp.register_loop(emitted, self.context)
        results = list(initial)
        for j, value in zip(kept, emitted, strict=True):
            value.name = args[j].name
            results[j] = value
        return results

    def _after_loop(self, results: list[Value]) -> None:
        sp = self.sp
        state = self.base
        values = iter(results)
        sp.state = state
        unchanged = self._unchanged(results)
        places = places_in(self.templates.values())
        for place in places:
            place.open()
        for slot, template in self.templates.items():
            count = len(template.leaves())
            leaves = [next(values) for _ in range(count)]
            if slot in unchanged:
                continue
            if isinstance(template, LastT):
                state[slot] = self._last_value(template, leaves)
            else:
                state[slot] = template.rebuild(sp, iter(leaves))
        for place in places:
            place.close(state)
        if self.test_again is not None and not _cannot_fail(self.cond):
            self._and_flags(self.test_again)
        for slot in (self.assigned - self.live_after) | self.internal:
            sp.state.drop(slot)

    def _unchanged(self, results: list[Value]) -> set[Slot]:
        """Slots whose leaves all stayed as they were before the loop, and that may keep their value."""
        found, j = set(), 0
        for slot, template in self.templates.items():
            count = len(template.leaves())
            value = self.base[slot]
            if count and isinstance(value, Tensor) and results[j] is value.value:
                found.add(slot)
            if not count and same(value, self.end[slot]):
                found.add(slot)
            j += count
        return found

    def _last_value(self, template: LastT, leaves: list[Value]) -> AbstractValue:
        """A variable first bound in the body: bound after the loop if there was a trip."""
        value = template.inner.rebuild(self.sp, iter(leaves))
        if self.iteration is not None and isinstance(self.iteration.length, Const):
            return value
        some = helpers.compare(self.sp.builder, self.trips, "GT", self.sp.constant(0, np.int64))
        return MaybeV(value, some)


@dataclass(eq=False)
class LastT(Template):
    """A variable that every trip binds and that is only read after the loop: carried without a flag."""

    inner: Template

    def leaves(self) -> list[TensorType]:
        return self.inner.leaves()

    def collect(self, sp: Specializer, state: State, value: AbstractValue) -> list[Value]:
        return self.inner.zeros(sp) if isinstance(value, UndefinedV) else self.inner.collect(sp, state, value)

    def rebuild(self, sp: Specializer, values: Iterator[Value]) -> AbstractValue:
        for _ in self.inner.leaves():
            next(values)
        return UNDEFINED

    def places(self) -> Iterator[Place]:
        for place in self.inner.places():
            place.last = True
            yield place

    def holders(self, state: State, value: AbstractValue) -> Iterator[Holder]:
        return self.inner.holders(state, value)


def _test(sp: Specializer, node: gast.expr) -> AbstractValue:
    """The test of a loop; one that always raises ends it."""
    with sp.letting_go():
        value = evaluate(sp, node)
    return Const(False) if isinstance(value, NeverV) else value


def as_flag(sp: Specializer, value: AbstractValue) -> AbstractValue:
    """The truth of a value as a bool."""
    known = operators.truth(sp, value)
    return Const(known) if isinstance(known, bool) else Tensor(known, True)


def _cannot_fail(cond: Block) -> bool:
    """Whether the test carries no check: no error code is computed in it."""
    return not any(op.name in ("select", "if") for op in cond.ops)


def _has_effects(test: gast.expr) -> bool:
    """Calls of user functions and `:=` may change variables or arrays."""
    return any(isinstance(node, gast.NamedExpr | gast.Call) for node in gast.walk(test))
