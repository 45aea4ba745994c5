"""Strict arithmetic: each product is rounded before it is added, as in NumPy.

XLA lets the code generator contract `a * b + c` to one rounding, and LLVM sees through barriers and calls in loops. So
the bits of each product pass through integer arithmetic that changes nothing, which no compiler knows: n * (n + 1) is
even for every n.

    %p = multiply %a, %b      →      %p = multiply %a, %b;  %n = bits of %p
                                     %p2 = float of (%n xor ((%n * (%n + 1)) and 1))

A product of complex numbers is written as the four real ones that NumPy computes.
"""

from __future__ import annotations

import numpy as np

from hloc.ir.builder import Builder
from hloc.ir.core import Block, Function, Value
from hloc.ops import helpers
from hloc.ops.elementwise import Add, And, BitcastConvert, Complex, Imag, Multiply, Real, Subtract, Xor


def separate_products(function: Function) -> None:
    """Hide every product of floats from the sums that use it, in place."""
    _separate(function.block)


def _separate(block: Block) -> None:
    old, block.ops = block.ops, []
    renamed: dict[Value, Value] = {}
    for op in old:
        op.operands = tuple(renamed.get(v, v) for v in op.operands)
        for region in op.regions:
            _rename(region, renamed)
            _separate(region)
        if op.kind is not Multiply or op.result.type.dtype.kind not in "fc":
            block.ops.append(op)
            continue
        product = _complex_product if op.result.type.dtype.kind == "c" else _product
        renamed[op.result] = product(Builder(block, op.span), *op.operands)
    block.results = [renamed.get(v, v) for v in block.results]


def _rename(region: Block, renamed: dict[Value, Value]) -> None:
    """Use the new products in a region, too."""
    for op in region.ops:
        op.operands = tuple(renamed.get(v, v) for v in op.operands)
        for inner in op.regions:
            _rename(inner, renamed)
    region.results = [renamed.get(v, v) for v in region.results]


def _product(b: Builder, x: Value, y: Value) -> Value:
    product = b.emit(Multiply, x, y)
    integer = np.dtype(f"i{product.type.dtype.itemsize}")
    bits = b.emit(BitcastConvert, product, dtype=integer)
    one = helpers.ones_like(b, bits)
    even = b.emit(Multiply, bits, b.emit(Add, bits, one))
    return b.emit(BitcastConvert, b.emit(Xor, bits, b.emit(And, even, one)), dtype=product.type.dtype)


def _complex_product(b: Builder, x: Value, y: Value) -> Value:
    (a, b_), (c, d) = ((b.emit(Real, v), b.emit(Imag, v)) for v in (x, y))
    real = b.emit(Subtract, _product(b, a, c), _product(b, b_, d))
    return b.emit(Complex, real, b.emit(Add, _product(b, a, d), _product(b, b_, c)))
