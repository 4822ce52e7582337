"""Processes run by turns, each with what it cost; knows nothing of what they do."""

import json
import shlex
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

COLUMNS = ("passages a processor-second", "processor, s", "wall, s", "memory, MB", "× the first")


@dataclass(frozen=True)
class Run:
    """What a process cost, or the median of several, and what it told of itself."""

    wall: float  # seconds
    processor: float  # seconds of all threads
    memory: float  # MB at most
    precision: str = "f32"

    def row(self, passages: int, first: "Run") -> list[str]:
        """In COLUMNS."""
        return [
            f"{passages / self.processor:.1f}",
            f"{self.processor:.1f}",
            f"{self.wall:.1f}",
            f"{self.memory:.0f}",
            f"{first.processor / self.processor:.2f}",
        ]


def by_turns(measures: Mapping[str, Callable[[], Run]], runs: int) -> dict[str, Run]:
    """The median of each; they take turns, so that a busy minute of the machine hits them all."""
    turns = [{name: measure() for name, measure in measures.items()} for _ in range(runs)]
    return {name: _median([turn[name] for turn in turns]) for name in measures}


def _median(runs: Sequence[Run]) -> Run:
    return Run(
        statistics.median(run.wall for run in runs),
        statistics.median(run.processor for run in runs),
        statistics.median(run.memory for run in runs),
        runs[0].precision,
    )


def whole_process(command: Sequence[str]) -> Run:
    """A process and its threads from beginning to end, as the operating system counts them."""
    return _launch(command)[1]


def own_account(command: Sequence[str]) -> Run:
    """The times that a process tells in the last line it prints, and its memory."""
    told, run = _launch(command)
    times = json.loads(told[-1])
    precision = times.get("precision", run.precision)
    return Run(times["wall"], times["processor"], run.memory, precision)


# In a process of its own, since Linux counts the memory of who starts a program as the program's.
_LAUNCHER = """
import json, os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - begin
print(json.dumps([status, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def _launch(command: Sequence[str]) -> tuple[list[str], Run]:
    """The lines it printed, and what it cost."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command]
    done = subprocess.run(launcher, stdout=subprocess.PIPE, text=True, check=True)
    *told, cost = done.stdout.splitlines()
    status, wall, processor, memory = json.loads(cost)
    if status:
        raise SystemExit(f"{shlex.join(command)} failed; run it alone to see why.")
    return told, Run(wall, processor, memory)
