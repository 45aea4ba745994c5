"""What a specialised function offers to its caller: where inputs come from, what outputs mean, which errors may come.

The hot path of a call uses only this module: plain data, no syntax trees, no MLIR.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Self

from hloc.classes import dataclass
from hloc.diagnostics.span import NOWHERE, Span
from hloc.ir.types import TensorType

if TYPE_CHECKING:
    from hloc.ir.core import Module, Value

PASSES = ("recursion", "batching")
"""Those that `Lowered.after` and `hloc compile --after` know, in order."""

PRINT_CAPACITY = 4096
"""Words in the print log of a program, until a run needs more."""


@dataclass(frozen=True)
class Path:
    """How to find a Python object at a call: from a root by steps.

    root is None for the arguments of the call (the first step is then ("item", parameter name)), else a function whose
    globals ("global", name) or closure ("closure", name) are meant, or any object.
    Further steps: ("attr", name), ("item", key).
    """

    root: Any
    steps: tuple[tuple[str, Any], ...]

    def __hash__(self) -> int:
        return hash((id(self.root), self.steps))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and self.root is other.root and self.steps == other.steps

    def then(self, kind: str, key: Any) -> Path:
        return Path(self.root, (*self.steps, (kind, key)))

    def fetch(self, arguments: Mapping[str, Any]) -> Any:
        """The object there now. Raises what Python raises when there is none."""
        obj: Any = arguments if self.root is None else self.root
        for kind, key in self.steps:
            obj = _STEPS[kind](obj, key)
        return obj

    def __str__(self) -> str:
        text = ""
        for kind, key in self.steps:
            if not text or kind in ("global", "closure"):
                text = str(key)
            else:
                text += f".{key}" if kind == "attr" else f"[{key!r}]"
        return text


@dataclass(frozen=True)
class TypeSpec:
    """Stands for an argument of which only the type is known; `number`: a Python number rather than an array."""

    type: TensorType
    number: bool = False


def closure_cell(function: Any, name: str) -> Any:
    """The cell in which a function finds a variable of a function around it."""
    return function.__closure__[function.__code__.co_freevars.index(name)]


def _closure(function: Any, name: str) -> Any:
    return closure_cell(function, name).cell_contents


def _global(function: Any, name: str) -> Any:
    return function.__globals__[name]


_STEPS: dict[str, Any] = {
    "item": lambda obj, key: obj[key],
    "attr": getattr,
    "global": _global,
    "closure": _closure,
}


@dataclass(eq=False)
class Input:
    """One parameter of the compiled entry: the object at `path`.

    kind: "number" (a Python number), "scalar" (a NumPy scalar), "array", or "list" (a list of numbers as one array).
    donated: an hloc.Array here is used up by the call.
    """

    path: Path
    type: TensorType
    kind: str
    donated: bool = False


@dataclass(frozen=True, eq=False)
class Guard:
    """A condition under which a specialisation holds for a captured or static object.

    kind: "is" (the same object), "equal" (same type and equal), "type" (same Python type), "array" (`expected` is
    the TensorType), "keys" (type and keys or length of a container), "elements" (the type of all items of a list),
    "missing" (no such global or attribute), "same" (the object at the path `expected`), "distinct" (those at the paths
    `expected`), "subclass" and "no subclass" (of the class at the path `expected`).
    """

    path: Path
    kind: str
    expected: Any


@dataclass(frozen=True)
class MessagePart:
    """A value in an error message or a print: see `hloc.frontend.effects`.

    kind: "const" (value), "data" (words at `offset` of this type), "format" (parts of str or (part, conversion, spec)),
    "tuple"/"list" (parts).
    """

    kind: str
    value: Any = None
    offset: int = 0
    type: TensorType | None = None
    weak: bool = False
    parts: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class ErrorSite:
    """A place that may raise: the exception class and its arguments."""

    exception: type[BaseException]
    args: tuple[MessagePart, ...]
    span: Span = NOWHERE


UNFIT = object()
"""What a program gives for arguments that it does not fit."""


class Overflow(Exception):
    """A run lacked room for something that is compiled in: a signal to compile again, never seen by users."""


class PrintOverflow(Overflow):
    """The print log was too short; holds the words it needs."""

    def __init__(self, words: int) -> None:
        super().__init__(words)
        self.words = words


class TapeOverflow(Overflow):
    """What a derivative must remember did not fit.

    site: the loop (see hloc.transform.differentiate).   rows: the room that it wants.
    """

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.site, self.rows = divmod(int(needed), 1 << 40)


class StackOverflow(Overflow):
    """A recursion needs more room than its stack has.

    function: its name in the SSA program.   rows: the room to try next.
    """

    def __init__(self, function: str, rows: int) -> None:
        super().__init__(function, rows)
        self.function, self.rows = function, rows


@dataclass(frozen=True)
class Machine:
    """A recursive function that became loops (see hloc.transform.recursion).

    number: in the token of the program, from 1 up.   function: its name in the SSA program.
    rows: the room of its stack (0: it has none).   limit: the most calls that may be active at once.
    kind: "tail", "linear" or "machine".   span: the function's.
    """

    number: int
    function: str
    rows: int
    limit: int
    kind: str
    span: Span = NOWHERE

    @property
    def name(self) -> str:
        """The name of the function in the source."""
        return self.span.function or self.function


@dataclass(frozen=True, eq=False)
class PrintSite:
    """A call of print: its arguments and what stands between and after them."""

    args: tuple[MessagePart, ...]
    sep: str
    end: str
    words: int


@dataclass(frozen=True, eq=False)
class Output:
    """How to make a Python object from the results of the entry.

    kind: "array", "scalar" (NumPy), "number" (Python, `cls` its class), "list_array" (a list from an array): the result
    number `index`; "input": the object at `path`; "const": `value`; "tuple", "list", "dict" (`keys`), "object" (`cls`,
    `keys`): of `parts`.
    """

    kind: str
    index: int = 0
    value: Any = None
    path: Path | None = None
    cls: type | None = None
    keys: tuple[Any, ...] = ()
    parts: tuple[Output, ...] = ()

    def indices(self) -> Iterator[int]:
        """The numbers of the results that are used."""
        if self.kind in ("array", "scalar", "number", "list_array"):
            yield self.index
        for part in self.parts:
            yield from part.indices()

    def renumbered(self, numbers: Mapping[int, int]) -> Output:
        """The same of results that have other numbers."""
        parts = tuple(part.renumbered(numbers) for part in self.parts)
        return dataclasses.replace(self, index=numbers.get(self.index, self.index), parts=parts)


@dataclass(frozen=True, eq=False)
class WriteBack:
    """A Python object of the caller that the function changes: after the call `path` holds `output`."""

    path: Path
    output: Output


@dataclass(frozen=True)
class StaticUse:
    """One line of `hloc explain`: what became static or was repeated, and the reason."""

    what: str
    reason: str
    span: Span


@dataclass(frozen=True)
class Saved:
    """A value that a derivative saves: `rows` of `type`, exactly enough or (`learned`) what runs have needed so far."""

    name: str
    type: TensorType
    rows: int
    learned: bool
    reason: str
    span: Span = NOWHERE

    @property
    def nbytes(self) -> int:
        return self.rows * self.type.nbytes


@dataclass(frozen=True)
class Varying:
    """A value that differs from lane to lane, and the names of what it has that from, the last given to the lane."""

    name: str
    type: TensorType
    because: tuple[str, ...]
    span: Span = NOWHERE


@dataclass(frozen=True)
class Batch:
    """What became of a loop over lanes (see hloc.transform.lanes).

    span: the call that maps.   size: the number of lanes.   asked, chosen: "auto" (asked only), "simd", "lockstep",
    "pc" or "serial".   culprit: where `reason` is seen, if the lanes are not independent.
    """

    span: Span
    size: int
    asked: str
    chosen: str
    reason: str
    varying: tuple[Varying, ...] = ()
    culprit: Span = NOWHERE


@dataclass(frozen=True)
class Utilisation:
    """How a loop that lanes leave at different times would use them, if they went in lockstep.

    span: the loop.   size: the number of lanes.   active: trips of lanes.   all: trips times lanes.
    """

    span: Span
    size: int
    active: int
    all: int

    @property
    def ratio(self) -> float:
        """Active lanes by lanes; 1.0 for a loop of no trips."""
        return self.active / self.all if self.all else 1.0


@dataclass(frozen=True, eq=False)
class Structure:
    """What the function of hloc.vjp or hloc.linearize takes.

    kind: "leaf" (a number or array of `type`), "other" (anything: it has no derivative), "tuple", "list", "dict" and
    "object" of `parts`, the last two by `keys`.
    """

    kind: str
    type: TensorType | None = None
    keys: tuple[Any, ...] = ()
    parts: tuple[Structure, ...] = ()


@dataclass(eq=False)
class LinearPart:
    """The second half of hloc.vjp and hloc.linearize.

    what: how messages name what it takes, in this `structure`, by the parameters `given` of the entry.
    start: the number of the entry's first result that belongs to it; the other numbers count from there.
    """

    what: str
    structure: Structure
    given: list[Value]
    start: int
    output: Output
    error_index: int
    error_words: int


@dataclass(eq=False)
class LinearProgram:
    """The second half as a program of its own, and when it was called first, the function that runs it.

    shelf: its place in the persistent cache (hloc.persistence.search.Shelf), if it has one.
    """

    what: str
    structure: Structure
    program: Recipe
    run: Callable[..., Any] | None = None
    shelf: Any = None


@dataclass(frozen=True, eq=False)
class HostStatus:
    """Error words that the host computes after a call (see hloc.emit.host_status).

    index, words: where the words are among the results of the program's entry.
    scalars: how many scalars the executable gives there instead; the first `read` of them make the error code.
    code, all: Python source of a function `words`: of those the code as a list, and of all scalars all words. It may
    call `bits`.
    """

    index: int
    words: int
    scalars: int
    read: int
    code: str
    all: str


@dataclass(eq=False)
class Recipe:
    """All that a call of a specialised function needs besides the executable.

    Results of the entry: the outputs' leaves, then the status words that are counted below.

    parameters: the names of the function's parameters, in order.   donate: those whose Arrays a call uses up.
    error_words: 0 when nothing can fail, else the code and the words of the message, at result `error_index`.
    lane_words: so many of them, the last ones, say in which lanes of hloc.vmap it happened, from 1.
    print_capacity: words in the print log (results print_index: position, print_index + 1: log); 0 without prints.
    work: how long a run may take at most, in the terms of hloc.transform.longest_run; None: there is no bound.
    """

    name: str
    parameters: tuple[str, ...] = ()
    donate: tuple[str, ...] = ()
    inputs: list[Input] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    output: Output = field(default_factory=lambda: Output("const"))
    write_backs: list[WriteBack] = field(default_factory=list)
    error_sites: list[ErrorSite] = field(default_factory=list)
    print_sites: list[PrintSite] = field(default_factory=list)
    error_index: int = -1
    error_words: int = 0
    lane_words: int = 0
    print_index: int = -1
    print_capacity: int = 0
    work: tuple[tuple[int, tuple[int, ...]], ...] | None = None

    def replace(self, **changes: Any) -> Self:
        return dataclasses.replace(self, **changes)


@dataclass(eq=False)
class Program(Recipe):
    """A specialised function: its SSA `module`, how to call it, and what was decided about it."""

    module: Module = field(kw_only=True)
    static: list[StaticUse] = field(default_factory=list)
    repeated: list[StaticUse] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)
    linear: LinearPart | None = None
    span: Span = NOWHERE

    @property
    def recipe(self) -> Recipe:
        """Only what a call needs."""
        return Recipe(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Recipe)})


def attributes_of(obj: Any) -> dict[str, Any] | None:
    """The attributes of an instance by name: those in its `__dict__` and those in slots; None where it has neither."""
    found: dict[str, Any] | None = getattr(obj, "__dict__", None)
    for base in reversed(type(obj).__mro__):
        if "__slots__" in base.__dict__:
            slots = [name for name, member in base.__dict__.items() if isinstance(member, types.MemberDescriptorType)]
            found = {**(found or {}), **{name: getattr(obj, name) for name in slots if hasattr(obj, name)}}
    return found
