"""Text of essays and file names made safe to show; knows nothing of where it is shown."""

import unicodedata

# Marks that turn the order of letters around; harmless ones, as within emoji, stay.
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """Text that can neither steer a terminal nor turn its letters around."""
    return "".join(char for char in text if char in "\n\t" or not _steers(char))


def plain_line(text: str) -> str:
    """The same on one line."""
    return " ".join(plain(text).split("\n"))


def _steers(char: str) -> bool:
    return char in TURNING or unicodedata.category(char) in ("Cc", "Cs")
