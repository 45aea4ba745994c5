"""`hloc.profile`: what a program's time goes into, written for Perfetto and TensorBoard."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from hloc.api import CompiledFunction
from hloc.linear_function import LinearFunction
from hloc.runtime.profiling import Session, span


class profile:
    """Record what happens from `start` to `stop`, or in a `with` block, and write it into a folder.

        with hloc.profile("trace"):
            f(x)

    Files: <folder>/plugins/profile/<date and time>/<host>.trace.json.gz, which ui.perfetto.dev and chrome://tracing
    open, and <host>.xplane.pb, which TensorBoard (`tensorboard --logdir <folder>`) and xprof open.
    Spans: each call of a compiled function ("hloc: call f"), what a first call does ("hloc: cache", "hloc: front end",
    "hloc: passes", "hloc: emission", "hloc: XLA"), and all that XLA records, on its devices too. All threads count.
    python: record calls of Python functions too, which slows them down.
    run: the folder of the files.

    Raises: RuntimeError where a profile is being recorded already; OSError where the folder cannot be written to.
    """

    def __init__(self, folder: str | os.PathLike[str], *, python: bool = False) -> None:
        self.folder = Path(folder).absolute()
        self.python = python
        self.run: Path | None = None
        self._session: Session | None = None

    def start(self) -> profile:
        """Begin to record."""
        if self._session is not None:
            raise RuntimeError("this profile is being recorded already")
        self._session = Session(self.folder, python=self.python)
        self.run = self._session.run
        for kind, call in _CALLS:
            kind.__call__ = _traced(call)
        return self

    def stop(self) -> None:
        """Write the files."""
        if self._session is None:
            raise RuntimeError("this profile is not being recorded: start() comes first")
        session, self._session = self._session, None
        for kind, call in _CALLS:
            kind.__call__ = call
        session.stop()

    def __enter__(self) -> profile:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._session is not None:
            self.stop()


_CALLS: list[tuple[Any, Callable[..., Any]]] = [(kind, kind.__call__) for kind in (CompiledFunction, LinearFunction)]
"""What a call is when nobody looks: a call costs nothing more then."""


def _traced(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def traced(self: Any, *args: Any, **kwargs: Any) -> Any:
        with span(f"hloc: call {self.__name__}"):
            return call(self, *args, **kwargs)

    return traced
