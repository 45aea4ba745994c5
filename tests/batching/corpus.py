"""The programs of the other suites, each a function with lists of arguments: language, recursion, and losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.derivatives import contexts as loss_contexts
from tests.derivatives import test_control_flow as loss_control_flow
from tests.derivatives import test_functions as loss_functions
from tests.derivatives import test_writes as loss_writes
from tests.derivatives.textbook import PROGRAMS as TEXTBOOK
from tests.language import test_arrays, test_containers, test_control_flow, test_effects, test_functions, test_numbers
from tests.language.agreement import CONTEXTS, define, in_context
from tests.recursion.smooth import CASES as RECURSIVE_LOSSES
from tests.recursion.textbook import PROGRAMS as RECURSIVE

Case = tuple[Any, ...]
Program = tuple[Callable[..., Any], list[Case]]
Names = Mapping[str, Any]
OWN_ERROR = {"OwnError": test_effects.OwnError}
HELPERS = {
    key: value
    for key, value in define(test_functions.HELPERS + "\ndef program(): pass\n").__globals__.items()
    if not key.startswith("__") and key not in ("np", "math", "operator", "program")
}
SNIPPETS: dict[str, tuple[Any, Names]] = {
    **{f"numbers: {k}": (v, {}) for k, v in {**test_numbers.SNIPPETS, **test_numbers.ERRORS}.items()},
    **{f"control flow: {k}": (v, {}) for k, v in test_control_flow.SNIPPETS.items()},
    **{f"containers: {k}": (v, test_containers.NAMES) for k, v in test_containers.SNIPPETS.items()},
    **{f"arrays: {k}": (v, {}) for k, v in test_arrays.SNIPPETS.items()},
    **{f"index errors: {k}": (v, {}) for k, v in test_arrays.ERRORS.items()},
    **{f"effects: {k}": (v, OWN_ERROR) for k, v in test_effects.SNIPPETS.items()},
    **{f"functions: {k}": (v, HELPERS) for k, v in test_functions.SNIPPETS.items()},
}
RETURNS = {
    name: (define(f"def program({parameters}):\n{body}\n"), cases)
    for name, (parameters, body, cases) in test_control_flow.RETURNS.items()
}
LOSS_SNIPPETS: dict[str, tuple[Any, Names]] = {
    **{f"control flow: {k}": (v, {}) for k, v in loss_control_flow.SNIPPETS.items()},
    **{f"functions: {k}": (v, loss_functions.NAMES) for k, v in loss_functions.SNIPPETS.items()},
    **{f"writes: {k}": (v, {}) for k, v in loss_writes.SNIPPETS.items()},
}


def language(name: str, context: str) -> Program:
    """A snippet in one of the contexts of the language suite."""
    (parameters, body, cases), names = SNIPPETS[name]
    program, first = in_context(context, parameters, body, **names)
    return program, [(*first, *case) for case in cases]


def losses() -> dict[str, tuple[Callable[[], Program], tuple[int, ...] | None]]:
    """Scalar losses, as makers of programs, and by which arguments to differentiate where that is not all floats."""
    found: dict[str, tuple[Callable[[], Program], tuple[int, ...] | None]] = {}
    for j, (name, ((parameters, body, cases), names)) in enumerate(LOSS_SNIPPETS.items()):
        context = ("straight", *loss_contexts.CONTEXTS)[j % 4]
        found[f"snippet in {context}: {name}"] = (
            (lambda p=parameters, b=body, c=cases, n=names, x=context: _loss(p, b, c, n, x)),
            None,
        )
    for name, (function, arguments, wrt) in TEXTBOOK.items():
        found[f"textbook: {name}"] = (lambda f=function, a=arguments: (f, [a])), wrt
    for name, (function, cases, asked) in RECURSIVE_LOSSES.items():
        found[f"recursion: {name}"] = (lambda f=function, c=cases: (f, list(c))), asked.get("wrt")
    return found


def _loss(parameters: str, body: str, cases: Sequence[Case], names: Names, context: str) -> Program:
    if context == "straight":
        return loss_contexts.straight(parameters, body, **names), list(cases)
    program, first = loss_contexts.in_context(context, parameters, body, **names)
    return program, [(*first, *case) for case in cases]


LANGUAGE = tuple(SNIPPETS)
LOSSES = losses()
__all__ = ["CONTEXTS", "LANGUAGE", "LOSSES", "RECURSIVE", "RETURNS", "language"]
