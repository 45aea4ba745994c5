"""Ctrl-C while XLA compiles or runs: what may take long is done by another thread, and the main thread waits for it.

Python runs signal handlers between two of its own instructions, in the main thread. As long as that thread is in C++, a
KeyboardInterrupt is not raised. A thread that waits for a lock, on the other hand, is woken by the signal. So the main
thread hands such work to a helper. When the handler raises, the wait ends, and the work goes on in the background until
it is done: XLA cannot be stopped. Nobody looks at its result, and what it reads (staged arguments, lent memory) is
referenced by it and is not used again.

Handing over costs 10 to 20 µs on an idle machine, so it is done for what may take long only (the caller says so), and
not in other threads, which no signal interrupts. HLOC_INTERRUPT=off, read when hloc is imported, does without it.
"""

from __future__ import annotations

import _thread
import atexit
import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable
from operator import methodcaller
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_wanted = os.environ.get("HLOC_INTERRUPT", "").strip().lower() not in ("off", "0", "no", "false")
_handler_of = getattr(signal, "_signal", signal).getsignal  # without a way through an enumeration, 2 µs
_GRACE = 0.1
"""Seconds for work that is nearly done when the program ends."""
_threads: list[int] = []
"""All helpers."""
_idle: list[SimpleQueue[_Task]] = []
"""Where those helpers that have nothing to do wait for a task."""


def interruptibly(work: Callable[..., T], *args: Any) -> T:
    """work(*args); in the main thread, a signal handler that raises ends the wait for it.

    Raises: what `work` raises; KeyboardInterrupt and whatever else signal handlers raise.
    """
    if not is_interruptible():
        return work(*args)
    task = _Task(work, args)
    if not _hand_over(task):
        return work(*args)
    task.done.acquire()  # a signal handler runs, and may raise, in here
    if task.error is None:
        return task.result  # type: ignore[no-any-return]
    try:
        raise task.error
    finally:
        del task  # its error refers to this frame


def is_interruptible() -> bool:
    """Whether this is the thread in which signal handlers run, and Ctrl-C has one that is written in Python."""
    in_main = _wanted and _thread.get_ident() == threading.main_thread().ident
    return in_main and callable(_handler_of(signal.SIGINT))


class _Task:
    """One piece of work, and what came of it."""

    __slots__ = ("args", "done", "error", "result", "work")

    def __init__(self, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.work = work
        self.args = args
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = _thread.allocate_lock()
        self.done.acquire()


def _hand_over(task: _Task) -> bool:
    """Give the task to a helper that is idle, else to a new one; False where no thread can be started.

    Signal handlers run after each call that Python makes. So a helper stops being idle and gets its task in one call,
    and starts with its task and is noted in one call: a handler that raises comes before both or after both.
    """
    given: list[None] = []
    try:
        given.extend(map(methodcaller("put", task), map(list.pop, (_idle,))))
    except IndexError:
        if given:  # a handler's
            raise
        try:  # threading.Thread does not bear signals while it starts
            _threads.extend(map(_thread.start_new_thread, (_serve,), ((task,),)))
        except RuntimeError:  # at the end of the program
            return False
    return True


def _serve(task: _Task) -> None:
    """What a helper does: one task after another. The end of the program does not wait for it."""
    inbox: SimpleQueue[_Task] = SimpleQueue()
    while True:
        try:
            task.result = task.work(*task.args)
        except BaseException as error:
            task.error = error
        _idle.append(inbox)
        task.done.release()
        del task
        task = inbox.get()


def busy() -> int:
    """How many helpers are at work."""
    return len(_threads) - len(_idle)


def _leave_without_waiting() -> None:
    """At the end of the program: work that was given up must not keep the process, nor crash while it is torn down.

    The last thing of an orderly exit is then that the C library ends the process as it is, with the status it has. Work
    that is done while Python is being torn down cannot come back to it: its thread is told to exit, cannot do so in the
    middle of C++, and aborts. There it sleeps (six seconds: the handler is given the number of the signal) until the
    process is gone.
    """
    end = time.monotonic() + _GRACE
    while busy() and time.monotonic() < end:
        time.sleep(0.01)
    if busy():
        library = ctypes.CDLL(None)
        if hasattr(library, "on_exit"):  # glibc's; elsewhere the process ends as Python ends it
            library.fflush(None)
            library.on_exit(library._exit, None)
            library.signal(signal.SIGABRT, library.sleep)


def _forget_helpers() -> None:
    """In a forked process there are no threads but the one that forked."""
    _idle.clear()
    _threads.clear()


atexit.register(_leave_without_waiting)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)
