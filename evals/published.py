"""The rows that were published for the chunking benchmark, and tables with ours among them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.reporting import Table

MEASURES = ("recall", "precision", "IoU", "omega")
COLUMNS = ("recall", "precision", "iou", "precision_omega")  # of the published files


@dataclass(frozen=True)
class Row:
    """A chunker's mean and population standard deviation of each of MEASURES, in percent."""

    model: str
    chunker: str
    limit: str
    figures: tuple[tuple[float, float], ...]

    def cells(self) -> tuple[str, ...]:
        """The row as a table shows it."""
        shown = (f"{mean:.1f} ± {deviation:.1f}" for mean, deviation in self.figures)
        return self.chunker, self.model, *shown


def read_published(folder: Path) -> list[Row]:
    """The published rows over all corpora, of every model."""
    return [row for path in sorted(folder.glob("published_*.csv")) for row in _published(path)]


def _published(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["corpus"] == "ALL":
                chunker = f"{row['chunker']} {row['size']}/{row['overlap']}"
                figures = tuple(
                    (float(row[f"{name}_mean"]), float(row[f"{name}_sd"])) for name in COLUMNS
                )
                yield Row(row["model"], chunker, row["retrieve"], figures)


def table_beside(rows: Sequence[Row], published: Sequence[Row], limit: int) -> Table:
    """Our rows above the published ones, with so many passages retrieved."""
    return Table(
        f"Beside what was published, {limit} retrieved (mean ± standard deviation)",
        ("chunker", "model", *MEASURES),
        [row.cells() for row in (*rows, *published) if row.limit == str(limit)],
    )
