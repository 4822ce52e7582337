"""A folder of essays as LangChain Documents; knows nothing of formats or the index."""

import hashlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import EssaysMissing, EssayUnreadable
from ingest.readers import READER_RULES, SUFFIXES, extract

if TYPE_CHECKING:
    from langchain_core.documents import Document

LONGEST_TITLE = 200  # characters
LONGEST_BYLINE = 15  # words
LARGEST_FILE = 200_000_000  # bytes
_AT_ONCE = 1 << 16  # bytes
_WITHIN_NAMES = frozenset(
    [
        "and",
        "with",
        "or",
        "&",
        "de",
        "la",
        "le",
        "van",
        "von",
        "der",
        "den",
        "du",
        "di",
        "da",
        "del",
        "al",
        "bin",
        "ibn",
    ]
)
_SUFFIXES = tuple(SUFFIXES)


@dataclass(frozen=True)
class Finding:
    """The essays below a folder by source, in order, and why others could not be looked at.

    A folder that could not be listed ends with a slash. Paths are strings: making a Path of each
    takes half as long as reading it.
    """

    paths: dict[str, str]
    failed: dict[str, str]


def find_essays(folder: Path) -> Finding:
    """Every essay below `folder`, links followed, hidden files left out, in order of source.

    Raises EssaysMissing when there is no such folder, or it cannot be listed.
    """
    found = Finding({}, {})
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise EssaysMissing(
            f"There is no folder {folder} that can be read ({error.strerror}); "
            "name the folder that holds your essays, or create it."
        ) from error
    for place in _folders(folder, found):
        above = "" if place == folder else f"{source_of(folder, place)}/"
        with os.scandir(place) as entries:
            for entry in entries:
                _place(f"{above}{entry.name}", entry, found)
    return Finding(dict(sorted(found.paths.items())), found.failed)


def _folders(folder: Path, found: Finding) -> Iterator[Path]:
    """`folder` and those below that can be listed, each once however links lead to it."""

    def fail(error: OSError) -> None:
        source = source_of(folder, Path(error.filename))
        found.failed[f"{_shown(source)}/"] = f"it cannot be listed ({error.strerror})"

    seen = set()
    for place, names, _ in os.walk(folder, onerror=fail, followlinks=True):
        real = os.path.realpath(place)
        names[:] = [] if real in seen else sorted(name for name in names if name[0] != ".")
        if real not in seen:
            seen.add(real)
            yield Path(place)


def _place(source: str, entry: os.DirEntry[str], found: Finding) -> None:
    try:
        if entry.name.startswith("."):
            return
        if entry.is_symlink() and not Path(entry.path).exists():
            found.failed[f"{source}/"] = "it leads nowhere"
        elif not entry.name.lower().endswith(_SUFFIXES) or entry.is_dir():
            return
        elif not source.isascii() and source != _shown(source):
            found.failed[_shown(source)] = "its name is not UTF-8; rename it"
        elif not entry.is_file():
            found.failed[source] = "it is not a file"
        else:
            found.paths[source] = entry.path
    except OSError as error:
        found.failed[source] = f"it cannot be opened ({error.strerror})"


def _shown(source: str) -> str:
    return source.encode(errors="surrogateescape").decode(errors="replace")


def source_of(folder: Path, path: Path) -> str:
    """An essay's identity: its path below the essays folder, with forward slashes."""
    return path.relative_to(folder).as_posix()


def read_essay(folder: Path, path: Path) -> "Document":
    """One essay: its text with newlines as \\n, and as metadata what is known of it.

    `source`, `title`, `fingerprint`, `author`, `date` and `url` are strings, "" where the file
    does not say; `places` is a list of [start, label] pairs, pages or headings in reading order.
    Raises EssayUnreadable with the reason.
    """
    from langchain_core.documents import Document  # here, since an unchanged file is not read

    content = _read_bytes(path)
    found = extract(content, path.suffix)
    metadata = {
        "source": source_of(folder, path),
        "title": found.title or title_line(found.text) or _title_from_name(path),
        "fingerprint": _fingerprint(content, path.suffix),
        "author": found.author or _author_line(found.text),
        "date": found.date,
        "url": found.url,
        "places": [[place.start, place.label] for place in found.places],
    }
    return Document(found.text, metadata=metadata)


def fingerprint(path: str | Path) -> str:
    """SHA-256 over everything that shapes the essay: one that is unchanged need not be read.

    Raises EssayUnreadable if the file cannot be opened, or is too large.
    """
    return _fingerprint(_read_bytes(path), os.path.splitext(path)[1])  # noqa: PTH122  # see Finding


def _fingerprint(content: bytes, suffix: str) -> str:
    rules = f"{READER_RULES}\0{suffix.lower()}\0"
    return hashlib.sha256(rules.encode() + content).hexdigest()


def _read_bytes(path: str | Path) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # see Finding
            size = os.fstat(file.fileno()).st_size
            _refuse_large(size)
            content = file.read(size + 1)
            return content if len(content) == size else _read_on(content, file)
    except OSError as error:
        raise EssayUnreadable(f"it cannot be opened ({error.strerror})") from error


def _read_on(begun: bytes, file: io.FileIO) -> bytes:
    """All of a file that grows, or does not tell its size."""
    content = bytearray(begun)
    while part := file.read(_AT_ONCE):
        content += part
        _refuse_large(len(content))
    return bytes(content)


def _refuse_large(size: int) -> None:
    if size > LARGEST_FILE:
        raise EssayUnreadable("it is larger than 200 MB; split it into several files")


def title_line(text: str) -> str:
    """The first line where it reads as a title, else nothing.

    A title is short, does not end like a sentence, and the next line does not go on with it.
    """
    first, _, rest = text.strip().partition("\n")
    first, rest = first.strip(), rest.lstrip()
    if not rest or rest[0].islower() or len(first) > LONGEST_TITLE or first[-1] in ".,;:!?":
        return ""
    return first


def byline_at(text: str) -> tuple[int, int]:
    """Where the line below the first one stands if it tells the author: "By Mary Shelley".

    The offsets of its characters, alike if it does not.
    """
    title, _, rest = text.partition("\n")
    start = len(text) - len(rest.lstrip())
    line = text[start:].partition("\n")[0].rstrip() if title.strip() else ""
    by, *names = line.replace(",", " ").split() or [""]
    named = names and all(word[0].isupper() or word in _WITHIN_NAMES for word in names)
    is_byline = by.lower() == "by" and named and len(names) <= LONGEST_BYLINE
    return start, start + (len(line) if is_byline else 0)


def _author_line(text: str) -> str:
    start, end = byline_at(text)
    return " ".join(text[start:end].split()[1:])


def _title_from_name(path: Path) -> str:
    return re.sub(r"[-_\s]+", " ", path.stem).strip().capitalize()
