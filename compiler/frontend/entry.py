"""The front end's door: a Python function and its arguments → a typed SSA program and how to call it."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from hloc.diagnostics.errors import DTypeError, InternalError
from hloc.frontend import effects
from hloc.frontend.calls import call, call_entry, call_transformed_entry, entry_span
from hloc.frontend.context import Decisions, Interpreter, Options, Restart
from hloc.frontend.derivatives import tangents_through
from hloc.frontend.expressions import evaluate
from hloc.frontend.inputs import capture
from hloc.frontend.iteration import iterate
from hloc.frontend.recursion.fixpoint import Recursions
from hloc.frontend.recursion.signatures import MAX_DEPTH
from hloc.frontend.specializer import Specializer
from hloc.frontend.state import PRINT_LOG, PRINT_POSITION
from hloc.frontend.statements import assign, run_block
from hloc.frontend.structure import kind_of, same
from hloc.frontend.tables import every_table  # noqa: F401  (fills the registry)
from hloc.frontend.trees import Tree, structure_of, type_of
from hloc.frontend.values import (
    AbstractValue,
    ArrayRef,
    Cell,
    ChoiceRef,
    ConflictV,
    Const,
    DictRef,
    Forward,
    LinearMapV,
    ListRef,
    Mapping_,
    MaskedV,
    NeverV,
    ObjectRef,
    RangeV,
    Sequence_,
    Tensor,
    TupleV,
    TypeOfV,
)
from hloc.ir.core import Function, Value
from hloc.ops import helpers
from hloc.program import Guard, LinearPart, Output, Path, Program, WriteBack
from hloc.transformed import Derivative, Transformed

Entry = types.FunctionType | Transformed
MAX_RESTARTS = 64
STACK = 64 * MAX_DEPTH
INTERPRETER = Interpreter(call, evaluate, run_block, assign, iterate)


def specialize(
    function: Entry, arguments: Mapping[str, Any], options: Options, static: tuple[str, ...] = ()
) -> Program:
    """The program of a function or derivative for arguments like these (by parameter name; defaults filled in).

    Raises: a CompileError where the function cannot be compiled.
    """
    decisions = Decisions(forced=frozenset(static))
    for _ in range(MAX_RESTARTS):
        sp = Specializer(decisions, options, INTERPRETER)
        sp.recursions = Recursions(sp)
        try:
            with _DEEP_STACK:
                return _attempt(sp, function, arguments)
        except Restart:
            continue
    raise InternalError(f"{_name(function)}: more than {MAX_RESTARTS} values became static one after another")


class _DeepStack:
    """Room for calls that unfold at compile time: each takes some ten activations of the interpreter.

    The limit is one for all threads, so it stays as long as any of them compiles.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._compiling = 0
        self._limit = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._compiling == 0:
                self._limit = sys.getrecursionlimit()
                sys.setrecursionlimit(max(self._limit, STACK))
            self._compiling += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._compiling -= 1
            if self._compiling == 0:
                sys.setrecursionlimit(self._limit)


_DEEP_STACK = _DeepStack()


def _name(function: Entry) -> str:
    return function.name if isinstance(function, Transformed) else function.__name__


def _attempt(sp: Specializer, function: Entry, arguments: Mapping[str, Any]) -> Program:
    effects.start(sp)
    capacity = sp.options.print_capacity
    sp.state[PRINT_LOG] = Tensor(helpers.full(sp.builder, (capacity,), 0, np.int64))
    root = Path(None, ())
    bound = {name: capture(sp, root.then("item", name), obj) for name, obj in arguments.items()}
    if isinstance(function, Derivative) and function.kind in ("vjp", "linearize"):
        return _linear_program(sp, function, bound)
    if isinstance(function, Transformed):
        result = call_transformed_entry(sp, function, bound)
    else:
        result = call_entry(sp, function, bound)
    return Finish(sp, function).program(result)


def _linear_program(sp: Specializer, function: Derivative, bound: dict[str, AbstractValue]) -> Program:
    """The program of hloc.vjp or hloc.linearize: the call, and behind it the function that they return."""
    result = call_transformed_entry(sp, function, bound)
    if not isinstance(result, TupleV):
        return Finish(sp, function).program(result)
    value, linear, *aux = result.items
    assert isinstance(linear, LinearMapV)
    first = Finish(sp, function)
    program = first.program(TupleV((value, *aux)))
    effects.clear_error(sp)
    tree: Tree = linear.results if linear.transposed else linear.arguments
    block = sp.builder.block
    given = [block.add_arg(t, "given") for leaf in tree.floats() if (t := type_of(leaf)) is not None]
    second = Finish(sp, function)
    output = second.output(tangents_through(sp, linear, given))
    what = "hloc.vjp: the cotangent" if linear.transposed else "hloc.linearize: a tangent"
    program.linear = LinearPart(
        what, structure_of(tree), given, len(first.results), output, len(second.results), len(effects.error_words(sp))
    )
    block.results += second.results + effects.error_words(sp)
    return program


class Finish:
    """Turns the final state into the results of the entry and the recipe for the caller's objects."""

    def __init__(self, sp: Specializer, function: Entry) -> None:
        self.sp = sp
        self.name = _name(function)
        self.results: list[Value] = []
        self.positions: dict[tuple[Value, Cell | None], int] = {}
        self.span = entry_span(function)

    def program(self, result: AbstractValue) -> Program:
        sp = self.sp
        output = self.output(result)
        write_backs = self._write_backs()
        guards = list(sp.guards.values())
        if write_backs:
            guards.append(self._distinct())
        program = Program(
            name=self.name,
            module=sp.module,
            inputs=sp.inputs,
            guards=guards,
            output=output,
            write_backs=write_backs,
            error_sites=sp.error_sites,
            print_sites=sp.print_sites,
            static=list(sp.decisions.static.values()),
            repeated=sp.repeated,
            span=self.span,
        )
        if sp.error_sites:
            program.error_index, program.error_words = len(self.results), len(effects.error_words(sp))
            program.lane_words = sp.lane_words
            self.results += effects.error_words(sp)
        if sp.print_sites:
            program.print_index, program.print_capacity = len(self.results), sp.options.print_capacity
            self.results += [effects.word(sp, PRINT_POSITION), effects.word(sp, PRINT_LOG)]
        block = sp.builder.block
        block.args, block.results = sp.parameters, list(self.results)
        sp.module.add(Function(sp.module.main, block, self.span))
        return program

    def _index(self, value: Value, cell: Cell | None = None) -> int:
        """The number of the result; arrays that Python tells apart have one each, as either may be written to later."""
        if (value, cell) not in self.positions:
            self.positions[value, cell] = len(self.results)
            self.results.append(value)
        return self.positions[value, cell]

    def output(self, value: AbstractValue) -> Output:
        """The recipe for a result."""
        sp = self.sp
        match value:
            case Const(obj):
                return Output("const", value=obj)
            case TypeOfV(cls):
                return Output("const", value=cls)
            case NeverV():
                return Output("const")
            case Tensor(v, True):
                return Output("number", self._index(v))
            case Tensor(v):
                return Output("scalar", self._index(v))
            case ArrayRef() | ChoiceRef():
                return self._array(value)
            case MaskedV(values, mask):
                parts = (Output("array", self._index(values)), Output("array", self._index(mask)))
                return Output("masked", parts=parts)
            case TupleV(items, cls):
                return Output("tuple", cls=cls, parts=tuple(map(self.output, items)))
            case ListRef():
                return self._list(value)
            case DictRef():
                return self._mapping(value, "dict", None)
            case ObjectRef(cls=cls):
                return self._mapping(value, "object", cls)
            case RangeV(start, stop, step):
                bounds = (sp.static(v, "a range that is returned") for v in (start, stop, step))
                return Output("const", value=range(*bounds))
            case ConflictV(reason):
                raise DTypeError(f"{self.name} may return {reason}", help="return one kind of value")
        raise DTypeError(f"{self.name} returns {kind_of(value)}, which compiled code cannot hand out")

    def _array(self, value: ArrayRef | ChoiceRef) -> Output:
        origin = self.sp.origins.get(value.cell) if isinstance(value, ArrayRef) else None
        cell = value.cell if isinstance(value, ArrayRef) and not value.view else Cell("array", "a view")
        index = self._index(self.sp.number(value), cell)
        if isinstance(value, ArrayRef) and value.is_list:
            return Output("list_array", index)
        if origin is not None and isinstance(value, ArrayRef) and not value.view:
            return Output("input", index, path=origin[0])
        return Output("array", index)

    def _list(self, value: ListRef) -> Output:
        content = self.sp.state[value.cell]
        origin = self.sp.origins.get(value.cell)
        if origin is not None:
            return Output("input", path=origin[0], parts=(self._content(content, ListRef, None),))
        return self._content(content, ListRef, None)

    def _mapping(self, value: DictRef | ObjectRef, kind: str, cls: type | None) -> Output:
        content = self.sp.state[value.cell]
        origin = self.sp.origins.get(value.cell)
        recipe = self._content(content, type(value), cls)
        return recipe if origin is None else Output("input", path=origin[0], parts=(recipe,))

    def _content(self, content: AbstractValue, kind: type, cls: type | None, cell: Cell | None = None) -> Output:
        if isinstance(content, Forward):
            return Output("list_array", self._index(self.sp.load(content.ref)))
        if isinstance(content, Tensor):
            return Output("array" if kind is ArrayRef else "list_array", self._index(content.value, cell))
        if isinstance(content, Sequence_):
            return Output("list", parts=tuple(map(self.output, content.items)))
        assert isinstance(content, Mapping_)
        name = "dict" if kind is DictRef else "object"
        return Output(
            name, cls=cls, keys=tuple(content.entries), parts=tuple(map(self.output, content.entries.values()))
        )

    def _write_backs(self) -> list[WriteBack]:
        found = []
        for cell, (path, before) in self.sp.origins.items():
            content = self.sp.state[cell]
            if same(content, before):
                continue
            kind = {"array": ArrayRef, "list": ListRef, "dict": DictRef, "object": ObjectRef}[cell.kind]
            found.append(WriteBack(path, self._content(content, kind, None, cell)))
        return found

    def _distinct(self) -> Guard:
        paths = tuple(path for path, _ in self.sp.origins.values())
        return Guard(Path(None, ()), "distinct", paths)
