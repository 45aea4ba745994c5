"""The public names: `compile` and what it makes of a function."""

from __future__ import annotations

import functools
import inspect
import operator
import threading
import types
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from hloc.diagnostics.errors import CompileError, DTypeError, InternalError, SourceError
from hloc.ir.types import parse_type
from hloc.linear_function import LinearFunction
from hloc.options import (
    MEMORY_BUDGET,
    RECURSION_LIMIT,
    CompileOptions,
    Keywords,
    XlaOption,
    debug_options,
    names,
    precision_of,
)
from hloc.persistence.digest import Unportable
from hloc.persistence.learned import Learned
from hloc.pickling import reduced
from hloc.placement import place
from hloc.program import (
    PRINT_CAPACITY,
    UNFIT,
    Overflow,
    PrintOverflow,
    Program,
    StackOverflow,
    TapeOverflow,
    TypeSpec,
    Utilisation,
)
from hloc.runtime import xla
from hloc.runtime.cache import default_cache
from hloc.runtime.devices import Device, backend_of, default_device, name_of
from hloc.runtime.profiling import span
from hloc.transformed import Derivative, Rewritten, Transformed, innermost, signature
from hloc.uncollected import uncollected

if TYPE_CHECKING:
    from hloc.calling import BoundProgram
    from hloc.inspection import Explanation, Lowered
    from hloc.persistence.search import Search

T = TypeVar("T")


@overload
def compile(
    function: Callable[..., Any], /, *, signature: str | None = None, **chosen: Unpack[Keywords]
) -> CompiledFunction: ...
@overload
def compile(
    function: None = None, /, *, signature: str | None = None, **chosen: Unpack[Keywords]
) -> Callable[[Callable[..., Any]], CompiledFunction]: ...
def compile(
    function: Callable[..., Any] | None = None,
    /,
    *,
    static_argnames: str | tuple[str, ...] = (),
    checks: bool = True,
    strict: bool = False,
    tune: bool = True,
    memory_budget: int = MEMORY_BUDGET,
    recursion_limit: int = RECURSION_LIMIT,
    donate: str | tuple[str, ...] = (),
    device: Device | str | None = None,
    options: Mapping[str, XlaOption] = MappingProxyType({}),
    precision: str | None = None,
    fast_math: bool = False,
    deterministic: bool = False,
    signature: str | None = None,
) -> Any:
    """Compile a function over NumPy arrays and numbers; as a decorator, with or without arguments.

    static_argnames: arguments that are known at compile time (others become so where a shape, axis or dtype needs it).
    checks: raise IndexError and ZeroDivisionError as Python does; False drops these checks.
    strict: keep multiplications and additions apart, so that floats round as in NumPy (XLA fuses them otherwise).
    tune: the emission tuned for scalar loops on CPU.
    memory_budget: bytes that a derivative may save of loops; loops that would save more run in segments, which are
        computed again in the reverse sweep.
    recursion_limit: calls of a function that may be active at once; more are a RecursionError.
    donate: parameters whose hloc.Arrays, also inside of containers, a call may use up: results take their memory, and
        reading them afterwards raises ExecutionError. NumPy arrays are not touched.
    device: where calls run, such as "cuda" or "cuda:1"; else on the device of the Arrays that they are given, and on
        the default device where there are none.
    options: XLA's debug options by name, such as {"xla_backend_optimization_level": 1}; they win over hloc's own.
    precision: how exactly floats are multiplied in matrix products: "default" (the quickest), "high" or "highest"; None
        is as exact as NumPy. A GPU or TPU gains by less, a CPU always computes as exactly as NumPy.
    fast_math: let XLA reorder sums and assume that no float is NaN or infinite: quicker, and results may differ.
    deterministic: the same arguments give the same bits at each call on one device; a CPU does so always.
    signature: argument types such as "f64[100], i64", for the command line.
    """
    made = CompileOptions(
        static_argnames=names(static_argnames),
        checks=checks,
        strict=strict,
        tune=tune,
        memory_budget=memory_budget,
        recursion_limit=recursion_limit,
        donate=names(donate),
        device=name_of(device),
        options=debug_options(options),
        precision=precision_of(precision),
        fast_math=fast_math,
        deterministic=deterministic,
    )
    if function is None:
        return lambda function: CompiledFunction(function, made, signature)
    return CompiledFunction(function, made, signature)


class CompiledFunction:
    """A function that compiles itself for each new kind of arguments, and for each new value of static ones."""

    __hloc_compiled__ = True
    __hloc_function__: Any  # a FunctionType; declared as one, it would be taken for a method

    def __init__(
        self,
        function: Callable[..., Any] | Transformed,
        options: CompileOptions,
        signature: str | None,
    ) -> None:
        if isinstance(function, CompiledFunction):
            function = function.__hloc_function__
        if isinstance(function, Rewritten):
            function = Derivative("value", function)
        if isinstance(function, Transformed):
            self._describe(function)
        elif isinstance(function, types.FunctionType):
            functools.update_wrapper(self, function)
        else:
            raise SourceError(
                f"hloc.compile takes a function written in Python, found {type(function).__name__}",
                help="wrap it: hloc.compile(lambda *args: f(*args))",
            )
        self.__hloc_function__ = function
        self.signature = signature
        self.options = options
        self._defaults = _defaults_of(function)
        self._signature = _own_signature(function)
        parameters = list(self._signature.parameters.values())
        for named, what in ((options.static_argnames, "static"), (options.donate, "donated")):
            unknown = set(named) - {p.name for p in parameters}
            if unknown:
                raise DTypeError(f"{self.__name__}() has no parameter {min(unknown)!r} to be {what}")
        if options.device is not None:
            xla.note_choice()
        plain = all(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
        self._names = tuple(p.name for p in parameters)
        self._plain_count = len(parameters) if plain else -1  # so many positional arguments are the parameters' values
        self._programs: list[BoundProgram] = []
        self.learned = Learned()
        self.unkept: str | None = None  # why programs are not kept in the cache
        self._lock = threading.RLock()  # a signal handler may call it while it compiles

    def _describe(self, made: Transformed) -> None:
        """Name and signature of what a transformation makes: the function's where it takes the same arguments."""
        functools.update_wrapper(self, innermost(made), updated=())
        self.__name__ = self.__qualname__ = made.name
        self.__signature__ = signature(made)

    def __repr__(self) -> str:
        return f"<hloc.compile of {self.__qualname__}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return reduced(self, CompiledFunction)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = args if not kwargs and len(args) == self._plain_count else tuple(self._bind(args, kwargs).values())
        if xla.several:
            return self._call_there(values)
        for bound in self._programs:
            try:
                result = bound.attempt(*values)
            except Overflow as overflow:
                return self._run_again(bound, values, overflow)
            if result is not UNFIT:
                return result
        return self._run(self._compile(values), values)

    def _call_there(self, values: tuple[Any, ...]) -> Any:
        """A call where there are several devices: a program is for one."""
        home = place(self.options.device, self.__name__, dict(zip(self._names, values, strict=True)))
        backend = home.backend
        for bound in self._programs:
            if bound.executable.backend is backend:
                try:
                    result = bound.attempt(*values)
                except Overflow as overflow:
                    with default_device(home):
                        return self._run_again(bound, values, overflow)
                if result is not UNFIT:
                    return result
        with default_device(home):
            return self._run(self._compile(values), values)

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
        """The arguments by parameter name, in the order of the parameters."""
        defaults = _defaults_of(self.__hloc_function__)
        if len(defaults) != len(self._defaults) or not all(map(operator.is_, defaults, self._defaults)):
            self._signature, self._defaults = _own_signature(self.__hloc_function__), defaults
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments

    def _run(self, bound: BoundProgram, values: tuple[Any, ...]) -> Any:
        try:
            return bound.call(values)
        except Overflow as overflow:
            return self._run_again(bound, values, overflow)

    def _run_again(self, bound: BoundProgram, values: tuple[Any, ...], overflow: Overflow) -> Any:
        """With more room."""
        capacity = bound.program.print_capacity or PRINT_CAPACITY
        if isinstance(overflow, StackOverflow):
            self.deepen(overflow)
            return self._run(self._build_again(bound, values), values)
        if isinstance(overflow, TapeOverflow):
            self.make_room(overflow)
        elif isinstance(overflow, PrintOverflow):
            with self._lock:
                if bound in self._programs:
                    self._programs.remove(bound)
            capacity = 1 << overflow.words.bit_length()
        return self._run(self._compile(values, capacity, anew=True), values)

    def make_room(self, overflow: TapeOverflow) -> None:
        """Remember how much a loop of a derivative has to save, for all programs from now on."""
        with self._lock:
            self._programs.clear()
            room = 1 << (overflow.rows - 1).bit_length()
            self.learned.merge(Learned({overflow.site: room}))

    def deepen(self, overflow: StackOverflow) -> None:
        """Remember how much room a recursive function has to have, for all programs from now on."""
        with self._lock:
            self.learned.merge(Learned(rows={overflow.function: overflow.rows}))

    def build(self, program: Program) -> BoundProgram:
        """Compile a program of this function."""
        from hloc.pipeline import build

        return build(program, self.options, self.learned.rows)

    def _build_again(self, bound: BoundProgram, values: tuple[Any, ...]) -> BoundProgram:
        """The same program with more room for recursion, in place of `bound`; or the one that another thread made."""
        with self._lock:
            for known in self._programs:
                if known.recipe is bound.recipe and known is not bound:
                    return known
            program = bound.specialized
            arguments = dict(zip(self._names, values, strict=True))
            if program is None:
                program = self.specialize(arguments, bound.program.print_capacity or PRINT_CAPACITY)
            search = self.search(arguments)
            again = self.build(program)
            self._keep(search, again)
            self._programs = [again if known is bound else known for known in self._programs]
            return again

    def with_linear(self, primals: tuple[Any, ...]) -> tuple[Any, LinearFunction, *tuple[Any, ...]]:
        """The results of hloc.vjp and hloc.linearize."""
        value, residuals, program, *aux = self(primals)
        return (value, LinearFunction(program, residuals, self, primals), *aux)

    def _compile(self, values: tuple[Any, ...], print_capacity: int = 0, *, anew: bool = False) -> BoundProgram:
        """A program that holds, from memory, from the persistent cache, or made now.

        anew: what the cache has is of no use.
        """
        with self._lock:
            for bound in self._programs:
                here = bound.executable.backend is backend_of(None)
                if here and bound.matches(*values) and not 0 < bound.program.print_capacity < print_capacity:
                    return bound
            arguments = dict(zip(self._names, values, strict=True))
            with span("hloc: cache", function=self.__name__), uncollected():
                search = self.search(arguments)
                found = None if search is None or anew else self._tried(search.load)
            if found is None:
                self.learned.print_capacity = max(print_capacity, self.learned.print_capacity)
                found = self.build(self.specialize(arguments, self.learned.print_capacity or PRINT_CAPACITY))
                self._keep(search, found)
            self._programs.insert(0, found)
            return found

    def search(self, arguments: Mapping[str, Any]) -> Search | None:
        """What finds the program for these arguments in the persistent cache; None where it cannot be there."""
        cache = default_cache()
        if cache is None:
            return None
        from hloc.persistence.search import Search

        self.unkept = None
        found = self._tried(lambda: Search(self.__hloc_function__, self.__name__, arguments, self.options, cache))
        if found is not None:
            self.learned.merge(found.manifest.learned)
        return found

    def _keep(self, search: Search | None, bound: BoundProgram) -> None:
        if search is not None:
            self._tried(lambda: search.keep(bound, self.learned))

    def _tried(self, look: Callable[[], T]) -> T | None:
        """What looking into the cache gives; None where that fails: objects of the user's may raise anything there."""
        try:
            return look()
        except Unportable as error:
            self.unkept = str(error)
        except Exception as error:
            self.unkept = f"{type(error).__name__}: {error}"
        return None

    def specialize(
        self, arguments: Mapping[str, Any], print_capacity: int = PRINT_CAPACITY, *, status: bool = True
    ) -> Program:
        """The program for these arguments. The traceback of a refusal ends in the user's call, not in the compiler."""
        from hloc.pipeline import make_program

        try:
            return make_program(
                self.__hloc_function__, arguments, self.options, print_capacity, self.learned.capacities, status=status
            )
        except InternalError:
            raise
        except CompileError as error:
            raise error.with_traceback(None) from None

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        """The program for arguments like these; a text such as "f64[100]" stands for an array of that type."""
        from hloc.inspection import Lowered
        from hloc.saving import Described

        args = tuple(map(type_spec, args))
        kwargs = {name: type_spec(value) for name, value in kwargs.items()}
        capacity = self.learned.print_capacity or PRINT_CAPACITY
        program = self.specialize(self._bind(args, kwargs), capacity)
        described = Described(self.__name__, self._signature, self.__doc__)
        return Lowered(program, self.options, self.learned.rows, described)

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The program for arguments like these as a Python function over NumPy, for people.

        It takes the parameters of the function and returns what it returns, computed in the same way; derivatives are
        written out. Comments name the lines of the function. What is left out: errors, prints, changes of arguments;
        the logs of loops whose trips are not known have the room that runs have needed so far. Objects, and tuples
        with names, are returned as dicts and tuples.
        """
        from hloc.readable import readable

        args = tuple(map(type_spec, args))
        kwargs = {name: type_spec(value) for name, value in kwargs.items()}
        return readable(self.specialize(self._bind(args, kwargs), status=False))

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """What became static, which loops were repeated, what derivatives save, which checks remain, and what recursive
        functions become; and whether the persistent cache has the program."""
        from hloc.inspection import Explanation
        from hloc.pipeline import lowered

        program = self.lower(*args, **kwargs).program
        lowering = lowered(program, self.options, self.learned.rows)
        args, kwargs = tuple(map(type_spec, args)), {name: type_spec(value) for name, value in kwargs.items()}
        search = self.search(self._bind(args, kwargs))
        reason = f"not kept: {self.unkept}" if self.unkept and default_cache() is not None else "off"
        cache = [reason] if search is None else search.explain(program)
        return Explanation(program, lowering.machines, lowering.batches, cache)

    def utilisation(self, *args: Any, **kwargs: Any) -> list[Utilisation]:
        """How many lanes would be active, of all, in the loops that lanes of hloc.vmap leave at different times.

        The program is run in lockstep and counts; arguments are not changed, and nothing is printed or raised.
        """
        from hloc.pipeline import build_metered

        arguments = self._bind(args, kwargs)
        while True:
            program = self.specialize(arguments)
            bound, loops = build_metered(program, self.options, self.learned.rows)
            try:
                counts = bound.counts(tuple(arguments.values()), 2 * len(loops))
            except TapeOverflow as overflow:
                self.make_room(overflow)
            except StackOverflow as overflow:
                self.deepen(overflow)
            else:
                pairs = zip(counts[::2], counts[1::2], strict=True)
                return [Utilisation(*loop, *pair) for loop, pair in zip(loops, pairs, strict=True)]


def type_spec(value: Any) -> Any:
    """A type in text as a stand-in argument; a scalar type means a Python number. Other values as they are."""
    if not isinstance(value, str):
        return value
    try:
        found = parse_type(value)
    except ValueError:
        return value
    python_number = not found.shape and str(found) in ("i64", "f64", "b1", "c128")
    return TypeSpec(found, number=python_number)


def _own_signature(function: types.FunctionType | Transformed) -> inspect.Signature:
    """The parameters by which a function's own statements name its arguments; not those of one that it wraps."""
    if isinstance(function, Transformed):
        return signature(function)
    return inspect.signature(function, follow_wrapped=False)


def _defaults_of(function: Any) -> tuple[Any, ...]:
    """The defaults of a function's parameters, which may be set anew."""
    inner = innermost(function)
    return (inner.__defaults__, *(inner.__kwdefaults__ or {}).values())
