"""Programs for derivative tests: a body that sets `result`, put in straight code, a branch, a loop and a callee."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.language.agreement import define

CONTEXTS = ("branch", "loop", "callee")
Snippet = tuple[str, str, list[tuple[Any, ...]]]
"""Parameters, a body that sets the scalar `result`, and lists of arguments of the same types."""


def straight(parameters: str, body: str, **names: Any) -> Callable[..., Any]:
    """A function `program` of this body."""
    return define(f"def program({parameters}):\n{_indent(body, 1)}\n    return result\n", **names)


def in_context(context: str, parameters: str, body: str, **names: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The body in a branch on data, in a loop of data length whose trips add up, or in a function called twice; and
    the further arguments that the program takes first."""
    if context == "branch":
        text = (
            f"def program(flag, {parameters}):\n    if flag > 0:\n{_indent(body, 2)}\n        result = result * 0.7\n"
            f"    else:\n        result = 0.25\n    return result\n"
        )
        return define(text, **names), (1,)
    if context == "loop":
        text = (
            f"def program(times, {parameters}):\n    total = 0.0\n    for _ in range(times):\n{_indent(body, 2)}\n"
            f"        total = total * 0.5 + result\n    return total\n"
        )
        return define(text, **names), (2,)
    text = (
        f"def helper({parameters}):\n{_indent(body, 1)}\n    return result\n\n"
        f"def program({parameters}):\n    first = helper({parameters})\n    return first * 0.5 + helper({parameters})\n"
    )
    return define(text, **names), ()


def _indent(body: str, levels: int) -> str:
    return textwrap.indent(textwrap.dedent(body).strip("\n"), "    " * levels)


def sweep_all_but(table: Mapping[str, Any], every: int) -> list[Any]:
    """Parameters of a test: the names in a table; all but one in so many belong to the sweep."""
    return [name if j % every == 0 else pytest.param(name, marks=pytest.mark.sweep) for j, name in enumerate(table)]
