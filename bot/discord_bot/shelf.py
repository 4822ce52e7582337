"""Files of essays that come in and go out by Discord; nothing is overwritten or lost unasked."""

import os
import re
import tempfile
import time
import unicodedata
from pathlib import Path

from bot.discord_bot.phrases import say
from bot.errors import FileRefused
from ingest.errors import EssayUnreadable
from ingest.essays import read_essay
from ingest.readers import SUFFIXES

LARGEST = 10  # MiB, what Discord takes by default
MEBIBYTE = 1 << 20
REMOVED = "removed"  # below DATA_DIR
_LONGEST_NAME = 120  # bytes
_UNSAFE = re.compile(r"[^\w .()&'-]")


def check_upload(essays: Path, name: str, size: int, replace: bool, language: str) -> str:
    """The name a file is to have among the essays. Raises FileRefused; nothing is read yet."""
    path = Path(_UNSAFE.sub("_", unicodedata.normalize("NFC", name)))
    stem = path.stem.strip(" .").encode()[:_LONGEST_NAME].decode(errors="ignore")
    suffix = path.suffix.lower()
    if not any(char.isalnum() for char in stem):
        raise FileRefused(say(language, "file_name"))
    if suffix not in SUFFIXES:
        raise FileRefused(say(language, "file_kind", kinds=" ".join(sorted(SUFFIXES))))
    if size > LARGEST * MEBIBYTE:
        raise FileRefused(say(language, "file_size", limit=LARGEST))
    if not replace and (essays / f"{stem}{suffix}").exists():
        raise FileRefused(say(language, "file_exists"))
    return f"{stem}{suffix}"


def add_file(essays: Path, name: str, content: bytes) -> None:
    """Put a file that can be read among the essays, whole or not at all. Raises FileRefused."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / name
        path.write_bytes(content)
        try:
            read_essay(Path(place), path)
        except EssayUnreadable as error:
            raise FileRefused(str(error)) from error
    try:
        essays.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=essays, prefix=".", delete=False) as part:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
        Path(part.name).chmod(0o644)
        Path(part.name).replace(essays / name)
    except OSError as error:
        raise FileRefused(str(error.strerror)) from error


def remove_file(essays: Path, source: str, data: Path) -> Path:
    """Move a file from the essays to where the removed ones are; gives its new place.

    Raises FileRefused where it is none of the essays.
    """
    path = essays / source
    if not _is_essay(essays, path):
        raise FileRefused(source)
    kept = data / REMOVED / f"{time.strftime('%Y%m%d-%H%M%S')}-{path.name}"
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(path.read_bytes())
        path.unlink()
    except OSError as error:
        raise FileRefused(str(error.strerror)) from error
    return kept


def _is_essay(essays: Path, path: Path) -> bool:
    try:
        inside = path.resolve().is_relative_to(essays.resolve())
        return inside and path.is_file() and path.suffix.lower() in SUFFIXES
    except (OSError, ValueError):  # no name that a file can have
        return False
