"""A folder of essays as LangChain Documents; knows nothing of formats or the index."""

import hashlib
import re
from pathlib import Path

from langchain_core.documents import Document

from ingest.errors import EssaysMissing, EssayUnreadable
from ingest.readers import READER_RULES, SUFFIXES, extract

LONGEST_TITLE = 200  # characters


def find_essays(folder: Path) -> list[Path]:
    """Every essay below `folder`, hidden files left out, in the order of their sources.

    Raises EssaysMissing when there is no such folder.
    """
    if not folder.is_dir():
        raise EssaysMissing(
            f"There is no folder {folder}; name the folder that holds your essays, or create it."
        )
    return sorted(
        (path for path in folder.rglob("*") if _is_essay(path.relative_to(folder), path)),
        key=lambda path: source_of(folder, path),
    )


def _is_essay(relative: Path, path: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return not hidden and path.suffix.lower() in SUFFIXES and path.is_file()


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
