"""Calls where there are several devices. Each test runs in a process of its own, in which the CPU shows itself as four."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.runtime.programs import run_python

PRELUDE = """
import threading
import numpy as np
import hloc

X = np.arange(6.0)

def scaled(x, y):
    return x * 2 + y

def step(u):
    u[1:-1] += 1

def address(x):
    return x._raw.unsafe_buffer_pointer()

def expect(error, text, call, *args):
    try:
        call(*args)
    except error as found:
        assert text in str(found), found
    else:
        raise AssertionError("nothing was raised")
"""


def run(program: str, folder: Path, **env: str) -> None:
    path = folder / "program.py"
    path.write_text(PRELUDE + textwrap.dedent(program) + "\nprint('done')\n", encoding="utf-8")
    assert run_python(f"import runpy; runpy.run_path({str(path)!r})", HLOC_CPU_DEVICES="4", **env) == "done"


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLOC_CACHE", "off")


def test_a_call_runs_where_its_arrays_are(tmp_path: Path) -> None:
    run(
        """
        compiled = hloc.compile(scaled)
        assert str(compiled(X, 1.0).device) == "cpu:0"
        for name in ("cpu:1", "cpu:3", "cpu:0", "cpu:1"):
            there = hloc.array(X, device=name)
            for arguments in ((there, 1.0), (there, X), (X, there)):
                result = compiled(*arguments)
                assert str(result.device) == name
                np.testing.assert_array_equal(result, scaled(*map(np.asarray, arguments)))
        assert len(compiled._programs) == 6
        nested = hloc.compile(lambda state: state["a"][0] + 1)
        assert str(nested({"a": [hloc.array(X, device="cpu:2")]}).device) == "cpu:2"
        """,
        tmp_path,
    )


def test_arrays_of_several_devices_are_refused_by_name(tmp_path: Path) -> None:
    run(
        """
        a, b = hloc.array(X, device="cpu:1"), hloc.array(X, device="cpu:2")
        compiled = hloc.compile(scaled)
        text = "the arguments of scaled() are on several devices: x on cpu:1, y on cpu:2; bring them to one with x.to("
        for _ in range(2):
            expect(hloc.DeviceError, text, compiled, a, b)
        np.testing.assert_array_equal(compiled(a, b.to("cpu:1")), 3 * X)
        nested = hloc.compile(lambda s: s["a"] + s["l"][0])
        expect(hloc.DeviceError, "s['a'] on cpu:1, s['l'][0] on cpu:2", nested, {"a": a, "l": [b]})
        """,
        tmp_path,
    )


def test_device_of_compile(tmp_path: Path) -> None:
    run(
        """
        for chosen in ("cpu:3", hloc.Device("cpu", 3)):
            compiled = hloc.compile(scaled, device=chosen)
            a, b = hloc.array(X, device="cpu:1"), hloc.array(X, device="cpu:2")
            for arguments in ((X, 1.0), (a, b), (a, 1.0)):
                assert str(compiled(*arguments).device) == "cpu:3"
                np.testing.assert_array_equal(compiled(*arguments), scaled(*map(np.asarray, arguments)))
        u = hloc.array(X, device="cpu:1")
        hloc.compile(step, device="cpu:2")(u)
        assert (str(u.device), u.tolist()) == ("cpu:1", [0, 2, 3, 4, 5, 5])
        expect(hloc.DeviceError, "unknown platform 'gpu'", lambda: hloc.compile(scaled, device="gpu"))
        expect(hloc.DeviceError, "there is no number 7", hloc.compile(scaled, device="cpu:7"), X, 1.0)
        """,
        tmp_path,
    )


def test_the_default_device(tmp_path: Path) -> None:
    run(
        """
        compiled = hloc.compile(scaled)
        def where():
            return str(compiled(X, 1.0).device)
        assert where() == "cpu:0"
        with hloc.default_device("cpu:2") as device:
            assert (str(device), where(), str(hloc.array(1).device)) == ("cpu:2", "cpu:2", "cpu:2")
            assert str(compiled(hloc.array(X, device="cpu:1"), 1.0).device) == "cpu:1"
            found = []
            thread = threading.Thread(target=lambda: found.append(where()))
            thread.start()
            thread.join()
            assert found == ["cpu:0"]
            with hloc.default_device("cpu:3"):
                assert where() == "cpu:3"
            assert where() == "cpu:2"
        assert where() == "cpu:0"
        hloc.default_device.set("cpu:1")
        assert (where(), str(hloc.default_device.current())) == ("cpu:1", "cpu:1")
        assert str(hloc.device_put({"a": X})["a"].device) == "cpu:1"
        hloc.default_device.set(None)
        assert where() == "cpu:0"
        expect(hloc.DeviceError, "there is no number 9", lambda: hloc.default_device("cpu:9").__enter__())
        expect(hloc.DeviceError, "there is no number 9", lambda: hloc.default_device.set("cpu:9"))
        assert where() == "cpu:0"
        """,
        tmp_path,
    )


def test_writing_and_donating_there(tmp_path: Path) -> None:
    run(
        """
        compiled, donating = hloc.compile(step), hloc.compile(scaled, donate="x")
        for name in ("cpu:0", "cpu:1", "cpu:2"):
            u = hloc.array(X, device=name)
            before = address(u)
            compiled(u)
            assert (address(u), str(u.device), u.tolist()) == (before, name, [0, 2, 3, 4, 5, 5])
            result = donating(u, 1.0)
            assert (address(result), str(result.device), u.is_deleted()) == (before, name, True)
            x = X.copy()
            with hloc.default_device(name):
                compiled(x)
            assert x.tolist() == [0, 2, 3, 4, 5, 5]
        """,
        tmp_path,
    )


def test_moving_between_devices(tmp_path: Path) -> None:
    run(
        """
        assert [str(d) for d in hloc.devices()] == ["cpu:0", "cpu:1", "cpu:2", "cpu:3"]
        assert hloc.devices("cpu")[2].kind == "cpu"
        a = hloc.array(X)
        b = a.to("cpu:1")
        assert (b.devices(), address(a) == address(b), b.to(b.device) is b) == ({hloc.Device("cpu", 1)}, False, True)
        hloc.compile(step)(b)
        assert (a.tolist(), b.tolist()) == (X.tolist(), [0, 2, 3, 4, 5, 5])
        put = hloc.device_put([a, b], hloc.Device("cpu", 1))
        assert put[1] is b
        assert str(put[0].device) == "cpu:1"
        assert str(hloc.array(b).device) == "cpu:1"
        """,
        tmp_path,
    )


def test_derivatives_and_pullbacks_there(tmp_path: Path) -> None:
    run(
        """
        a = hloc.array(X, device="cpu:1")
        slope = hloc.compile(hloc.grad(lambda w: (w * w).sum()))
        assert (str(slope(a).device), str(slope(X).device)) == ("cpu:1", "cpu:0")
        for x, name in ((a, "cpu:1"), (X, "cpu:0"), (hloc.array(X, device="cpu:2"), "cpu:2")):
            value, pullback = hloc.vjp(lambda w: w * w, x)
            (found,) = pullback(np.ones(6))
            assert (str(value.device), str(found.device)) == (name, name)
            np.testing.assert_array_equal(found, 2 * X)
        """,
        tmp_path,
    )


def test_programs_from_the_cache_run_on_their_device(tmp_path: Path) -> None:
    program = """
        compiled = hloc.compile(scaled)
        for name in ("cpu:0", "cpu:2", "cpu:1"):
            result = compiled(hloc.array(X, device=name), 1.0)
            assert (str(result.device), result.tolist()) == (name, (2 * X + 1).tolist())
        """
    for _ in range(2):
        run(program, tmp_path, HLOC_CACHE_DIR=str(tmp_path / "cache"), HLOC_CACHE="on")


def test_many_threads_on_many_devices(tmp_path: Path) -> None:
    run(
        """
        compiled = hloc.compile(scaled)
        wrong = []
        def work(name):
            for k in range(50):
                with hloc.default_device(name):
                    result = compiled(X + k, 1.0)
                if str(result.device) != name or result.tolist() != (2 * (X + k) + 1).tolist():
                    wrong.append((name, k, result))
        threads = [threading.Thread(target=work, args=(f"cpu:{j % 4}",)) for j in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert not wrong
        """,
        tmp_path,
    )


def test_xla_flags_may_say_how_many(tmp_path: Path) -> None:
    flags = "--xla_force_host_platform_device_count=2"
    program = "import hloc; print(len(hloc.devices()))"
    assert run_python(program, XLA_FLAGS=flags) == "2"
    assert run_python(program) == "1"
    text = "try: hloc.devices()\nexcept hloc.DeviceError as error: print(error)"
    found = run_python(f"import hloc\n{text}", HLOC_CPU_DEVICES="none")
    assert found == "HLOC_CPU_DEVICES must be a number of devices from 1 up, found 'none'"


def test_the_platform_in_the_environment(tmp_path: Path) -> None:
    text = "try: hloc.devices()\nexcept hloc.DeviceError as error: print(error)"
    assert run_python(f"import hloc\n{text}", HLOC_PLATFORM="abacus").startswith("unknown platform 'abacus'")
    assert run_python("import hloc; print(hloc.default_device.current())", HLOC_PLATFORM="cpu") == "cpu:0"
