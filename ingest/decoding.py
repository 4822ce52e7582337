"""A text file's bytes -> text, whatever its encoding; knows nothing of what is written in it."""

import re

from ingest.errors import EssayUnreadable
from ingest.extracts import printable

WESTERN_SHARE = 0.9  # of ASCII bytes, above which a legacy encoding is taken for cp1252


_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")


def decode(content: bytes) -> str:
    """The text, with newlines as \\n; raises EssayUnreadable where it is no text or damaged."""
    return printable(_decode(content))


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse_binary(content)
        _refuse_damaged_utf8(content, error)
        return _decode_legacy(content)
    if _CONTROL.search(text):  # only then, since the guess takes some clean Markdown for binary
        _refuse_binary(content)
    return _decode_legacy(content) if "\0" in text else text


def _refuse_binary(content: bytes) -> None:
    import charset_normalizer  # here, since nearly all files are UTF-8

    if charset_normalizer.is_binary(content):
        raise EssayUnreadable("it is not text, whatever its name says")


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
    import charset_normalizer

    ascii_share = len(content.decode("ascii", errors="ignore")) / len(content)
    likely = None
    if ascii_share >= WESTERN_SHARE and b"\0" not in content:
        likely = ["cp1252"]
    best = charset_normalizer.from_bytes(content, cp_isolation=likely).best()
    if best is None:
        raise EssayUnreadable("its encoding is not known; save it as UTF-8")
    return str(best).removeprefix("\ufeff")
