"""How long until `--help`, until the prompt, and until the first answer; run on this machine.

    python -m evals.start [--runs N]

Each figure is a whole process, timed from outside; the median of the runs and their range.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import pexpect

QUESTION = "What is energy imperialism?"
COMMAND = [sys.executable, "-m", "bot"]
TIMEOUT = 120  # seconds


def main() -> None:
    """Print the table."""
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
