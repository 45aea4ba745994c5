"""The errors of the runtime. All are `RuntimeError`s, so user code can catch them without importing hloc.

Python exceptions that a program raises itself (IndexError, ValueError, …) are no business of this module.
"""

from __future__ import annotations


class HlocRuntimeError(RuntimeError):
    """Base of the errors raised while a program is compiled by XLA, loaded or run."""


class JaxlibVersionError(HlocRuntimeError):
    """The installed jaxlib is not one that hloc knows how to drive."""


class DeviceError(HlocRuntimeError):
    """The platform asked for is unknown, not installed, or has no device."""


class ForkError(HlocRuntimeError):
    """XLA cannot be used in a process that was forked after it had started."""


class XlaCompileError(HlocRuntimeError):
    """XLA refused the StableHLO program or one of its options."""


class ExecutionError(HlocRuntimeError):
    """XLA failed while it ran a program, for example for lack of memory."""


class ArgumentError(HlocRuntimeError, TypeError):
    """An argument of an executable has the wrong shape, element type or device, or their number is wrong."""


class ArtefactError(HlocRuntimeError):
    """A file of `Lowered.save` cannot be written, is damaged, not trusted, or not for this hloc, jaxlib or machine."""


class SigningError(HlocRuntimeError):
    """The user has no key for signatures, or one that others may know."""


class ArtefactWarning(UserWarning):
    """A file of `Lowered.save` has no signature, or an executable in it is of no use."""


class CacheWarning(UserWarning):
    """The persistent cache cannot be used, or an entry in it is damaged; the program is compiled instead."""
