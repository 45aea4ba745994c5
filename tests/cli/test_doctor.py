"""`hloc doctor`: what it finds, where something is broken, and never a traceback."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest

from hloc.cli import doctor, selftest
from hloc.cli.doctor import Finding, findings
from hloc.runtime import Cache, Entry, plugins, xla

Call = Callable[..., click.testing.Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, and no self-test unless a test wants it."""
    monkeypatch.setenv("HLOC_CACHE_DIR", str(tmp_path / "c"))
    for name in ("HLOC_CACHE", "HLOC_CACHE_BYTES", "HLOC_PLATFORM", "HLOC_CPU_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "c"


@pytest.fixture
def no_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_tested", lambda platform, needed: iter(()))


def told(topic: str) -> list[Finding]:
    return [finding for finding in findings() if finding.topic == topic]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


def test_a_machine_in_order(folder: Path) -> None:
    done = run("-c", "from hloc.cli import main; main(['doctor'])")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert {state for state, *_ in lines} <= {"ok", "note"}
    by_topic = {topic: text for _, topic, text in lines}
    assert by_topic["numpy"] == np.__version__
    assert by_topic["jaxlib"].split()[0] == xla.jaxlib_version()
    assert by_topic["cpu:0"].startswith("cpu: the self-test is right, compiled and run in ")
    assert by_topic["cache"].startswith(f"{folder}, 0 bytes of 1.07 GB in 0 files")
    assert by_topic["environment"]
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("package", "message"),
    [
        (
            {"__init__.py": "raise ImportError('nothing here')"},
            "hloc needs jaxlib, which cannot be imported: nothing here",
        ),
        ({"__init__.py": "", "version.py": "__version__ = '0.4.38'"}, "jaxlib 0.4.38 is installed; hloc uses"),
        ({"__init__.py": "", "version.py": "__version__ = '0.99.0'"}, "jaxlib 0.99.0 is installed; hloc uses"),
        ({"__init__.py": "raise RuntimeError('broken')"}, "this check failed: RuntimeError: broken"),
        ({"__init__.py": "", "version.py": "__version__ = '0.11.9'"}, "0.11.9 (in the range that hloc takes"),
    ],
    ids=["missing", "too old", "too new", "broken", "not tested"],
)
def test_a_jaxlib_that_cannot_be_used(tmp_path: Path, package: dict[str, str], message: str) -> None:
    (tmp_path / "jaxlib").mkdir()
    for name, text in package.items():
        (tmp_path / "jaxlib" / name).write_text(text)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from hloc.cli import main; main(['doctor', '--json'])"
    done = run("-c", code, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    found = json.loads(done.stdout)
    assert any(f["topic"] == "jaxlib" and f["text"].startswith(message) for f in found)
    assert any(f["topic"].startswith(("cpu", "devices")) and f["state"] == "broken" for f in found)
    assert [f["state"] for f in found if f["topic"] == "cache"] == ["ok"]


def test_a_python_that_is_not_supported(no_devices: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_PYTHONS", ((3, 7), (3, 8)))
    (finding,) = told("python")
    assert (finding.state, finding.text.endswith("; hloc needs CPython 3.7 to 3.8")) == ("broken", True)


def test_a_package_that_is_missing(no_devices: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_PACKAGES", ("numpy", "no-such-package"))
    assert told("no-such-package") == [
        Finding("no-such-package", "not installed: pip install no-such-package", "broken"),
    ]


def test_a_check_that_fails_is_a_finding(no_devices: None, monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    def fail(*args: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(plugins, "has_tpu", fail)
    assert told("plugins") == [Finding("plugins", "this check failed: RecursionError: too deep", "broken")]
    assert call("doctor").exit_code == 1


def test_plugins_are_named_with_their_versions(
    no_devices: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = plugins.Plugin("cuda", "jax-cuda13-pjrt", "cuda13", tmp_path / "good.so", xla.jaxlib_version())
    bad = plugins.Plugin("cuda", "jax-cuda13-pjrt", "cuda13", tmp_path / "bad.so", "0.5.0")
    for plugin, state in ((good, ["ok"]), (bad, ["ok", "note"])):
        monkeypatch.setattr(plugins, "installed", lambda platform: [plugin] if platform == "cuda" else [])
        found = told("cuda")
        assert [finding.state for finding in found] == state
        assert found[0].text == f"{plugin}, {plugin.path}"
    assert "does not go with jaxlib" in found[1].text


@pytest.mark.parametrize("here", [True, False])
def test_a_device_without_its_plugin(
    no_devices: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: bool
) -> None:
    driver = tmp_path / "version"
    if here:
        driver.touch()
    monkeypatch.setattr(doctor, "_NVIDIA_DRIVER", driver)
    monkeypatch.setattr(plugins, "installed", lambda platform: [])
    (finding,) = told("cuda")
    assert (finding.state, "seems to be here" in finding.text) == (("note", True) if here else ("ok", False))
    assert "pip install 'hloc[cuda13]'" in finding.text


def test_each_device_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CPU_DEVICES", "2")
    assert [finding.state for topic in ("cpu:0", "cpu:1") for finding in told(topic)] == ["ok", "ok"]


@pytest.mark.parametrize(("platform", "message"), [("cuda", "needs its plugin"), ("quark", "unknown platform 'quark'")])
def test_a_platform_that_is_asked_for_must_work(
    monkeypatch: pytest.MonkeyPatch, call: Call, platform: str, message: str
) -> None:
    if platform == "cuda" and plugins.installed("cuda"):
        pytest.skip("the plugin is installed")
    monkeypatch.setenv("HLOC_PLATFORM", platform)
    result = call("doctor")
    assert result.exit_code == 1
    assert f"ok     {'cpu:0':12} cpu: the self-test is right" in result.output
    assert message in result.output


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import os; os.abort()", "the self-test ended with -6: it says nothing"),
        ("import sys; sys.exit('no library')", "the self-test ended with 1: no library"),
        ('print(\'{"device": "cpu:0", "kind": "cpu", "error": "wrong"}\')', "cpu: the self-test failed: wrong"),
        ("print('half a li')", "this check failed: JSONDecodeError"),
        ("pass", "the self-test ended with 0: it says nothing"),
        ("import time; time.sleep(60)", "has not come back for 1 seconds"),
    ],
    ids=["aborts", "exits", "is wrong", "rubbish", "silent", "hangs"],
)
def test_a_self_test_that_ends_badly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, message: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable} -S\n{script}\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(doctor, "_PATIENCE", 1.0 if "sleep" in script else 60.0)
    broken = [finding for finding in findings() if finding.state == "broken"]
    assert any(message in finding.text for finding in broken), broken


def test_the_self_test_notices_wrong_results(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(selftest, "compile", lambda function, device: lambda x, steps: function(x, steps) * 1.1)
    selftest.main("cpu")
    report = json.loads(capsys.readouterr().out)
    assert (report["device"], report["error"].partition(":")[0]) == ("cpu:0", "wrong result")


def test_the_self_test_reports_what_is_raised(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def fail(function: object, device: str) -> None:
        raise ValueError("no")

    monkeypatch.setattr(selftest, "compile", fail)
    selftest.main("cpu")
    assert json.loads(capsys.readouterr().out)["error"] == "ValueError: no"
    selftest.main("quark")
    report = json.loads(capsys.readouterr().out)
    assert (report["unusable"], report["error"].startswith("unknown platform 'quark'")) == (True, True)


def test_a_cache_that_is_off(no_devices: None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE", "off")
    (finding,) = told("cache")
    assert (finding.state, finding.text.endswith("(switched off by HLOC_CACHE)")) == ("note", True)
    assert not folder.exists()


def test_a_cache_that_others_may_write_to(no_devices: None, folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    assert [(f.state, "others may write to it" in f.text) for f in told("cache")] == [("ok", False), ("broken", True)]


def test_a_cache_that_cannot_be_written(no_devices: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HLOC_CACHE_DIR", str(tmp_path / "file" / "c"))
    assert "broken" in [finding.state for finding in told("cache")]


def test_a_limit_that_is_no_size(no_devices: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE_BYTES", "much")
    assert [(f.state, "HLOC_CACHE_BYTES" in f.text) for f in told("cache")] == [("broken", True), ("ok", False)]


def test_entries_that_are_damaged(no_devices: None, folder: Path) -> None:
    Cache(folder).store("1", Entry())
    (folder / "2.program").write_bytes(b"rubbish")
    assert [f.state for f in told("cache")] == ["ok", "note"]
    assert sorted(path.name for path in folder.iterdir()) == ["1.program", "2.program"]  # the trial is gone


def test_all_variables_of_ours_are_known() -> None:
    import hloc.runtime

    folders = [Path(doctor.__file__).parents[1], Path(hloc.runtime.__file__).parent]
    texts = [path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")]
    assert {name for text in texts for name in re.findall(r"\"(HLOC_[A-Z_]+)\"", text)} <= set(doctor._KNOWN)


def test_variables(no_devices: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE_SIZE", "3")
    monkeypatch.setenv("NPROC", "2")
    monkeypatch.setenv("HLOC_CACHE", "of")
    found = {finding.text.partition("=")[0]: finding for finding in told("environment")}
    assert found["NPROC"] == Finding("environment", "NPROC=2")
    assert found["HLOC_CACHE_DIR"].state == "ok"
    assert found["HLOC_CACHE"].text == "HLOC_CACHE=of is taken for on; write off to switch the cache off"
    assert found["HLOC_CACHE_SIZE"].state == "note"
    assert "means nothing; known are HLOC_CACHE, " in found["HLOC_CACHE_SIZE"].text
