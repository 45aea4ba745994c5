"""The functions that hloc.vjp and hloc.linearize return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hloc.flatten import flatten
from hloc.placement import place
from hloc.program import LinearProgram, Program, Recipe, StackOverflow, TapeOverflow
from hloc.runtime import xla
from hloc.runtime.devices import default_device

if TYPE_CHECKING:
    from hloc.api import CompiledFunction
    from hloc.calling import BoundProgram


class LinearFunction:
    """What hloc.vjp and hloc.linearize return: a linear function that starts from what the call has computed.

    That stays on the device. A program of its own runs it, compiled at the first call.
    """

    def __init__(
        self, program: LinearProgram, residuals: tuple[Any, ...], owner: CompiledFunction, primals: tuple[Any, ...]
    ) -> None:
        self._program = program
        self._residuals = residuals
        self._owner = owner
        self._primals = primals if program.run is None else None
        self._home = place(owner.options.device, owner.__name__, {"primals": primals})

    @property
    def __name__(self) -> str:
        """Such as "vjp_f_linear"."""
        return self._program.program.name

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __call__(self, *given: Any) -> Any:
        """Of hloc.vjp: the cotangent of the result → a tuple of those of the arguments; of hloc.linearize: the tangents
        of the arguments → that of the result."""
        if not xla.several:
            return self._apply(given)
        with default_device(self._home):
            return self._apply(given)

    def _apply(self, given: tuple[Any, ...]) -> Any:
        program = self._program
        single = program.structure.kind != "tuple" or program.what.startswith("hloc.vjp")
        if single and len(given) != 1:
            raise TypeError(f"{program.what} is one argument, found {len(given)}")
        values = flatten(program.structure, given[0] if single else given, program.what)
        if program.run is None:
            program.run = self._bind().call
        self._primals = None
        try:
            return program.run((self._residuals, tuple(values)))
        except StackOverflow as overflow:
            self._owner.deepen(overflow)
            program.run = None
            if isinstance(program.program, Program):
                return self._apply(given)
        except TapeOverflow as overflow:
            self._owner.make_room(overflow)
        if program.shelf is not None:
            program.shelf.clear()
        raise RuntimeError(f"{self!r} needs more memory than was set apart for it: make it again") from None

    def _bind(self) -> BoundProgram:
        """The program from the persistent cache; else it is compiled, and kept there."""
        program = self._program
        from_cache = not isinstance(program.program, Program)
        if program.shelf is not None and from_cache:
            found: BoundProgram | None = program.shelf.load()
            if found is not None:
                return found
        if from_cache:
            program.program = self._made_anew()
        assert isinstance(program.program, Program)
        bound = self._owner.build(program.program)
        if program.shelf is not None:
            program.shelf.keep(bound)
        return bound

    def _made_anew(self) -> Recipe:
        """The program that the cache does not have. Raises RuntimeError where it does not continue the first half."""
        if self._primals is not None:
            for part in self._owner.specialize({"primals": self._primals}).output.parts:
                if isinstance(part.value, LinearProgram) and _same_inputs(part.value.program, self._program.program):
                    return part.value.program
        raise RuntimeError(f"{self!r} is not in the cache any more: make it again")


def _same_inputs(made: Recipe, wanted: Recipe) -> bool:
    return [(entry.type, entry.kind) for entry in made.inputs] == [(entry.type, entry.kind) for entry in wanted.inputs]
