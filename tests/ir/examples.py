"""Small IR programs as text, by the behaviour that they show."""

from __future__ import annotations

FIBONACCI = """
func @main(%n: i64) -> i64 {
  %zero: i64 = constant {value = i64(0)}
  %one: i64 = constant {value = i64(1)}
  %a: i64, %b: i64 = for %n, %zero, %one {direction = 1} body(%k: i64, %a_1: i64, %b_1: i64) {
    %0: i64 = add %a_1, %b_1
    yield %b_1, %0
  }
  return %a
}
"""

RECURSION = """
func @fib(%n: i64) -> i64 {
  %two: i64 = constant {value = i64(2)}
  %one: i64 = constant {value = i64(1)}
  %0: b1 = compare %n, %two {direction = "LT"}
  %r: i64 = if %0 then {
    yield %n
  } else {
    %1: i64 = subtract %n, %one
    %2: i64 = subtract %n, %two
    %3: i64 = call @fib %1
    %4: i64 = call @fib %2
    %5: i64 = add %3, %4
    yield %5
  }
  return %r
}

func @main(%n: i64) -> i64 {
  %r: i64 = call @fib %n
  return %r
}
"""

PREFIX_SUM = """
func @main(%x: f64[10]) -> f64[10] {
  %one: i64 = constant {value = i64(1)}
  %nine: i64 = constant {value = i64(9)}
  %y: f64[10] = for %nine, %x {direction = 1} body(%k: i64, %y_1: f64[10]) {
    %v: f64 = read %y_1, %k {sizes = (1,), drop = (0,)}
    %0: i64 = add %k, %one
    %y_2: f64[10] = upd %y_1, %v, %0 {drop = (0,), mode = "add"}
    yield %y_2
  }
  return %y
}
"""

SWAPPED_ARRAYS = """
func @main(%a: f64[4], %b: f64[4], %n: i64) -> (f64[4], f64[4], f64[4]) {
  %two: f64 = constant {value = f64(2.0)}
  %a_1: f64[4], %b_1: f64[4] = for %n, %a, %b {direction = -1} body(%k: i64, %a_2: f64[4], %b_2: f64[4]) {
    %0: f64[4] = upd %a_2, %two, %k {drop = (0,), mode = "set"}
    yield %b_2, %0
  }
  return %a_1, %b_1, %a
}
"""

OLD_VERSION_ALIVE = """
func @main(%x: f64[3], %i: i64) -> (f64[3], f64[3]) {
  %0: f64[3] = add %x, %x
  %one: f64 = constant {value = f64(1.0)}
  %y: f64[3] = upd %0, %one, %i {drop = (0,), mode = "set"}
  %z: f64[3] = multiply %0, %y
  return %y, %z
}
"""

NEWTON = """
func @main(%x: f64) -> (f64, i64) {
  %one: f64 = constant {value = f64(1.0)}
  %half: f64 = constant {value = f64(0.5)}
  %eps: f64 = constant {value = f64(1e-12)}
  %n: i64, %y: f64 = while %one cond(%y_1: f64) {
    %0: f64 = multiply %y_1, %y_1
    %1: f64 = subtract %0, %x
    %2: f64 = abs %1
    %3: b1 = compare %2, %eps {direction = "GT"}
    yield %3
  } body(%k: i64, %y_2: f64) {
    %4: f64 = divide %x, %y_2
    %5: f64 = add %y_2, %4
    %y_3: f64 = multiply %half, %5
    yield %y_3
  }
  return %y, %n
}
"""

ROWS = """
func @main(%a: f32[3,4], %i: i64) -> (f32[3,4], f32[4]) {
  %c: f32 = constant {value = f32(0.1)}
  %zero: i64 = constant {value = i64(0)}
  %0: f32[4] = broadcast_in_dim %c {shape = (4,), dims = ()}
  %row: f32[4] = read %a, %i, %zero {sizes = (1, 4), drop = (0,)}
  %1: f32[4] = multiply %row, %0
  %a_1: f32[3,4] = upd %a, %1, %i, %zero {drop = (0,), mode = "set"}
  %b: f32[2,2] = read %a_1, %i, %i {sizes = (2, 2), drop = ()}
  %a_2: f32[3,4] = upd %a_1, %b, %zero, %zero {drop = (), mode = "add"}
  return %a_2, %row
}
"""

SWITCH = """
func @main(%j: i64, %x: f64) -> f64 {
  %y: f64 = switch %j case 0 {
    %0: f64 = sine %x
    yield %0
  } case 1 {
    yield %x
  } case 2 {
    %1: f64 = negate %x
    yield %1
  }
  return %y
}
"""

EXACT_NUMBERS = """
func @main(%n: i64, %x: f32, %p: b1[2]) -> (i64, f32, f32, i8, b1[2], c64, f64[2]) {
  %0: i64 = for %n, %n {direction = 1} body(%k: i64, %last: i64) {
    yield %k
  }
  %tenth: f32 = constant {value = f32(0.1)}
  %1: f32 = sine %tenth
  %2: f32 = multiply %x, %tenth
  %big: i8 = constant {value = i8(127)}
  %3: i8 = add %big, %big
  %4: b1[2] = not %p
  %z: c64 = constant {value = c64((-0.0, inf))}
  %v: f64[2] = constant {value = f64[2]([nan, -2.5])}
  return %0, %1, %2, %3, %4, %z, %v
}
"""

EXAMPLES = {
    "fibonacci": (FIBONACCI, [30]),
    "recursion": (RECURSION, [10]),
    "prefix_sum": (PREFIX_SUM, [[1.0] * 10]),
    "swapped_arrays": (SWAPPED_ARRAYS, [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], 3]),
    "old_version_alive": (OLD_VERSION_ALIVE, [[1.0, 2.0, 3.0], 7]),
    "newton": (NEWTON, [2.0]),
    "rows": (ROWS, [[[1.0, 2.0, 3.0, 4.0]] * 3, 1]),
    "switch": (SWITCH, [5, 0.5]),
    "exact_numbers": (EXACT_NUMBERS, [3, 0.3, [True, False]]),
}
