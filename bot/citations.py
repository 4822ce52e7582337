"""Check every quote against the stored essay, and number what stands; knows nothing of answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Quote:
    """Words claimed to stand in an essay, at characters `start` to `end` of its text."""

    essay: str
    title: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Citation:
    """A quote that was checked: `quote == essay_text[start:end]`."""

    number: int
    essay: str
    title: str
    quote: str
    start: int
    end: int


def cite(quotes: Sequence[Quote], essay_text: Callable[[str], str]) -> list[Citation]:
    """Citations numbered from 1, of those quotes that stand word for word where they claim to.

    `essay_text` gives an essay's stored text and raises KeyError for an essay it does not know.
    """
    standing = [quote for quote in quotes if _stands(quote, essay_text)]
    return [
        Citation(number, quote.essay, quote.title, quote.text, quote.start, quote.end)
        for number, quote in enumerate(standing, start=1)
    ]


def _stands(quote: Quote, essay_text: Callable[[str], str]) -> bool:
    try:
        text = essay_text(quote.essay)
    except KeyError:
        return False
    inside = 0 <= quote.start < quote.end <= len(text)
    return inside and bool(quote.text.strip()) and text[quote.start : quote.end] == quote.text
