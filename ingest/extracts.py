"""What every reader hands over: text, its places, and who wrote it; knows nothing of formats."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Place:
    """Where a page ("page 3") or a section (the words of its heading) begins in the text."""

    start: int
    label: str


@dataclass(frozen=True)
class Extract:
    """An essay's text with newlines as \\n, and what the file says of it; "" where it is silent.

    `places` ascend, and their offsets are characters of `text`.
    """

    text: str
    title: str = ""
    author: str = ""
    date: str = ""
    url: str = ""
    places: tuple[Place, ...] = ()


_NEWLINE = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Each look-behind keeps the search linear where a file holds a million spaces.
_LINE_END = re.compile(r"(?<![^\S\n])[^\S\n]+(?=\n|\Z)")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")  # they split words that a reader sees whole
_BLANK_LINES = re.compile(r"(?<=\n\n)\n+")
_PLACEHOLDER = re.compile(
    r"untitled.*|anonymous|unspecified|unknown|.*\.(docx?|indd|rtf|odt)", re.I
)


def printable(text: str) -> str:
    """`text` with every kind of newline as \\n, and no other control character but the tab."""
    return _UNPRINTABLE.sub("", _NEWLINE.sub("\n", text))


def tidy(text: str) -> str:
    """`text` as it is seen, without space at line ends and around it, one blank line at most."""
    seen = _INVISIBLE.sub("", printable(text))
    return _BLANK_LINES.sub("", _LINE_END.sub("", seen)).strip()


def one_line(value: str) -> str:
    """A title, name or date as people write it: on one line, single spaces."""
    return " ".join(printable(value).split())


def real_name(value: str) -> str:
    """A title or author out of a file's properties, or "" where a program filled it in."""
    name = one_line(value)
    return "" if _PLACEHOLDER.fullmatch(name) else name


def join_extracts(parts: Iterable[Extract]) -> Extract:
    """Pages or chapters as one text, a blank line between them; those without text are left out."""
    places: list[Place] = []
    pieces: list[str] = []
    length = 0
    for part in parts:
        if part.text:
            places.extend(replace(place, start=place.start + length) for place in part.places)
            pieces.append(part.text)
            length += len(part.text) + len("\n\n")
    return Extract("\n\n".join(pieces), places=tuple(places))
