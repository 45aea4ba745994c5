"""Pictures of results, written to files by matplotlib."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

Curves = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""x and y by what they show."""


@dataclass(frozen=True)
class Panel:
    """One pair of axes. `log`: powers of ten on the y axis."""

    x_label: str
    y_label: str
    lines: Curves
    points: Curves = field(default_factory=dict)
    log: bool = False


def write(path: Path, title: str, *panels: Panel) -> None:
    """Write a picture with the panels side by side, in the format that the name of the file tells."""
    figure = Figure(figsize=(5.5 * len(panels), 4.0), layout="constrained")
    figure.suptitle(title)
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for label, (x, y) in panel.lines.items():
            axes.plot(x, y, label=label)
        for label, (x, y) in panel.points.items():
            axes.plot(x, y, "o", markersize=4, label=label)
        axes.set(xlabel=panel.x_label, ylabel=panel.y_label, yscale="log" if panel.log else "linear")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    figure.savefig(path, dpi=100)
