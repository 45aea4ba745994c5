"""Where in the user's source something stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source text: `file:line:column` up to `end_line:end_column`, inside `function`.

    Lines count from 1, columns from 0 in characters, as in `ast`; `line == 0` means that no place is known.
    sweep: 0 for what the text says itself, 1 for its derivative in reverse mode, 2 for the derivative of that, …
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str = ""
    sweep: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


NOWHERE = Span("<unknown>", 0, 0, 0, 0)
