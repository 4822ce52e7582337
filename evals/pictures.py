"""Drawings for reports; the only file that knows matplotlib."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from evals.reporting import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (7, 4)  # inches
BAR_GROUP = 0.8  # of the room of a group


def draw_lines(
    title: str,
    x_label: str,
    y_label: str,
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    marker: str = "",
) -> Picture:
    """A line for each name, through its x and y values."""

    def draw(axes: "Axes") -> None:
        for name, (x, y) in lines.items():
            axes.plot(x, y, marker=marker, label=name)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.grid(alpha=0.3)

    return _picture(title, draw)


def draw_bars(
    title: str, y_label: str, groups: Sequence[str], bars: Mapping[str, Sequence[float]]
) -> Picture:
    """In each group a bar for each name."""
    width = BAR_GROUP / len(bars)

    def draw(axes: "Axes") -> None:
        for place, (name, heights) in enumerate(bars.items()):
            offset = (place - (len(bars) - 1) / 2) * width
            axes.bar([each + offset for each in range(len(groups))], heights, width, label=name)
        axes.set_xticks(range(len(groups)), groups)
        axes.set_ylabel(y_label)

    return _picture(title, draw)


def _picture(title: str, draw: "Callable[[Axes], None]") -> Picture:
    # Without pyplot there is no window and no state of the process to choose a backend for.
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    draw(axes)
    figure.legend(loc="outside upper left", ncols=3)
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return Picture(title, file.getvalue())
