"""Check every quote against the stored essay, and number what stands; knows nothing of answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Characters `start` to `end` of an essay's text."""

    essay: str
    start: int
    end: int


@dataclass(frozen=True)
class Quote:
    """Words claimed to stand in an essay, at characters `start` to `end` of its text.

    `author` and `section` (a page or heading) are "" where the essay's file does not tell; `also`
    are other places where the same words are claimed to stand.
    """

    essay: str
    title: str
    text: str
    start: int
    end: int
    author: str = ""
    section: str = ""
    also: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Citation:
    """A quote that was checked: `quote == essay_text[start:end]`, there and at each of `also`."""

    number: int
    essay: str
    title: str
    quote: str
    start: int
    end: int
    author: str = ""
    section: str = ""
    also: tuple[Place, ...] = ()

    @property
    def origin(self) -> str:
        """Title, author and section, as far as they are known."""
        return ", ".join(filter(None, (self.title, self.author, self.section)))


def cite(quotes: Sequence[Quote], essay_text: Callable[[str], str]) -> list[Citation]:
    """Citations numbered from 1, of those quotes that stand word for word where they claim to.

    `essay_text` gives an essay's stored text and raises KeyError for an essay it does not know.
    """
    standing = [quote for quote in quotes if stands(quote.text, _place(quote), essay_text)]
    return [
        Citation(
            number=number,
            essay=quote.essay,
            title=quote.title,
            quote=quote.text,
            start=quote.start,
            end=quote.end,
            author=quote.author,
            section=quote.section,
            also=tuple(place for place in quote.also if stands(quote.text, place, essay_text)),
        )
        for number, quote in enumerate(standing, start=1)
    ]


def _place(quote: Quote) -> Place:
    return Place(quote.essay, quote.start, quote.end)


def stands(words: str, place: Place, essay_text: Callable[[str], str]) -> bool:
    """Whether these words, and more than white space, are just what stands at that place."""
    try:
        text = essay_text(place.essay)
    except KeyError:
        return False
    inside = 0 <= place.start < place.end <= len(text)
    return inside and bool(words.strip()) and text[place.start : place.end] == words
