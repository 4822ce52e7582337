"""A PDF -> its text page by page, and its properties; recognises no letters in pictures."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.errors import EssayUnreadable
from ingest.extracts import Extract, Place, join_extracts, real_name, tidy

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

DAMAGED = "it is damaged; download or save it again"
ABOUT_END = 2048  # bytes in which a whole PDF says that it ends
_BROKEN = re.compile("(\\w+)\x02(\\w+)")  # pdfium's mark: a word that goes on in the next line
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?")


def read_pdf(content: bytes) -> Extract:
    """Raises EssayUnreadable for what is encrypted, damaged, scanned or no PDF.

    pdfium knows no threads, and there are files on which it crashes, or never ends: let a process
    of its own read one.
    """
    if b"%PDF-" not in content[:1024]:
        raise EssayUnreadable("it is not a PDF, whatever its name says")
    if b"%%EOF" not in content[-ABOUT_END:]:  # pdfium would read what is left, and say nothing
        raise EssayUnreadable("it is damaged: its end is missing; download or save it again")
    import pypdfium2

    try:
        with closing(pypdfium2.PdfDocument(content)) as document:
            return _read_document(document)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD
        reason = "it is encrypted; save it without a password" if locked else DAMAGED
        raise EssayUnreadable(reason) from error


def _read_document(document: "PdfDocument") -> Extract:
    found = join_extracts(_read_pages(document))
    if not found.text:
        raise EssayUnreadable(
            "it has no text, perhaps it is scanned; run text recognition on it first"
        )
    return replace(
        found,
        title=real_name(_property(document, "Title")),
        author=real_name(_property(document, "Author")),
        date=_date(_property(document, "CreationDate")),
    )


def _read_pages(document: "PdfDocument") -> Iterator[Extract]:
    pages = []
    for number in range(len(document)):
        with closing(document[number]) as page, closing(page.get_textpage()) as words:
            pages.append(words.get_text_bounded())
    for number, text in enumerate(_mend_words(pages), start=1):
        yield Extract(tidy(text), places=(Place(0, f"page {number}"),))


def _mend_words(pages: Sequence[str]) -> Iterator[str]:
    """Words broken at a line's end: whole, or with their hyphen where it seems to be their own.

    It is when both halves are words elsewhere in the document and the whole is not.
    """
    whole = _BROKEN.sub(" ", " ".join(pages)).lower()
    known = set(re.findall(r"\w+", whole))

    def mend(match: re.Match[str]) -> str:
        first, second = match.groups()
        apart = {first.lower(), second.lower()} <= known and (first + second).lower() not in known
        return f"{first}-{second}" if apart or not second[0].islower() else first + second

    return (_BROKEN.sub(mend, page) for page in pages)


def _property(document: "PdfDocument", name: str) -> str:
    try:
        return str(document.get_metadata_value(name))
    except UnicodeDecodeError:
        return ""


def _date(value: str) -> str:
    """ "2024-01-31" from "D:20240131093000Z", as far as it goes."""
    match = _DATE.match(value)
    return "-".join(filter(None, match.groups())) if match else ""
