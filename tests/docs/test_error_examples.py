"""The programs in docs/errors.md: the first of each section is refused with that class, the second works."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import hloc

PAGE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
EXAMPLES = {
    name: re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for name, text in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
WITH_EXAMPLES = sorted(EXAMPLES.keys() - {"InternalError", "CompileError"})


def run(code: str, folder: Path) -> None:
    path = folder / "example.py"
    path.write_text(code, encoding="utf-8")
    runpy.run_path(str(path))


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_failing_program_is_refused_and_the_repaired_one_works(name: str, tmp_path: Path) -> None:
    failing, repaired = EXAMPLES[name]
    with pytest.raises(hloc.CompileError) as caught:
        run(failing, tmp_path)
    assert caught.typename == name
    assert caught.value.report.span is not None
    assert caught.value.report.help
    run(repaired, tmp_path)
