"""Do these passages answer the question? Weigh their sentences, and decide."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from bot.citations import Place, Quote
from bot.questions import has_answer_kind, kind_of_answer, telling_words
from bot.retrieval import RankedPassage
from ingest.index import Generation
from ingest.keywords import KeywordIndex, split_words
from ingest.passages import Sentence, split_sentences
from ingest.records import IndexedPassage

# A logistic model of the signals: the weights were set on sentences of SQuAD 2.0's development
# articles, the bias on readers' questions so that half is the border between answer and refusal.
# Each weight is positive: more support never makes a refusal likelier.
SIMILARITY_WEIGHT = 8.0
COVERAGE_WEIGHT = 4.4
KIND_WEIGHT = 1.7
ASSERTION_WEIGHT = 2.0
BIAS = -9.3
HEAD_LINES = 3
SHORT_LINE = 200  # characters


@dataclass(frozen=True)
class WeighedSentence:
    """A sentence of a passage and how well it fits the question; a higher signal is better."""

    quote: Quote
    similarity: float  # cosine of sentence and question
    coverage: float  # 0 to 1: the question's telling words there, by rarity
    of_kind: bool  # what the question asks for (a number, a name ...) stands in it
    asserts: bool = True  # it is no question itself

    @property
    def support(self) -> float:
        """Log-odds that it answers; above 0 it does."""
        words = SIMILARITY_WEIGHT * self.similarity + COVERAGE_WEIGHT * self.coverage
        return words + KIND_WEIGHT * self.of_kind + ASSERTION_WEIGHT * self.asserts + BIAS


@dataclass(frozen=True)
class Evidence:
    """The sentences found for a question, best first."""

    sentences: list[WeighedSentence]

    @property
    def score(self) -> float:
        """How likely the essays answer the question, 0 to 1."""
        return 1 / (1 + math.exp(-self.sentences[0].support)) if self.sentences else 0.0

    @property
    def answers(self) -> bool:
        """Whether that is enough to answer rather than refuse."""
        return self.score > 1 / 2


def weigh(
    question: str, ranked: Sequence[RankedPassage], generation: Generation, embeddings: Embeddings
) -> Evidence:
    """Weigh every quotable sentence of the passages, each text once, against the question."""
    candidates = list(_candidates(ranked, generation))
    coverage = _Coverage(question, generation.keywords)
    kind = kind_of_answer(question)
    similarities = _similarities(question, [each.meaning for each in candidates], embeddings)
    sentences = [
        WeighedSentence(
            quote=each.quote,
            similarity=similarity,
            coverage=(coverage.of(each.quote.text) + coverage.of(each.around)) / 2,
            of_kind=has_answer_kind(kind, each.quote.text, question),
            asserts=not _asks(each.quote.text),
        )
        for each, similarity in zip(candidates, similarities, strict=True)
    ]
    return Evidence(sorted(sentences, key=lambda each: each.support, reverse=True))


@dataclass(frozen=True)
class _Candidate:
    """A sentence that may be quoted."""

    quote: Quote
    meaning: str  # the sentence, behind the question that it answers if there is one
    around: str  # its essay's head and its neighbours


def _candidates(ranked: Sequence[RankedPassage], generation: Generation) -> Iterator[_Candidate]:
    """Whole sentences that touch the passages, each text once."""
    seen: set[str] = set()
    for each in ranked:
        for candidate in _sentences_in(each, generation.essay(each.passage.essay)):
            if candidate.quote.text not in seen:
                seen.add(candidate.quote.text)
                yield candidate


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"'”’)]").endswith("?")


def _sentences_in(ranked: RankedPassage, essay: Document) -> Iterator[_Candidate]:
    passage, text = ranked.passage, essay.page_content
    sentences = split_sentences(text)
    head = _head(text)
    for place, sentence in enumerate(sentences):
        if not sentence.quotable or sentence.end <= passage.start or sentence.start >= passage.end:
            continue
        before = sentences[max(place - 1, 0)]
        after = sentences[min(place + 1, len(sentences) - 1)]
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
        asked = place > 0 and _asks(text[before.start : before.end])
        yield _Candidate(
            quote=quote,
            meaning=text[before.start : sentence.end] if asked else quote.text,
            around=f"{head}\n{text[before.start : after.end]}",
        )


def _section_at(start: int, places: Sequence[tuple[int, str]]) -> str:
    """The page or heading that a place in an essay belongs to."""
    return next((label for begin, label in reversed(places) if begin <= start), "")


def _moved(sentence: Sentence, passage: IndexedPassage, other: IndexedPassage) -> Place:
    """Where a sentence of a passage stands in another passage of the same text."""
    shift = other.start - passage.start
    return Place(other.essay, sentence.start + shift, sentence.end + shift)


def _head(text: str) -> str:
    """Title and byline: "How does Madison define a faction?" finds its name only there."""
    lines = [line for line in text[: HEAD_LINES * SHORT_LINE].splitlines() if line.strip()]
    return "\n".join(takewhile(lambda line: len(line) <= SHORT_LINE, lines[:HEAD_LINES]))


class _Coverage:
    """Which share of a question's telling words a text has, rare words counting for more."""

    def __init__(self, question: str, keywords: KeywordIndex) -> None:
        self._rarity = {word: keywords.rarity(word) for word in telling_words(question)}

    def of(self, text: str) -> float:
        words = set(split_words([text])[0])
        total = sum(self._rarity.values())
        return sum(self._rarity[word] for word in words & self._rarity.keys()) / (total or 1)


def _similarities(question: str, texts: list[str], embeddings: Embeddings) -> Iterable[float]:
    if not texts:
        return []
    vectors = np.asarray(embeddings.embed_documents(texts))
    similarities: list[float] = (vectors @ np.asarray(embeddings.embed_query(question))).tolist()
    return similarities
