"""The context of one specialisation: where ops go, what the state is, and what was decided so far.

The phases live in their own files: statements, loops, expressions, subscripts, calls, operators, effects; each is a
set of functions that take the `Specializer` first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import gast
import numpy as np

from hloc.diagnostics.errors import AliasError, CompileError, DTypeError, StaticValueError
from hloc.diagnostics.span import Span
from hloc.frontend import numbers
from hloc.frontend.context import Decisions, Frame, Interpreter, LoopContext, Options, Restart
from hloc.frontend.places import SHARED
from hloc.frontend.state import State
from hloc.frontend.structure import cells_in, kind_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    Cell,
    ChoiceRef,
    ConflictV,
    Const,
    DictRef,
    ListRef,
    Mapping_,
    ObjectRef,
    Sequence_,
    SliceV,
    Tensor,
    TupleV,
    TypeOfV,
)
from hloc.frontend.views import read_path, write_path
from hloc.ir.builder import Builder
from hloc.ir.core import Block, Module, Value, free_values
from hloc.ir.opdef import OpDef
from hloc.ir.types import TensorType
from hloc.ops import helpers
from hloc.ops.elementwise import Select
from hloc.program import ErrorSite, Guard, Input, Path, PrintSite, StaticUse


class Specializer:
    """Emits SSA while interpreting a function abstractly."""

    def __init__(self, decisions: Decisions, options: Options, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.decisions = decisions
        self.options = options
        self.module = Module()
        self.builder = Builder(Block())
        self.state = State()
        self.frame: Frame | None = None
        self.frames = 0
        self.inputs: list[Input] = []
        self.input_of: dict[Value, Input] = {}
        self.loop_of: dict[Value, LoopContext] = {}
        self.guards: dict[tuple[Path, str], Guard] = {}
        self.captured: dict[int, tuple[Any, AbstractValue]] = {}
        self.captured_paths: dict[Path, AbstractValue] = {}
        self.origins: dict[Cell, tuple[Path, AbstractValue]] = {}
        self.join_base = self.state
        self.join_site: object = None
        self.held: list[AbstractValue] = []
        self.merged_at: dict[Cell, set[object]] = {}
        self.error_sites: list[ErrorSite] = []
        self.print_sites: list[PrintSite] = []
        self.payload_words = 0
        self.lane_words = 0
        self.loop_memory: dict[Any, dict[Any, Any]] = {}
        self.call_places: dict[object, set[Span]] = {}
        self.outlined: dict[object, Any] = {}
        self.stands_for: dict[Value, Value] = {}
        self.ruled: list[Any] = []
        self.loop_ops: dict[Value, LoopContext] = {}
        self.parameters: list[Value] = []
        self.repeated: list[StaticUse] = []
        self.control = 0
        self.recursions: Any = None
        self.separations = 0
        self.unfolded: Counter[Any] = Counter()
        self.widened: dict[Value, tuple[Any, tuple[object, ...]]] = {}

    # --- emission

    def emit(self, kind: type[OpDef], *operands: Value, **attrs: Any) -> Value:
        return self.builder.emit(kind, *operands, **attrs)

    def constant(self, obj: Any, dtype: Any) -> Value:
        return helpers.constant(self.builder, obj, dtype)

    @contextmanager
    def at(self, node: Any) -> Iterator[None]:
        """Errors and ops inside belong to this node of the current function."""
        frame = self.frame
        assert frame is not None
        span = frame.span(node)
        before, self.builder.span = self.builder.span, span
        try:
            yield
        except CompileError as error:
            error.with_span(span)
            raise
        finally:
            self.builder.span = before

    @contextmanager
    def in_block(self, block: Block, state: State) -> Iterator[Block]:
        """Build into another block on another state."""
        before, self.state = self.state, state
        try:
            with self.builder.at(block):
                yield block
        finally:
            self.state = before

    # --- numbers and arrays

    def number(self, value: AbstractValue, state: State | None = None) -> Value:
        """The SSA value of a number or array. Raises DTypeError for anything else."""
        state = state or self.state
        match value:
            case Tensor(v):
                return v
            case Const(obj):
                return self._constant_number(obj)
            case ArrayRef():
                return self.load(value, state)
            case ChoiceRef():
                return self._load_choice(value, state)
            case ConflictV(reason):
                raise DTypeError(f"this value may be {reason}", help="make both paths give the same kind of value")
        raise DTypeError(f"a number or array is needed here, found {kind_of(value)}")

    def _constant_number(self, obj: Any) -> Value:
        described = numbers.describe(Const(obj))
        if described is None:
            raise DTypeError(f"a number or array is needed here, found {kind_of(Const(obj))}")
        dtype = described[0].dtype
        if isinstance(obj, int) and not isinstance(obj, bool) and not -(2**63) <= obj < 2**63:
            raise DTypeError(f"the integer {obj} does not fit into 64 bits", help="hloc computes Python ints as int64")
        return self.constant(obj, dtype)

    def load(self, ref: ArrayRef, state: State | None = None) -> Value:
        """The current value of a view."""
        content = (state or self.state)[ref.cell]
        assert isinstance(content, Tensor)
        return read_path(self.builder, content.value, ref.view)

    def _load_choice(self, choice: ChoiceRef, state: State) -> Value:
        if choice.content is not None and self._unwritten(choice, state):
            return choice.content
        values = [self.load(ref, state) for ref in choice.refs]
        return self.choose(choice.selector, values)

    def _unwritten(self, choice: ChoiceRef, state: State) -> bool:
        contents = [state[ref.cell] for ref in choice.refs]
        return len(contents) == len(choice.holding) and all(
            isinstance(content, Tensor) and content.value is known
            for content, known in zip(contents, choice.holding, strict=True)
        )

    def choose(self, selector: Value, values: Sequence[Value]) -> Value:
        """`values[selector]`."""
        result = values[0]
        for j, value in enumerate(values[1:], 1):
            chosen = helpers.compare(self.builder, selector, "EQ", self.constant(j, np.int64))
            result = self.emit(Select, chosen, value, result)
        return result

    def remap_choice(self, choice: ChoiceRef, positions: Sequence[int]) -> Value:
        """The selector of a choice after its arrays got other positions."""
        if list(positions) == list(range(len(positions))):
            return choice.selector
        return self.choose(choice.selector, [self.constant(p, np.int64) for p in positions])

    def store(self, ref: AbstractValue, value: Value) -> None:
        """Set all elements of a view; `value` has its type."""
        if isinstance(ref, ChoiceRef):
            for j, target in enumerate(ref.refs):
                chosen = helpers.compare(self.builder, ref.selector, "EQ", self.constant(j, np.int64))
                self.store(target, self.emit(Select, chosen, value, self.load(target)))
            return
        assert isinstance(ref, ArrayRef)
        self.check_aliases(ref.cell)
        content = self.state[ref.cell]
        assert isinstance(content, Tensor)
        new = write_path(self.builder, content.value, ref.view, value)
        new.name = new.name or content.value.name
        self.state[ref.cell] = Tensor(new)

    def new_array(self, value: Value, label: str = "", is_list: bool = False) -> ArrayRef:
        """A new array object with this content."""
        cell = Cell("array", label)
        self.state[cell] = Tensor(value)
        return ArrayRef(cell, value.type, is_list=is_list)

    def new_list(self, items: Sequence[AbstractValue]) -> ListRef:
        cell = Cell("list")
        self.state[cell] = Sequence_(tuple(items))
        return ListRef(cell)

    def new_dict(self, entries: dict[Any, AbstractValue]) -> DictRef:
        cell = Cell("dict")
        self.state[cell] = Mapping_(dict(entries))
        return DictRef(cell)

    def new_object(self, cls: type, attributes: dict[str, AbstractValue]) -> ObjectRef:
        cell = Cell("object", cls.__name__)
        self.state[cell] = Mapping_(dict(attributes))
        return ObjectRef(cell, cls)

    def result(self, value: Value, *, scalar: bool = False) -> AbstractValue:
        """What NumPy hands out for a computed value: a scalar for rank 0, else a new array."""
        return Tensor(value) if scalar or not value.type.shape else self.new_array(value)

    def items(self, ref: ListRef) -> tuple[AbstractValue, ...]:
        content = self.state[ref.cell]
        assert isinstance(content, Sequence_)
        return content.items

    def entries(self, ref: DictRef | ObjectRef) -> dict[Any, AbstractValue]:
        content = self.state[ref.cell]
        assert isinstance(content, Mapping_)
        return content.entries

    def set_items(self, ref: ListRef, items: Sequence[AbstractValue]) -> None:
        self.check_aliases(ref.cell)
        self.state[ref.cell] = Sequence_(tuple(items))

    def set_entries(self, ref: DictRef | ObjectRef, entries: dict[Any, AbstractValue]) -> None:
        self.check_aliases(ref.cell)
        self.state[ref.cell] = Mapping_(entries)

    def computed_alike(self, x: Value, y: Value) -> bool:
        """Whether two values are the same operations on the same values."""
        if x is y:
            return True
        p, q = self.builder.producers.get(x), self.builder.producers.get(y)
        if p is None or q is None or p.kind is not q.kind or p.regions or len(p.operands) != len(q.operands):
            return False
        position = (p.results.index(x), q.results.index(y))
        return (
            position[0] == position[1]
            and _same_attributes(p.attrs, q.attrs)
            and all(self.computed_alike(a, b) for a, b in zip(p.operands, q.operands, strict=True))
        )

    # --- aliases

    def exists_outside(self, cell: Cell) -> bool:
        """Whether a cell existed before the branch or loop that is being joined."""
        return cell in self.join_base

    def join_sources(self, value: AbstractValue, state: State) -> frozenset[Cell]:
        """The allocations a joined array may stand for, as seen after the join: those from before it, and `SHARED` for
        new ones that have other names."""
        refs: tuple[Any, ...] = value.refs if isinstance(value, ChoiceRef) else (value,)
        found: set[Cell] = set()
        for ref in refs:
            if self.exists_outside(ref.cell):
                found |= ref.cell.sources
                continue
            settled = self.settled_sources(ref.cell)
            found |= settled
            new = ref.cell.sources - settled
            if sum(not new.isdisjoint(cell.sources) for slot in state.slots.values() for cell in cells_in(slot)) > 1:
                found.add(SHARED)
        self.note_merged(found)
        return frozenset(found)

    def settled_sources(self, cell: Cell) -> set[Cell]:
        """What an object made inside may be besides new ones."""
        return {source for source in cell.sources if source is SHARED or self.exists_outside(source)}

    def note_merged(self, sources: Iterable[Cell]) -> None:
        """Remember that joined objects, made at `join_site`, may be one of these."""
        for source in sources:
            self.merged_at.setdefault(source, set()).add(self.join_site)

    @contextmanager
    def joining(self, site: object) -> Iterator[None]:
        """What is joined inside belongs to this place in the program: a statement and the name of a variable."""
        before, self.join_site = self.join_site, site
        try:
            yield
        finally:
            self.join_site = before

    @property
    def tells_apart(self) -> bool:
        """Whether the join knows new arrays from those that existed before: somewhere one of them is written."""
        return self.join_site in self.decisions.told_apart

    def check_aliases(self, cell: Cell) -> None:
        """A write to an object that, on some path only, is also known by another name: the joins that made it so tell
        arrays apart from now on (by a restart). Raises AliasError where they cannot."""
        if len(cell.sources) == 1 and cell in cell.sources and cell not in self.merged_at:
            return
        for other in self._reachable():
            if other is not cell and (common := other.sources & cell.sources):
                self._tell_apart(common)
                raise AliasError(
                    "this write may or may not change another array: "
                    "after a branch or loop the name stands for one of several arrays",
                    help="take a copy (x = x.copy()) before the branch or loop, or before the write",
                )

    def _tell_apart(self, sources: Iterable[Cell]) -> None:
        sites = {site for source in sources for site in self.merged_at.get(source, ()) if site is not None}
        if not sites <= self.decisions.told_apart:
            self.decisions.told_apart |= sites
            raise Restart

    def hold(self, value: AbstractValue) -> None:
        """An expression has this value: until its statement ends, it may be used without a name."""
        if not isinstance(value, Tensor | Const):
            self.held.append(value)

    @contextmanager
    def letting_go(self) -> Iterator[None]:
        """What expressions inside gave is not used any more afterwards."""
        before = len(self.held)
        try:
            yield
        finally:
            del self.held[before:]

    def _reachable(self) -> Iterator[Cell]:
        """Objects that a variable or an expression leads to, and all of the caller's."""
        pending = [*self.origins, *(cell for value in self.held for cell in cells_in(value))]
        pending += [
            cell for slot, value in self.state.slots.items() if isinstance(slot, tuple) for cell in cells_in(value)
        ]
        seen: set[Cell] = set()
        while pending:
            cell = pending.pop()
            if cell not in seen:
                seen.add(cell)
                yield cell
                pending += cells_in(self.state[cell]) if cell.kind != "array" else ()

    # --- values needed now

    def static(self, value: AbstractValue, what: str) -> Any:
        """The Python object; data makes its origin static (by a restart) or is refused. `what` names the use."""
        match value:
            case Const(obj):
                return obj
            case TypeOfV(cls):
                return cls
            case TupleV(items, cls):
                parts = [self.static(item, what) for item in items]
                return tuple(parts) if cls is None else cls(*parts)
            case ListRef():
                return [self.static(item, what) for item in self.items(value)]
            case DictRef():
                return {key: self.static(item, what) for key, item in self.entries(value).items()}
            case SliceV(start, stop, step):
                return slice(self.static(start, what), self.static(stop, what), self.static(step, what))
            case Tensor(v):
                self.demand(v, what)
            case ArrayRef():
                self.demand(self.load(value), what)
        raise StaticValueError(f"{what} must be known at compile time, found {kind_of(value)}")

    def static_int(self, value: AbstractValue, what: str) -> int:
        obj = self.static(value, what)
        if isinstance(obj, bool) or not hasattr(obj, "__index__"):
            raise DTypeError(f"{what} must be an integer, found {obj!r}")
        return int(obj.__index__())

    def demand(self, value: Value, what: str) -> None:
        """Make what `value` is computed from static, and start again; refuse when it is array data."""
        leaves, loops, widened = self._origins_of(value)
        use = StaticUse("", what, self.builder.span)
        changed = False
        for node, place in widened:
            self.decisions.recursive[node].discard(place)
            kept = self.decisions.kept.setdefault(node, {})
            changed |= place not in kept
            kept[place] = what
        for leaf in leaves:
            if leaf.path not in self.decisions.static:
                self.decisions.static[leaf.path] = StaticUse(str(leaf.path), what, use.span)
                changed = True
        for node, span in loops:
            if node not in self.decisions.repeated:
                self.decisions.repeated[node] = StaticUse(f"loop at line {span.line}", what, use.span)
                changed = True
        if changed:
            raise Restart
        raise StaticValueError(
            f"{what} must be known at compile time, but it depends on data",
            help="make it depend on shapes and Python numbers only",
        )

    def repeat(self, context: LoopContext, what: str) -> None:
        """Repeat a loop with known values, because of `what`, and start again."""
        use = StaticUse(f"loop at line {context.span.line}", what, self.builder.span)
        if context.node in self.decisions.repeated:
            raise StaticValueError(f"{what} cannot be known here", span=context.span)
        self.decisions.repeated[context.node] = use
        raise Restart

    def _origins_of(
        self, value: Value
    ) -> tuple[list[Input], list[tuple[Any, Span]], list[tuple[Any, tuple[object, ...]]]]:
        """Scalar inputs, loops, and numbers made data for recursion, that a value is computed from.

        Raises StaticValueError where array data enters.
        """
        leaves: dict[Input, None] = {}
        loops: dict[Any, Span] = {}
        widened: dict[tuple[Any, tuple[object, ...]], None] = {}
        seen: set[Value] = set()
        pending = [value]
        while pending:
            v = pending.pop()
            if v in seen:
                continue
            seen.add(v)
            if v in self.input_of:
                leaves[self.input_of[v]] = None
            elif v in self.widened:
                widened[self.widened[v]] = None
            elif v in self.loop_of:
                loops[self.loop_of[v].node] = self.loop_of[v].span
            elif v in self.stands_for:
                pending.append(self.stands_for[v])
            elif v in self.builder.producers:
                op = self.builder.producers[v]
                if v in self.loop_ops:
                    loops[self.loop_ops[v].node] = self.loop_ops[v].span
                pending.extend(op.operands)
                for region in op.regions:
                    pending.extend(region.results)
                    pending.extend(free_values(region))
        arrays = [leaf for leaf in leaves if leaf.kind in ("array", "list")]
        if arrays:
            raise StaticValueError(
                f"this value must be known at compile time, but it depends on the elements of {arrays[0].path}",
                help="only shapes and Python numbers can be known at compile time",
            )
        return list(leaves), list(loops.items()), list(widened)

    def register_loop(self, results: Sequence[Value], context: LoopContext) -> None:
        """Remember which source loop made these values, so that a demand on them repeats that loop."""
        self.loop_ops.update((v, context) for v in results)

    def enter_captured(self, cell: Cell, content: AbstractValue) -> None:
        """An object of the caller: it exists in every state, also in those copied before it was met."""
        self.state.initial[cell] = content

    def new_frame(
        self, source: Any, globals: dict[str, Any], function: Any, closure: dict[str, tuple[int, str]]
    ) -> Frame:
        self.frames += 1
        return Frame(self.frames, source, globals, function, closure, self.frame)

    def report_repeated(self, use: StaticUse) -> None:
        if all((use.span, use.what) != (known.span, known.what) for known in self.repeated):
            self.repeated.append(use)

    # --- calls back into the interpreter

    def call(self, function: AbstractValue, *args: AbstractValue, **kwargs: AbstractValue) -> AbstractValue:
        return self.interpreter.call(self, function, list(args), kwargs)

    def evaluate(self, node: gast.expr) -> AbstractValue:
        return self.interpreter.evaluate(self, node)

    def run_block(self, stmts: Sequence[gast.stmt]) -> AbstractValue:
        return self.interpreter.run_block(self, stmts)

    def assign(self, target: gast.expr, value: AbstractValue) -> None:
        self.interpreter.assign(self, target, value)

    def iterate(self, value: AbstractValue) -> list[AbstractValue]:
        return self.interpreter.iterate(self, value)

    # --- the interface of the entry

    def add_input(self, path: Path, type: TensorType, kind: str, name: str) -> Value:
        """A new parameter of the entry."""
        value = Value(type, name)
        entry = Input(path, type, kind)
        self.inputs.append(entry)
        self.input_of[value] = entry
        self.parameters.append(value)
        return value

    def guard(self, path: Path, kind: str, expected: Any) -> None:
        self.guards.setdefault((path, kind), Guard(path, kind, expected))

    @property
    def span(self) -> Span:
        return self.builder.span


def _same_attributes(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) and type(a[k]) is type(b[k]) for k in a)
