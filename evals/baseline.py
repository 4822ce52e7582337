"""The figures of an earlier run: one that falls below its earlier interval is a regression."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pydantic

from evals.errors import BenchmarkMissing, first_fault
from evals.figures import Figure
from evals.reporting import Report, keep, show_number

BASELINE = Path(__file__).with_name("baseline.json")


@dataclass(frozen=True)
class Kept:
    """A figure as the baseline remembers it."""

    value: float
    low: float
    high: float
    count: int


Baseline = dict[str, dict[str, Kept]]  # by benchmark and figure
_BASELINE = pydantic.TypeAdapter(Baseline)


@dataclass(frozen=True)
class Regression:
    """A figure that lies below the interval it once had."""

    benchmark: str
    figure: Figure
    before: Kept

    def __str__(self) -> str:
        return (
            f"{self.benchmark}: {self.figure.name} fell to {show_number(self.figure.value)}; "
            f"it was {show_number(self.before.value)}, and not below {show_number(self.before.low)}"
        )


def read_baseline(path: Path) -> Baseline:
    """What was written there; nothing where there is no such file. Raises BenchmarkMissing."""
    try:
        return _BASELINE.validate_json(path.read_bytes()) if path.exists() else {}
    except pydantic.ValidationError as error:
        raise BenchmarkMissing(f"{path} is no baseline ({first_fault(error)}).") from error
    except OSError as error:
        raise BenchmarkMissing(f"{path} cannot be read ({error.strerror}); name a file.") from error


def write_baseline(path: Path, reports: Iterable[Report]) -> None:
    """Keep what was measured; what was not run stays as it is. Raises FigureUnkept."""
    kept = {
        name: {key: asdict(old) for key, old in each.items()}
        for name, each in read_baseline(path).items()
    }
    for report in reports:
        kept[report.name] = {
            each.name: asdict(_kept(each)) for each in report.figures if each.count
        }
    keep(path, json.dumps(kept, indent=2, sort_keys=True) + "\n")


def _kept(figure: Figure) -> Kept:
    return Kept(round(figure.value, 4), round(figure.low, 4), round(figure.high, 4), figure.count)


def regressions(report: Report, baseline: Baseline) -> list[Regression]:
    """The figures of a report that lie below the baseline's interval."""
    before = baseline.get(report.name, {})
    return [
        Regression(report.name, figure, before[figure.name])
        for figure in report.figures
        if figure.name in before and figure.value < before[figure.name].low
    ]


def without_baseline(reports: Iterable[Report], baseline: Baseline) -> list[str]:
    """The benchmarks of which the baseline has no figure, so that none can have fallen."""
    return [each.name for each in reports if not baseline.get(each.name)]
