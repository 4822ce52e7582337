"""A folder of essays as LangChain Documents; knows nothing of formats or the index."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from langchain_core.documents import Document

from ingest.errors import EssaysMissing, EssayUnreadable
from ingest.readers import READER_RULES, SUFFIXES, extract

LONGEST_TITLE = 200  # characters


@dataclass(frozen=True)
class Finding:
    """The essays below a folder, and what could not be looked at: its source, and why.

    A folder that could not be listed ends with a slash.
    """

    paths: list[Path]
    failed: dict[str, str]


def find_essays(folder: Path) -> Finding:
    """Every essay below `folder`, links followed, hidden files left out, in order of source.

    Raises EssaysMissing when there is no such folder, or it cannot be listed.
    """
    found = Finding([], {})
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise EssaysMissing(
            f"There is no folder {folder} that can be read ({error.strerror}); "
            "name the folder that holds your essays, or create it."
        ) from error
    for place in _folders(folder, found):
        for path in place.iterdir():
            if path.is_symlink() and not path.exists():
                found.failed[f"{source_of(folder, path)}/"] = "it leads nowhere"
            elif path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                _place(folder, path, found)
    found.paths.sort(key=lambda path: source_of(folder, path))
    return found


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


def _place(folder: Path, path: Path, found: Finding) -> None:
    source = source_of(folder, path)
    try:
        source.encode()
        if not stat.S_ISREG(path.stat().st_mode):
            found.failed[source] = "it is not a file"
        else:
            found.paths.append(path)
    except UnicodeEncodeError:
        found.failed[_shown(source)] = "its name is not UTF-8; rename it"
    except OSError as error:
        found.failed[source] = f"it cannot be opened ({error.strerror})"


def _shown(source: str) -> str:
    return source.encode(errors="surrogateescape").decode(errors="replace")


def source_of(folder: Path, path: Path) -> str:
    """An essay's identity: its path below the essays folder, with forward slashes."""
    return path.relative_to(folder).as_posix()


def read_essay(folder: Path, path: Path) -> Document:
    """One essay: its text with newlines as \\n, and as metadata what is known of it.

    `source`, `title`, `fingerprint`, `author`, `date` and `url` are strings, "" where the file
    does not say; `places` is a list of [start, label] pairs, pages or headings in reading order.
    Raises EssayUnreadable with the reason.
    """
    content = _read_bytes(path)
    found = extract(content, path.suffix)
    metadata = {
        "source": source_of(folder, path),
        "title": found.title or title_line(found.text) or _title_from_name(path),
        "fingerprint": _fingerprint(content, path),
        "author": found.author,
        "date": found.date,
        "url": found.url,
        "places": [[place.start, place.label] for place in found.places],
    }
    return Document(found.text, metadata=metadata)


def fingerprint(path: Path) -> str:
    """SHA-256 over everything that shapes the essay: one that is unchanged need not be read.

    Raises EssayUnreadable if the file cannot be opened.
    """
    return _fingerprint(_read_bytes(path), path)


def _fingerprint(content: bytes, path: Path) -> str:
    rules = f"{READER_RULES}\0{path.suffix.lower()}\0"
    return hashlib.sha256(rules.encode() + content).hexdigest()


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EssayUnreadable(f"it cannot be opened ({error.strerror})") from error


def title_line(text: str) -> str:
    """The first line where it reads as a title, else nothing.

    A title is short, does not end like a sentence, and the next line does not go on with it.
    """
    first, _, rest = text.strip().partition("\n")
    first, rest = first.strip(), rest.lstrip()
    if not rest or rest[0].islower() or len(first) > LONGEST_TITLE or first[-1] in ".,;:!?":
        return ""
    return first


def _title_from_name(path: Path) -> str:
    return re.sub(r"[-_\s]+", " ", path.stem).strip().capitalize()
