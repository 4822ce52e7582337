"""A folder of essays as LangChain Documents; knows nothing of passages or the index."""

import hashlib
import re
from pathlib import Path

import charset_normalizer
from langchain_core.documents import Document

from ingest.errors import EssaysMissing, EssayUnreadable

SUFFIXES = frozenset({".txt", ".md"})
LONGEST_TITLE = 200  # characters
WESTERN_SHARE = 0.9  # of ASCII bytes, above which a legacy encoding is taken for cp1252


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
    """One essay: its text with newlines as \\n; metadata `source`, `title`, `fingerprint`.

    The fingerprint is a SHA-256 over everything of the essay that shapes its passages.
    Raises EssayUnreadable with the reason.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EssayUnreadable(f"it cannot be opened ({error.strerror})") from error
    text = _decode(content).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise EssayUnreadable("it is empty")
    title = _title(text, path)
    source = source_of(folder, path)
    return Document(
        text, metadata={"source": source, "title": title, "fingerprint": fingerprint(path)}
    )


def fingerprint(path: Path) -> str:
    """x"""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _decode(content: bytes) -> str:
    if charset_normalizer.is_binary(content):
        raise EssayUnreadable("it is not text, whatever its name says")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse_damaged_utf8(content, error)
    return _decode_legacy(content)


def _refuse_damaged_utf8(content: bytes, error: UnicodeDecodeError) -> None:
    """What is UTF-8 in more places than not would be gibberish in any other encoding."""
    text = content.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    intact = sum(char > "\x7f" for char in text) - broken
    if intact > broken:
        raise EssayUnreadable(
            f"its UTF-8 is damaged at byte {error.start:,}; save it again as UTF-8"
        )


def _decode_legacy(content: bytes) -> str:
    ascii_share = len(content.decode("ascii", errors="ignore")) / len(content)
    likely = None
    if ascii_share >= WESTERN_SHARE and b"\0" not in content:
        likely = ["cp1252"]
    best = charset_normalizer.from_bytes(content, cp_isolation=likely).best()
    if best is None:
        raise EssayUnreadable("its encoding is not known; save it as UTF-8")
    return str(best).removeprefix("\ufeff")


def title_line(text: str) -> str:
    """The first line where it reads as a title, else nothing.

    A title is short, does not end like a sentence, and the next line does not go on with it.
    """
    first, _, rest = text.strip().partition("\n")
    first, rest = first.strip(), rest.lstrip()
    if not rest or rest[0].islower() or len(first) > LONGEST_TITLE or first[-1] in ".,;:!?":
        return ""
    return first


def _title(text: str, path: Path) -> str:
    markdown = path.suffix.lower() == ".md"
    heading = re.search(r"^#[ \t]+(.+?)[ \t#]*$", text, re.MULTILINE) if markdown else None
    from_name = re.sub(r"[-_\s]+", " ", path.stem).strip().capitalize()
    return heading[1] if heading else title_line(text) or from_name
