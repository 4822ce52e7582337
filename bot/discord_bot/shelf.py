"""Files of essays that come in and go out by Discord; nothing is overwritten or lost unasked."""

import os
import tempfile
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

import regex

from bot.discord_bot.phrases import say
from bot.errors import FileRefused
from ingest.errors import EssayUnreadable
from ingest.essays import read_essay
from ingest.readers import SUFFIXES

LARGEST = 10  # MiB, what Discord takes by default
MEBIBYTE = 1 << 20
REMOVED = "removed"  # below DATA_DIR
_LONGEST_NAME = 120  # bytes
_UNSAFE = regex.compile(r"[^\w .()&'-]|\p{DI}")  # unlike re's, its \w has the vowels of Hindi
_changing = Lock()  # between keeping a file aside and taking it away, nobody puts another there


@dataclass(frozen=True)
class Shelf:
    """A folder of essays, where what leaves it is kept aside, and in which language to refuse."""

    essays: Path
    data: Path
    language: str

    def check_upload(self, name: str, size: int, replace: bool) -> str:
        """The name a file is to have among the essays. Raises FileRefused; nothing is read yet."""
        path = Path(_UNSAFE.sub("_", unicodedata.normalize("NFC", name)))
        stem = path.stem.strip(" .").encode()[:_LONGEST_NAME].decode(errors="ignore")
        suffix = path.suffix.lower()
        if not any(char.isalnum() for char in stem):
            raise FileRefused(say(self.language, "file_name"))
        if suffix not in SUFFIXES:
            kinds = " ".join(sorted(SUFFIXES))
            raise FileRefused(say(self.language, "file_kind", kinds=kinds))
        if size > LARGEST * MEBIBYTE:
            raise FileRefused(say(self.language, "file_size", limit=LARGEST))
        if not replace and (self.essays / f"{stem}{suffix}").exists():
            raise FileRefused(say(self.language, "file_exists"))
        return f"{stem}{suffix}"

    def add_file(self, name: str, content: bytes, replace: bool) -> None:
        """Put a file that can be read among the essays, whole or not at all. Raises FileRefused.

        What it replaces is kept aside.
        """
        try:
            _check_readable(name, content)
            self.essays.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.essays, prefix=".", delete=False) as part:
                try:
                    part.write(content)
                    part.flush()
                    os.fsync(part.fileno())
                    self._place(Path(part.name), self.essays / name, replace)
                finally:
                    Path(part.name).unlink(missing_ok=True)
        except OSError as error:
            raise FileRefused(str(error.strerror)) from error

    def _place(self, part: Path, path: Path, replace: bool) -> None:
        part.chmod(0o644)
        with _changing:
            if replace and path.exists():
                self._keep_aside(path)
                part.replace(path)
                return
            try:
                os.link(part, path)  # unlike a rename, it overwrites nothing
            except FileExistsError as error:  # someone added it after it was checked
                raise FileRefused(say(self.language, "file_exists")) from error

    def remove_file(self, source: str) -> bool:
        """Move a file from the essays to where the removed ones are; whether it was an essay.

        Raises FileRefused where it cannot be moved.
        """
        path = self.essays / source
        try:
            with _changing:
                if not self._is_essay(path):
                    return False
                self._keep_aside(path)
                path.unlink()
        except OSError as error:
            raise FileRefused(str(error.strerror)) from error
        return True

    def _keep_aside(self, path: Path) -> None:
        kept = self.data / REMOVED / f"{datetime.now():%Y%m%d-%H%M%S-%f}-{path.name}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("xb") as file:
            file.write(path.read_bytes())

    def _is_essay(self, path: Path) -> bool:
        try:
            inside = path.resolve().is_relative_to(self.essays.resolve())
            return inside and path.is_file() and path.suffix.lower() in SUFFIXES
        except (OSError, ValueError):  # no name that a file can have
            return False


def _check_readable(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / name
        path.write_bytes(content)
        try:
            read_essay(Path(place), path)
        except EssayUnreadable as error:
            raise FileRefused(str(error)) from error
