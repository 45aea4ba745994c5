"""What runs of a function have found out, for programs that are made later, also in other processes."""

from __future__ import annotations

from dataclasses import field

from hloc.classes import dataclass


@dataclass
class Learned:
    """Room of loops of derivatives by number, of recursive functions by name, and of the print log."""

    capacities: dict[int, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    print_capacity: int = 0

    def merge(self, other: Learned) -> None:
        """Keep the larger of each."""
        for site, room in other.capacities.items():
            self.capacities[site] = max(room, self.capacities.get(site, 0))
        for name, room in other.rows.items():
            self.rows[name] = max(room, self.rows.get(name, 0))
        self.print_capacity = max(self.print_capacity, other.print_capacity)
