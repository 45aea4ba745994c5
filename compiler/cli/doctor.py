"""`hloc doctor`: what hloc runs on, and whether it works. Nothing that is broken here ends in a traceback."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform as system
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import click

from hloc.cli.cache import in_bytes
from hloc.runtime import fingerprint, plugins, xla
from hloc.runtime.cache import Cache, configured_cache, is_on
from hloc.runtime.entries import Entry
from hloc.runtime.errors import DeviceError, JaxlibVersionError
from hloc.runtime.inventory import items
from hloc.runtime.private import remove

State = Literal["ok", "note", "broken"]
_PYTHONS = ((3, 11), (3, 13))  # the first and the last that are supported
_PACKAGES = ("numpy", "gast", "astunparse", "click", "rich", "platformdirs")
_KNOWN = (
    *("HLOC_CACHE", "HLOC_CACHE_BYTES", "HLOC_CACHE_DIR", "HLOC_CPU_DEVICES"),
    *("HLOC_DATA_DIR", "HLOC_INTERRUPT", "HLOC_KEEP_MEMORY", "HLOC_PLATFORM"),
)
_SWITCH = ("", "on", "1", "yes", "true", "off", "0", "no", "false")
_OTHERS = ("CUDA_VISIBLE_DEVICES", "TF_CPP_MIN_LOG_LEVEL", "TPU_VISIBLE_CHIPS", "XDG_CACHE_HOME", "XLA_FLAGS")
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
_PATIENCE = 180.0  # seconds for the devices of one platform
_COLOURS = {"ok": "green", "note": "yellow", "broken": "red"}


@dataclass(frozen=True)
class Finding:
    """One line. state: "note" is something to know, "broken" something to repair."""

    topic: str
    text: str
    state: State = "ok"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check whether hloc works here.

    Says what it runs on, and tests each device and the cache. The exit code is 1 where something is broken.
    """
    found = []
    for finding in findings():
        found.append(finding)
        if not as_json:
            state = click.style(f"{finding.state:6}", _COLOURS[finding.state])
            click.echo(f"{state} {finding.topic:12} {finding.text}")
    broken = sum(finding.state == "broken" for finding in found)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=1))
    ctx.exit(1 if broken else 0)


def findings() -> Iterator[Finding]:
    """All findings, as they come. A check that fails itself is one, too."""
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "python": _python,
        "packages": _packages,
        "jaxlib": _jaxlib,
        "plugins": _plugins,
        "devices": _devices,
        "cache": _cache,
        "environment": _environment,
    }
    for topic, check in checks.items():
        try:
            yield from check()
        except Exception as error:
            yield Finding(topic, f"this check failed: {type(error).__name__}: {error}", "broken")


def _python() -> Iterator[Finding]:
    version = f"{system.python_implementation()} {system.python_version()}, {system.system()} {system.machine()}"
    first, last = (".".join(map(str, python)) for python in _PYTHONS)
    right = sys.implementation.name == "cpython" and _PYTHONS[0] <= sys.version_info[:2] <= _PYTHONS[1]
    wanted = "" if right else f"; hloc needs CPython {first} to {last}"
    yield Finding("python", f"{version}, {sys.executable}{wanted}", "ok" if right else "broken")


def _packages() -> Iterator[Finding]:
    version = _version("hloc")
    yield Finding("hloc", f"{version or 'not installed, but on the path'}, {Path(__file__).parents[1]}")
    for name in _PACKAGES:
        version = _version(name)
        if version is None:
            yield Finding(name, f"not installed: pip install {name}", "broken")
        else:
            yield Finding(name, version)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _jaxlib() -> Iterator[Finding]:
    version = _usable_jaxlib()
    if isinstance(version, JaxlibVersionError):
        yield Finding("jaxlib", str(version), "broken")
    elif version in xla.TESTED_JAXLIB:
        yield Finding("jaxlib", f"{version} (tested)")
    else:
        tested = ", ".join(xla.TESTED_JAXLIB)
        yield Finding("jaxlib", f"{version} (in the range that hloc takes, but tested were {tested})", "note")


def _usable_jaxlib() -> str | JaxlibVersionError:
    """The version of jaxlib, or why hloc cannot use it."""
    try:
        version = xla.jaxlib_version()
        xla.check_version(version)
    except JaxlibVersionError as error:
        return error
    return version


def _plugins() -> Iterator[Finding]:
    """The plugins that are installed; those that are missing where their device seems to be here."""
    jaxlib = _usable_jaxlib()
    present = {"cuda": _NVIDIA_DRIVER.exists(), "tpu": plugins.has_tpu()}
    for platform, extras in plugins.EXTRAS.items():
        found = plugins.installed(platform)
        for plugin in found:
            yield Finding(platform, f"{plugin}, {plugin.path}")
        if not found:
            here = "a device of this kind seems to be here, but its plugin is" if present[platform] else "plugin"
            install = " or ".join(f"pip install 'hloc[{extra}]'" for extra in extras)
            yield Finding(platform, f"{here} not installed ({install})", "note" if present[platform] else "ok")
        elif isinstance(jaxlib, str):
            try:
                plugins.choose(platform, jaxlib)
            except DeviceError as error:
                yield Finding(platform, str(error), "note")


def _devices() -> Iterator[Finding]:
    """A test of each device: the CPU's, those of installed plugins, and those that HLOC_PLATFORM asks for."""
    if isinstance(_usable_jaxlib(), JaxlibVersionError):
        yield Finding("devices", "none, for lack of a jaxlib that can be used", "broken")
        return
    wanted = os.environ.get("HLOC_PLATFORM") or "cpu"
    needed = {"cpu"} if wanted == "auto" else {"cpu", wanted}
    for platform in dict.fromkeys([*xla.PLATFORMS, *sorted(needed)]):
        if platform in needed or plugins.installed(platform):
            yield from _tested(platform, platform in needed)


def _tested(platform: str, needed: bool) -> Iterator[Finding]:
    """What the self-test says about the devices of one platform. It has a process of its own, which may end badly."""
    command = [sys.executable, "-m", "hloc.cli.selftest", platform]
    environment = {**os.environ, "HLOC_PLATFORM": platform, "HLOC_CACHE": "off"}  # to compile is the test
    try:
        done = subprocess.run(
            command, check=False, env=environment, capture_output=True, text=True, errors="replace", timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        yield Finding(platform, f"the self-test has not come back for {_PATIENCE:.0f} seconds", "broken")
        return
    for line in done.stdout.splitlines():
        yield _told(json.loads(line), needed)
    if done.returncode != 0 or not done.stdout:
        last = done.stderr.strip().splitlines()[-1:] or ["it says nothing"]
        yield Finding(platform, f"the self-test ended with {done.returncode}: {last[0]}", "broken")


def _told(report: dict[str, Any], needed: bool) -> Finding:
    name = str(report["device"])
    if report.get("unusable"):
        return Finding(name, str(report["error"]), "broken" if needed else "note")
    if report["error"]:
        return Finding(name, f"{report['kind']}: the self-test failed: {report['error']}", "broken")
    times = f"compiled and run in {report['compile'] * 1e3:.0f} ms, then in {report['call'] * 1e6:.0f} µs"
    return Finding(name, f"{report['kind']}: the self-test is right, {times}")


def _cache() -> Iterator[Finding]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cache = configured_cache()
        problem = (cache.problem() or (_trial(cache) if is_on() else None)) if cache else None
    for warning in caught:
        yield Finding("cache", str(warning.message), "broken")
    if cache is None:
        return
    found = items(cache)
    size = sum(item.file.size for item in found)
    text = f"{cache.folder}, {in_bytes(size)} of {in_bytes(cache.limit)} in {len(found)} files"
    yield Finding("cache", text if is_on() else f"{text} (switched off by HLOC_CACHE)", "ok" if is_on() else "note")
    if problem:
        yield Finding("cache", problem, "broken")
    damaged = sum(item.is_damaged for item in found)
    if damaged:
        yield Finding("cache", f"{damaged} entries are damaged: hloc cache verify --repair removes them", "note")


def _trial(cache: Cache) -> str | None:
    """Write an entry and read it; gives what is wrong where no warning has said it."""
    key, entry = os.urandom(32).hex(), Entry({"doctor": "was here"})
    stored = cache.store(key, entry)
    read = cache.load(key)
    remove(cache.path(key))
    return "an entry that was written cannot be read" if stored and read != entry else None


def _environment() -> Iterator[Finding]:
    """Variables that change what hloc does, and others of that name that it does not know."""
    for name, value in sorted(os.environ.items()):
        if name == "HLOC_CACHE" and value.strip().lower() not in _SWITCH:
            yield Finding("environment", f"{name}={value} is taken for on; write off to switch the cache off", "note")
        elif name.startswith("HLOC_") and name not in _KNOWN:
            yield Finding("environment", f"{name}={value} means nothing; known are {', '.join(_KNOWN)}", "note")
        elif name in _KNOWN or name in _OTHERS or name.startswith(fingerprint.VARIABLES):
            yield Finding("environment", f"{name}={value}")
