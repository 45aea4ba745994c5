"""How XLA is to compile one program: `BuildOptions`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from hloc.classes import dataclass

OptionValue = str | bool | int | float

LLVM_OPTIONS = frozenset(
    {
        "-enable-loop-versioning-licm",
        "-force-vector-width",
        "-licm-versioning-invariant-threshold",
        "-licm-versioning-max-depth-threshold",
        "-runtime-memory-check-threshold",
    }
)
"""The LLVM command-line options that may be passed. LLVM ends the process at an option it does not know, so each
was tried on every jaxlib in `hloc.runtime.xla.TESTED_JAXLIB`; on other versions they are left out."""


def is_for_llvm(name: str) -> bool:
    """Whether an extra option of this name reaches LLVM's command line."""
    return not name.startswith("xla_")


@dataclass(frozen=True)
class BuildOptions:
    """Options of one compilation; they are part of the program's cache key.

    overrides: XLA debug options by name, for example {"xla_backend_optimization_level": 2}.
    extra: the map `xla_backend_extra_options`. XLA passes a name that does not start with "xla_" on to LLVM; such a
      name must be in LLVM_OPTIONS.
    fallback: where XLA refuses `extra`, compile again without it.
    Raises: ValueError for an option to LLVM that is not in LLVM_OPTIONS.
    """

    overrides: Mapping[str, OptionValue] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    fallback: bool = True

    def __post_init__(self) -> None:
        unknown = sorted(name for name in self.extra if is_for_llvm(name) and name not in LLVM_OPTIONS)
        if unknown:
            raise ValueError(f"LLVM options that hloc has not tested: {', '.join(unknown)}")
        object.__setattr__(self, "overrides", MappingProxyType(dict(self.overrides)))
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))

    def __hash__(self) -> int:
        return hash(self.key())

    def key(self) -> str:
        """A text that is equal for equal options and for them only."""
        return json.dumps([dict(self.overrides), dict(self.extra), self.fallback], sort_keys=True)
