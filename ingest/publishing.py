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
            f"There is no index in {index} yet; make one with: "
            f"essay-bot ingest ESSAYS --index {index}"
        )
    return index / "generations" / name


@contextmanager
def writing(index: Path) -> Iterator[None]:
    """Hold the index for one writer; what it leaves half-built is removed.

    Raises IndexBusy, and IndexUnwritable for any OSError within.
    """
    try:
        (index / "generations").mkdir(parents=True, exist_ok=True)
        with FileLock(index / "lock").acquire(blocking=False):
            try:
                _empty(index / "building")  # of a writer that was killed
                yield
            finally:
                _empty(index / "building")
    except Timeout as error:
        raise IndexBusy(
            f"Another process is writing the index {index}; wait until it is done and try again."
        ) from error
    except OSError as error:
        raise IndexUnwritable(
            f"The index folder {index} cannot be written ({error.strerror or error}); "
            "free space or change its permissions, or name another with --index."
        ) from error


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def new_generation(index: Path) -> Path:
    """An empty folder for the next generation; nobody reads it before `publish`.

    Its name was never used before, since Chroma keeps a client for each path it has seen.
    """
    number = max((_number(path) for path in _generations(index)), default=0) + 1
    folder = index / "building" / f"{number:06d}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    return folder


def publish(index: Path, built: Path) -> Path:
    """Make what was built the generation that is read, in one atomic step; gives its place.

    Whatever is open in it must be closed before. Generations beyond KEEP are removed.
    """
    generation = built.rename(index / "generations" / built.name)
    pointer = index / "building" / "CURRENT"
    with pointer.open("w", encoding="utf-8") as file:
        file.write(generation.name + "\n")
        file.flush()
        os.fsync(file.fileno())
    pointer.replace(index / "CURRENT")
    for old in _generations(index)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    return generation


def _generations(index: Path) -> list[Path]:
    found = (path for path in (index / "generations").iterdir() if _NAME.fullmatch(path.name))
    return sorted(found, key=_number)


def _number(generation: Path) -> int:
    return int(generation.name.split("-")[0])
