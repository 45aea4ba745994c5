"""hloc.Array behaves like a NumPy array whose elements cannot be assigned."""

import copy
import operator
import pickle

import numpy as np
import pytest

from hloc.runtime import ArgumentError, Array, ExecutionError, compile_stablehlo
from hloc.runtime.array import array, give_up
from hloc.runtime.devices import Device
from tests.runtime.programs import double, run_python

M = np.arange(6.0).reshape(2, 3)


def test_what_it_is() -> None:
    x = array(M)
    assert (x.shape, x.dtype, x.ndim, x.size, x.itemsize, x.nbytes) == ((2, 3), np.float64, 2, 6, 8, 48)
    assert x.device == Device("cpu", 0)
    assert (str(x.device), x.devices()) == ("cpu:0", {x.device})
    assert x.to("cpu") is x
    assert not x.is_deleted()
    assert x.block_until_ready() is x
    assert x.is_ready()


def test_as_numpy_is_a_read_only_view_and_np_array_a_copy() -> None:
    x = array(M)
    view = np.asarray(x)
    assert np.shares_memory(view, np.asarray(x))
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0] = 1
    mine = np.array(x)
    mine[0, 0] = 100
    assert x[0, 0] == 0.0
    assert np.asarray(x, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="copy"):
        np.array(x, np.float32, copy=False)


def test_making_one_copies() -> None:
    source = M.copy()
    x = array(source)
    source[:] = 7
    assert x.tolist() == M.tolist()


# fmt: off
BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow, divmod,
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
]
BITWISE = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
# fmt: on


def test_operators_are_numpys() -> None:
    a = M + 1
    for op in BINARY:
        for x, y in [(array(a), 2.5), (2.5, array(a)), (array(a), a), (a, array(a)), (array(a), array(a))]:
            np.testing.assert_array_equal(op(x, y), op(np.asarray(x), np.asarray(y)))
    for op in BITWISE:
        np.testing.assert_array_equal(op(array([6, 5]), 3), op(np.array([6, 5]), 3))
        np.testing.assert_array_equal(op(3, array([6, 5])), op(3, np.array([6, 5])))
    for unary in (operator.neg, operator.pos, abs):
        np.testing.assert_array_equal(unary(array(-M)), unary(-M))
    np.testing.assert_array_equal(~array([1, 2]), ~np.array([1, 2]))
    np.testing.assert_array_equal(array(M) @ array(M.T), M @ M.T)
    np.testing.assert_array_equal([1.0, 2.0, 3.0] + array(M), [1.0, 2.0, 3.0] + M)


def test_augmented_assignment_rebinds() -> None:
    x = y = array(M)
    for op in (operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow, operator.imod):
        np.testing.assert_array_equal(op(x, 2.0), op(M.copy(), 2.0))
    x += 1
    assert y.tolist() == M.tolist()
    z = M.copy()
    z += y
    np.testing.assert_array_equal(z, 2 * M)


def test_ufuncs_and_functions_of_numpy() -> None:
    x = array(M)
    np.testing.assert_array_equal(np.sin(x), np.sin(M))
    np.testing.assert_array_equal(np.add.reduce(x, axis=1), M.sum(axis=1))
    np.testing.assert_array_equal(np.add(x, 1, where=x > 2, out=np.zeros((2, 3))), np.where(M > 2, M + 1, 0))
    np.testing.assert_array_equal(np.concatenate([x, M]), np.concatenate([M, M]))
    np.testing.assert_array_equal(np.where(x > 2, x, 0), np.where(M > 2, M, 0))
    assert np.max(x) == 5
    assert np.linalg.norm(x) == np.linalg.norm(M)
    assert np.mean(x) == M.mean()


def test_methods_are_numpys() -> None:
    x = array(M)
    for name in ("sum", "mean", "std", "max", "argmin", "cumsum", "ravel", "transpose", "copy", "all", "tobytes"):
        np.testing.assert_array_equal(getattr(x, name)(), getattr(M, name)())
    np.testing.assert_array_equal(x.T, M.T)
    np.testing.assert_array_equal(x.reshape(3, 2), M.reshape(3, 2))
    assert x.astype(int).dtype == np.int64
    assert array(1 + 2j).imag == 2
    assert {"sum", "T", "shape"} <= set(dir(x))


def test_indexing_and_iteration() -> None:
    x = array(M)
    for index in (0, (1, 2), slice(None, None, -1), (..., 1), None, M > 2, [1, 0], (slice(None), [2, 0])):
        np.testing.assert_array_equal(x[index], M[index])
    assert x[array(1)].tolist() == M[1].tolist()
    np.testing.assert_array_equal(x[array([True, False])], M[:1])
    assert [row.tolist() for row in x] == M.tolist()
    assert len(x) == 2
    assert 3.0 in x
    assert 9.0 not in x
    assert M[array(1), array(2)] == 5
    with pytest.raises(IndexError):
        x[2]
    with pytest.raises(TypeError, match="unsized"):
        len(array(1.0))


def test_scalars_convert_to_python_numbers() -> None:
    x = array(3.5)
    assert (float(x), int(x), complex(x), bool(x), x.item(), x.tolist()) == (3.5, 3, 3.5, True, 3.5, 3.5)
    assert "abc"[array(1)] == "b"
    assert array(M).item(1, 2) == 5.0
    assert f"{x:.2f} {array(7):03d}" == "3.50 007"
    assert round(x.item()) == 4
    for convert in (float, bool):
        with pytest.raises((TypeError, ValueError)):
            convert(array(M))
    with pytest.raises(TypeError):
        operator.index(x)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        ([1.0, 2.5], "hloc.Array([1. , 2.5], dtype=float64)"),
        ([[1, 2], [3, 4]], "hloc.Array([[1, 2],\n            [3, 4]], dtype=int64)"),
        (np.float32(1.5), "hloc.Array(1.5, dtype=float32)"),
        ([], "hloc.Array([], dtype=float64)"),
        (np.zeros((0, 3)), "hloc.Array([], shape=(0, 3), dtype=float64)"),
        ([True], "hloc.Array([ True], dtype=bool)"),
    ],
)
def test_repr(x: object, text: str) -> None:
    assert repr(array(x)) == text
    assert str(array(x)) == str(np.asarray(x))


def test_it_cannot_be_changed() -> None:
    x = array(M)
    message = r"an hloc.Array cannot be changed; y = np.array\(x\)"
    with pytest.raises(TypeError, match=message):
        x[0] = 1
    with pytest.raises(TypeError, match=message):
        del x[0]
    with pytest.raises(TypeError, match=message):
        np.add(M, M, out=x)
    with pytest.raises(AttributeError, match=r"has no 'sort'; use np.array\(x\).sort"):
        x.sort()
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
    with pytest.raises(AttributeError, match="no attribute 'foo'"):
        x.foo


@pytest.mark.parametrize("x", [M, np.float32(2), np.zeros((0, 2)), np.array([1 + 2j], np.complex64), np.array([True])])
def test_pickle_and_copy(x: np.ndarray) -> None:
    original = array(x)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(original, protocol))
        assert type(back) is Array
        assert (back.dtype, back.shape) == (original.dtype, original.shape)
        np.testing.assert_array_equal(back, x)


def test_a_copy_has_memory_of_its_own() -> None:
    original = array(M)
    for made in (copy.copy(original), copy.deepcopy(original), array(original)):
        assert type(made) is Array
        np.testing.assert_array_equal(made, M)
        assert not np.shares_memory(made, original)
    first, second = copy.deepcopy([original, original])
    assert first is second


def test_pickles_load_in_another_process(tmp_path) -> None:
    (tmp_path / "x").write_bytes(pickle.dumps(array(M)))
    code = f"import pickle, pathlib; print(pickle.loads(pathlib.Path({str(tmp_path / 'x')!r}).read_bytes()).tolist())"
    assert run_python(code) == str(M.tolist())


def test_an_array_that_was_given_up_says_so() -> None:
    x = array(M)
    view = np.asarray(x)
    give_up(x, "step() as u")
    assert x.is_deleted()
    assert repr(x) == str(x) == "<hloc.Array, donated>"
    uses = [np.asarray, len, np.sin, copy.copy, pickle.dumps, lambda x: x.shape, lambda x: x[0], lambda x: x.sum()]
    uses += [lambda x: x + 1, lambda x: x.to("cpu"), lambda x: x.__dlpack__(), Array.block_until_ready]
    for use in uses:
        with pytest.raises(
            ExecutionError, match=r"this array was donated to step\(\) as u; pass a copy, hloc.array\(x\)"
        ):
            use(x)
    np.testing.assert_array_equal(view, M)


def test_what_cannot_be_an_element_is_refused() -> None:
    for x in ("text", np.longdouble(1), [object()], np.array(["2020-01-01"], "datetime64[D]")):
        with pytest.raises(TypeError, match="hloc has no arrays of"):
            array(x)
    with pytest.raises(TypeError, match="hloc has no masked arrays"):
        array(np.ma.masked_array([1.0, 2.0], [True, False]))


def test_executables_take_arrays() -> None:
    executable = compile_stablehlo(double("2x3xf64"))
    (raw,) = executable.execute([array(M)])
    np.testing.assert_array_equal(Array(raw), 2 * M)
    with pytest.raises(ArgumentError, match=r"expected float64\[2,3\], got float64\[3\]"):
        executable.execute([array(M[0])])
