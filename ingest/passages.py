"""An essay's text -> sentences and passages with character offsets; knows nothing of models."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.essays import title_line

PASSAGE_RULES = "5"  # raise it when a text would give another index: old ones are rebuilt
PASSAGE_TOKENS = 120  # aim; the model reads more, but a short passage says one thing
SHORT_PASSAGE = 0.5  # of the aim: below it a passage goes on into the next paragraph

_PARAGRAPH_END = re.compile(
    r"""\n[ \t]*\n\s*                                # a blank line
      | (?<=[.!?…])["'”’»)\]]*[ \t]*\n\s*             # a line that ends a sentence
      | \n(?=[ \t]*(?:[-*+•]|\d+[.)]|\#{1,6})[ \t])   # before a list item or a heading
    """,
    re.VERBOSE,
)
_HEADING_LINE = re.compile(r"(?:^|(?<=\n))[ \t]*#{1,6}[ \t][^\n]*(?:\n|$)")
_SENTENCE_END = re.compile(r"""[.!?…]["'”’»)\]*_]*$""")
_LIST_ITEM = re.compile(r"(?:[-*+•]|\d+[.)])[ \t]")
_CLAUSE_END = re.compile(r"""[;:,—–]["'”’)\]]*\s+""")
_WORD_END = re.compile(r"\s+")
_BYLINE = re.compile(r"(?:[Bb]y|Translated by|Edited by)\s+[A-Z]")
HEAD_PARAGRAPHS = 3  # among which a byline stands
LONGEST_HEADING = 20  # words
LONGEST_SENTENCE = 1_500  # characters
STRETCH = 20_000  # characters, in which sentences are sought at a time


@dataclass(frozen=True)
class Sentence:
    """Characters `start` to `end` of an essay; a heading or a signature is not `quotable`."""

    start: int
    end: int
    paragraph: int
    quotable: bool


@dataclass(frozen=True)
class Passage:
    """Characters `start` to `end` of an essay, whole sentences wherever these fit."""

    start: int
    end: int


def split_paragraphs(text: str) -> list[tuple[int, int]]:
    """Offsets of the paragraphs, in order, without the white space around them.

    A blank line ends one, and so does a line that ends a sentence, a heading, or a list item;
    lines that stop in mid-sentence (verse, hard-wrapped text) stay together.
    """
    return list(_paragraphs(text))


def paragraph_at(text: str, start: int, end: int) -> tuple[int, int]:
    """Offsets of the paragraph, or run of paragraphs, that characters `start` to `end` touch."""
    touched = [span for span in split_paragraphs(text) if span[0] < end and start < span[1]]
    return min(start, touched[0][0]), max(end, touched[-1][1])


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    borders = {0, len(text), _end_of_title(text)}
    for match in _PARAGRAPH_END.finditer(text):
        borders.add(match.end())
    for match in _HEADING_LINE.finditer(text):
        borders.update(match.span())
    ordered = sorted(borders)
    for start, end in pairwise(ordered):
        stripped = _strip(text, start, end)
        if stripped:
            yield stripped


def _end_of_title(text: str) -> int:
    title = title_line(text)
    return text.index(title) + len(title)


def _strip(text: str, start: int, end: int) -> tuple[int, int] | None:
    part = text[start:end]
    left = len(part) - len(part.lstrip())
    length = len(part.strip())
    return (start + left, start + left + length) if length else None


def _is_heading(paragraph: str) -> bool:
    if paragraph.startswith("#"):
        return True
    if _LIST_ITEM.match(paragraph) or _SENTENCE_END.search(paragraph):
        return False
    return "\n" not in paragraph and len(paragraph.split()) <= LONGEST_HEADING


def split_sentences(text: str) -> list[Sentence]:
    """The sentences of an essay in reading order; everything but white space belongs to one."""
    found: list[Sentence] = []
    title = title_line(text)
    for number, (start, end) in enumerate(split_paragraphs(text)):
        paragraph = text[start:end]
        byline = number < HEAD_PARAGRAPHS and _BYLINE.match(paragraph)
        quotable = not (byline or paragraph == title or _is_heading(paragraph))
        for first, last in _sentence_spans(paragraph):
            span = _strip(text, start + first, start + last)
            if span:
                found.append(Sentence(*span, paragraph=number, quotable=quotable))
    if any(sentence.quotable for sentence in found):
        return found
    return [replace(sentence, quotable=True) for sentence in found]  # a note of headings only


def _sentence_spans(paragraph: str) -> Iterator[tuple[int, int]]:
    """Where sentences begin and end, an endless one cut to what can be shown and read."""
    start = 0
    for end in _sentence_ends(paragraph):
        if paragraph[end : end + 1].islower():
            continue  # “Is it so? asks he”: it goes on
        while end - start > LONGEST_SENTENCE:
            border = start + _last_border(paragraph[start : start + LONGEST_SENTENCE])
            yield start, border
            start = border
        yield start, end
        start = end


def _sentence_ends(paragraph: str) -> Iterator[int]:
    """Where sentencex ends a sentence, a stretch at a time: of many, it takes their number squared.

    The last sentence of a stretch may go on in the next one, which begins with it.
    """
    import sentencex  # here, since an unchanged essay is not split

    start = 0
    while start < len(paragraph):
        part = paragraph[start : start + STRETCH]
        ends = [start + each["end_index"] for each in sentencex.get_sentence_boundaries("en", part)]
        if start + STRETCH < len(paragraph):
            ends = ends[:-1]
            start = ends[-1] if ends else start + STRETCH
        else:
            start = len(paragraph)
        yield from ends


def split_passages(text: str, token_starts: Sequence[int], max_tokens: int) -> list[Passage]:
    """Passages that cover every quotable sentence of `text`, in order, without overlap.

    `token_starts` are the character offsets at which the model's tokens begin in `text`, and no
    passage holds more than `max_tokens` of them. Whole sentences are packed up to PASSAGE_TOKENS;
    a passage ends with its paragraph unless it would be short. A sentence beyond `max_tokens` is
    cut, at the end of a clause if there is one.
    """
    ruler = _Ruler(token_starts)
    groups: list[list[Sentence]] = []
    for part in _fitting_parts(text, ruler, max_tokens):
        if groups and _joins(groups[-1], part, ruler, min(PASSAGE_TOKENS, max_tokens)):
            groups[-1].append(part)
        else:
            groups.append([part])
    citable = (group for group in groups if any(part.quotable for part in group))
    return [Passage(group[0].start, group[-1].end) for group in citable]


class _Ruler:
    """Measures text in tokens."""

    def __init__(self, starts: Sequence[int]) -> None:
        self.starts = starts

    def count(self, start: int, end: int) -> int:
        return bisect_left(self.starts, end) - bisect_left(self.starts, start)

    def cut(self, start: int, max_tokens: int) -> int:
        """The offset before which `max_tokens` tokens from `start` on end."""
        return self.starts[bisect_left(self.starts, start) + max_tokens]


def _joins(group: list[Sentence], part: Sentence, ruler: _Ruler, aim: int) -> bool:
    if ruler.count(group[0].start, part.end) > aim:
        return False
    if part.paragraph == group[-1].paragraph:
        return True
    return ruler.count(group[0].start, group[-1].end) < aim * SHORT_PASSAGE


def _fitting_parts(text: str, ruler: _Ruler, max_tokens: int) -> Iterator[Sentence]:
    for sentence in split_sentences(text):
        start = sentence.start
        while ruler.count(start, sentence.end) > max_tokens:
            border = start + _last_border(text[start : ruler.cut(start, max_tokens)])
            yield from _part(text, sentence, start, border)
            start = border
        yield from _part(text, sentence, start, sentence.end)


def _part(text: str, sentence: Sentence, start: int, end: int) -> Iterator[Sentence]:
    span = _strip(text, start, end)
    if span:
        yield replace(sentence, start=span[0], end=span[1])


def _last_border(part: str) -> int:
    """Where to cut `part`: after its last clause, else its last word, else at its end."""
    for pattern in (_CLAUSE_END, _WORD_END):
        borders = [match.end() for match in pattern.finditer(part)]
        if borders and borders[-1] > len(part) // 2:
            return borders[-1]
    return len(part)
