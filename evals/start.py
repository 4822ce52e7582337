"""How long until `--help`, until the prompt, and until the first answer; run on this machine.

    python -m evals.start [--runs N]

Each figure is a whole process, timed from outside; the median of the runs and their range. Then
what the first answer is made of, with the model run by torch and as it is by default, by turns.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import pexpect

from evals.turns import whole_process

QUESTION = "What is energy imperialism?"
COMMAND = [sys.executable, "-m", "bot"]
TIMEOUT = 120  # seconds
BACKENDS = ("torch", "auto")  # before and after


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m evals.start", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        os.environ["INDEX_DIR"] = folder
        subprocess.run([*COMMAND, "ingest"], check=True, stdout=subprocess.DEVNULL)
        for what, measure in MEASURES.items():
            seconds = sorted(measure() for _ in range(runs))
            middle = statistics.median(seconds)
            print(
                f"{what:<36}{middle:6.2f} s   ({seconds[0]:.2f} to {seconds[-1]:.2f}, {runs} runs)"
            )
        print_parts(runs)


def print_parts(runs: int) -> None:
    """The parts of a cold `ask` and its whole: wall time, processor time, memory by then."""
    turns = [{backend: _parts(backend) for backend in BACKENDS} for _ in range(runs)]
    print(f"\n{'essay-bot ask, cold, by part':<46}" + "".join(f"{each:^28}" for each in BACKENDS))
    print(" " * 46 + "      s  cpu s  MB at most  " * len(BACKENDS))
    for part in turns[0][BACKENDS[0]]:
        cells = []
        for backend in BACKENDS:
            taken = zip(*(turn[backend][part] for turn in turns), strict=True)
            wall, processor, memory = (statistics.median(each) for each in taken)
            cells.append(f"{wall:7.2f}{processor:7.2f}{memory:9.0f}     ")
        print(f"{part:<46}" + "".join(cells))


def _parts(backend: str) -> dict[str, tuple[float, float, float]]:
    os.environ["EMBEDDING_BACKEND"] = backend
    cold = [sys.executable, "-m", "evals.cold", str(time.time()), QUESTION]
    done = subprocess.run(cold, capture_output=True, text=True, check=True)
    parts: dict[str, tuple[float, float, float]] = json.loads(done.stdout.splitlines()[-1])
    whole = whole_process([*COMMAND, "ask", QUESTION])
    del os.environ["EMBEDDING_BACKEND"]
    return parts | {"all of it, as `ask` does it": (whole.wall, whole.processor, whole.memory)}


def _run(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([*COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _until(*texts: str) -> float:
    """Seconds until the last of `texts` stands on the terminal; the question is typed before."""
    start = time.perf_counter()
    child = pexpect.spawn(sys.executable, ["-m", "bot", "chat"], timeout=TIMEOUT, encoding="utf-8")
    for text in texts:
        child.expect_exact(text)
        child.sendline(QUESTION)
    seconds = time.perf_counter() - start
    child.close(force=True)
    return seconds


MEASURES: dict[str, Callable[[], float]] = {
    "essay-bot --help": lambda: _run("--help"),
    "essay-bot ingest, nothing changed": lambda: _run("ingest"),
    "chat: the prompt": lambda: _until("›"),
    "chat: the first answer, typed at once": lambda: _until("›", "gives birth"),
    "essay-bot ask, from a cold start": lambda: _run("ask", QUESTION),
}

if __name__ == "__main__":
    main()
