"""Arrays from other libraries and to them: from_dlpack, __dlpack__, device_put, sharing of memory."""

from __future__ import annotations

import gc
import weakref
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

from hloc.runtime import Array
from hloc.runtime.array import array
from hloc.runtime.exchange import device_put, from_dlpack
from tests.runtime.test_buffers import placed

M = np.arange(6.0).reshape(2, 3)
DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES += ["float16", "float32", "float64", "complex64", "complex128"]
Pair = namedtuple("Pair", "x y")


def aligned(values: Any) -> np.ndarray:
    x = np.asarray(values, np.float64)
    made = placed(x.size, 0)
    made[:] = x.ravel()
    return made.reshape(x.shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(2, 3), (0, 3), ()])
def test_dlpack_there_and_back(dtype: str, shape: tuple[int, ...]) -> None:
    content = np.ones(shape, dtype)
    x = array(content)
    assert x.__dlpack_device__() == (1, 0)
    view = np.from_dlpack(x)
    assert not view.flags.writeable
    if view.size:
        assert np.shares_memory(view, x)
    mine = np.from_dlpack(x, copy=True)
    assert not np.shares_memory(mine, x)
    for found in (view, mine, from_dlpack(content), from_dlpack(content, copy=True)):
        assert (found.dtype, found.shape) == (content.dtype, shape)
        np.testing.assert_array_equal(found, content)


def test_who_knows_dlpack_1_is_told_that_the_memory_is_read_only() -> None:
    x = array(M)
    versioned, old = x.__dlpack__(max_version=(1, 0)), x.__dlpack__()
    assert '"dltensor_versioned"' in repr(versioned)
    assert '"dltensor"' in repr(old)
    with pytest.raises((BufferError, ValueError)):
        x.__dlpack__(dl_device=(2, 0))


def test_dlpack_memory_outlives_the_array() -> None:
    x = array(np.full(10_000, 3.0))
    view = np.from_dlpack(x)
    del x
    others = [array(np.full(10_000, float(i))) for i in range(20)]
    assert (view == 3.0).all()
    assert len(others) == 20


def test_aligned_memory_is_shared_and_kept_alive() -> None:
    class Tracked(np.ndarray):
        pass

    source = aligned(M).view(Tracked)
    alive = weakref.ref(source)
    x = from_dlpack(source)
    source[0, 0] = 7.0
    assert x[0, 0] == 7.0
    del source
    gc.collect()
    assert x.tolist() == [[7.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    del x
    array(1.0)  # jaxlib lets go of arrays at the next transfer or run
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("source", [placed(8, 8), aligned(M).T, placed(16, 0)[::2], placed(8, 0)[::-1]])
def test_other_memory_is_copied(source: np.ndarray) -> None:
    x = from_dlpack(source)
    np.testing.assert_array_equal(x, source)
    assert not np.shares_memory(x, source)
    for make in (from_dlpack, array):
        with pytest.raises(ValueError, match="cannot be shared"):
            make(source, copy=False)  # type: ignore[operator]


def test_array_copies_unless_it_is_told_otherwise() -> None:
    source = aligned(M)
    assert not np.shares_memory(array(source), source)
    assert not np.shares_memory(from_dlpack(source, copy=True), source)
    assert np.shares_memory(array(source, copy=False), source)
    assert np.shares_memory(array(source, copy=None), source)


def test_jax_arrays() -> None:
    jnp = pytest.importorskip("jax.numpy")
    x = jnp.arange(1000, dtype=jnp.float32)
    shared = from_dlpack(x)
    np.testing.assert_array_equal(shared, x)
    assert np.shares_memory(shared, np.asarray(x))
    back = jnp.from_dlpack(array(np.arange(1000, dtype=np.float32)))
    np.testing.assert_array_equal(back, np.arange(1000))


def test_torch_tensors() -> None:
    torch = pytest.importorskip("torch")
    t = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)
    x = from_dlpack(t)
    t += 1
    np.testing.assert_array_equal(x, M + 1)
    np.testing.assert_array_equal(from_dlpack(t.T), (M + 1).T)
    assert torch.equal(torch.from_dlpack(array(M)), torch.from_numpy(M.copy()))
    with pytest.raises(BufferError, match="require gradient"):
        from_dlpack(torch.ones(3, requires_grad=True))
    with pytest.raises((TypeError, RuntimeError)):
        from_dlpack(torch.ones(3, dtype=torch.bfloat16))


def test_an_array_from_an_array_is_that_array() -> None:
    x = array(M)
    assert from_dlpack(x) is x
    assert from_dlpack(x, device="cpu:0") is x
    assert not np.shares_memory(from_dlpack(x, copy=True), x)


def test_device_put_goes_into_containers() -> None:
    x = array(M)
    found = device_put({"a": [M, 2], "b": (None, x), "c": Pair(1j, np.float32(3)), "d": True})
    assert found["a"][0].tolist() == M.tolist()
    assert found["b"][1] is x
    assert found["b"][0] is None
    assert type(found["c"]) is Pair
    leaves = [found["a"][1], found["c"].x, found["c"].y, found["d"]]
    assert all(type(leaf) is Array for leaf in leaves)
    assert [leaf.dtype.name for leaf in leaves] == ["int64", "complex128", "float32", "bool"]


def test_device_put_copies_what_is_numpys_and_keeps_what_is_one() -> None:
    source = aligned(M)
    first, second = device_put([source, source])
    assert first is second
    assert not np.shares_memory(first, source)
    with pytest.raises(TypeError, match="takes arrays and numbers, in tuples, lists and dicts; found str"):
        device_put({"a": "text"})
    with pytest.raises(TypeError, match="no arrays of object"):
        device_put(np.array([None]))
