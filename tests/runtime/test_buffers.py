"""The promise of hloc.runtime.buffers: what happens to a NumPy array after the call never changes a result."""

import gc
import weakref

import numpy as np
import pytest

from hloc.runtime import backend, compile_stablehlo
from hloc.runtime.buffers import ALIGNMENT, LARGE, STAGING_BUDGET, buffers, to_numpy
from tests.runtime.programs import double, identity, repeated_sine

N = LARGE // 8 * 4


def placed(n: int, offset: int) -> np.ndarray:
    """n float64 numbers whose address is `offset` bytes past an aligned one."""
    memory = np.zeros(n * 8 + 2 * ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT + offset
    array = memory[start : start + n * 8].view(np.float64)
    assert array.ctypes.data % ALIGNMENT == offset
    return array


@pytest.mark.parametrize("n", [1, 16, LARGE // 8 - 1, LARGE // 8, N])
@pytest.mark.parametrize("offset", [0, 8, 16])
@pytest.mark.parametrize("program", [double, identity])
def test_changing_an_argument_after_the_call_changes_no_result(n: int, offset: int, program) -> None:
    executable = compile_stablehlo(program(f"{n}xf64"))
    x = placed(n, offset)
    x[:] = 1.0
    (first,) = executable.execute([x])
    x[:] = 2.0
    (second,) = executable.execute([x])
    x[:] = 3.0
    scale = 2.0 if program is double else 1.0
    assert (np.asarray(first) == scale).all()
    assert (np.asarray(second) == 2 * scale).all()


@pytest.mark.parametrize("shape", [(64, 64), (512, 512), (1024, 2048)])
def test_changing_a_transposed_argument_after_the_call_changes_no_result(shape: tuple[int, int]) -> None:
    executable = compile_stablehlo(double(f"{shape[1]}x{shape[0]}xf64"))
    x = np.random.default_rng(0).normal(size=shape)
    for _ in range(5):
        expected = 2 * x.T
        (result,) = executable.execute([x.T])
        x[:] = np.random.default_rng(1).normal(size=shape)
        np.testing.assert_array_equal(np.asarray(result), expected)


@pytest.mark.parametrize("offset", [0, 8])
def test_changing_an_argument_of_a_long_run_changes_no_result(offset: int) -> None:
    n = LARGE // 8
    executable = compile_stablehlo(repeated_sine(n))
    x = placed(n, offset)
    x[:] = 1.0
    (result,) = executable.execute([300, x])
    x[:] = 0.0
    expected = np.float64(1.0)
    for _ in range(300):
        expected = np.sin(expected)
    np.testing.assert_allclose(np.asarray(result), expected, rtol=1e-12)


def test_the_same_array_twice_and_scalars_do_not_share_staging_memory() -> None:
    executable = compile_stablehlo(identity("4xf64", "4xf64", "f64", "f64"))
    a, b = np.arange(4.0), np.arange(4.0) + 10
    for _ in range(3):
        found = [np.asarray(x).tolist() for x in executable.execute([a, b, 1.0, 2.0])]
        assert found == [a.tolist(), b.tolist(), 1.0, 2.0]
        found = [np.asarray(x).tolist() for x in executable.execute([a, a, 3.0, 3.0])]
        assert found == [a.tolist(), a.tolist(), 3.0, 3.0]


def test_a_large_aligned_argument_is_read_in_place() -> None:
    device = buffers(backend())
    aval = device.aval((N,), np.float64)
    x = placed(N, 0)
    raw, hold = device.place(x, aval, 0)
    assert hold is x
    assert np.shares_memory(to_numpy(raw), x)


@pytest.mark.parametrize("view", [placed(N, 8), placed(2 * N, 0)[::2], placed(N, 0).reshape(2, -1).T.reshape(-1)[::-1]])
def test_other_large_arguments_are_not(view: np.ndarray) -> None:
    device = buffers(backend())
    raw, _ = device.place(view, device.aval(view.shape, np.float64), 0)
    assert not np.shares_memory(to_numpy(raw), view)


def test_staging_memory_is_used_again() -> None:
    executable = compile_stablehlo(double("31xf64"))
    aval = buffers(backend()).aval((31,), np.float64)
    executable.execute([np.ones(31)])
    (stage,) = aval.idle
    executable.execute([np.ones(31)])
    assert aval.idle == [stage]


def test_idle_staging_memory_is_bounded() -> None:
    device = buffers(backend())
    part = STAGING_BUDGET // 4 // 8
    holds = []
    for n in range(part, part + 6):
        holds.append(device.place(placed(n, 8), device.aval((n,), np.float64), 0)[1])
    device.release(holds)
    kept = sum(aval.nbytes * len(aval.idle) for aval in device._avals.values() if aval.nbytes >= LARGE)
    assert 0 < kept <= STAGING_BUDGET
    device._make_room(STAGING_BUDGET)  # leaves nothing behind for the other tests
    assert not any(aval.idle for aval in device._avals.values() if aval.nbytes >= LARGE)
    device._idle_bytes = 0


def test_staging_memory_goes_with_the_last_executable_of_its_type() -> None:
    executable = compile_stablehlo(double("37xf64"))
    executable.execute([np.ones(37)])
    key = ((37,), np.dtype(np.float64))
    known = buffers(backend())._avals
    assert known[key].idle
    del executable
    gc.collect()
    assert key not in known


def test_a_borrowed_array_is_not_kept_alive_by_the_result() -> None:
    class Tracked(np.ndarray):
        pass

    executable = compile_stablehlo(double(f"{N}xf64"))
    x = placed(N, 0).view(Tracked)
    alive = weakref.ref(x)
    (result,) = executable.execute([np.asarray(x)])
    del x
    executable.execute([placed(N, 0)])  # jaxlib lets go of arrays at the next transfer or run
    gc.collect()
    assert alive() is None
    assert (np.asarray(result) == 0.0).all()


def test_results_seen_as_numpy_arrays_outlive_the_device_array() -> None:
    executable = compile_stablehlo(double(f"{N}xf64"))
    view = np.asarray(executable.execute([np.ones(N)])[0])
    for value in range(5):
        executable.execute([np.full(N, float(value))])
    assert (view == 2.0).all()
    assert not view.flags.writeable
