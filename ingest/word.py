"""A Word file -> its text, headings and properties; knows nothing of the older .doc."""

import io
from dataclasses import replace

from ingest.archives import DAMAGED, Archive, find_text
from ingest.errors import EssayUnreadable
from ingest.extracts import Extract, real_name
from ingest.markup import read_page

OLD_OFFICE = bytes.fromhex("D0CF11E0A1B11AE1")  # a .doc, or a .docx with a password around it
LARGEST_MARKUP = 20_000_000  # bytes; mammoth takes fifty times as much memory
PROPERTIES = "docProps/core.xml"
STYLES = "p[style-name='Title'] => h1:fresh"  # mammoth has no mapping for it


def read_word(content: bytes) -> Extract:
    """Raises EssayUnreadable for what is encrypted, damaged, very long or no .docx."""
    if content.startswith(OLD_OFFICE):
        raise EssayUnreadable(
            "it is encrypted or an old Word file; save it as .docx without a password"
        )
    archive = Archive(content, "a Word file")
    if not any(name.startswith("word/") for name in archive.names):
        raise EssayUnreadable("it is not a Word file, whatever its name says")
    if archive.markup_size() > LARGEST_MARKUP:
        raise EssayUnreadable("its text unpacks to more than 20 MB; split it into several files")
    found = read_page(_convert(content))
    return _with_properties(found, archive) if PROPERTIES in archive.names else found


def _convert(content: bytes) -> str:
    import mammoth

    no_pictures = mammoth.images.img_element(lambda _picture: {})
    try:
        page = mammoth.convert_to_html(
            io.BytesIO(content), style_map=STYLES, convert_image=no_pictures
        )
    except MemoryError:
        raise
    except Exception as error:  # mammoth has no error tree: bad XML gives whatever came first
        raise EssayUnreadable(DAMAGED) from error
    return str(page.value)


def _with_properties(found: Extract, archive: Archive) -> Extract:
    properties = archive.read_xml(PROPERTIES)
    return replace(
        found,
        title=real_name(find_text(properties, "title")),
        author=real_name(find_text(properties, "creator")),
        date=find_text(properties, "created").partition("T")[0],
    )
