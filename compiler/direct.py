"""A call as one Python function, written when the program is made: guards, inputs, execution, results.

For `def f(a, n): return {"scaled": a * n}` it is

    def attempt(v0, v1):
        try:
            if (type(x0 := v0) is Array and x0._raw.aval is c7 or type(x0) is ndarray and x0.dtype is c8 and
                x0.shape == (3,)) and (type(v1) is int) and (c9.__code__ is c10):
                usual = True
            elif matches(v0, v1):
                usual = False
            else:
                return UNFIT
        except (LookupError, AttributeError, TypeError, ValueError):
            return UNFIT
        if not usual:
            return call((v0, v1))
        holds = []
        raws = (x0._raw if type(x0) is Array else enter(x0, c7, holds), enter(v1, c11, holds))
        try:
            raws = run(raws).consume_with_handlers(handlers)
            if holds:
                wait(raws)
        except XlaRuntimeError as error:
            raise failure(error) from error
        if holds:
            release(holds)
        made = {'scaled': Array(raws[0])}
        return made

A call takes about 4 µs, of which 3 are jaxlib's, and each Python function more would add 0.1. So what is usual is
written out here, but for the rest of a call that writes to its arguments: there each step has to bear an interrupt.
Other arguments (lists, arrays of other libraries and devices) go through `call`, and so do several arrays, NumPy's
among them, where the program writes to its arguments: it has to be seen whether they overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from hloc.matching import Accessors
from hloc.program import UNFIT, Guard, Input, Output, Path, Recipe
from hloc.runtime.array import Array, give_up
from hloc.runtime.buffers import Raw, failure
from hloc.runtime.executable import Executable

SHORT = 50_000_000
"""ns that a run may be expected to take in the thread of its caller, where Ctrl-C cannot interrupt it."""

_ATTEMPT = """try:
  if {checks}:
   usual = True
  elif matches{values}:
   usual = False
  else:
   return UNFIT
 except (LookupError, AttributeError, TypeError, ValueError):
  return UNFIT
 if not usual:
  return call({values})
 holds = []
 raws = {raws}
 {rest}"""

_RUN = """try:
  raws = {run}
  if holds:
   wait(raws)
 except XlaRuntimeError as error:
  raise failure(error) from error
 if holds:
  release(holds)
 made = {result}
 {given}
 return made"""


def read_number(raw: Raw) -> Any:
    """The Python number in a device scalar."""
    try:
        return np.asarray(memoryview(raw)).item()
    except BufferError:  # on another device
        return Array(raw).item()


class CallWriter(Accessors):
    """Writes the function that a call of a program is."""

    def attempt(
        self,
        recipe: Recipe,
        executable: Executable,
        call: Callable[[tuple[Any, ...]], Any],
        make: Callable[[Sequence[Raw], tuple[Any, ...]], Any],
        write: Callable[..., Any],
        *,
        plain: bool,
        taken: Sequence[int] = (),
    ) -> Callable[..., Any]:
        """The function of a call's arguments that runs the program, or gives UNFIT.

        call: runs the program on arguments that fit.   make: the results of the executable and the arguments to the
        result of the function.   write: does the rest of a call that writes to arguments, from the run on.
        plain: there are no effects, so that the result can be made here.
        taken: the inputs whose memory a run may take.
        """
        values = _tuple(self._slots.values())
        self._names |= {"UNFIT": UNFIT, "call": call, "make": make, "matches": self.matches(recipe.guards)}
        arrays = {entry.path: j for j, entry in enumerate(recipe.inputs) if entry.kind == "array"}
        writes = bool(recipe.write_backs)
        if not _is_usual(recipe, arrays) or (recipe.donate and not plain) or (writes and not executable.direct):
            return self._function("attempt", f"return call({values}) if matches{values} else UNFIT")
        self._names |= {"write": write, "read_number": read_number, "failure": failure, "give_up": give_up}
        self._names |= executable.steps()
        avals = [self._named(aval) for aval in executable.avals[: len(recipe.inputs)]]
        on_host = len(arrays) == 1 or not writes
        checks = [f"({self._usual_check(guard, arrays, avals, on_host=on_host)})" for guard in recipe.guards]
        if writes:
            rest = f"return write(raws, holds, {values}, not ({self._short(recipe)}), [])"
        else:
            rest = _RUN.format(
                run=self._run(recipe, executable),
                result=(self._result(recipe.output) if plain else None) or f"make(raws, {values})",
                given="; ".join(self._give_up(recipe, j) for j in arrays.values() if recipe.inputs[j].donated),
            )
        text = _ATTEMPT.format(
            checks=" and ".join(checks) or "True",
            values=values,
            raws=_tuple(self._entered(entry, j, avals[j], own=j in taken) for j, entry in enumerate(recipe.inputs)),
            rest=rest,
        )
        return self._function("attempt", text)

    def is_short(self, recipe: Recipe) -> Callable[..., bool]:
        """Whether a run on these arguments is over before anybody could want to interrupt it."""
        return self._function("is_short", f"return {self._short(recipe)}")

    def _short(self, recipe: Recipe) -> str:
        if recipe.work is None or any(recipe.inputs[j].kind != "number" for _, inputs in recipe.work for j in inputs):
            return "False"
        if not any(inputs for _, inputs in recipe.work):
            return str(sum(ns for ns, _ in recipe.work) < SHORT)
        terms = [
            " * ".join([str(ns), *(f"abs({self._path(recipe.inputs[j].path)})" for j in inputs)])
            for ns, inputs in recipe.work
        ]
        return f"{' + '.join(terms)} < {SHORT}"

    def _run(self, recipe: Recipe, executable: Executable) -> str:
        short = self._short(recipe)
        if not executable.direct:
            return f"execute(raws, apart=not ({short}))"
        here = "run(raws).consume_with_handlers(handlers)"
        if short in ("True", "False"):
            return here if short == "True" else "execute(raws, apart=True)"
        return f"{here} if {short} else execute(raws, apart=True)"

    def _usual_check(self, guard: Guard, arrays: dict[Path, int], avals: list[str], *, on_host: bool) -> str:
        if guard.kind != "array" or guard.path not in arrays:
            return self._check(guard)
        j, type_ = arrays[guard.path], guard.expected
        x = f"x{j}"  # an Array's aval stands for element type, shape and device
        on_device = f"type({x} := {self._path(guard.path)}) is Array and {x}._raw.aval is {avals[j]}"
        if not on_host:
            return on_device
        return (
            f"{on_device} or type({x}) is ndarray and {x}.dtype is {self._dtype(type_)} and {x}.shape == {type_.shape}"
        )

    def _entered(self, entry: Input, j: int, aval: str, *, own: bool) -> str:
        if entry.kind != "array":
            return f"enter({self._path(entry.path)}, {aval}, holds)"
        return f"x{j}._raw if type(x{j}) is Array else {f'put(x{j})' if own else f'enter(x{j}, {aval}, holds)'}"

    def _give_up(self, recipe: Recipe, j: int) -> str:
        where = self._named(f"{recipe.name}() as {recipe.inputs[j].path}")
        return f"type(x{j}) is Array and give_up(x{j}, {where})"

    def _result(self, output: Output) -> str | None:
        """The Python text that makes a result of `raws`; None for those that take more than an expression."""
        match output.kind:
            case "array" | "scalar":
                return f"Array(raws[{output.index}])"
            case "number":
                return f"read_number(raws[{output.index}])"
            case "const":
                return self._named(output.value)
            case "tuple" | "list" | "dict" if output.cls is None:
                parts = [self._result(part) for part in output.parts]
                return None if None in parts else _container(output, [part for part in parts if part])
        return None


def _is_usual(recipe: Recipe, arrays: dict[Path, int]) -> bool:
    """Whether all inputs are arrays that are guarded once, or numbers, and none that is used up has two names."""
    guarded = [guard.path for guard in recipe.guards if guard.kind == "array"]
    others = [entry for entry in recipe.inputs if entry.kind != "array"]
    once = len(arrays) + len(others) == len(recipe.inputs) and all(guarded.count(path) == 1 for path in arrays)
    shared = recipe.donate and any(guard.kind == "same" for guard in recipe.guards)
    return once and not shared and all(entry.kind in ("number", "scalar") for entry in others)


def _tuple(parts: Iterable[str]) -> str:
    return f"({''.join(f'{part}, ' for part in parts)})"


def _container(output: Output, parts: list[str]) -> str | None:
    if output.kind == "dict":
        if not all(type(key) in (str, int, bool) for key in output.keys):
            return None
        return f"{{{', '.join(f'{key!r}: {part}' for key, part in zip(output.keys, parts, strict=True))}}}"
    return _tuple(parts) if output.kind == "tuple" else f"[{', '.join(parts)}]"
