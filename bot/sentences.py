"""The sentences of an essay that a passage touches, each as something to quote."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from langchain_core.documents import Document

from bot.citations import Place, Quote
from bot.retrieval import RankedPassage
from ingest.passages import Sentence, split_sentences
from ingest.records import IndexedPassage

HEAD_LINES = 3
SHORT_LINE = 200  # characters

_WRITING = r"(?:papers?|numbers?|address|essays?|chapters?|parts?)"
_ANNOUNCES = re.compile(
    r"\b(?:I|we)(?: shall| will)?(?: now)? proceed\b"
    r"|\blet us (?:now |next )?(?:examine|inquire|consider|proceed|resume|return|review|turn)\b"
    rf"|\b(?:shall|will) .*\b(?:next|ensuing|following) {_WRITING}\b"
    rf"|\b{_WRITING}\b.* (?:has|have) been (?:dedicated|devoted) to\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class SentenceInContext:
    """A sentence that may be quoted, and its essay's head with the sentences beside it."""

    quote: Quote
    around: str


def quotable_sentences(ranked: RankedPassage, essay: Document) -> list[SentenceInContext]:
    """Whole sentences that touch a passage of this essay, in reading order."""
    passage, text = ranked.passage, essay.page_content
    sentences = _sentences_of(text)
    head = head_of(text)
    found = []
    for place, sentence in enumerate(sentences):
        if not sentence.quotable or sentence.end <= passage.start or sentence.start >= passage.end:
            continue
        before = sentences[max(place - 1, 0)]
        after = sentences[min(place + 1, len(sentences) - 1)]
        after = after if after.quotable else sentence  # a signature
        quote = Quote(
            essay=passage.essay,
            title=passage.title,
            text=text[sentence.start : sentence.end],
            start=sentence.start,
            end=sentence.end,
            author=essay.metadata.get("author", ""),
            section=_section_at(sentence.start, essay.metadata.get("places", [])),
            also=tuple(_moved(sentence, passage, other) for other in ranked.repeats),
        )
        found.append(SentenceInContext(quote, f"{head}\n{text[before.start : after.end]}"))
    return found


def tells(sentence: str) -> bool:
    """Whether it says something: it neither asks nor only announces what the essay goes on to."""
    asks = sentence.rstrip("\"'”’)]").endswith("?")
    return not (asks or _ANNOUNCES.search(sentence))


def head_of(text: str) -> str:
    """Title and byline: "How does Madison define a faction?" finds its name only there."""
    lines = [line for line in text[: HEAD_LINES * SHORT_LINE].splitlines() if line.strip()]
    return "\n".join(takewhile(lambda line: len(line) <= SHORT_LINE, lines[:HEAD_LINES]))


def byline_of(text: str) -> str:
    """The first two lines of the head: later ones tell where it was printed, and to whom."""
    return "\n".join(head_of(text).split("\n")[:2])


@lru_cache(maxsize=64)  # essays; the next question is often about the same ones
def _sentences_of(text: str) -> list[Sentence]:
    return split_sentences(text)


def _section_at(start: int, places: Sequence[tuple[int, str]]) -> str:
    """The page or heading that a place in an essay belongs to."""
    return next((label for begin, label in reversed(places) if begin <= start), "")


def _moved(sentence: Sentence, passage: IndexedPassage, other: IndexedPassage) -> Place:
    """Where a sentence of a passage stands in another passage of the same text."""
    shift = other.start - passage.start
    return Place(other.essay, sentence.start + shift, sentence.end + shift)
