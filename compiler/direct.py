"""A call as one Python function, written when the program is made: guards, device arrays, execution, results.

For `def f(a, b): return {"sum": a + b}` it is

    def attempt(v0, v1):
        try:
            if type(x := v0) is Array and (r0 := x._raw).aval is c4 and … and c7.__code__ is c8:
                raws = (r0, r1)
            elif matches(v0, v1):
                raws = None
            else:
                return UNFIT
        except (LookupError, AttributeError, TypeError, ValueError):
            return UNFIT
        if raws is None:
            return call((v0, v1))
        try:
            raws = run(raws).consume_with_handlers(handlers)
        except XlaRuntimeError as error:
            raise failure(error) from error
        return {'sum': Array(raws[0])}

A call whose arrays are on the device already goes this way. Of its 4 µs or so 3 are jaxlib's; each Python function more
would add 0.1. All other calls (NumPy arrays, numbers, arrays that the function writes) go through `call`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hloc.matching import Accessors
from hloc.program import UNFIT, Guard, Output, Recipe
from hloc.runtime.array import Array
from hloc.runtime.buffers import Raw, failure
from hloc.runtime.executable import Executable

_DIRECT = """try:
  if {checks}:
   raws = {raws}
  elif matches{values}:
   raws = None
  else:
   return UNFIT
 except (LookupError, AttributeError, TypeError, ValueError):
  return UNFIT
 if raws is None:
  return call({values})
 try:
  raws = {run}
 except XlaRuntimeError as error:
  raise failure(error) from error
 return {result}"""


def read_number(raw: Raw) -> Any:
    """The Python number in a device scalar."""
    try:
        return memoryview(raw)[()]
    except (BufferError, NotImplementedError):  # on another device; complex
        return Array(raw).item()


class CallWriter(Accessors):
    """Writes the function that a call of a program is."""

    def attempt(
        self,
        recipe: Recipe,
        executable: Executable,
        call: Callable[[tuple[Any, ...]], Any],
        make: Callable[[Sequence[Raw], tuple[Any, ...]], Any],
        *,
        plain: bool,
    ) -> Callable[..., Any]:
        """The function of a call's arguments that runs the program, or gives UNFIT.

        call: runs the program on arguments that fit.   make: the results of the executable and the arguments to the
        result of the function.   plain: that has no effects, so that it can be written out here.
        """
        self._names |= {"UNFIT": UNFIT, "call": call, "make": make, "matches": self.matches(recipe.guards)}
        values = _tuple(self._slots.values())
        checks = self._on_device(recipe, executable)
        if checks is None:
            return self._function("attempt", f"return call({values}) if matches{values} else UNFIT")
        self._names |= {"read_number": read_number, "failure": failure, "XlaRuntimeError": executable.error}
        self._names |= {"run": executable.run, "handlers": executable.handlers, "execute": executable.execute}
        raws = _tuple(f"r{j}" for j in range(len(recipe.inputs)))
        run = "run(raws).consume_with_handlers(handlers)" if executable.direct else "execute(raws)"
        result = self._result(recipe.output) if plain else None
        text = _DIRECT.format(
            checks=checks, raws=raws, values=values, run=run, result=result or f"make(raws, {values})"
        )
        return self._function("attempt", text)

    def _on_device(self, recipe: Recipe, executable: Executable) -> str | None:
        """The guards, for arrays on the device, which get the names r0, r1, …; None for a program with other inputs."""
        if recipe.write_backs or any(entry.kind != "array" for entry in recipe.inputs):
            return None
        numbers = {entry.path: j for j, entry in enumerate(recipe.inputs)}
        guarded = [guard.path for guard in recipe.guards if guard.kind == "array"]
        if len(numbers) < len(recipe.inputs) or any(guarded.count(path) != 1 for path in numbers):
            return None
        return " and ".join(f"({self._device_check(guard, numbers, executable)})" for guard in recipe.guards) or "True"

    def _device_check(self, guard: Guard, numbers: dict[Any, int], executable: Executable) -> str:
        if guard.kind != "array" or guard.path not in numbers:
            return self._check(guard)
        j = numbers[guard.path]
        aval = self._named(executable.avals[j])  # which stands for element type, shape and device
        return f"type(x := {self._path(guard.path)}) is Array and (r{j} := x._raw).aval is {aval}"

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


def _tuple(parts: Any) -> str:
    return f"({''.join(f'{part}, ' for part in parts)})"


def _container(output: Output, parts: list[str]) -> str | None:
    if output.kind == "dict":
        if not all(type(key) in (str, int, bool) for key in output.keys):
            return None
        return f"{{{', '.join(f'{key!r}: {part}' for key, part in zip(output.keys, parts, strict=True))}}}"
    return _tuple(parts) if output.kind == "tuple" else f"[{', '.join(parts)}]"
