"""Compiling and running StableHLO: arguments, results, reports, errors, threads."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hloc.runtime import (
    ArgumentError,
    BuildOptions,
    Executable,
    ExecutionError,
    XlaCompileError,
    compile_stablehlo,
)
from tests.runtime.programs import ADD_SINE, CHOLESKY, double, identity, run_python

# fmt: off
TYPES = {
    "i1": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
    "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64,
    "f16": np.float16, "f32": np.float32, "f64": np.float64,
    "complex<f32>": np.complex64, "complex<f64>": np.complex128,
}
# fmt: on


def results(executable: Executable, *arguments: object) -> list[np.ndarray]:
    return [np.asarray(x) for x in executable.execute(list(arguments))]


def test_runs_text_and_bytes() -> None:
    a = np.linspace(0.0, 1.0, 16)
    for program in (ADD_SINE, ADD_SINE.encode()):
        np.testing.assert_allclose(results(compile_stablehlo(program), a, 2 * a)[0], np.sin(3 * a), rtol=1e-14)


@pytest.mark.parametrize("name", TYPES)
def test_every_element_type_survives_the_round_trip(name: str) -> None:
    dtype = np.dtype(TYPES[name])
    executable = compile_stablehlo(identity(f"2x3x{name}", name, f"0x2x{name}"))
    matrix = np.arange(6).reshape(2, 3).astype(dtype)
    scalar = dtype.type(1)
    empty = np.zeros((0, 2), dtype)
    found = results(executable, matrix, scalar, empty)
    for x, expected in zip(found, (matrix, scalar, empty), strict=True):
        assert (x.dtype, x.shape) == (dtype, np.shape(expected))
        np.testing.assert_array_equal(x, expected)


def test_results_can_be_arguments_again() -> None:
    executable = compile_stablehlo(double("4xf64"))
    (once,) = executable.execute([np.ones(4)])
    (twice,) = executable.execute([once])
    assert np.asarray(twice).tolist() == [4.0] * 4


def test_a_program_may_have_no_arguments_or_no_results() -> None:
    constant = """
    module @c { func.func public @main() -> tensor<i64> {
      %c = stablehlo.constant dense<7> : tensor<i64>
      return %c : tensor<i64> } }
    """
    assert results(compile_stablehlo(constant))[0] == 7
    assert compile_stablehlo(identity()).execute([]) == []


@pytest.mark.parametrize(
    ("element", "number"),
    [("i1", True), ("i8", 5), ("ui8", 200), ("f64", 5), ("f32", 2.5), ("complex<f64>", 2.5), ("complex<f32>", 1j)],
)
def test_python_numbers_take_the_parameters_element_type(element: str, number: complex) -> None:
    found = results(compile_stablehlo(identity(element)), number)[0]
    assert found.dtype == TYPES[element]
    assert found == number


@pytest.mark.parametrize(("element", "number"), [("i1", 1), ("i64", 2.5), ("f64", 1j)])
def test_python_numbers_of_a_wider_kind_are_refused(element: str, number: complex) -> None:
    with pytest.raises(ArgumentError, match="argument 0: expected"):
        compile_stablehlo(identity(element)).execute([number])


@pytest.mark.parametrize(("element", "number"), [("i8", 200), ("ui8", -1), ("i64", 2**63)])
def test_python_ints_out_of_range_overflow(element: str, number: int) -> None:
    with pytest.raises(OverflowError):
        compile_stablehlo(identity(element)).execute([number])


def test_wrong_arguments_are_named() -> None:
    executable = compile_stablehlo(ADD_SINE)
    a = np.zeros(16)
    (device,) = compile_stablehlo(identity("2xf64")).execute([np.zeros(2)])
    for arguments, message in [
        ([a], "the program takes 2 arguments, got 1"),
        ([a, a[:3]], r"argument 1: expected float64\[16\], got float64\[3\]"),
        ([a, a.astype(np.float32)], r"argument 1: expected float64\[16\], got float32\[16\]"),
        ([a, 1.0], r"argument 1: expected float64\[16\], got the float 1.0"),
        ([a, "x"], r"argument 1: expected float64\[16\], got the str 'x'"),
        ([device, a], r"argument 0: expected float64\[16\], got float64\[2\]"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            executable.execute(arguments)


def test_layouts_and_byte_orders_do_not_matter() -> None:
    executable = compile_stablehlo(identity("40x50x60xf64"))
    x = np.random.default_rng(0).normal(size=(60, 50, 40))
    for view in (x.T, x.T.copy()[::-1, :, ::-1], np.broadcast_to(x[:1, :, :1], (60, 50, 40)).T, x.T.astype(">f8")):
        np.testing.assert_array_equal(results(executable, view)[0], view)


def test_donated_arguments_are_used_up() -> None:
    program = double("64xf64", "{tf.aliasing_output = 0 : i32}")
    executable = compile_stablehlo(program)
    (x,) = executable.execute([np.ones(64)])
    (y,) = executable.execute([x])
    assert np.asarray(y).tolist() == [4.0] * 64
    with pytest.raises(ExecutionError, match="without content"):
        executable.execute([x])


def test_a_donated_numpy_argument_is_not_written_to() -> None:
    for n in (64, 1 << 17):
        executable = compile_stablehlo(double(f"{n}xf64", "{tf.aliasing_output = 0 : i32}"))
        x = np.asarray(compile_stablehlo(double(f"{n}xf64")).execute([np.ones(n)])[0])  # aligned
        for _ in range(3):
            assert (results(executable, x)[0] == 4.0).all()
            assert (x == 2.0).all()


def test_reports() -> None:
    executable = compile_stablehlo(ADD_SINE)
    assert "sine" in executable.optimized_hlo()
    assert executable.cost()["flops"] == 16
    assert executable.cost()["transcendentals"] == 16
    assert executable.memory().arguments == 2 * 16 * 8
    assert executable.memory().outputs == 16 * 8
    assert executable.signature.inputs == (((16,), "float64"),) * 2
    assert executable.signature.outputs == (((16,), "float64"),)


def test_serialized_programs_run_in_another_process(tmp_path: Path) -> None:
    executable = compile_stablehlo(ADD_SINE)
    (tmp_path / "code").write_bytes(executable.serialize())
    code = f"""
from pathlib import Path
import numpy as np
from hloc.runtime import Executable, Signature
spec = ((16,), "float64")
executable = Executable.load(Path({str(tmp_path / "code")!r}).read_bytes(), Signature((spec, spec), (spec,)))
print(np.asarray(executable.execute([np.ones(16), np.ones(16)])[0])[0])
"""
    assert float(run_python(code)) == pytest.approx(np.sin(2.0))


def test_bytes_that_are_no_program_do_not_load() -> None:
    executable = compile_stablehlo(ADD_SINE)
    with pytest.raises(XlaCompileError, match="cannot load"):
        Executable.load(b"no program", executable.signature)


@pytest.mark.parametrize("program", ["module {", b"", "module @m { func.func public @f() { return } }"])
def test_what_xla_refuses_is_a_compile_error(program: str | bytes) -> None:
    with pytest.raises(XlaCompileError, match="XLA cannot compile this program"):
        compile_stablehlo(program)


def test_lapack_is_there_for_programs_that_need_it() -> None:
    a = np.array([[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]])
    factor, info = results(compile_stablehlo(CHOLESKY), a)
    np.testing.assert_allclose(np.tril(factor), np.linalg.cholesky(a), rtol=1e-13)
    assert info == 0


def test_lapack_is_there_for_programs_from_the_cache() -> None:
    code = f"""
import sys, numpy as np
from hloc.runtime import compile_or_load
a = np.array([[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]])
factor, info = compile_or_load({CHOLESKY!r}).execute([a])
print(np.allclose(np.tril(np.asarray(factor)), np.linalg.cholesky(a)))
"""
    assert [run_python(code) for _ in range(2)] == ["True", "True"]


def test_build_options_reach_xla(tmp_path: Path) -> None:
    compile_stablehlo(ADD_SINE, BuildOptions(overrides={"xla_dump_to": str(tmp_path), "xla_dump_hlo_as_text": True}))
    assert any("sine" in path.read_text() for path in tmp_path.glob("*add_sine*.txt"))
    with pytest.raises(ValueError, match="no_such_option"):
        compile_stablehlo(ADD_SINE, BuildOptions(overrides={"no_such_option": True}))


def test_threads_share_an_executable() -> None:
    executable = compile_stablehlo(double("512xf64"))

    def work(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        x = np.empty(512)
        for _ in range(200):
            x[:] = rng.normal()
            (result,) = executable.execute([x])
            if not (np.asarray(result) == 2 * x).all():
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
