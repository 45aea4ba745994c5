"""The error classes of hloc. Each refusal is a `CompileError` and, where Python has one, the matching Python error.

An error raised below the front end carries no span; the front end adds the innermost one (`with_span`).
The classes are public names of the package, and tracebacks call them so: `hloc.ShapeError: dot: inner …`.
"""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from hloc.classes import dataclass
from hloc.diagnostics.render import render
from hloc.diagnostics.span import Span


@dataclass(frozen=True)
class Label:
    """One line under the underlined expression: what was found, with its type and where it came from."""

    text: str
    span: Span | None = None


@dataclass
class Report:
    """The content of an error message, before rendering (see hloc.diagnostics.render)."""

    message: str
    span: Span | None = None
    labels: list[Label] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    help: str = ""


class CompileError(Exception):
    """hloc cannot compile this program; says where, what was found and what would work.

    hint: what generally helps with errors of this class; shown where the one that is raised says nothing better.
    """

    __module__ = "hloc"
    hint: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        if cls.__module__ == __name__:
            cls.__module__ = "hloc"

    def __init__(
        self,
        message: str,
        *,
        span: Span | None = None,
        labels: list[Label] | None = None,
        notes: list[str] | None = None,
        help: str = "",
    ) -> None:
        super().__init__(message)
        self.report = Report(message, span, list(labels or ()), list(notes or ()), help or self.hint)

    def with_span(self, span: Span) -> CompileError:
        """Set the place, unless a more precise one is known already."""
        if self.report.span is None:
            self.report.span = span
        return self

    def note(self, text: str) -> CompileError:
        """Add context on the way up."""
        self.report.notes.append(text)
        return self

    @property
    def rendered(self) -> str:
        """The whole text as a traceback ends: `hloc.ShapeError: `, message, place, source, labels, notes, help."""
        return f"{type(self).__module__}.{type(self).__qualname__}: {self}"

    def __str__(self) -> str:
        """The rendered text without the class, which tracebacks put before it."""
        return render(self.report)


class UnsupportedError(CompileError, NotImplementedError):
    """A construct or function of Python or NumPy that hloc does not have."""

    hint = "docs/language.md and docs/numpy.md list what compiles"


class ShapeError(CompileError, ValueError):
    """Shapes do not fit together."""

    hint = "NumPy refuses these shapes too: x.shape gives them, x.reshape and x[:, None] change them"


class DTypeError(CompileError, TypeError):
    """Element types or kinds of values do not fit the operation."""

    hint = "convert first: x.astype(dtype) for arrays, int(x), float(x) or bool(x) for numbers"


class StaticValueError(CompileError, TypeError):
    """A value is needed at compile time but depends on data."""

    hint = "pass it as an argument of the compiled function: arguments become static where that is needed"


class IndexBoundsError(CompileError, IndexError):
    """An index known at compile time is out of range."""

    hint = "a.shape gives the number of dimensions and their sizes"


class UndefinedNameError(CompileError, NameError):
    """A name that is never defined."""

    hint = "assign it in the function, around it or in its module before the call"


class MissingAttributeError(CompileError, AttributeError):
    """An attribute that the value does not have."""

    hint = "docs/numpy.md lists the attributes and methods of arrays that compile"


class MissingKeyError(CompileError, KeyError):
    """A key that a dict does not have."""

    hint = "d.get(key, default) reads a key that may be missing"


class AliasError(CompileError, ValueError):
    """A write through a name that may mean one of several arrays."""

    hint = "take a copy (x = x.copy()) before the branch or loop, or before the write"


class SourceError(CompileError, OSError):
    """Python cannot give the source of a function."""

    hint = "define the function in a file or a notebook cell"


class InternalError(CompileError, RuntimeError):
    """A fault of hloc itself; the message says how to report it."""

    hint = "this is a fault of hloc: please report it with this text and the function"
