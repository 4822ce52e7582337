"""An EPUB -> its chapters in reading order, their headings, and who wrote it."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from ingest.archives import Archive, find_text
from ingest.errors import EssayUnreadable
from ingest.extracts import Extract, join_extracts, one_line, real_name
from ingest.markup import decode_markup, read_page

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
RIGHTS = "META-INF/rights.xml"

# XHTML may close <title/> or <a id="x"/> at once, where HTML would go on to the end of the page.
_CLOSED_AT_ONCE = re.compile(
    r"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b)"
    r"([A-Za-z][\w:.-]*+)([^<>]*)/>"
)


def read_epub(content: bytes) -> Extract:
    """Raises EssayUnreadable for what is encrypted, damaged or no EPUB."""
    archive = Archive(content, "an EPUB")
    if CONTAINER not in archive.names:
        raise EssayUnreadable("it is not an EPUB, whatever its name says")
    package_name = _package_name(archive)
    package = archive.read_xml(package_name)
    # Each once, as it should be: a small file that names one again and again fills the memory.
    chapters = list(dict.fromkeys(_chapters(package, posixpath.dirname(package_name))))
    _refuse_locked(archive, chapters)
    found = join_extracts(_read_chapter(archive.read(name)) for name in chapters)
    return replace(
        found,
        title=real_name(find_text(package, "title")),
        author=", ".join(filter(None, map(real_name, _creators(package)))),
        date=one_line(find_text(package, "date")).partition("T")[0],
    )


def _package_name(archive: Archive) -> str:
    paths = archive.read_xml(CONTAINER).xpath("//*[local-name()='rootfile']/@full-path")
    if not paths:
        raise EssayUnreadable("it is damaged: it does not say where its text is; save it again")
    return str(paths[0])


def _chapters(package: Any, folder: str) -> Iterator[str]:
    """The names of the chapters as the spine orders them, without the table of contents."""
    items = {item.get("id"): item for item in package.iter("{*}item")}
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or "nav" in (item.get("properties") or "").split():
            continue
        if "html" in (item.get("media-type") or ""):
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))


def _refuse_locked(archive: Archive, chapters: list[str]) -> None:
    """Fonts may be scrambled, as many publishers do; chapters and bought books are locked."""
    locked: set[str] = set()
    if ENCRYPTION in archive.names:
        uris = archive.read_xml(ENCRYPTION).xpath("//*[local-name()='CipherReference']/@URI")
        locked = {unquote(uri) for uri in uris}
    if RIGHTS in archive.names or locked.intersection(chapters):
        raise EssayUnreadable("it is encrypted; only an EPUB without copy protection can be read")


def _read_chapter(content: bytes) -> Extract:
    return read_page(_CLOSED_AT_ONCE.sub(r"<\1\2></\1>", decode_markup(content)))


def _creators(package: Any) -> list[str]:
    return [creator.text or "" for creator in package.iter("{*}creator")]
