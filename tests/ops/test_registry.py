"""Every record is complete, and refuses operands that do not fit with a message that names them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import hloc.ops  # noqa: F401  (fills the registry)
from hloc.diagnostics.errors import CompileError, DTypeError, ShapeError
from hloc.ir.builder import Builder
from hloc.ir.core import Block
from hloc.ir.opdef import REGISTRY, OpDef
from hloc.ir.types import parse_type
from hloc.ops import helpers, prelude
from hloc.ops.control import Control

RECORDS = [record for record in REGISTRY.values() if not issubclass(record, Control)]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_record_is_complete(record: type[OpDef]) -> None:
    assert record.__name__ == "".join(part.capitalize() for part in record.name.split("_"))
    assert record.__doc__ or record.__mro__[1].__doc__
    for slot in ("infer", "python", "lower"):
        assert getattr(record, slot) is not getattr(OpDef, slot), slot
    assert callable(record.reference)
    assert sum(1 for _ in record.samples(np.random.default_rng(0))) >= 4


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_wrong_number_of_operands_is_refused(record: type[OpDef]) -> None:
    sample = next(iter(record.samples(np.random.default_rng(0))))
    if record.name in ("barrier", "concatenate", "sort"):
        return
    types = [parse_type("f64[3]")] * (len(sample.operands) + 7)
    with pytest.raises(CompileError, match=record.name):
        record.infer(types, sample.attrs)


def test_records_are_read_without_mlir() -> None:
    code = "import sys, hloc.ops; sys.exit('jaxlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


MATMUL = {"lhs_batch": (), "rhs_batch": (), "lhs_contract": (1,), "rhs_contract": (0,)}
ROW = {"sizes": (1, 4), "drop": (0,)}
REFUSALS: list[tuple[str, str, dict[str, Any], type[CompileError], str]] = [
    ("add", "f64[3] i64[3]", {}, DTypeError, "add: element types differ, lhs is f64[3] and rhs is i64[3]"),
    ("add", "f64[3] f64[4]", {}, ShapeError, "add: shapes differ, lhs is f64[3] and rhs is f64[4]"),
    ("sine", "i64", {}, DTypeError, "sine: operand must be float or complex, found i64"),
    ("select", "i64 f64 f64", {}, DTypeError, "select: pred must be bool, found i64"),
    (
        "compare",
        "c128 c128",
        {"direction": "LT"},
        DTypeError,
        "compare: complex numbers have no order, found c128 with LT",
    ),
    ("reshape", "f64[6]", {"shape": (4,)}, ShapeError, "reshape: operand f64[6] has 6 elements, f64[4] has 4"),
    (
        "slice",
        "f64[3]",
        {"start": (0,), "limit": (4,), "stride": (1,)},
        ShapeError,
        "slice: 0:4:1 does not fit dimension 0 of operand f64[3]",
    ),
    (
        "reduce_sum",
        "b1[3]",
        {"axes": (0,)},
        DTypeError,
        "reduce_sum: operand must be signed integer, unsigned integer, float or complex, found b1[3]",
    ),
    (
        "reduce_sum",
        "f64[3]",
        {"axes": (1,)},
        ShapeError,
        "reduce_sum: axis 1 is out of range for f64[3] with 1 dimensions",
    ),
    ("read", "f64[3,4] i64", ROW, ShapeError, "read: f64[3,4] needs 2 start indices, found 1"),
    ("read", "f64[3,4] i64 i32", ROW, DTypeError, "read: start 1 must have element type i64, found i32"),
    (
        "upd",
        "f64[3] f32 i64",
        {"drop": (0,), "mode": "set"},
        DTypeError,
        "upd: element types differ, a is f64[3] and v is f32",
    ),
    (
        "scatter",
        "f64[3] f64[2] i64[3]",
        {"dims": (0,), "mode": "set"},
        ShapeError,
        "scatter: v must have shape [3] (that of the indices, then the other dimensions of a), found f64[2]",
    ),
    (
        "dot_general",
        "f64[3,4] f64[5]",
        MATMUL,
        ShapeError,
        "dot_general: sizes differ, 4 in dimension 1 of lhs f64[3,4] and 5 in dimension 0 of rhs f64[5]",
    ),
    ("cholesky", "f64[3,4]", {}, ShapeError, "cholesky: a must be square, found f64[3,4]"),
    (
        "sort",
        "c128[3]",
        {"dim": 0, "num_keys": 1, "stable": True},
        DTypeError,
        "sort: key 0 must be bool, signed integer, unsigned integer or float, found c128[3]",
    ),
]


@pytest.mark.parametrize(
    ("name", "types", "attrs", "error", "message"), REFUSALS, ids=lambda x: x if isinstance(x, str) else ""
)
def test_refusals(name: str, types: str, attrs: dict[str, Any], error: type[CompileError], message: str) -> None:
    with pytest.raises(error) as caught:
        REGISTRY[name].infer([parse_type(t) for t in types.split()], attrs)
    assert caught.value.report.message == message


def test_prelude_gives_what_the_text_calls() -> None:
    text = prelude.source("y = op_erf(x)")
    assert "def op_map" in text
    assert "def op_erf(" in text
    assert "def op_erfc(" not in text
    assert prelude.source("y = np.sin(x)") == ""


def test_helpers_emit_nothing_where_nothing_is_to_do() -> None:
    block = Block()
    b, x = Builder(block), block.add_arg(parse_type("f64[2,3]"))
    assert helpers.broadcast_to(b, x, (2, 3)) is x
    assert helpers.convert(b, x, np.float64) is x
    assert helpers.reshape(b, x, (2, 3)) is x
    assert helpers.transpose(b, x, (0, 1)) is x
    assert not block.ops
    assert helpers.broadcast_to(b, x, (4, 2, 3)).type == parse_type("f64[4,2,3]")
    assert helpers.expand_dims(b, x, (0, 3)).type == parse_type("f64[1,2,3,1]")


@pytest.mark.parametrize("shapes", [((2, 3), (3,)), ((), (4, 1), (1, 5)), ((0,), (1,)), ((2, 1, 3), (5, 1))])
def test_broadcast_shapes_are_those_of_numpy(shapes: tuple[tuple[int, ...], ...]) -> None:
    assert helpers.broadcast_shapes(*shapes) == np.broadcast_shapes(*shapes)


def test_broadcast_of_unlike_shapes_is_refused() -> None:
    with pytest.raises(ShapeError) as caught:
        helpers.broadcast_shapes((2, 3), (4, 3))
    assert caught.value.report.message == "broadcast: sizes 2 and 4 differ in shapes [2, 3], [4, 3]"
