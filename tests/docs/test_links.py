"""The Markdown pages: links lead somewhere, every error class has its section."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hloc.diagnostics import errors

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("**/*.md"))]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    broken = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_error_class_has_a_section() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    classes = {n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, errors.CompileError)}
    assert set(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == classes
