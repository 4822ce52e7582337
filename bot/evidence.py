"""Do these passages answer the question? Weigh their sentences, and decide."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from langchain_core.documents import Document

from bot.citations import Place, Quote
from bot.questions import has_answer_kind, kind_of_answer, telling_words, weighed_words
from bot.retrieval import RankedPassage
from ingest.embedding import SentenceEmbeddings, TokenEmbeddings
from ingest.index import Generation
from ingest.keywords import KeywordIndex, split_words
from ingest.passages import Sentence, split_sentences
from ingest.records import IndexedPassage

WEIGHTS = Path(__file__).parent / "evidence.json"  # made by `python -m evals.fitting`
HEAD_LINES = 3
SHORT_LINE = 200  # characters
Vectors = np.ndarray[Any, np.dtype[np.float32]]


class Signals(NamedTuple):
    """How well a sentence fits a question; more of each is better."""

    similarity: float  # cosine of sentence and question
    coverage: float  # 0 to 1: the question's telling words in it and around it, by rarity
    alignment: float  # up to 1: how near its words come in meaning to the question's, by rarity
    of_kind: float  # 0 or 1: what the question asks for (a number, a name ...) stands in it
    found: float  # 0 to 1: how well the search found its passage, by meaning and by words


class Weights(NamedTuple):
    """A logistic model of the signals; no weight is negative."""

    bias: float
    signals: Signals

    def log_odds(self, signals: Signals) -> float:
        """Log-odds of an answer, where these are its signals."""
        products = zip(self.signals, signals, strict=True)
        return self.bias + sum(weight * signal for weight, signal in products)


@cache
def fitted_weights() -> tuple[Weights, Weights]:
    """The weights in use: of a sentence holding the answer, and of there being an answer."""
    told = json.loads(WEIGHTS.read_text("utf-8"))
    sentence, answer = (
        Weights(told[name]["bias"], Signals(**told[name]["signals"]))
        for name in ("sentence", "answer")
    )
    return sentence, answer


@dataclass(frozen=True)
class WeighedSentence:
    """A sentence of a passage and how well it fits the question."""

    quote: Quote
    signals: Signals

    @property
    def support(self) -> float:
        """Log-odds that it holds the answer."""
        sentence, _ = fitted_weights()
        return sentence.log_odds(self.signals)


@dataclass(frozen=True)
class Evidence:
    """The sentences found for a question, best first."""

    sentences: list[WeighedSentence]

    @property
    def score(self) -> float:
        """How likely the essays answer the question, 0 to 1: by the best of each signal.

        So a further sentence, or more of any signal, never makes a refusal likelier.
        """
        if not self.sentences:
            return 0.0
        _, answer = fitted_weights()
        best = Signals(*np.max([each.signals for each in self.sentences], axis=0))
        return 1 / (1 + math.exp(-answer.log_odds(best)))

    @property
    def answers(self) -> bool:
        """Whether that is enough to answer rather than refuse."""
        return self.score > 1 / 2


def weigh(
    question: str,
    ranked: Sequence[RankedPassage],
    generation: Generation,
    embeddings: SentenceEmbeddings,
) -> Evidence:
    """Weigh every quotable sentence of the passages, each text once, against the question.

    A sentence that asks is no evidence where any other tells.
    """
    tokens = embeddings.embed_tokens([each.passage.text for each in ranked])
    comparison = _Comparison(question, generation.keywords, embeddings)
    coverage = _Coverage(question, generation.keywords)
    kind = kind_of_answer(question)
    candidates = list(_candidates(zip(ranked, tokens, strict=True), comparison, generation))
    telling = [each for each in candidates if not _asks(each.quote.text)]
    sentences = [
        WeighedSentence(
            each.quote,
            Signals(
                similarity=each.nearness.similarity,
                coverage=(coverage.of(each.quote.text) + coverage.of(each.around)) / 2,
                alignment=each.nearness.alignment,
                of_kind=has_answer_kind(kind, each.quote.text, question),
                found=each.found,
            ),
        )
        for each in telling or candidates
    ]
    return Evidence(sorted(sentences, key=lambda each: each.support, reverse=True))


@dataclass(frozen=True)
class _Candidate:
    """A sentence that may be quoted."""

    quote: Quote
    around: str  # its essay's head and its neighbours
    nearness: "_Nearness"
    found: float


def _candidates(
    ranked: Iterable[tuple[RankedPassage, TokenEmbeddings]],
    comparison: "_Comparison",
    generation: Generation,
) -> Iterator[_Candidate]:
    """Whole sentences that touch the passages, each text once."""
    seen: set[str] = set()
    for each, tokens in ranked:
        essay = generation.essay(each.passage.essay)
        for candidate in _sentences_in(each, comparison.with_passage(tokens), essay):
            if candidate.quote.text not in seen:
                seen.add(candidate.quote.text)
                yield candidate


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"'”’)]").endswith("?")


def _sentences_in(
    ranked: RankedPassage,
    nearness: Callable[[int, int], "_Nearness"],
    essay: Document,
) -> Iterator[_Candidate]:
    passage, text = ranked.passage, essay.page_content
    sentences = _sentences_of(text)
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
        yield _Candidate(
            quote=quote,
            around=f"{head}\n{text[before.start : after.end]}",
            nearness=nearness(sentence.start - passage.start, sentence.end - passage.start),
            found=ranked.score,
        )


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


class _Nearness(NamedTuple):
    similarity: float
    alignment: float


class _Comparison:
    """How near a question and parts of a passage come, by the vectors of their tokens in context.

    Similarity is the cosine of the mean vectors. Alignment takes, for each word of the question,
    the nearest one of the part, rare words counting for more; it is the recall of Zhang et al.
    2020, "BERTScore".
    """

    def __init__(
        self, question: str, keywords: KeywordIndex, embeddings: SentenceEmbeddings
    ) -> None:
        places, self._vectors = embeddings.embed_tokens([question])[0]
        words = weighed_words(question, keywords.rarity)
        inside = [(places[:, 0] < end) & (places[:, 1] > start) for start, end, _ in words]
        self._tokens = np.array(inside, dtype=float).reshape(len(words), len(places))
        self._weights = np.array([weight for _, _, weight in words])

    def with_passage(self, tokens: TokenEmbeddings) -> Callable[[int, int], _Nearness]:
        """What compares the question with characters of this passage."""
        near = self._vectors @ tokens.vectors.T

        def compare(start: int, end: int) -> _Nearness:
            inside = (tokens.places[:, 0] < end) & (tokens.places[:, 1] > start)
            if not inside.any() or not self._tokens.any():
                return _Nearness(0.0, 0.0)
            words = self._tokens @ near[:, inside].max(axis=1)
            words = words / np.maximum(self._tokens.sum(axis=1), 1)
            alignment = float(self._weights @ words / self._weights.sum())
            return _Nearness(_cosine(self._vectors, tokens.vectors[inside]), alignment)

        return compare


def _cosine(some: Vectors, other: Vectors) -> float:
    """Of the means of both."""
    one, two = some.mean(axis=0), other.mean(axis=0)
    return float(one @ two / (np.linalg.norm(one) * np.linalg.norm(two)))
