"""Places in the source that move with the lines of the functions that they are in."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hloc
from hloc import library
from hloc.diagnostics.span import NOWHERE, Span
from hloc.persistence.codecs import RecordError
from hloc.persistence.places import read_place, write_place

TEXT = """
def outer(x, n):
    def inner(m):
        if m > 3:
            raise ValueError(
                f"{m} is much"
            )
        return x[m]
    check = lambda k: x[k] + x[
        k + 1]
    return inner(n) + check(n)
"""
MOVED = "# a comment\n\n" + TEXT.replace("        return", "        # another\n        return")


def function(tmp_path: Path, text: str, name: str) -> Any:
    file = tmp_path / name
    file.write_text(text)
    scope: dict[str, Any] = {}
    exec(compile(text, str(file), "exec"), scope)
    return scope["outer"]


def spans(function: Any) -> list[Span]:
    program = hloc.compile(function).lower("f64[9]", "i64").program
    return [site.span for site in program.error_sites]


def marked(text: str, span: Span) -> str:
    return text.splitlines()[span.line - 1].strip()


def test_places_move_with_their_lines(tmp_path: Path) -> None:
    before, after = function(tmp_path, TEXT, "one.py"), function(tmp_path, MOVED, "two.py")
    found = []
    for span in spans(before):
        data = json.loads(json.dumps(write_place(span, [("outer", before.__code__)])))
        here, there = (read_place(data, {"outer": f.__code__}.__getitem__) for f in (before, after))
        assert (here.line, here.function) == (span.line, span.function)
        assert there.file.endswith("two.py")
        assert there.function == span.function
        assert marked(MOVED, there) == marked(TEXT, span)
        found.append(marked(TEXT, span))
    assert set(found) == {"raise ValueError(", "return x[m]", "check = lambda k: x[k] + x["}


def test_two_functions_on_a_line() -> None:
    f, g = (lambda x: x[1]), (lambda x: x[22])
    for column, code in ((23, f.__code__), (41, g.__code__)):
        line = f.__code__.co_firstlineno
        place = write_place(
            Span(__file__, line, column, line, column + 4, "<lambda>"), [("f", f.__code__), ("g", g.__code__)]
        )
        assert place[1] == ("f" if code is f.__code__ else "g")


def test_places_in_the_library_are_kept_by_line() -> None:
    span = Span(library.__path__[0] + "/statistics.py", 7, 4, 7, 9, "mean")
    place = write_place(span, [])
    assert place[:2] == ["library", "library/statistics.py"]
    assert read_place(place, {}.__getitem__).file == span.file
    assert read_place(place, {}.__getitem__).line == 7


def test_places_elsewhere_lose_their_line() -> None:
    place = write_place(Span("elsewhere.py", 7, 4, 7, 9, "f", 1), [("here", test_two_functions_on_a_line.__code__)])
    assert read_place(place, {}.__getitem__) == Span(NOWHERE.file, 0, 0, 0, 0, "f", 1)
    assert write_place(NOWHERE, []) is None
    assert read_place(None, {}.__getitem__) is NOWHERE


@pytest.mark.parametrize(
    "place",
    [
        7,
        [],
        ["code"],
        ["code", 0, [], 10**6, 0, None, 0],
        ["code", 0, [], -1, 0, None, 0],
        ["code", 0, [0], 0, 0, None, 0],
        ["code", 0, [99], 0, 0, None, 0],
        ["code", 0, ["a"], 0, 0, None, 0],
        ["code", 0, [True], 0, 0, None, 0],
        ["code", 1, [], 0, 0, None, 0],
        ["library", "a.py", "1", 0, "f", 0],
        ["function", None, 0],
        ["file", "/etc/passwd", 0],
    ],
    ids=repr,
)
def test_malformed_places_are_refused(place: Any) -> None:
    def find(name: Any) -> types.CodeType:
        if name != 0:
            raise RecordError("no such code")
        return test_two_functions_on_a_line.__code__

    with pytest.raises(RecordError):
        read_place(place, find)


def test_an_error_from_a_record_names_the_line(tmp_path: Path) -> None:
    compiled = hloc.compile(function(tmp_path, TEXT, "one.py"))
    with pytest.raises(ValueError, match="4 is much") as caught:
        compiled(np.arange(9.0), 4)
    (note,) = caught.value.__notes__
    assert "one.py:5, in inner" in note
