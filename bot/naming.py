"""Which essays does a question name, by title, number or author?"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingest.catalogue import LONGEST_NAME, WORD, Catalogue, name_words
from ingest.index import Generation
from ingest.keywords import split_words

MOST_NAMES = 3  # looked up one by one; more are looked up together
_TITLES = [  # each group is a title, if there is one of that name
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"[“\"‘*_](?P<title>[^“”\"’*_]{2,200})[”\"’*_]",
        r"^what(?:['’]s| is| are| was)? (?P<title>.+?) (?:all )?about\W*$",
        r"\bwhat (?:does|do|did) (?P<title>.+?) (?:say|argue|claim|conclude|teach)\b",
    )
]
_BEGINNING = re.compile(r"(?:^|[^\sA-Z][.?!:])\s*$")  # of a sentence; "E. B. White" begins none
_BEFORE_TITLES = re.compile(
    r"\b(?:(?:essay|article|text|piece)(?: called| titled| entitled| named| on| about)?|wrote"
    r"|(?:author|summary|outline|gist|thesis|arguments?|message|idea|points?|claims?) (?:of|in)"
    r"|summari[sz]e|sum up|outline|according to|titled|entitled) (?=(?P<rest>.+))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Named:
    """Essays that a question names, and by what words; of an author also what has their name."""

    sources: frozenset[str]
    words: tuple[str, ...]
    author: bool = False

    @property
    def stems(self) -> list[str]:
        """The words as the keyword index has them."""
        return split_words([" ".join(self.words)])[0]


def narrow(generation: Generation, question: str) -> list[Generation]:
    """The index as far as a question is about it.

    For each title that it names the essays of that title, else for each author what they wrote
    and what has their name; the whole index where nothing is named, or where that is all of it.
    """
    named = [] if generation.only else names_in(generation.catalogue, question)
    if not named or any(len(each.sources) == len(generation.manifest.essays) for each in named):
        return [generation]  # or it was narrowed before
    if len(named) > MOST_NAMES:
        named = [_together(named)]
    return [generation.within(sorted(each.sources), each.stems * each.author) for each in named]


def within_named(generation: Generation, question: str) -> Generation:
    """The index as far as a question is about it, if it names one essay or author; else all.

    For a question that is put together with those before it, since these may name others.
    """
    scopes = narrow(generation, question)
    return scopes[0] if len(scopes) == 1 else generation


def names_in(catalogue: Catalogue, question: str) -> list[Named]:
    """The titles that a question names, else the authors, each once."""
    named = list(_titles(catalogue, question)) or list(_authors(catalogue, question))
    return list({each.sources: each for each in named}.values())


def _together(named: Iterable[Named]) -> Named:
    words = [word for each in named for word in each.words]
    sources = frozenset(source for each in named for source in each.sources)
    return Named(sources, tuple(dict.fromkeys(words)), any(each.author for each in named))


def _titles(catalogue: Catalogue, question: str) -> Iterator[Named]:
    for name, sources in catalogue.numbered(name_words(question)).items():
        yield Named(frozenset(sources), name)
    titles = [match["title"] for pattern in _TITLES for match in pattern.finditer(question)]
    for title in titles:
        yield from _titled(catalogue, title, question)
    for match in _BEFORE_TITLES.finditer(question):
        words = match["rest"].split()[:LONGEST_NAME]
        longest_first = (" ".join(words[:length]) for length in range(len(words), 0, -1))
        found = (_titled(catalogue, title, question) for title in longest_first)
        yield from next(filter(None, found), ())


def _titled(catalogue: Catalogue, title: str, question: str) -> list[Named]:
    """The essays of a title; a single word is one only where it is written as names are."""
    words = name_words(title)
    as_name = len(words) > 1 or title.strip(' “"‘*_')[:1].isupper() or question.islower()
    sources = catalogue.titled(words) if as_name else None
    return [Named(frozenset(sources), tuple(words))] if sources else []


def _authors(catalogue: Catalogue, question: str) -> Iterator[Named]:
    """Authors by their surnames, also in small letters unless the essays write them small too.

    So do capitals tell nothing where a sentence begins, or where nothing is small.
    """
    for match in WORD.finditer(question):
        surname = next(iter(name_words(match[0])), "")
        if surname in catalogue.authors and (
            _tells(match, question) or not catalogue.in_small_letters(surname)
        ):
            yield Named(frozenset(catalogue.authors[surname]), (surname,), author=True)


def _tells(word: re.Match[str], question: str) -> bool:
    """Whether a capital makes this word of a question a name."""
    begins = _BEGINNING.search(question, 0, word.start())
    small = any(each.islower() for each in WORD.findall(question))
    return word[0][0].isupper() and small and not begins
