"""Any essay file's bytes -> its text, title, author and places; knows no folder and no index."""

import codecs
import re
from collections.abc import Callable
from dataclasses import replace

from ingest.apart import read_apart, tell
from ingest.archives import unpacked_size
from ingest.decoding import decode
from ingest.epub import read_epub
from ingest.errors import EssayUnreadable
from ingest.extracts import Extract, Place
from ingest.markdown import read_markdown
from ingest.markup import read_html
from ingest.pdf import read_pdf
from ingest.word import read_word

__all__ = ["READER_RULES", "SUFFIXES", "Extract", "Place", "extract"]

READER_RULES = "3"  # raise it when a file would give another essay: all are read again
MOST_READ_HERE = 500_000  # bytes, unpacked; to read more could take minutes, or all memory
LONGEST_TEXT = 10_000_000  # characters; to split and embed so many takes 2 GB
LONGEST_NAME = 500  # characters of a title, which each passage keeps, or of an author


def _read_text(content: bytes) -> Extract:
    return Extract(decode(content))


_READERS: dict[str, Callable[[bytes], Extract]] = {
    ".txt": _read_text,
    ".md": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
    ".docx": read_word,
    ".epub": read_epub,
}
SUFFIXES = frozenset(_READERS)
_WRITTEN_AS_TEXT = frozenset({".txt", ".md", ".html", ".htm"})
_MASKED = (  # files that are, or may be, plain letters, so that they would pass for text
    (re.compile(rb"%PDF-"), "a PDF", ".pdf"),
    (re.compile(rb"\{\\rtf"), "a rich text file", ""),
    (
        re.compile(rb"<(?:!doctype\s+html|html)\b", re.I),
        "a web page",
        ".html",
    ),
)


def extract(content: bytes, suffix: str) -> Extract:
    """The essay in a file of this kind; `suffix` as in SUFFIXES, in any case.

    Raises EssayUnreadable with the reason, and nothing else, whatever the bytes.
    """
    kind = suffix.lower()
    if kind not in _READERS:
        known = ", ".join(sorted(SUFFIXES))
        raise EssayUnreadable(f"files ending in {suffix!r} are not read; save it as one of {known}")
    if not content.strip():
        raise EssayUnreadable("it is empty")
    _refuse_masked(content, kind)
    return (read_apart if kind == ".pdf" or _is_large(content, kind) else _read)(content, kind)


def _is_large(content: bytes, suffix: str) -> bool:
    if len(content) > MOST_READ_HERE:
        return True
    return suffix in {".docx", ".epub"} and unpacked_size(content) > MOST_READ_HERE


def _read(content: bytes, suffix: str) -> Extract:
    found = _READERS[suffix](content)
    if not found.text.strip():
        raise EssayUnreadable("it is empty")
    if len(found.text) > LONGEST_TEXT:
        raise EssayUnreadable(
            f"its text has more than {LONGEST_TEXT // 1_000_000} million characters; split it into "
            "several files"
        )
    return replace(
        found,
        title=found.title[:LONGEST_NAME],
        author=found.author[:LONGEST_NAME],
        date=found.date[:LONGEST_NAME],
        url=found.url[:LONGEST_NAME],
    )


def _refuse_masked(content: bytes, suffix: str) -> None:
    begin = content.removeprefix(codecs.BOM_UTF8).lstrip()
    for start, kind, better in _MASKED:
        web = better == ".html" and suffix in {".html", ".htm"}
        if suffix in _WRITTEN_AS_TEXT and not web and start.match(begin):
            advice = f"name it {better}" if better else "save it as .docx"
            raise EssayUnreadable(f"it is {kind}, whatever its name says; {advice}")


if __name__ == "__main__":
    tell(_read)
