"""A call as a function of its own, which an operation of derivatives can name.

    y = f(x, a)  with x differentiated    →    func @f(%x: f64[3], %a: f64[3], …) -> f64 { …; return %y, … }

The body runs on a copy of the caller's state, as one side of a branch does. Float leaves of the differentiated
arguments become parameters in new containers and arrays; all other values that the body uses come after them as
captured parameters, plain constants as copies. What the body changes (the caller's arrays, also the differentiated
ones, objects, status words) is handed back behind the differentiated results and put into the caller's state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hloc.diagnostics.errors import AliasError
from hloc.frontend.joins import template_of
from hloc.frontend.state import Slot
from hloc.frontend.structure import cells_in, children, same, with_children
from hloc.frontend.templates import Template
from hloc.frontend.trees import Tree, is_float, like_leaf, tree_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    Cell,
    ChoiceRef,
    DictRef,
    FunctionV,
    ListRef,
    NeverV,
    ObjectRef,
    Tensor,
    TupleV,
    Unreachable,
)
from hloc.ir.core import Block, Function, Op, Value, clone_op, free_values, substitute

if TYPE_CHECKING:
    from hloc.frontend.specializer import Specializer

Run = Callable[[list[AbstractValue]], AbstractValue]
Pick = Callable[[AbstractValue], AbstractValue]


@dataclass(eq=False)
class Separate:
    """A function of the program made of one call.

    operands: what it is called with; it is differentiated by the first `wrt` of them.
    outputs: how many of the first results are differentiated.
    places: where the leaves of `changed` and then of `result` stand among the results.
    originals: the caller's values for the new arrays and containers inside.
    """

    function: Function
    operands: list[Value]
    wrt: int
    outputs: int
    changed: dict[Slot, Template]
    result: Template
    places: list[int]
    originals: dict[Cell, AbstractValue]

    @property
    def attrs(self) -> dict[str, object]:
        return {"function": self.function.name, "wrt": self.wrt, "outputs": self.outputs}

    def finish(self, sp: Specializer, results: Sequence[Value], quiet: bool = False) -> AbstractValue:
        """Put what the function changed into the state, unless `quiet`, and give its result."""
        for result, inner in zip(results, self.function.results, strict=True):
            result.name = result.name or inner.name
        leaves = iter([results[place] for place in self.places])
        for slot, template in self.changed.items():
            content = template.rebuild(sp, leaves)
            if not quiet:
                put(sp, slot, outside(sp, content, self.originals), self.originals)
        return outside(sp, self.result.rebuild(sp, leaves), self.originals)


def put(sp: Specializer, slot: Slot, content: AbstractValue, originals: Mapping[Any, Any]) -> None:
    """Put what a function left in one of its slots into the caller's state.

    originals: array, container or variable made for the function → the caller's.
    """
    original = originals.get(slot, slot)
    if isinstance(original, ArrayRef | ChoiceRef):
        assert isinstance(content, Tensor)
        sp.store(original, content.value)
    elif isinstance(original, ListRef | DictRef | ObjectRef):
        sp.check_aliases(original.cell)
        sp.state[original.cell] = content
    else:
        sp.state[original] = content


def separate(
    sp: Specializer, name: str, run: Run, arguments: Sequence[AbstractValue], pick: Pick = lambda result: result
) -> tuple[Separate, Tree]:
    """The function of `run(arguments)`, differentiated by all float leaves of the arguments, and their tree.

    pick: gives the part of the result whose float leaves are differentiated, or refuses the result.
    """
    tree = Tree(TupleV(tuple(arguments)), tuple(tree_of(sp, a) for a in arguments))
    operands = [sp.number(leaf) for leaf in tree.floats()]
    body = Body(sp)
    with body.open():
        inner = body.enter(tree, operands)
        result = body.run(lambda: run(inner))
        picked = None if isinstance(result, NeverV) else tree_of(sp, pick(result))
        outputs = [] if picked is None else [sp.number(leaf) for leaf in picked.floats()]
        changed = body.changed()
        template = body.template(result)
        leaves = [v for slot, t in changed.items() for v in t.collect(sp, sp.state, sp.state[slot])]
        leaves += template.collect(sp, sp.state, result)
        body.results(outputs, leaves)
    body.restore_hidden(set(changed))
    results = body.block.results
    captured = capture_free(sp, [body.block])
    function = sp.module.add(Function(name, body.block, sp.span))
    places = [results.index(v) for v in body.leaves]
    made = Separate(
        function, operands + captured, len(operands), len(outputs), changed, template, places, body.originals
    )
    return made, tree


class Body:
    """The body of a function while it is made."""

    def __init__(self, sp: Specializer) -> None:
        self.sp = sp
        self.block = Block()
        self.originals: dict[Cell, AbstractValue] = {}
        self.hidden: dict[Cell, Value] = {}
        self.leaves: list[Value] = []
        self.before = self.after = sp.state

    @contextmanager
    def open(self) -> Iterator[None]:
        """Build inside, on a copy of the caller's state."""
        self.sp.separations += 1
        try:
            with self.sp.in_block(self.block, self.sp.state.copy()):
                yield
        finally:
            self.sp.separations -= 1

    def enter(self, tree: Tree, operands: Sequence[Value]) -> list[AbstractValue]:
        """The parts of a tree of arguments inside: float leaves are parameters, everything else stays the caller's."""
        sp = self.sp
        values = iter([self.parameter(v) for v in operands])
        leaves = [like_leaf(sp, leaf, next(values)) if is_float(leaf) else leaf for leaf in tree.leaves()]
        inner = tree.build(sp, iter(leaves), self.made)
        assert isinstance(inner, TupleV)
        self.hide()
        return list(inner.items)

    def parameter(self, operand: Value) -> Value:
        """A parameter that stands for a value of the caller."""
        arg = self.block.add_arg(operand.type, operand.name)
        self.sp.stands_for[arg] = operand
        return arg

    def made(self, old: AbstractValue, new: AbstractValue) -> None:
        """Remember what a new array or container stands for."""
        if isinstance(new, ArrayRef | ListRef | DictRef | ObjectRef) and new is not old:
            self.originals[new.cell] = old

    def hide(self) -> None:
        """Put stand-ins for the caller's arrays, to see whether the body reaches them by another name."""
        for cell in [c for original in self.originals.values() for c in _cells(original)]:
            content = self.sp.state[cell]
            if cell not in self.hidden and isinstance(content, Tensor):
                stand_in = Value(content.value.type, content.value.name)
                self.sp.stands_for[stand_in] = content.value
                self.hidden[cell] = stand_in
                self.sp.state[cell] = Tensor(stand_in)

    def run(self, thunk: Callable[[], AbstractValue]) -> AbstractValue:
        """The result of the body; from here on changes count."""
        self.before = self.sp.state.copy()
        try:
            result = thunk()
        except Unreachable:
            result = NeverV()
        self.after = self.sp.state
        return result

    def changed_slots(self) -> list[Slot]:
        """Where the body changed what others can see."""
        before = self.before
        return [slot for slot, value in self.after.slots.items() if slot in before and not same(value, before[slot])]

    def changed(self) -> dict[Slot, Template]:
        """What the body changed that others can see."""
        return {slot: self.template(self.after[slot]) for slot in self.changed_slots()}

    def template(self, value: AbstractValue) -> Template:
        sp = self.sp
        outer, sp.join_base = sp.join_base, self.before
        try:
            return template_of(sp, value, self.after)
        finally:
            sp.join_base = outer

    def results(self, outputs: Sequence[Value], leaves: Sequence[Value]) -> None:
        """Set the results: `outputs`, then those of `leaves` that are not among them."""
        self.leaves = list(leaves)
        self.block.results = [*outputs, *dict.fromkeys(v for v in leaves if v not in outputs)]

    def is_ambiguous(self, changed: set[Slot]) -> bool:
        """Whether a write would have been seen under another name."""
        used = set(free_values(self.block))
        for cell, stand_in in self.hidden.items():
            own = [slot for slot, ref in self.originals.items() if cell in _cells(ref)]
            written = any(slot in changed for slot in own)
            if cell in changed or (written and (stand_in in used or len(own) > 1)):
                return True
        return False

    def restore_hidden(self, changed: set[Slot]) -> None:
        """Take the stand-ins away. Raises AliasError where a write would have been seen under another name."""
        if self.is_ambiguous(changed):
            raise AliasError(
                "the function writes to an array that it is differentiated by and reaches under two names",
                help="pass a copy (x.copy()) under one of the names",
            )
        self.put_back()

    def put_back(self) -> None:
        """Take the stand-ins away."""
        content = {v: self.sp.stands_for[v] for v in self.hidden.values()}
        substitute(self.block, content)
        self.leaves = [content.get(v, v) for v in self.leaves]


def _cells(ref: AbstractValue) -> list[Cell]:
    if isinstance(ref, ChoiceRef):
        return [r.cell for r in ref.refs]
    return [ref.cell] if isinstance(ref, ArrayRef) else []


def capture_free(sp: Specializer, blocks: Sequence[Block], self_calls: Sequence[Op] = ()) -> list[Value]:
    """Make what bodies use from outside parameters of each of them; the values to pass. Constants become copies.

    self_calls: calls in the bodies of the function that is being made, which have to pass them too.
    """
    captured: dict[Value, None] = {}
    for block in blocks:
        mapping: dict[Value, Value] = {}
        ops = [op for v in free_values(block) for op in _constant_ops(sp, v, mapping)]
        sp.builder.producers.update((result, op) for op in ops for result in op.results)
        block.ops[:0] = ops
        substitute(block, mapping)
        captured.update(dict.fromkeys(free_values(block)))
    for op in self_calls:
        op.operands += tuple(captured)
    for block in blocks:
        mapping = {}
        for value in captured:
            mapping[value] = block.add_arg(value.type, value.name)
            sp.stands_for[mapping[value]] = value
        substitute(block, mapping)
    return list(captured)


_CONSTANT = frozenset({"constant", "iota", "broadcast_in_dim", "convert", "reshape"})


def _constant_ops(sp: Specializer, value: Value, mapping: dict[Value, Value]) -> list[Op]:
    """Copies of the operations behind a value that only constants flow into; none for data."""
    op = sp.builder.producers.get(value)
    if value in mapping or op is None or op.name not in _CONSTANT:
        return []
    before: list[Op] = []
    for operand in op.operands:
        before += _constant_ops(sp, operand, mapping)
        if operand not in mapping:
            return []
    return [*before, clone_op(op, mapping)]


def outside(sp: Specializer, value: AbstractValue, originals: Mapping[Any, Any]) -> AbstractValue:
    """The value as the caller sees it: with its own arrays, containers and variables for those made for the body."""
    return _outside(sp, value, originals, set()) if originals else value


def _outside(sp: Specializer, value: AbstractValue, originals: Mapping[Any, Any], seen: set[Cell]) -> AbstractValue:
    if isinstance(value, FunctionV):
        value = replace(value, closure={name: originals.get(slot, slot) for name, slot in value.closure.items()})
    if isinstance(value, ArrayRef | ListRef | DictRef | ObjectRef) and value.cell in originals:
        original: AbstractValue = originals[value.cell]
        return original if not isinstance(value, ArrayRef) or not value.view else _viewed(original, value)
    if isinstance(value, ChoiceRef):
        return _choice_outside(sp, value, originals)
    if isinstance(value, ArrayRef | ListRef | DictRef | ObjectRef):
        _sources_outside(sp, value.cell, originals)
    if isinstance(value, ListRef | DictRef | ObjectRef) and value.cell not in seen:
        seen.add(value.cell)
        content = sp.state[value.cell]
        new = _outside(sp, content, originals, seen)
        if not same(content, new):
            sp.state[value.cell] = new
        return value
    parts = children(value)
    if not parts:
        return value
    return with_children(value, [_outside(sp, part, originals, seen) for part in parts])


def _sources_outside(sp: Specializer, cell: Cell, originals: Mapping[Any, Any]) -> None:
    """A joined object that stands for one of those made for the body stands for one of the caller's."""
    if not cell.sources.isdisjoint(originals):
        found = [cells_in(originals[source]) if source in originals else [source] for source in cell.sources]
        cell.sources = frozenset(s for cells in found for c in cells for s in c.sources)
        sp.note_merged(cell.sources)


def _choice_outside(sp: Specializer, choice: ChoiceRef, originals: Mapping[Any, Any]) -> ChoiceRef:
    found = [_outside(sp, ref, originals, set()) for ref in choice.refs]
    refs = [ref for ref in found if isinstance(ref, ArrayRef)]
    if len(refs) < len(found):
        raise AliasError(
            "the function returns one of several arrays, and one of them already was one of several",
            help="pass a copy (x.copy())",
        )
    return ChoiceRef(choice.selector, tuple(refs))


def _viewed(original: AbstractValue, view: ArrayRef) -> AbstractValue:
    if isinstance(original, ChoiceRef):
        refs = tuple(ArrayRef(r.cell, view.type, (*r.view, *view.view)) for r in original.refs)
        return ChoiceRef(original.selector, refs)
    assert isinstance(original, ArrayRef)
    return ArrayRef(original.cell, view.type, (*original.view, *view.view), original.is_list)
