"""What the language does not have: the exact refusal of each construct, and what is allowed next to it."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.diagnostics.errors import UnsupportedError
from hloc.frontend.source import function_source
from tests.conftest import Golden
from tests.frontend.core_python import core_text, define, run_core

REFUSED = {
    "try": "try:\n        x = 1 / x\n    except ZeroDivisionError:\n        x = 0",
    "try_finally": "try:\n        x = 1\n    finally:\n        print(x)",
    "try_star": "try:\n        x = 1\n    except* ValueError:\n        pass",
    "with": "with open(x) as file:\n        return file",
    "match": "match x:\n        case 1:\n            return 2",
    "yield": "yield x",
    "yield_from": "y = yield from x",
    "generator": "return np.array(i for i in x)",
    "generator_second_argument": "return max(1, (i for i in x))",
    "generator_kept": "g = (i for i in x)",
    "async_for": "async def g():\n        async for i in x:\n            pass",
    "class": "class A:\n        pass",
    "global": "global x_total\n    x_total = x",
    "del_item": "del x[0]",
    "del_attribute": "del x.T, x",
    "set": "return x in {1, 2}",
    "set_comprehension": "return {i for i in x}",
    "bare_raise": "raise",
    "in_nested_function": "def g(y):\n        with y:\n            pass\n    return g",
    "in_lambda": "return lambda: (yield x)",
    "several_lines": "return [\n        {\n            1,\n            x,\n        }\n    ]",
}


def refusal(name: str) -> str:
    fn = define(f"def f(x):\n    {REFUSED[name]}\n", file="program.py", np=np)
    with pytest.raises(UnsupportedError) as caught:
        function_source(fn)
    assert caught.value.report.span
    assert caught.value.report.help
    return f"{name}\n\n{caught.value}\n"


def test_refusals(golden: Golden) -> None:
    golden("frontend/refusals.txt", "\n\n".join(map(refusal, REFUSED)))


def test_async_function(golden: Golden) -> None:
    with pytest.raises(UnsupportedError) as caught:
        function_source(define("async def f(x):\n    return await x\n", file="program.py"))
    golden("frontend/refusal-async.txt", f"{caught.value}\n")


def test_first_construct_in_the_text_is_named() -> None:
    with pytest.raises(UnsupportedError, match="sets are not supported"):
        function_source(define("def f(x):\n    y = {1}\n    with x: pass\n"))


@pytest.mark.parametrize("name", ["sum", "any", "all", "min", "max", "sorted", "list", "tuple"])
def test_generator_consumed_at_once_is_a_list(name: str) -> None:
    fn = define(f"def f(xs):\n    return {name}(x * x for x in xs if x)\n")
    assert core_text(fn) == f"def f(xs):\n    return {name}([x * x for x in xs if x])"
    assert run_core(fn)([1, 0, 3]) == fn([1, 0, 3])


def test_generator_consumed_with_further_arguments() -> None:
    fn = define("def f(xs):\n    return sum((x for x in xs), 1), max((x for x in xs), default=3)\n")
    assert run_core(fn)([]) == (1, 3)


ALLOWED = [
    "import math as m\n    from math import sqrt\n    return m.floor(sqrt(x))",
    "y = x\n    del y\n    return x",
    "return {k: k * x for k in range(3)}",
    "return [(y := x), y]",
    "g = lambda y: y + x\n    return g(1)",
    "def g(y: int = 2) -> int:\n        return x + y\n    return g()",
    "y: int = x\n    z: int\n    return y",
    "print(f'{x!r:>4}', end='')\n    return x if x > 0 else -x",
    "a, *b = [x, 2, 3]\n    return a, b, 1 < x < 3 <= 5, [*b], {**{'k': x}}",
]


@pytest.mark.parametrize("body", ALLOWED)
def test_allowed(body: str) -> None:
    fn = define(f"def f(x):\n    {body}\n")
    assert run_core(fn)(2) == fn(2)
    assert run_core(fn, forget=True)(2) == fn(2)
