"""A PDF -> its text page by page, and its properties; recognises no letters in pictures.

`python -m ingest.pdf SECONDS < FILE` reads one in a process of its own, and tells it as JSON.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import EssayUnreadable
from ingest.extracts import Extract, Place, join_extracts, real_name, tidy

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

DAMAGED = "it is damaged; download or save it again"
ANEW = "print it to a new PDF"
REASON = "reason"  # told instead of an essay
ABOUT_END = 2048  # bytes in which a whole PDF says that it ends
_BROKEN = re.compile("(\\w+)\x02(\\w+)")  # pdfium's mark: a word that goes on in the next line
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?")
PATIENCE = 120  # seconds that reading one may take
MEMORY = 4 << 30  # bytes that it may take


def read_pdf(content: bytes) -> Extract:
    """Raises EssayUnreadable for what is encrypted, damaged, scanned or no PDF.

    It is read in a process of its own: pdfium knows no threads, and there are files on which it
    crashes, or never ends.
    """
    if b"%PDF-" not in content[:1024]:
        raise EssayUnreadable("it is not a PDF, whatever its name says")
    if b"%%EOF" not in content[-ABOUT_END:]:  # pdfium would read what is left, and say nothing
        raise EssayUnreadable("it is damaged: its end is missing; download or save it again")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ingest.pdf", str(PATIENCE)],
            input=content,
            capture_output=True,
            check=True,
            cwd=Path(__file__).parent.parent,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise EssayUnreadable(f"it takes more than {PATIENCE} seconds to read; {ANEW}") from error
    except subprocess.CalledProcessError as error:
        raise EssayUnreadable(f"it cannot be read; {ANEW}") from error
    except OSError as error:  # as where there is no memory for another process
        raise EssayUnreadable(f"no process can be begun to read it ({error.strerror})") from error
    told = json.loads(done.stdout)
    if REASON in told:
        raise EssayUnreadable(told[REASON])
    return Extract(**(told | {"places": tuple(Place(**place) for place in told["places"])}))


def main() -> None:
    """Read standard input, and write what is told of it, or the reason why it cannot be read."""
    with suppress(ImportError):  # there is none on Windows
        from resource import RLIMIT_AS, RLIMIT_CPU, setrlimit

        seconds = int(sys.argv[1])  # the one who waits may be gone
        setrlimit(RLIMIT_CPU, (seconds, seconds))
        setrlimit(RLIMIT_AS, (MEMORY, MEMORY))
    try:
        told = asdict(_read(sys.stdin.buffer.read()))
    except EssayUnreadable as error:
        told = {REASON: str(error)}
    json.dump(told, sys.stdout)


def _read(content: bytes) -> Extract:
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


if __name__ == "__main__":
    main()
