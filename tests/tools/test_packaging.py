"""The folders compiler/ and runtime/ are the package hloc: what is on disk is what gets installed."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def packages_on_disk() -> set[str]:
    folders = {"compiler": "hloc", "runtime": "hloc.runtime"}
    return {
        ".".join([package, *path.parent.relative_to(ROOT / folder).parts])
        for folder, package in folders.items()
        for path in (ROOT / folder).rglob("__init__.py")
    }


def test_every_folder_with_modules_is_a_package() -> None:
    modules = [path for folder in ("compiler", "runtime") for path in (ROOT / folder).rglob("*.py")]
    assert [str(path) for path in modules if not (path.parent / "__init__.py").exists()] == []


def test_every_package_is_installed() -> None:
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages_on_disk()


def test_import_contracts_know_every_layer() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    named = {name.strip("() ") for row in layers for name in row.split("|")}
    top = {package for package in packages_on_disk() if package.count(".") == 1}
    assert top - named == {"hloc.library", "hloc.runtime"}  # these have contracts of their own
