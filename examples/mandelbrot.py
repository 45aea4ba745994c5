"""The Mandelbrot set, point by point: a scalar loop that stops as soon as a point escapes."""

import numpy as np

import hloc


def escape_time(c, limit):
    """The number of steps z -> z*z + c from 0 until |z| exceeds 2; `limit` where it does not."""
    z = 0j
    n = 0
    while n < limit and z.real * z.real + z.imag * z.imag <= 4.0:
        z = z * z + c
        n += 1
    return n


@hloc.compile
def escape_times(height, width, limit):
    """The escape times over real parts -2.25 to 0.75 and a window of imaginary parts around 0, i64[height, width]."""
    times = np.zeros((height, width), np.int64)
    scale = 3.0 / width
    for row in range(height):
        for column in range(width):
            c = complex(-2.25 + (column + 0.5) * scale, (height / 2 - row - 0.5) * scale)
            times[row, column] = escape_time(c, limit)
    return times


@hloc.compile
def colours(times, limit):
    """Colours for escape times i64[h, w], as u8[h, w, 3]: dark blue over white to brown, black inside the set."""
    share = np.log(1.0 + times) / np.log(1.0 + limit)
    red = np.clip(3.0 * share - 0.5, 0.0, 1.0)
    green = np.clip(2.0 * share * (1.6 - share) - 0.1, 0.0, 1.0)
    blue = np.clip(1.6 * np.sin(np.pi * (0.2 + 0.75 * share)) - 0.4, 0.0, 1.0)
    picture = np.stack((red, green, blue), axis=-1)
    picture[times == limit] = 0.0
    return (255.0 * picture).astype(np.uint8)
