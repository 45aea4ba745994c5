"""A session of XLA's profiler, and spans of our own in what it records.

    with span("hloc: passes", function="f"): …      nothing where no session is active: a look at a global variable

One session at a time in a process: XLA has one, and jax uses the same.
"""

from __future__ import annotations

import contextlib
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from hloc.runtime import plugins, xla

_lock = threading.Lock()
_trace: Any = None  # XLA's TraceMe while a session is active
_nothing = contextlib.nullcontext()


def span(name: str, **facts: Any) -> AbstractContextManager[Any]:
    """What the profile shows as one span of this thread, with these facts beside it."""
    return _nothing if _trace is None else _trace(name, **facts)


class Session:
    """What XLA records from now on. Raises: RuntimeError where another session is active; OSError; DeviceError.

    run: the folder of this run, as TensorBoard has it: <folder>/plugins/profile/<date and time>.
    """

    def __init__(self, folder: Path, *, python: bool = False) -> None:
        global _trace  # noqa: PLW0603 - the session of the process
        xla.backend()  # started before the profiler, as TPUs want it
        profiler = xla.profiler_module()
        with _lock:
            if _trace is not None or profiler.TraceMe("hloc").is_enabled():
                who = "hloc.profile" if _trace is not None else "another library (jax.profiler?)"
                raise RuntimeError(f"{who} is recording a profile already, and there can be one at a time")
            self.run = _new_run(folder)
            self._folder = folder
            while plugins.unprofiled:
                profiler.register_plugin_profiler(plugins.unprofiled.pop())
            options = profiler.ProfileOptions()
            options.session_id = self.run.name
            options.python_tracer_level = int(python)
            self._session: Any = profiler.ProfilerSession(options)
            _trace = profiler.TraceMe

    def stop(self) -> None:
        """Write what was recorded. Raises: OSError where that fails."""
        global _trace  # noqa: PLW0603
        with _lock:
            _trace = None
            session, self._session = self._session, None
        try:
            session.stop_and_export(str(self._folder))
        except xla.client_module().XlaRuntimeError as error:
            raise OSError(f"the profile cannot be written to {self.run}: {error}") from error


def _new_run(folder: Path) -> Path:
    """A folder that is not there yet, made now, so that a folder that cannot be written to is found out early."""
    name = time.strftime("%Y_%m_%d_%H_%M_%S")
    for count in range(1, 1000):
        run = folder / "plugins" / "profile" / (name if count == 1 else f"{name}_{count}")
        try:
            run.mkdir(parents=True)
        except FileExistsError:
            continue
        return run
    raise FileExistsError(f"{folder} has too many profiles of this second")
