"""What decides whether machine code can be used again."""

import os
from pathlib import Path

import pytest

from hloc.runtime import fingerprint, plugins, xla
from tests.runtime.programs import run_python

PRINT = "from hloc.runtime import xla, fingerprint; print(fingerprint.environment(xla.backend()))"


def key(**environment: str) -> str:
    return run_python(PRINT, **environment)


def test_two_processes_agree_wherever_they_run(tmp_path: Path) -> None:
    away = f"import os; os.chdir({str(tmp_path)!r}); "
    elsewhere = run_python(away + PRINT, HOME=str(tmp_path), TMPDIR=str(tmp_path), TF_CPP_MIN_LOG_LEVEL="3")
    assert elsewhere == key() == key(HLOC_CACHE_DIR="/elsewhere", PYTHONHASHSEED="7", TRITON_CACHE_DIR="/elsewhere")


@pytest.mark.parametrize("name", ["XLA_FLAGS", "NPROC", "PJRT_NPROC", "HLOC_CPU_DEVICES"])
def test_variables_that_change_the_code_make_a_difference(name: str) -> None:
    value = "--xla_cpu_enable_fast_math=true" if name == "XLA_FLAGS" else "3"
    assert key(**{name: value}) != key()


def test_a_file_of_flags_counts_by_its_contents(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("--xla_cpu_enable_fast_math=true")
    second.write_text("--xla_cpu_enable_fast_math=true")
    assert key(XLA_FLAGS=str(first)) == key(XLA_FLAGS=str(second)) != key()
    second.write_text("--xla_cpu_enable_fast_math=false")
    assert key(XLA_FLAGS=str(first)) != key(XLA_FLAGS=str(second))


def test_flags_count_as_xla_has_read_them() -> None:
    flags = ["--xla_cpu_enable_fast_math=true", "--xla_llvm_disable_expensive_passes=true"]
    both = key(XLA_FLAGS=" ".join(flags))
    assert both == key(XLA_FLAGS="  ".join(reversed(flags))) != key(XLA_FLAGS=flags[0])
    late = f"from hloc.runtime import xla; xla.backend(); import os; os.environ.update(XLA_FLAGS='{flags[0]}', NPROC='7')\n"
    assert run_python(late + PRINT) == key(), "XLA reads neither again"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no affinity")
@pytest.mark.skipif(os.cpu_count() == 1, reason="there is one core only")
def test_the_cores_that_a_process_may_use_count() -> None:
    one = run_python(f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}}); {PRINT}")
    assert one != key()


@pytest.fixture(autouse=True)
def forgotten() -> None:
    fingerprint.environment.cache_clear()


def cpuinfo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> str:
    """The fingerprint on a machine whose /proc/cpuinfo holds this."""
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(fingerprint, "CPUINFO", str(tmp_path / "cpuinfo"))
    fingerprint.environment.cache_clear()
    return fingerprint.environment(xla.backend())


INTEL = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Intel(R) Xeon(R)
cpu MHz\t\t: 2000.1
flags\t\t: fpu avx2
bogomips\t: 4000

processor\t: 1
flags\t\t: other
"""


def test_the_processor_and_its_features_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = cpuinfo(monkeypatch, tmp_path, INTEL)
    for change in (("avx2", "avx512f"), ("85", "86"), ("GenuineIntel", "AuthenticAMD")):
        assert cpuinfo(monkeypatch, tmp_path, INTEL.replace(*change)) != known
    for change in (("2000.1", "3000"), ("4000", "5000"), ("other", "another"), ("processor\t: 0", "processor\t: 4")):
        assert cpuinfo(monkeypatch, tmp_path, INTEL.replace(*change)) == known


def test_an_arm_processor_is_told_by_its_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"
    known = cpuinfo(monkeypatch, tmp_path, text)
    for change in (("asimd", "asimd sve"), ("0x41", "0x42"), ("0xd0c", "0xd40")):
        assert cpuinfo(monkeypatch, tmp_path, text.replace(*change)) != known


def test_where_the_processor_is_not_known_the_host_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = cpuinfo(monkeypatch, tmp_path, "processor: 0\n")
    name = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((name.sysname, "another host", *name[2:])))
    assert cpuinfo(monkeypatch, tmp_path, "processor: 0\n") != here


def test_jaxlibs_of_one_version_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = xla.backend()
    before = fingerprint.environment(backend)
    monkeypatch.setattr(xla, "jaxlib_build", lambda: f"{xla.jaxlib_version()} another revision")
    fingerprint.environment.cache_clear()
    assert fingerprint.environment(backend) != before
    monkeypatch.undo()
    assert xla.jaxlib_build().startswith(f"{xla.jaxlib_version()} ")


def test_plugins_count_on_their_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = tmp_path / "plugin.so"
    library.write_bytes(b"1")

    def with_version(version: str) -> list[str]:
        plugin = plugins.Plugin("cuda", "jax-cuda13-pjrt", "cuda13", library, version)
        monkeypatch.setattr(plugins, "installed", lambda platform: [plugin] if platform == "cuda" else [])
        return list(fingerprint._libraries("cuda"))

    first = with_version("0.12.0")
    assert first != with_version("0.12.1")
    library.write_bytes(b"22")
    assert first != with_version("0.12.0")
    assert str(tmp_path) not in "".join(first)
    assert list(fingerprint._libraries("cpu")) == first[:-1]


def test_what_plugins_read_counts_on_their_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRITON_F32_DEFAULT", "LIBTPU_INIT_ARGS", "TF_CLI_CONFIG_FILE", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, "1")
    assert "TRITON_F32_DEFAULT=1" in fingerprint.settings("cuda")
    assert "LIBTPU_INIT_ARGS=1" in fingerprint.settings("tpu")
    for platform_name in ("cpu", "cuda", "tpu"):
        assert not [text for text in fingerprint.settings(platform_name) if text.startswith(("TF_CLI", "TF_CPP"))]
    assert not [text for text in fingerprint.settings("cpu") if text.startswith(("TRITON", "LIBTPU"))]
