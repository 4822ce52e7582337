"""A file read in a process of its own, which may take so much time and memory and no more.

`python -m ingest.readers SUFFIX SECONDS BYTES < FILE` is that process, and tells the essay as JSON.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from ingest.errors import EssayUnreadable
from ingest.extracts import Extract, Place

PATIENCE = 120  # seconds that reading one may take
MEMORY = 4 << 30  # bytes that it may take
REASON = "reason"  # told instead of an essay


def read_apart(content: bytes, suffix: str) -> Extract:
    """What the other process reads in a file of this kind, or EssayUnreadable."""
    advice = _advice(suffix)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ingest.readers", suffix, str(PATIENCE), str(MEMORY)],
            input=content,
            capture_output=True,
            check=True,
            cwd=Path(__file__).parent.parent,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise EssayUnreadable(f"it takes more than {PATIENCE} seconds to read; {advice}") from error
    except subprocess.CalledProcessError as error:
        raise EssayUnreadable(f"it cannot be read; {advice}") from error
    except OSError as error:  # as where there is no memory for another process
        raise EssayUnreadable(f"no process can be begun to read it ({error.strerror})") from error
    told = json.loads(done.stdout)
    if REASON in told:
        raise EssayUnreadable(told[REASON])
    return Extract(**(told | {"places": tuple(Place(**place) for place in told["places"])}))


def tell(read: Callable[[bytes, str], Extract]) -> None:
    """Be the other process: `read` standard input, and write what it gives, or why it cannot."""
    suffix, seconds, memory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with suppress(ImportError):  # there is none on Windows
        from resource import RLIMIT_AS, RLIMIT_CPU, setrlimit

        setrlimit(RLIMIT_CPU, (seconds, seconds))  # the one who waits may be gone
        setrlimit(RLIMIT_AS, (memory, memory))
    try:
        told = asdict(read(sys.stdin.buffer.read(), suffix))
    except EssayUnreadable as error:
        told = {REASON: str(error)}
    except MemoryError:
        told = {REASON: f"it takes too much memory to read; {_advice(suffix)}"}
    json.dump(told, sys.stdout)


def _advice(suffix: str) -> str:
    return "print it to a new PDF" if suffix == ".pdf" else "split it into several files"
