"""Planets around a star by the leapfrog method, with dataclasses and loops over pairs."""

from dataclasses import dataclass

import numpy as np

import hloc


@dataclass
class Bodies:
    """Positions f64[n, 3], velocities f64[n, 3] and masses f64[n], in units where the constant of gravity is 1."""

    position: np.ndarray
    velocity: np.ndarray
    mass: np.ndarray


def solar_system(planets, seed=3):
    """A star of mass 1 and light planets on nearly circular orbits in random planes near one another."""
    random = np.random.default_rng(seed)
    radius = np.linspace(1.0, 4.0, planets)
    angle = random.uniform(0.0, 2.0 * np.pi, planets)
    tilt = random.normal(scale=0.05, size=planets)
    outward = np.stack((np.cos(angle), np.sin(angle), np.zeros(planets)), axis=1)
    forward = np.stack((-np.sin(angle), np.cos(angle), tilt), axis=1)
    still = np.zeros((1, 3))
    return Bodies(
        np.concatenate((still, outward * radius[:, None])),
        np.concatenate((still, forward / np.sqrt(radius)[:, None])),
        np.concatenate(([1.0], np.full(planets, 1e-4))),
    )


def accelerations(x, mass):
    """What bodies at x f64[n, 3] do to each other, f64[n, 3]; every pair is visited once (Newton's third law)."""
    pull = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(i):
            d = x[j] - x[i]
            strength = 1.0 / np.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2) ** 3
            pull[i] += mass[j] * strength * d
            pull[j] -= mass[i] * strength * d
    return pull


def energy(bodies):
    """Kinetic plus potential energy; the leapfrog method keeps it nearly constant."""
    total = 0.0
    for i in range(len(bodies.mass)):
        total += 0.5 * bodies.mass[i] * np.sum(bodies.velocity[i] ** 2)
        for j in range(i):
            distance = np.sqrt(np.sum((bodies.position[i] - bodies.position[j]) ** 2))
            total -= bodies.mass[i] * bodies.mass[j] / distance
    return total


@hloc.compile
def orbit(bodies, dt, steps):
    """Move the bodies by `steps` steps of length `dt` in place; gives back the energy before and after."""
    before = energy(bodies)
    pull = accelerations(bodies.position, bodies.mass)
    for _ in range(steps):
        bodies.velocity += 0.5 * dt * pull
        bodies.position += dt * bodies.velocity
        pull = accelerations(bodies.position, bodies.mass)
        bodies.velocity += 0.5 * dt * pull
    return before, energy(bodies)
