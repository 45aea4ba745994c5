"""What a generated expression is: its text, its type, and bounds that keep it exact in 64 bits (or 24, for float32).

Integers carry an interval. Floats carry one too, and the number of bits behind the point: sums and products of such
numbers are exact, so no condition depends on how XLA rounds a fused multiply-add.
"""

from __future__ import annotations

from dataclasses import dataclass

INTEGERS = ("int", "i64")
FLOATS = ("float", "f64", "f32")
NUMPY = {"i64": "int64", "f64": "float64", "f32": "float32"}
EXACT_BITS = {"int": 60, "i64": 60, "float": 50, "f64": 50, "f32": 22}


@dataclass(frozen=True)
class Kind:
    """`name` int, float, bool (Python) or i64, f64, f32, b1 (NumPy); `shape` None for a scalar, else of an array."""

    name: str
    shape: tuple[int, ...] | None = None

    @property
    def integer(self) -> bool:
        return self.name in INTEGERS

    @property
    def element(self) -> Kind:
        return Kind(self.name)


@dataclass(frozen=True)
class Quantity:
    """An expression: every number in it lies in [low, high] and is a multiple of 2**-bits."""

    text: str
    kind: Kind
    low: float = 0
    high: float = 0
    bits: int = 0

    @property
    def size(self) -> float:
        return max(abs(self.low), abs(self.high))

    def exact(self) -> bool:
        return self.size * 2**self.bits < 2 ** EXACT_BITS[self.kind.name]

    def fits(self, low: float, high: float, bits: int) -> bool:
        return low <= self.low and self.high <= high and self.bits <= bits


def result_name(a: str, b: str) -> str:
    """The type of a sum, as Python and NEP 50 promote."""
    if a == b:
        return a
    names = {a, b}
    if names & {"f32"}:
        return "f64" if names & {"i64", "f64"} else "f32"
    if names & {"f64"} or names == {"i64", "float"}:
        return "f64"
    return "float" if "float" in names else "i64"


def corners(op: str, a: Quantity, b: Quantity) -> tuple[float, float]:
    """The interval of a sum, difference or product."""
    pairs = [(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    values = [x + y if op == "+" else x - y if op == "-" else x * y for x, y in pairs]
    return min(values), max(values)


def wrapped(q: Quantity, low: float, high: float, bits: int) -> Quantity:
    """The quantity, brought into [low, high] and to multiples of 2**-bits where it is not there."""
    if q.bits > bits:
        step = 2.0**-bits
        q = Quantity(f"({q.text} // {step} * {step})", q.kind, q.low - 1, q.high, bits)
    if low <= q.low and q.high <= high:
        return q
    unit = 1 if q.kind.integer else 2.0**-q.bits
    if low >= 0:
        return Quantity(f"({q.text} % {int(high) + 1})", q.kind, 0, int(high) + 1 - unit, q.bits)
    half = int(min(-low, high))
    return Quantity(f"({q.text} % {2 * half} - {half})", q.kind, -half, half - unit, q.bits)
