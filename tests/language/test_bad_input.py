"""Bad input gets an answer that names the place and a way out; nothing is computed from it."""

from __future__ import annotations

import numpy as np
import pytest

import hloc

from .agreement import agree, define

HEAD = "def program(x):\n    return x * 2 + 1\n"
ARGUMENTS = {
    "objects": (np.array([1, None]), hloc.DTypeError, "x is an array of object: only booleans and numbers can be data"),
    "strings": (np.array(["a"]), hloc.DTypeError, "x is an array of <U1: only booleans and numbers can be data"),
    "a long double": (np.longdouble(1), hloc.DTypeError, "x is a longdouble: only booleans and numbers up to float64"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), hloc.DTypeError, "x is an array of datetime64[D]"),
    "byte order": (np.arange(3, dtype=">i8"), hloc.DTypeError, "x is an array of >i8, whose bytes stand in the order"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(name: str) -> None:
    argument, error, text = ARGUMENTS[name]
    with pytest.raises(error) as caught:
        hloc.compile(define(HEAD))(argument)
    assert text in str(caught.value)
    assert "help:" in str(caught.value)


def test_operators_without_meaning_fail_as_in_cpython() -> None:
    for argument in ("abc", None, {1}):
        agree(define(HEAD), argument)
    with pytest.raises(hloc.DTypeError, match="no meaning for str 'abc' and a number"):
        hloc.compile(define("def program(x, y):\n    return x - y\n"))("abc", 2.0)


PROGRAMS = {
    "ragged lists": (
        "x",
        "return np.array([[x], [x, 2.0]])",
        hloc.ShapeError,
        "the items have different shapes: [1], [2]",
    ),
    "a shape from data": ("x", "return np.zeros(int(x))[0] + np.zeros(int(np.sin(x)))[0]", hloc.CompileError, "help:"),
    "a file": ("x", "return open('x')", hloc.UnsupportedError, "open is not supported yet"),
    "random numbers": ("x", "return x + np.random.rand()", hloc.UnsupportedError, "draw the numbers outside"),
    "recursion on data": (
        "x",
        "return program(x - 1)",
        hloc.UnsupportedError,
        "program never ends: every path through it calls it again",
    ),
    "an unknown name": ("x", "return x + unknown", hloc.UndefinedNameError, "name 'unknown' is not defined"),
    "an unknown attribute": ("x", "return np.sin(x).colour", hloc.CompileError, "colour"),
    "two kinds": ("x", "y = x\n    if x > 0: y = 'a'\n    return y + 1", hloc.DTypeError, "y may be"),
    "two shapes": (
        "x",
        "y = np.zeros(3)\n    if x > 0: y = np.zeros(4)\n    y[0] = 1\n    return y",
        hloc.CompileError,
        "y may be an array (f64[",
    ),
    "a rebound argument": (
        "x, n=0",
        "for i in range(int(n)): x = np.ones(3, np.float32)\n    x[0] = 7\n    return x",
        hloc.AliasError,
        "take a copy",
    ),
    "a possible alias": (
        "x",
        "a = G\n    if x > 0: a = np.ones(3, np.float32)\n    a[0] = 7\n    return a",
        hloc.AliasError,
        "take a copy",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    parameters, body, error, text = PROGRAMS[name]
    program = define(f"G = np.zeros(3)\ndef program({parameters}):\n    {body}\n")
    with pytest.raises(error) as caught:
        hloc.compile(program)(np.zeros(3) if "n=0" in parameters else 0.5)
    assert text in str(caught.value)
    assert "-->" in str(caught.value)


def test_arrays_that_cannot_be_written() -> None:
    a = np.zeros(3)
    a.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        hloc.compile(define("def program(a):\n    a[0] = 1\n"))(a)


def test_arrays_that_share_memory() -> None:
    a = np.zeros(5)
    with pytest.raises(ValueError, match="share memory"):
        hloc.compile(define("def program(a, b):\n    a[:] = 1\n    return b.sum()\n"))(a[:3], a[1:])
    np.testing.assert_array_equal(a, 0)


def test_a_conflict_made_in_a_nested_branch_is_explained() -> None:
    text = "def program(x, n):\n    if n > 0:\n        if x > 0: y = np.zeros(2)\n        else: y = np.zeros(3)\n    else:\n        y = np.zeros(2)\n    return y + 1\n"
    with pytest.raises(hloc.DTypeError, match=r"y may be an array \(f64\[2\]\) on one path and an array \(f64\[3\]\)"):
        hloc.compile(define(text))(1.0, 2)


def test_numbers_that_an_element_type_cannot_hold_are_refused() -> None:
    for body in ("np.where(x > 1, x, 300)", "x + 300", "x * -1"):
        with pytest.raises(hloc.DTypeError, match="out of bounds for uint8"):
            hloc.compile(define(f"def program(x):\n    return {body}\n"))(np.array([1, 2], np.uint8))


def test_the_imaginary_part_of_a_real_array_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        hloc.compile(define("def program(x):\n    x.imag[0] = 1\n"))(np.zeros(2))
