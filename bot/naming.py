"""Which essays does a question name, by title, number or author?"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.questions import telling_words
from ingest.catalogue import LONGEST_NAME, WORD, Catalogue, name_words
from ingest.index import Generation
from ingest.keywords import split_words

MOST_NAMES = 3  # looked up one by one; more are looked up together
_MOST_WORDS = 4 * LONGEST_NAME  # that are read for titles in one place
_ESSAY = r"(?:essays?|article|text|piece)(?: called| titled| entitled| named| on| about)?"
_TOLD = r"(?:arguments?|message|ideas?|points?|claims?)"
_MENTIONING, _ASKING_FOR = (  # essays; what the groups have may begin with a title
    [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    for patterns in (
        (
            r"[“\"‘*_](?P<titles>(?:[^“”\"’*_]|’\w){2,200})[”\"’*_]",
            r"\bwhat (?:does|do|did) (?P<titles>.+?) (?:say|argue|claim|conclude|teach)\b",
            rf"\b(?:{_ESSAY}|{_TOLD} (?:of|in)|according to|between) (?=(?P<titles>.+))",
            r"^(?:and|but|so|now|(?:and )?(?:what|how) about) (?P<titles>.+)",
            r"^(?:(?:and|but|so) )?wh(?:at|o)(?:['’]?s| is| are| was| were) (?P<titles>.+)",
        ),
        (
            r"\bwhat(?:['’]?s| is| are| was| were)? (?P<titles>[^?]+?) (?:all )?about\b",
            r"\bwhom? was (?P<titles>.+?) writt?en\b",
            rf"(?:\b(?:the|this|that|his|her|their)|\w['’]s) {_ESSAY} (?=(?P<titles>.+))",
            r"\b(?:wrote|explain|describe|summari[sz]e|sum up|tl;?dr(?: of)?:?|compare|contrast"
            r"|(?:author|summary|overview|outline|gist|thesis"
            rf"|(?:the|main|central|key) {_TOLD}) (?:of|in)) (?=(?P<titles>.+))",
        ),
    )
)
_BEGINNING = re.compile(r"(?:^|[^\sA-Z][.?!:])\s*$")  # of a sentence; "E. B. White" begins none
_RANGE = re.compile(r"(?<![\d-])(?P<first>\d{1,3}) ?(?:[-–]|through) ?(?P<last>\d{1,3})(?![\d-])")
_JOINING = frozenset(["and", "or", "with", "vs", "vs.", "versus", "to", "&"])


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

    For each title that it names the essays of that title, and for each other author what they
    wrote and what has their name; the whole index where nothing is named, or where that is all
    of it.
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
    """The titles that a question names, and the authors of whom it names no title, each once."""
    titles = list(_titles(catalogue, question))
    sources = {source for each in titles for source in each.sources}
    words = {word for each in titles for word in each.words}
    others = [
        each
        for each in _authors(catalogue, question)
        if not (each.sources & sources or words.intersection(each.words))
    ]
    return list({each.sources: each for each in titles + others}.values())


def _together(named: Iterable[Named]) -> Named:
    words = [word for each in named for word in each.words]
    sources = frozenset(source for each in named for source in each.sources)
    return Named(sources, tuple(dict.fromkeys(words)), any(each.author for each in named))


def _titles(catalogue: Catalogue, question: str) -> Iterator[Named]:
    counted = _RANGE.sub(_counted, question, count=MOST_NAMES)
    for name, sources in catalogue.numbered(name_words(counted)).items():
        yield Named(frozenset(sources), name)
    for asked_for, patterns in ((False, _MENTIONING), (True, _ASKING_FOR)):
        reading = _Reading(catalogue, asked_for, small=question.islower())
        for match in (each for pattern in patterns for each in pattern.finditer(question)):
            yield from reading.titles_at(match["titles"].split()[:_MOST_WORDS])


def _counted(span: re.Match[str]) -> str:
    """ "3-5" is 3, 4 and 5."""
    first, last = int(span["first"]), int(span["last"])
    return " ".join(map(str, range(first, last + 1))) or span[0]


class _Reading(NamedTuple):
    """How titles are read in a question.

    What mentions an essay may as well speak of a subject, or of a person: "what does History say",
    "according to John Brown". So a title stands there whole, and a single word is one only where
    it is written as names are. Where an essay is asked for, a part of its title will do, and a
    single word in a question that is all in small letters.
    """

    catalogue: Catalogue
    asked_for: bool
    small: bool

    def titles_at(self, words: Sequence[str]) -> list[Named]:
        """The titles that words begin with, one or several: "Nature and Walking".

        Words that run on beyond one word or a part of a title make it a subject: "love letters",
        "art and money".
        """
        if words and words[0][-2:] in ("'s", "’s") and self._author(words[0]):
            words = words[1:]
        named, rest = self._longest(words)
        ended = not rest or _ends(words[-len(rest) - 1], rest[0])
        joins = bool(rest) and rest[0].casefold() in _JOINING
        others = self.titles_at(rest[joins:]) if named and (joins or ended) else []
        whole = bool(named) and not joins and self._whole(named[0].words)
        after = rest[joins : joins + 1] if not (ended or others or whole) else ()
        return [] if any(map(telling_words, after)) else named + others

    def _longest(self, words: Sequence[str]) -> tuple[list[Named], Sequence[str]]:
        """The longest title that words begin with, and the words after it."""
        for length in range(min(len(words), 2 * LONGEST_NAME), 0, -1):
            title = " ".join(words[:length])
            name = tuple(name_words(title)[:LONGEST_NAME])
            sources = self._titled(name, title)
            if sources:
                return [Named(frozenset(sources), name)], words[length:]
        return [], ()

    def _titled(self, name: Sequence[str], title: str) -> set[str]:
        named = self._whole(name) or self._as_name(title)
        found = self.catalogue.titled(name) if named else set()
        return found or (self.catalogue.titled_in_part(name) if self.asked_for else set())

    def _whole(self, name: Sequence[str]) -> bool:
        return len(name) > 1 and bool(self.catalogue.titled(name))

    def _as_name(self, title: str) -> bool:
        """Whether a single word is written as a name; where a subject may be meant "AI" is not."""
        word = title.rsplit(maxsplit=1)[-1].strip("“”\"‘’'*_()[].,:;!?")
        capital = word[:1].isupper() and (self.asked_for or (word.isalpha() and not word.isupper()))
        return capital or (self.asked_for and self.small)

    def _author(self, word: str) -> bool:
        return any(each in self.catalogue.authors for each in name_words(word))


def _ends(word: str, after: str) -> bool:
    """Whether a title ends with this word: "Nature," or "Nature speaks"."""
    return not word[-1].isalnum() or (word.istitle() and after.islower() and after not in _JOINING)


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
