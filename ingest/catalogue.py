"""By what titles, numbers and authors essays are known; knows nothing of questions."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from ingest.keywords import split_words
from ingest.records import EssayEntry

LONGEST_NAME = 12  # words of a title that are looked at
SERIES = 3  # numbered essays of one name, from which on a number is taken for one of them
WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")
_PASSED_OVER = frozenset(
    ["the", "a", "an", "no", "nos", "nr", "number", "paper", "papers", "essay"]
)
_BETWEEN_NUMBERS = frozenset(["and", "or", "vs", "versus", "with", "to", "from"])
_WEAK = frozenset(
    ["on", "of", "in", "and", "or", "to", "for", "with", "by", "from", "at", "as", "is", "are"]
)
_SUBTITLE = re.compile(r"[:(—–]")
_BETWEEN_AUTHORS = re.compile(r"[,;&]|\b(?:and|with|or)\b")
_AFTER_SURNAMES = frozenset(["jr", "sr", "ii", "iii", "iv", "phd", "md"])

Name = tuple[str, ...]


def name_words(text: str) -> list[str]:
    """The words of a name as they are compared: small, numbers without leading noughts."""
    words = (_POSSESSIVE.sub("", word.casefold()) for word in WORD.findall(text))
    return [word.lstrip("0") or word for word in words if word not in _PASSED_OVER]


class Catalogue:
    """The essays of an index by their names; `authors` has them by surname, in small letters.

    `in_small_letters` tells whether essays write a surname like any other word: "young", "rich".
    """

    def __init__(
        self, essays: Mapping[str, EssayEntry], in_small_letters: Callable[[str], bool]
    ) -> None:
        self.in_small_letters = cache(in_small_letters)
        self.authors: dict[str, set[str]] = {}
        self._names: dict[Name, set[str]] = {}
        self._names_with: dict[str, set[Name]] = {}
        for source, entry in essays.items():
            file = source.rpartition("/")[2].rpartition(".")[0]
            for title in (entry.title, _SUBTITLE.split(entry.title)[0], file):
                self._add_name(tuple(name_words(title)[:LONGEST_NAME]), source)
            for author in _BETWEEN_AUTHORS.split(entry.author):
                self._add_author(author, source)
        for surname, stems in zip([*self.authors], split_words([*self.authors]), strict=True):
            if not stems:  # a stop word: "Will", "Wait But Why"
                del self.authors[surname]
        self._numbered = self._in_series()

    def _add_name(self, name: Name, source: str) -> None:
        if not name:
            return  # such as "The Essay", whose words are passed over
        self._names.setdefault(name, set()).add(source)
        for word in name:
            self._names_with.setdefault(word, set()).add(name)

    def _add_author(self, author: str, source: str) -> None:
        words = [word for word in name_words(author) if word not in _AFTER_SURNAMES]
        if words:
            self.authors.setdefault(words[-1], set()).add(source)

    def _in_series(self) -> dict[Name, set[str]]:
        """Names that are a name and a number, as several essays have them: "Federalist 10"."""
        numbered = {name: of for name, of in self._names.items() if name[1:] and name[-1].isdigit()}
        sizes = Counter(name[:-1] for name in numbered)
        return {name: of for name, of in numbered.items() if sizes[name[:-1]] >= SERIES}

    def numbered(self, words: Sequence[str]) -> dict[Name, set[str]]:
        """The essays of a series that such words name, each by its own: "federalist 10 and 51"."""
        found: dict[Name, set[str]] = {}
        series: Name = ()  # in whose reach the words are
        for place, word in enumerate(words):
            starts = range(max(place - LONGEST_NAME, 0), place)
            names = [*(tuple(words[start : place + 1]) for start in starts), (*series, word)]
            name = next((name for name in names if name in self._numbered), ())
            found |= {name: self._numbered[name]} if name else {}
            goes_on = word.isdigit() or word in _BETWEEN_NUMBERS
            series = name[:-1] or (series if goes_on else ())
        return found

    def titled(self, words: Sequence[str]) -> set[str]:
        """The essays whose title these words are."""
        return self._names.get(tuple(words), set())

    def titled_in_part(self, words: Sequence[str]) -> set[str]:
        """The essays in whose titles these words follow so; a word alone tells too little."""
        name = tuple(words)
        if not [*set(name) - _WEAK][1:]:
            return set()
        around = min((self._names_with.get(word, set()) for word in name), key=len)
        return {source for other in around if _holds(other, name) for source in self._names[other]}


def _holds(name: Name, part: Name) -> bool:
    return any(name[at : at + len(part)] == part for at in range(len(name) - len(part) + 1))
