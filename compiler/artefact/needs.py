"""What an executable in an artefact needs: the process that it was made in, or the device that it was made for."""

from __future__ import annotations

from collections.abc import Mapping

from hloc.runtime import plugins, xla
from hloc.runtime.fingerprint import environment

_NAMED = {"jaxlib": "jaxlib", "platform": "the platform", "device": "the device"}
_OTHERS = {
    "environment": "another build of jaxlib, on another processor, or with other settings of XLA",
    "plugin": "another version of the platform's plugin",
}


def needs_here(backend: xla.Backend) -> dict[str, str]:
    """Of code that was compiled for a device of this process."""
    return {**_common(backend.platform, backend.kind), "environment": environment(backend)}


def needs_there(platform: str, device: str) -> dict[str, str]:
    """Of code that was compiled for a device that is not here: that device, and the same jaxlib and plugin."""
    return {**_common(platform, device), "plugin": _plugin(platform)}


def misfit(needs: Mapping[str, str], backend: xla.Backend) -> str | None:
    """Why code with these needs cannot be used on a device; None where it can."""
    common = _common(backend.platform, backend.kind)
    for name, value in needs.items():
        if name in common and common[name] != value:
            return f"it needs {_NAMED[name]} {value}, here is {common[name]}"
    here = needs_here(backend) if "environment" in needs else needs_there(backend.platform, backend.kind)
    for name, value in needs.items():
        if here.get(name) != value:
            return f"it was made with {_OTHERS.get(name, name)}"
    return None


def _common(platform: str, device: str) -> dict[str, str]:
    return {"jaxlib": xla.jaxlib_version(), "platform": platform, "device": device}


def _plugin(platform: str) -> str:
    """The size of the plugin's library, which tells its builds apart."""
    library = plugins.library(platform)
    return "" if library is None else str(library.stat().st_size)
