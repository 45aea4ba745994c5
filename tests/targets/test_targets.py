"""Programs are compiled for devices that are not here, and what is said about them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest

import hloc
from hloc.cli import main
from hloc.runtime import BuildOptions, DeviceError, XlaCompileError, absent, plugins, targets
from hloc.runtime.gpus import GPUS

Needs = Callable[[str], None]


def layer(w, b, x):
    return np.maximum(x @ w + b, 0)


LAYER = ("f32[128,256]", "f32[256]", "f32[64,128]")
ON = ("cuda:h200", "tpu:v5e")


def test_every_name_is_known() -> None:
    for name in targets.names():
        assert str(targets.target(name)) == name
    assert str(targets.target(" CUDA:H200 ")) == "cuda:h200"


@pytest.mark.parametrize("name", ["cuda", "cuda:", "tpu:v99", "gpu:h200", "", "cpu:zen", "h200"])
def test_unknown_names_are_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(DeviceError, match=r"unknown target .*hloc knows cpu, cuda:b200.*tpu:v5e"):
        hloc.compile(layer).lower(*LAYER).compile(target=name)


def test_a_near_name_is_proposed() -> None:
    with pytest.raises(DeviceError, match=re.escape("unknown target 'cuda:h20' (near: cuda:h200);")):
        targets.target("cuda:h20")


@pytest.mark.parametrize("target", ON)
def test_a_missing_plugin_names_what_to_install(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_folders", lambda package: [])
    with pytest.raises(DeviceError, match=r"needs its plugin, which is not installed: pip install 'hloc\["):
        hloc.compile(layer).lower(*LAYER).compile(target=target)


@pytest.mark.parametrize("target", ON)
def test_programs_are_written_for_the_platform(target: str) -> None:
    """No plugin is needed for that. On the CPU a factorisation is a call of LAPACK."""

    def solve(a, b):
        return np.linalg.cholesky(a), np.linalg.solve(a, b)

    lowered = hloc.compile(solve).lower("f64[4,4]", "f64[4]")
    assert "lapack_" in lowered.stablehlo
    assert "custom_call" not in lowered.for_target(target).stablehlo
    assert lowered.for_target("cpu").stablehlo == lowered.stablehlo


@pytest.mark.parametrize("target", ON)
def test_no_option_of_the_cpu_reaches_another_platform(target: str) -> None:
    def loop(x, n):
        for i in range(1, n):
            x[i] += x[i - 1]
        return x

    emitted = hloc.compile(loop).lower("f64[100]", "i64").for_target(target)._emitted
    assert emitted.build_options == BuildOptions()


@pytest.mark.parametrize("target", [name for name in targets.names() if name != "cpu"])
def test_a_layer_for_each_device(target: str, needs: Needs) -> None:
    needs(target)
    compiled = hloc.compile(layer).lower(*LAYER).compile(target=target)
    cost, memory = compiled.cost, compiled.memory
    assert compiled.optimized_hlo.startswith("HloModule main")
    assert cost["flops"] == pytest.approx(2 * 64 * 128 * 256, rel=0.1)
    assert cost["bytes accessed"] >= 4 * (128 * 256 + 256 + 64 * 128 + 64 * 256)
    assert 1e-8 < cost["optimal_seconds"] < 1e-4
    assert memory.arguments >= 4 * (128 * 256 + 256 + 64 * 128)
    assert memory.outputs >= 4 * 64 * 256
    assert memory.peak >= memory.arguments + memory.outputs


def test_a_bias_and_an_activation_cost_no_kernel_of_their_own(needs: Needs) -> None:
    needs("cuda:h200")
    hlo = (
        hloc.compile(layer).lower("f32[512,512]", "f32[512]", "f32[512,512]").compile(target="cuda:a100").optimized_hlo
    )
    entry = hlo[hlo.index("\nENTRY") :]
    assert len(re.findall(r"= \S+ (?:fusion|custom-call)\(", entry)) <= 2


def test_matrices_are_multiplied_as_exactly_as_numpy_unless_asked_otherwise(needs: Needs) -> None:
    """Without it a TPU multiplies numbers of 8 bits of mantissa, an H200 of 10."""
    lowered = hloc.compile(layer).lower(*LAYER).for_target("cuda:h200")
    assert "precision = [HIGHEST, HIGHEST]" in lowered.stablehlo
    quick = hloc.compile(layer, precision="default").lower(*LAYER).for_target("cuda:h200")
    assert "HIGHEST" not in quick.stablehlo


@pytest.mark.parametrize("target", ON)
def test_two_targets_in_one_process_after_the_cpu(target: str, needs: Needs) -> None:
    for name in ON:
        needs(name)
    compiled = hloc.compile(layer)
    w, b, x = (np.ones(shape, np.float32) for shape in ((4, 5), (5,), (3, 4)))
    np.testing.assert_array_equal(compiled(w, b, x), layer(w, b, x))
    lowered = compiled.lower(w, b, x)
    texts = {name: lowered.compile(target=name).optimized_hlo for name in (*ON, *reversed(ON), "cpu")}
    assert len(set(texts.values())) == 3
    np.testing.assert_array_equal(compiled(w, b, x), layer(w, b, x))


@pytest.mark.parametrize("target", ON)
def test_nothing_is_written_to_the_standard_streams(target: str, needs: Needs, tmp_path: Path) -> None:
    needs(target)
    program = tmp_path / "quiet.py"
    program.write_text(f"import hloc\nhloc.compile(lambda x: x + 1).lower('f32[8]').compile(target={target!r}).cost\n")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stack_of_recursion_is_not_copied_on_a_gpu(needs: Needs) -> None:
    from hloc.emit.lint import find_copies

    needs("cuda:h200")

    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    hlo = hloc.compile(fib).lower("i64").compile(target="cuda:h200").optimized_hlo
    assert " while(" in hlo
    assert find_copies(hlo) == []


def test_calls_of_libraries_are_counted(needs: Needs) -> None:
    """XLA has -1 operations for a call of cuBLAS, which is what a T4 gets."""
    needs("cuda:t4")
    compiled = hloc.compile(layer).lower(*LAYER).compile(target="cuda:t4")
    assert "custom-call(" in compiled.optimized_hlo
    assert compiled.cost["flops"] >= 2 * 64 * 128 * 256


@pytest.mark.parametrize("target", ON)
def test_code_can_be_carried(target: str, needs: Needs) -> None:
    needs(target)
    lowered = hloc.compile(layer).lower(*LAYER).for_target(target)
    made = targets.compile_for(targets.target(target), lowered._emitted.bytecode)
    assert len(made.serialize()) > 1000
    assert made.signature.inputs == (((128, 256), "float32"), ((256,), "float32"), ((64, 128), "float32"))
    assert made.signature.outputs == (((64, 256), "float32"),)


def test_an_artifact_is_compiled_too(needs: Needs) -> None:
    needs("cuda:h200")
    from jaxlib.mlir.dialects import stablehlo

    text = hloc.compile(layer).lower(*LAYER).for_target("cuda:h200").stablehlo
    portable = stablehlo.serialize_portable_artifact_str(text, stablehlo.get_minimum_version())
    made = targets.compile_for(targets.target("cuda:h200"), portable)
    assert made.signature.outputs == (((64, 256), "float32"),)


def test_what_xla_refuses_is_quoted(needs: Needs) -> None:
    needs("cuda:h200")
    unknown = """module { func.func public @main(%x: tensor<f32>) -> tensor<f32> {
      %y = stablehlo.custom_call @nobody_knows(%x) {api_version = 4 : i32, backend_config = {}} : (tensor<f32>) -> tensor<f32>
      return %y : tensor<f32> } }"""
    with pytest.raises(XlaCompileError, match="nobody_knows"):
        targets.compile_for(targets.target("cuda:h200"), unknown)


def test_an_option_that_xla_does_not_have_is_named(needs: Needs) -> None:
    needs("cuda:h200")
    lowered = hloc.compile(layer, options={"xla_gpu_nothing": True}).lower(*LAYER)
    with pytest.raises(ValueError, match="has no option xla_gpu_nothing"):
        lowered.compile(target="cuda:h200")


def test_a_description_that_xla_does_not_take_is_an_error(needs: Needs, capfd: pytest.CaptureFixture[str]) -> None:
    needs("cuda:h200")
    from hloc.runtime import xla

    plugin = plugins.choose("cuda", xla.jaxlib_version())
    with pytest.raises(DeviceError, match=r"jax-cuda1[23]-pjrt [\d.]+ does not know this device"):
        absent.absent_device(plugin, "", "gpu_device_info { wheels: 4 }")


def test_estimates_of_a_gpu() -> None:
    """The published peaks, in 1e12 operations a second."""
    for name, bits, peak in [
        ("h200", 64, 33.5),
        ("h200", 32, 67),
        ("h200", 16, 989),
        ("a100", 32, 19.5),
        ("l4", 16, 121),
    ]:
        assert GPUS[name].flops(bits) / 1e12 == pytest.approx(peak, rel=0.03)


@pytest.mark.parametrize("target", ON)
@pytest.mark.parametrize("chosen", ["deterministic", "fast_math", "strict"])
def test_what_a_user_may_choose(target: str, chosen: str, needs: Needs) -> None:
    needs(target)
    compiled = hloc.compile(layer, **{chosen: True}).lower(*LAYER).compile(target=target)
    assert compiled.cost["flops"] >= 2 * 64 * 128 * 256


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("prog.py").write_text("def twice(x: 'f32[1000]'):\n    return x * 2\n")
    return "prog.py:twice"


def call(*words: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(main, words)


def test_the_command_line_reports_on_each_target(file: str, needs: Needs) -> None:
    for name in ON:
        needs(name)
    result = call("compile", file, "--target", "cuda:h200", "--target", "tpu:v5e")
    assert result.exit_code == 0, result.output
    heads = re.findall(r"^twice on (\S+)$", result.output, re.MULTILINE)
    assert heads == ["cuda:h200", "tpu:v5e"]
    assert re.search(r"cost: flops 1,000, bytes accessed 8,\d\d\d, optimal_seconds \d\.\d+e-\d\d", result.output)


@pytest.mark.parametrize(("type", "told"), [("f64[10]", True), ("c128", True), ("f32[10]", False)])
def test_the_command_line_says_what_float64_is_on_a_tpu(file: str, needs: Needs, type: str, told: bool) -> None:
    needs("tpu:v5e")
    assert ("float64: computed by pairs" in call("compile", file, "--args", type, "--target", "tpu:v5e").output) == told
    assert "float64" not in call("compile", file, "--args", type, "--target", "cpu").output


def test_the_command_line_writes_files_for_each_target(file: str, needs: Needs) -> None:
    needs("cuda:h200")
    result = call("compile", file, "--target", "cuda:h200", "--target", "cpu", "--emit", "hlo", "-o", "out")
    assert result.output.splitlines() == ["out/twice.cuda-h200.hlo", "out/twice.cpu.hlo"]
    assert "HloModule main" in Path("out/twice.cuda-h200.hlo").read_text()


def test_the_command_line_refuses_unknown_targets(file: str) -> None:
    result = call("compile", file, "--target", "cuda:h20")
    assert result.exit_code == 2
    assert "unknown target 'cuda:h20' (near: cuda:h200)" in result.output


def test_the_command_line_says_what_to_install(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_folders", lambda package: [])
    result = call("compile", file, "--target", "tpu:v5e")
    assert result.exit_code == 1
    assert "pip install 'hloc[tpu]'" in result.output
