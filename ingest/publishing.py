"""Generations of an index: built aside, published in one step; knows nothing of what they hold."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import IndexBusy, IndexMissing, IndexUnwritable

KEEP = 3  # generations, the published one included: a reader may still hold an older one
_NAME = re.compile(r"(\d{6,})-[0-9a-f]{6}")


def published(index: Path) -> Path:
    """The folder of the published generation. Raises IndexMissing."""
    try:
        name = (index / "CURRENT").read_text("utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        name = ""
    if not name:
        raise IndexMissing(
            f"There is no index in {index} yet; make one with: essay-bot ingest ESSAYS --index {index}"
        )
    return index / "generations" / name


@contextmanager
def writing(index: Path) -> Iterator[None]:
    """Hold the index for one writer. Raises IndexBusy and IndexUnwritable."""
    try:
        (index / "generations").mkdir(parents=True, exist_ok=True)
        with FileLock(index / "lock").acquire(blocking=False):
            yield
    except Timeout as error:
        raise IndexBusy(
            f"Another process is writing the index {index}; wait until it is done and try again."
        ) from error
    except OSError as error:
        raise IndexUnwritable(
            f"The index folder {index} cannot be written ({error.strerror or error}); "
            "free space or change its permissions, or name another with --index."
        ) from error


def new_generation(index: Path) -> Path:
    """An empty folder for the next generation; nobody reads it before `publish`.

    Its name was never used before, since Chroma keeps a client for each path it has seen.
    """
    numbers = [_number(path) for path in _generations(index)]
    folder = index / "generations" / f"{max(numbers, default=0) + 1:06d}-{secrets.token_hex(3)}"
    folder.mkdir()
    return folder


def publish(index: Path, generation: Path) -> None:
    """Make `generation` the one that is read, in one atomic step; then remove what is not kept."""
    pointer = index / f"CURRENT.{generation.name}"
    with pointer.open("w", encoding="utf-8") as file:
        file.write(generation.name + "\n")
        file.flush()
        os.fsync(file.fileno())
    pointer.replace(index / "CURRENT")
    remove_leftovers(index)


def remove_leftovers(index: Path) -> None:
    """Delete the generations that were never published and those beyond KEEP."""
    current = published(index)
    older = [path for path in _generations(index) if _number(path) < _number(current)]
    kept = {current, *older[len(older) - KEEP + 1 :]}
    for path in _generations(index):
        if path not in kept:
            shutil.rmtree(path, ignore_errors=True)


def _generations(index: Path) -> list[Path]:
    found = (path for path in (index / "generations").iterdir() if _NAME.fullmatch(path.name))
    return sorted(found, key=_number)


def _number(generation: Path) -> int:
    return int(generation.name.split("-")[0])
