"""Zip files of XML, as .docx and .epub are: opened once, whole and not too large, or refused."""

import io
import lzma
import struct
import zipfile
import zlib
from typing import Any

from ingest.errors import EssayUnreadable

LARGEST_ARCHIVE = 200_000_000  # bytes when unpacked
BEGIN = 64  # bytes that tell markup from pictures
BEFORE_MARKUP = b"\xef\xbb\xbf\xfe\xff\0 \t\r\n"  # marks of an encoding, and white space

DAMAGED = "it is damaged; copy or save it again"

# What zipfile raises on bytes that are no sound zip file; it has no base class of its own.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
)


def unpacked_size(content: bytes) -> int:
    """How many bytes are in a zip file, as it says; 0 for what is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(member.file_size for member in archive.infolist())
    except _ZIP_ERRORS:
        return 0


class Archive:
    """The members of a zip file that should be a `kind`, each checked against its checksum."""

    def __init__(self, content: bytes, kind: str) -> None:
        if not content.startswith(b"PK"):
            raise EssayUnreadable(f"it is not {kind}, whatever its name says")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            self._refuse_large_or_locked()
            broken = self._zip.testzip()
        except _ZIP_ERRORS as error:
            raise EssayUnreadable(DAMAGED) from error
        if broken:
            raise EssayUnreadable(DAMAGED)
        self.names = frozenset(self._zip.namelist())

    def _refuse_large_or_locked(self) -> None:
        members = self._zip.infolist()
        if any(member.flag_bits & 1 for member in members):
            raise EssayUnreadable("it is encrypted; save it without a password")
        if sum(member.file_size for member in members) > LARGEST_ARCHIVE:
            raise EssayUnreadable("it unpacks to more than 200 MB; save it without its pictures")

    def markup_size(self) -> int:
        """How many bytes of markup are in it, whatever their names."""
        return sum(each.file_size for each in self._zip.infolist() if self._is_markup(each))

    def _is_markup(self, member: zipfile.ZipInfo) -> bool:
        with self._zip.open(member) as file:
            return file.read(BEGIN).lstrip(BEFORE_MARKUP)[:1] in {b"", b"<"}

    def read(self, name: str) -> bytes:
        """One member; raises EssayUnreadable where it is missing."""
        if name not in self.names:
            raise EssayUnreadable(f"it is damaged: {name} is missing from it; save it again")
        return self._zip.read(name)

    def read_xml(self, name: str) -> Any:
        """The root element of one member; raises EssayUnreadable where it is no XML."""
        from lxml import etree

        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        try:
            return etree.fromstring(self.read(name), parser)
        except etree.XMLSyntaxError as error:
            raise EssayUnreadable(DAMAGED) from error


def find_text(element: Any, name: str) -> str:
    """The words of the first element called `name` in any namespace, or ""."""
    return "".join(element.xpath("string(//*[local-name()=$name])", name=name))
