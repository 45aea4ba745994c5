"""What lanes compute at once, by rule: each program against the same loop, one lane after another."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.emit.lint import find_copies
from hloc.ir.core import Module, walk
from tests.transform.lanes.agreement import check, executable_of, expanded

RNG = np.random.default_rng(5)
LOOP = """
func @main({params}) -> {types} {{
  %size: i64 = constant {{value = i64({size})}}
  %0: i64 = constant {{value = i64(0)}}
  %1: i64 = constant {{value = i64(1)}}
  %one: f64 = constant {{value = f64(1.0)}}
  {before}
  {results} = for %size, {inits} {{direction = {direction}, lanes = "lockstep"}} body(%k: i64, {carries}) {{
    {body}
  }}
  return {returned}
}}
"""


def loop(
    params: str, carries: dict[str, tuple[str, str]], body: str, size: int, before: str = "", down: bool = False
) -> str:
    """The text of a loop over lanes; carries: name → type, initial value."""
    names = list(carries)
    return LOOP.format(
        params=params,
        types="(" + ", ".join(type for type, _ in carries.values()) + ")",
        size=size,
        before=before,
        results=", ".join(f"%{name}_end: {type}" for name, (type, _) in carries.items()),
        inits=", ".join(init for _, init in carries.values()),
        direction=-1 if down else 1,
        carries=", ".join(f"%{name}: {type}" for name, (type, _) in carries.items()),
        body=body,
        returned=", ".join(f"%{name}_end" for name in names),
    )


def names(module: Module) -> set[str]:
    return {op.name for op in walk(module.entry.block)}


def uniform(size: int, *shape: int) -> np.ndarray:
    return RNG.uniform(0.5, 2.0, (size, *shape))


# ---- rows


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("size", [2, 7])
def test_stacked_results_are_the_values_themselves(size: int, down: bool) -> None:
    text = loop(
        f"%xs: f64[{size}], %o0: f64[{size}]",
        {"o": (f"f64[{size}]", "%o0")},
        """%x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}
        %y: f64 = sine %x
        %z: f64 = multiply %y, %one
        %o1: f64[SIZE] = upd %o, %z, %k {drop = (0,), mode = "set"}
        yield %o1""".replace("SIZE", str(size)),
        size,
        down=down,
    )
    module = check(text, (uniform(size), uniform(size)), chosen="lockstep")
    assert not names(module) & {"for", "upd", "read", "gather", "iota"}


@pytest.mark.parametrize("size", [0, 1])
def test_at_most_one_lane_needs_no_loop(size: int) -> None:
    body = "%x: f64 = read %o, %k {sizes = (1,), drop = (0,)}\n%y: f64 = sine %x\n"
    body += '%o1: f64[3] = upd %o, %y, %k {drop = (0,), mode = "set"}\nyield %o1'
    module = check(loop("%o0: f64[3]", {"o": ("f64[3]", "%o0")}, body, size), (uniform(3),))
    assert "for" not in names(module)


ROWS = """%i: i64 = read %is, %k {sizes = (1,), drop = (0,)}
    %row: f64[3] = read %o, %t, %k, %0 {sizes = (1, 1, 3), drop = (0, 1)}
    %v: f64 = read %o, %t, %k, %i {sizes = (1, 1, 1), drop = (0, 1, 2)}
    %w: f64[3] = sine %row
    %o1: f64[2,4,3] = upd %o, %w, %t, %k, %0 {drop = (0, 1), mode = "set"}
    %o2: f64[2,4,3] = upd %o1, %v, %t, %k, %i {drop = (0, 1, 2), mode = "add"}
    yield %o2"""


def test_windows_of_logs_are_taken_once() -> None:
    """Lanes write to row `t`, which is the same for all, of an array of rows."""
    text = loop("%o0: f64[2,4,3], %is: i64[4], %t: i64", {"o": ("f64[2,4,3]", "%o0")}, ROWS, 4)
    for t in (0, 1, 5):
        module = check(
            text, (RNG.normal(size=(2, 4, 3)), np.array([0, 2, 1, 7]), t), chosen="lockstep", compile_=t == 1
        )
    assert "transpose" not in names(module)


def test_lanes_in_a_later_dimension() -> None:
    """The row before the lane's number differs from lane to lane."""
    body = ROWS.replace("%t, %k", "%i, %k")
    text = loop("%o0: f64[2,4,3], %is: i64[4], %t: i64", {"o": ("f64[2,4,3]", "%o0")}, body, 4)
    check(text, (RNG.normal(size=(2, 4, 3)), np.array([0, 1, 1, 0]), 0), chosen="lockstep")


def test_more_rows_than_lanes() -> None:
    body = """%x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}
    %y: f64 = read %o, %k {sizes = (1,), drop = (0,)}
    %z: f64 = multiply %x, %y
    %o1: f64[6] = upd %o, %z, %k {drop = (0,), mode = "set"}
    yield %o1"""
    text = loop("%xs: f64[5], %o0: f64[6]", {"o": ("f64[6]", "%o0")}, body, 4)
    check(text, (uniform(5), uniform(6)), chosen="lockstep")


def test_reads_at_the_lane_in_any_dimension_take_the_array() -> None:
    body = """%x: f64[2] = read %xs, %0, %k {sizes = (2, 1), drop = (1,)}
    %y: f64[1,1] = read %xs, %1, %k {sizes = (1, 1), drop = ()}
    %s: f64 = reduce_sum %x {axes = (0,)}
    %t: f64 = reduce_sum %y {axes = (0, 1)}
    %z: f64 = multiply %s, %t
    %o1: f64[4] = upd %o, %z, %k {drop = (0,), mode = "set"}
    yield %o1"""
    text = loop("%xs: f64[2,4], %o0: f64[4]", {"o": ("f64[4]", "%o0")}, body, 4)
    module = check(text, (RNG.normal(size=(2, 4)), uniform(4)), chosen="lockstep")
    assert "gather" not in names(module)


def test_rows_of_logs_are_read_as_they_lie() -> None:
    body = """%x: f64[3] = read %xs, %t, %k, %1, %0 {sizes = (1, 1, 1, 3), drop = (0, 1, 2)}
    %y: f64 = reduce_sum %x {axes = (0,)}
    %o1: f64[4] = upd %o, %y, %k {drop = (0,), mode = "set"}
    yield %o1"""
    text = loop("%xs: f64[2,4,2,3], %t: i64, %o0: f64[4]", {"o": ("f64[4]", "%o0")}, body, 4)
    module = check(text, (RNG.normal(size=(2, 4, 2, 3)), 1, uniform(4)), chosen="lockstep")
    assert not names(module) & {"gather", "transpose", "reshape"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            '%y: f64 = read %o, %0 {sizes = (1,), drop = (0,)}\n %o1: f64[4] = upd %o, %y, %k {drop = (0,), mode = "set"}\n yield %o1',
            "not their own",
        ),
        ("%o1: f64[4] = sine %o\n yield %o1", "sine"),
        ("%o1: f64[4] = add %o, %o\n yield %o1", "all of it goes into add"),
    ],
)
def test_trips_that_depend_on_each_other_stay_a_loop(body: str, reason: str) -> None:
    text = loop("%o0: f64[4]", {"o": ("f64[4]", "%o0")}, body, 4)
    (batch,) = expanded(text)[1]
    assert batch.chosen == "serial"
    assert reason in batch.reason
    check(text, (uniform(4),), chosen="serial")


def test_what_the_last_lane_leaves() -> None:
    body = "%x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}\n %y: f64 = sine %x\n yield %y"
    for down in (False, True):
        text = loop("%xs: f64[4], %c: f64", {"last": ("f64", "%c")}, body, 4, down=down)
        check(text, (uniform(4), 1.0), chosen="lockstep")


# ---- sums

SUMS = """%x: f64[3] = read %xs, %k, %0 {sizes = (1, 3), drop = (0,)}
    %y: f64[2] = read %ys, %k, %0 {sizes = (1, 2), drop = (0,)}
    BODY
    %g1: f64[2,3] = add %g, %v
    yield %g1"""
OUTER = """%a: f64[2,3] = broadcast_in_dim %x {shape = (2, 3), dims = (1,)}
    %b: f64[2,3] = broadcast_in_dim %y {shape = (2, 3), dims = (0,)}
    %v: f64[2,3] = multiply %a, %b"""
DOT = "%v: f64[2,3] = dot_general %y, %x {lhs_batch = (), rhs_batch = (), lhs_contract = (), rhs_contract = ()}"
SHARED = """%r: f64[1,2] = reshape %y {shape = (1, 2)}
    %u: f64[1,3] = dot_general %r, %w {lhs_batch = (), rhs_batch = (), lhs_contract = (1,), rhs_contract = (0,)}
    %m: f64[1,3] = negate %u
    %q: f64[3] = reshape %m {shape = (3,)}
    %v: f64[2,3] = broadcast_in_dim %q {shape = (2, 3), dims = (1,)}"""


@pytest.mark.parametrize("body", [OUTER, DOT, SHARED])
def test_sums_over_lanes_are_contractions(body: str) -> None:
    """No gradient is there for each lane: the largest value is what lanes were given."""
    params = "%xs: f64[7,3], %ys: f64[7,2], %w: f64[2,3], %g0: f64[2,3]"
    text = loop(params, {"g": ("f64[2,3]", "%g0")}, SUMS.replace("BODY", body), 7)
    arguments = (uniform(7, 3), uniform(7, 2), uniform(2, 3), uniform(2, 3))
    module = check(text, arguments, chosen="lockstep")
    assert max(v.type.size for op in walk(module.entry.block) for v in op.results) <= 14 + 1


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_branch_that_no_lane_takes_adds_nothing_of_what_is_infinite() -> None:
    body = """%x: f64[3] = read %xs, %k, %0 {sizes = (1, 3), drop = (0,)}
    %i: i64 = read %is, %k {sizes = (1,), drop = (0,)}
    %p: b1 = compare %i, %0 {direction = "GT"}
    %g1: f64[2,3], %o1: f64[4,3] = if %p then {
      %rows: f64[2,3] = broadcast_in_dim %x {shape = (2, 3), dims = (1,)}
      %v: f64[2,3] = multiply %rows, %w
      %g2: f64[2,3] = add %g, %v
      %y: f64 = exponential %one
      %o2: f64[4,3] = upd %o, %y, %k, %i {drop = (0, 1), mode = "set"}
      yield %g2, %o2
    } else {
      yield %g, %o
    }
    yield %g1, %o1"""
    params = "%xs: f64[4,3], %w: f64[2,3], %is: i64[4], %g0: f64[2,3], %o0: f64[4,3]"
    text = loop(params, {"g": ("f64[2,3]", "%g0"), "o": ("f64[4,3]", "%o0")}, body, 4)
    factors = np.array([[np.inf, 1.0, 2.0], [1.0, np.nan, 3.0]])
    check(text, (uniform(4, 3), factors, np.array([0, -1, 0, 0]), uniform(2, 3), uniform(4, 3)), chosen="lockstep")


def test_sums_that_begin_with_0_are_not_added_to_it() -> None:
    before = """%z: f64 = constant {value = f64(0.0)}
    %g0: f64[2,3] = broadcast_in_dim %z {shape = (2, 3), dims = ()}"""
    text = loop(
        "%xs: f64[7,3], %ys: f64[7,2]", {"g": ("f64[2,3]", "%g0")}, SUMS.replace("BODY", OUTER), 7, before=before
    )
    module = check(text, (uniform(7, 3), uniform(7, 2)), chosen="lockstep")
    assert names(module) == {"dot_general"}


@pytest.mark.parametrize("body", [OUTER, DOT, SHARED])
def test_lanes_that_are_not_there_add_nothing(body: str) -> None:
    """Their factors are infinite, or no numbers."""
    inside = SUMS.replace("BODY", body).splitlines()
    reads, rest = inside[:2], inside[2:]
    guarded = [
        "%p: b1 = read %ps, %k {sizes = (1,), drop = (0,)}",
        *reads,
        "%g2: f64[2,3] = if %p then {",
        *rest,
        "} else {\n yield %g\n }\n yield %g2",
    ]
    params = "%xs: f64[4,3], %ys: f64[4,2], %w: f64[2,3], %ps: b1[4], %g0: f64[2,3]"
    text = loop(params, {"g": ("f64[2,3]", "%g0")}, "\n".join(guarded), 4)
    xs, ys, present = uniform(4, 3), uniform(4, 2), np.array([True, False, True, False])
    xs[1], ys[1], ys[3] = np.inf, 0.0, np.nan
    for chosen in (present, ~present & False):
        check(text, (xs, ys, uniform(2, 3), chosen, uniform(2, 3)), chosen="lockstep")


def test_sums_into_elements() -> None:
    body = """%x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}
    %i: i64 = read %is, %k {sizes = (1,), drop = (0,)}
    %pair: f64[2] = broadcast_in_dim %x {shape = (2,), dims = ()}
    %g1: f64[5] = upd %g, %x, %i {drop = (0,), mode = "add"}
    %g2: f64[5] = upd %g1, %pair, %i {drop = (), mode = "add"}
    %g3: f64[5] = upd %g2, %x, %1 {drop = (0,), mode = "add"}
    %g4: f64[5] = upd %g3, %c, %i {drop = (0,), mode = "add"}
    %g5: f64[5] = scatter %g4, %pair, %js {dims = (0,), mode = "add"}
    %n1: i64 = add %n, %i
    %m1: f64 = maximum %m, %x
    yield %g5, %n1, %m1"""
    carries = {"g": ("f64[5]", "%g0"), "n": ("i64", "%0"), "m": ("f64", "%one")}
    text = loop("%xs: f64[4], %is: i64[4], %c: f64, %js: i64[2], %g0: f64[5]", carries, body, 4)
    check(text, (uniform(4), np.array([0, 9, 3, 3]), 2.0, np.array([1, 7]), uniform(5)), chosen="lockstep")


def test_what_lanes_have_alike_is_added_for_each_that_is_there() -> None:
    body = """%p: b1 = read %ps, %k {sizes = (1,), drop = (0,)}
    %s1: f64 = add %s, %c
    %s3: f64 = if %p then {
      %s2: f64 = add %s1, %c
      yield %s2
    } else {
      yield %s1
    }
    yield %s3"""
    text = loop("%ps: b1[5], %c: f64", {"s": ("f64", "%one")}, body, 5)
    check(text, (np.array([1, 0, 1, 1, 0], bool), 0.3), chosen="lockstep")
    check(text, (np.zeros(5, bool), np.inf), chosen="lockstep")


@pytest.mark.parametrize("down", [False, True])
def test_sums_that_a_condition_chooses(down: bool) -> None:
    """What is added is chosen instead, so that it can be summed over lanes."""
    body = """%x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}
    %i: i64 = read %is, %k {sizes = (1,), drop = (0,)}
    %p: b1 = compare %x, %one {direction = "LT"}
    %s1: f64 = add %s, %x
    %s2: f64 = add %x, %s1
    %s3: f64 = add %s, %one
    %s4: f64 = select %p, %s2, %s3
    %s5: f64 = select %p, %s4, %s
    %g1: f64[3] = upd %g, %x, %i {drop = (0,), mode = "add"}
    %g2: f64[3] = select %p, %g, %g1
    %m1: f64 = maximum %m, %x
    %m2: f64 = select %p, %m1, %m
    yield %s5, %g2, %m2"""
    carries = {"s": ("f64", "%one"), "g": ("f64[3]", "%g0"), "m": ("f64", "%one")}
    text = loop("%xs: f64[6], %is: i64[6], %g0: f64[3]", carries, body, 6, down=down)
    check(text, (uniform(6), RNG.integers(0, 3, 6), uniform(3)), chosen="lockstep")


RESTARTING = {
    "the version before the loop": """%c2: f64 = for %n, %c {direction = 1} body(%j: i64, %s: f64) {
      %c3: f64 = add %c, %x
      yield %c3
    }""",
    "an older version": """%c1: f64 = add %c, %x
    %c2: f64 = for %n, %c1 {direction = 1} body(%j: i64, %s: f64) {
      yield %c
    }""",
    "a trip late": """%c9: f64, %c2: f64 = for %n, %c, %c {direction = 1} body(%j: i64, %s: f64, %r: f64) {
      %c3: f64 = add %s, %x
      yield %c3, %s
    }""",
    "two sums in one": """%c9: f64, %c2: f64 = for %n, %c, %c {direction = 1} body(%j: i64, %s: f64, %r: f64) {
      %c3: f64 = add %s, %x
      %c4: f64 = add %s, %one
      yield %c3, %c4
    }""",
    "in a while": """%t: i64, %c2: f64, %u9: i64 = while %c, %n cond(%s: f64, %u: i64) {
      %p: b1 = compare %u, %0 {direction = "GT"}
      yield %p
    } body(%j: i64, %s: f64, %u: i64) {
      %c3: f64 = add %c, %x
      %u1: i64 = subtract %u, %1
      yield %c3, %u1
    }""",
}


@pytest.mark.parametrize("name", RESTARTING)
def test_loops_that_do_not_go_on_adding_are_no_sums(name: str) -> None:
    body = f"""%x: f64 = read %xs, %k {{sizes = (1,), drop = (0,)}}
    %n: i64 = read %ns, %k {{sizes = (1,), drop = (0,)}}
    {RESTARTING[name]}
    yield %c2"""
    text = loop("%xs: f64[5], %ns: i64[5]", {"c": ("f64", "%one")}, body, 5)
    check(text, (uniform(5), np.array([0, 1, 0, 2, 3])), chosen="serial", compile_=False)


@pytest.mark.parametrize("type", ["i8", "u8", "f16", "f32", "c64"])
def test_sums_of_what_many_lanes_have_alike(type: str) -> None:
    """As the sum of integers does, the product wraps."""
    body = f"%s1: {type} = add %s, %c\nyield %s1"
    text = loop(f"%s0: {type}, %c: {type}", {"s": (type, "%s0")}, body, 300)
    check(text, (1, 2), chosen="lockstep")


# ---- divergence

COND_IN_WHILE = """%x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}
    %n: i64, %y: f64 = while %x cond(%a: f64) {
      %less: b1 = compare %a, %ten {direction = "LT"}
      yield %less
    } body(%t: i64, %a: f64) {
      %small: b1 = compare %a, %one {direction = "LT"}
      %a2: f64 = if %small then {
        %m: i64, %u: f64 = while %a cond(%c: f64) {
          %q: b1 = compare %c, %one {direction = "LT"}
          yield %q
        } body(%j: i64, %c: f64) {
          %c1: f64 = add %c, %half
          yield %c1
        }
        yield %u
      } else {
        %d: f64 = add %a, %a
        yield %d
      }
      yield %a2
    }
    %o1: f64[SIZE] = upd %o, %y, %k {drop = (0,), mode = "set"}
    %p1: i64[SIZE] = upd %p, %n, %k {drop = (0,), mode = "set"}
    yield %o1, %p1"""


@pytest.mark.parametrize("size", [2, 4])
def test_branches_with_loops_in_loops_end(size: int) -> None:
    """jax issue 2947: a branch that lanes do not take must not keep them from ending."""
    before = "%ten: f64 = constant {value = f64(10.0)}\n %half: f64 = constant {value = f64(0.5)}"
    carries = {"o": (f"f64[{size}]", "%o0"), "p": (f"i64[{size}]", "%p0")}
    params = f"%xs: f64[{size}], %o0: f64[{size}], %p0: i64[{size}]"
    text = loop(params, carries, COND_IN_WHILE.replace("SIZE", str(size)), size, before)
    xs = np.array([-3.0, 20.0, 0.7, 3.0])[:size]
    check(text, (xs, np.zeros(size), np.zeros(size, np.int64)), chosen="lockstep")


TRAJECTORY = """%x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}
    %n: i64 = read %ns, %k {sizes = (1,), drop = (0,)}
    %empty: f64[500] = empty {shape = (500,), dtype = f64}
    %zeros: f64[500] = broadcast_in_dim %one {shape = (500,), dims = ()}
    %trips: i64, %y: f64, %a: f64[500] = while %x, %zeros cond(%s: f64, %b: f64[500]) {
      %more: b1 = compare %s, %limit {direction = "LT"}
      yield %more
    } body(%j: i64, %s: f64, %b: f64[500]) {
      %s1: f64 = add %s, %one
      %b1: f64[500] = upd %b, %s1, %PLACE {drop = (0,), mode = "set"}
      yield %s1, %b1
    }
    %o1: f64[8,500] = upd %o, %a, %k, %0 {drop = (0,), mode = "set"}
    yield %o1"""


@pytest.mark.parametrize("place", ["j", "n"])
def test_no_trip_copies_an_array(place: str) -> None:
    """Lanes write rows until each is done; those that are done keep theirs."""
    before = "%limit: f64 = constant {value = f64(20.0)}"
    text = loop(
        "%xs: f64[8], %ns: i64[8], %o0: f64[8,500]",
        {"o": ("f64[8,500]", "%o0")},
        TRAJECTORY.replace("PLACE", place),
        8,
        before,
    )
    arguments = (RNG.uniform(-5, 25, 8), RNG.integers(0, 500, 8), np.zeros((8, 500)))
    check(text, arguments, chosen="lockstep")
    module, _ = expanded(text)
    assert find_copies(executable_of(module).optimized_hlo(), min_bytes=1024) == []


def test_loops_that_count_down_begin_with_what_lanes_have() -> None:
    """A lane with fewer trips comes in late; what it carries must not have gone on without it."""
    body = """%n: i64 = read %ns, %k {sizes = (1,), drop = (0,)}
    %s: i64, %t: i64, %same: f64 = for %n, %0, %1, %one {direction = -1} body(%j: i64, %a: i64, %b: i64, %c: f64) {
      %a1: i64 = add %a, %1
      %b1: i64 = multiply %b, %j
      %b2: i64 = add %b1, %a
      yield %a1, %b2, %c
    }
    %o1: i64[4] = upd %o, %s, %k {drop = (0,), mode = "set"}
    %p1: i64[4] = upd %p, %t, %k {drop = (0,), mode = "set"}
    yield %o1, %p1"""
    carries = {"o": ("i64[4]", "%o0"), "p": ("i64[4]", "%o0")}
    for direction in ("-1", "1"):
        text = loop("%ns: i64[4], %o0: i64[4]", carries, body.replace("direction = -1", f"direction = {direction}"), 4)
        check(text, (np.array([3, 0, 5, -2]), np.zeros(4, np.int64)), chosen="lockstep")


def test_loops_over_lanes_in_loops_over_lanes() -> None:
    body = """%x: f64 = read %xs, %k {sizes = (1,), drop = (0,)}
    %e: f64[3] = empty {shape = (3,), dtype = f64}
    %three: i64 = constant {value = i64(3)}
    %row: f64[3], %s1: f64 = for %three, %e, %s {direction = 1, lanes = "INNER"} body(%j: i64, %r: f64[3], %t: f64) {
      %y: f64 = read %ys, %j {sizes = (1,), drop = (0,)}
      %z: f64 = multiply %x, %y
      %r1: f64[3] = upd %r, %z, %j {drop = (0,), mode = "set"}
      %t1: f64 = add %t, %z
      yield %r1, %t1
    }
    %o1: f64[4,3] = upd %o, %row, %k, %0 {drop = (0,), mode = "set"}
    yield %o1, %s1"""
    carries = {"o": ("f64[4,3]", "%o0"), "s": ("f64", "%one")}
    for inner in ("simd", "serial", "auto"):
        text = loop("%xs: f64[4], %ys: f64[3], %o0: f64[4,3]", carries, body.replace("INNER", inner), 4)
        check(text, (uniform(4), uniform(3), np.zeros((4, 3))))
