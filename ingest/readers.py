"""Any essay file's bytes -> its text, title, author and places; knows no folder and no index."""

import codecs
import re
from collections.abc import Callable

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
    found = _READERS[kind](content)
    if not found.text.strip():
        raise EssayUnreadable("it is empty")
    return found


def _refuse_masked(content: bytes, suffix: str) -> None:
    begin = content.removeprefix(codecs.BOM_UTF8).lstrip()
    for start, kind, better in _MASKED:
        web = better == ".html" and suffix in {".html", ".htm"}
        if suffix in _WRITTEN_AS_TEXT and not web and start.match(begin):
            advice = f"name it {better}" if better else "save it as .docx"
            raise EssayUnreadable(f"it is {kind}, whatever its name says; {advice}")
