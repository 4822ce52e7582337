"""Do these passages answer the question? Weigh their sentences, and decide."""

import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bot.alignment import Comparison, Nearness
from bot.answer_kinds import wanted
from bot.citations import Quote
from bot.naming import names_in
from bot.questions import telling_words
from bot.retrieval import RankedPassage
from bot.sentences import quotable_sentences, tells
from ingest.embedding import SentenceEmbeddings
from ingest.index import Generation
from ingest.keywords import KeywordIndex, split_words
from ingest.models import TokenEmbeddings

WEIGHTS = Path(__file__).parent / "evidence.json"  # made by `python -m evals.fitting`


class Signals(NamedTuple):
    """How well a sentence fits a question: the features of both models; more is better."""

    similarity: float  # cosine of the means of the token vectors of sentence and question
    coverage: float  # 0 to 1: share of the question's telling words in it and around it, by rarity
    alignment: float  # up to 1: how near it comes to each of the question's words: see Comparison
    of_kind: float  # 0 or 1: what the question asks for (a number, a name ...) stands in it
    found: float  # 0 to 1: the score of its passage in the search


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
    """The two models in use: whether a sentence holds the answer, and whether there is one."""
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
    """The sentences found for a question, best first.

    `certain` where there is nothing to weigh, as in an answer to what an essay is about.
    `named` are the essays of each title and author that the question names, if it names several.
    """

    sentences: list[WeighedSentence]
    certain: bool = False
    named: tuple[Collection[str], ...] = ()

    @property
    def parts(self) -> list["Evidence"]:
        """The evidence from each title and author named that answers by itself; else all of it."""
        named = [Evidence(self._of(essays)) for essays in self.named]
        return [each for each in named if each.answers] or [self]

    def _of(self, essays: Collection[str]) -> list[WeighedSentence]:
        return [each for each in self.sentences if each.quote.essay in essays]

    @property
    def score(self) -> float:
        """The probability that the essays answer the question, by the best of each signal.

        So a further sentence, or more of any signal, never makes a refusal likelier.
        """
        if self.certain or not self.sentences:
            return float(self.certain)
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

    A sentence that asks, or announces what comes, is no evidence where any other tells. The words
    by which the question names essays or authors tell nothing more, since the passages were chosen
    by them.
    """
    parts = names_in(generation.catalogue, question)
    named = {stem for each in parts for stem in each.stems}
    tokens = embeddings.embed_tokens([each.passage.text for each in ranked])
    comparison = Comparison(question, generation.keywords, embeddings, named)
    coverage = _Coverage(question, generation.keywords, named)
    of_kind = wanted(question)
    candidates = list(_candidates(zip(ranked, tokens, strict=True), comparison, generation))
    telling = [each for each in candidates if tells(each.quote.text)]
    sentences = [_weighed(each, coverage, of_kind) for each in telling or candidates]
    best_first = sorted(sentences, key=lambda each: each.support, reverse=True)
    several = len(parts) > 1
    return Evidence(best_first, named=tuple(each.sources for each in parts if several))


@dataclass(frozen=True)
class _Candidate:
    """A sentence that may be quoted."""

    quote: Quote
    around: str  # its essay's head and its neighbours
    nearness: Nearness
    found: float


def _candidates(
    ranked: Iterable[tuple[RankedPassage, TokenEmbeddings]],
    comparison: Comparison,
    generation: Generation,
) -> Iterator[_Candidate]:
    """Whole sentences that touch the passages, each text once."""
    seen: set[str] = set()
    for each, tokens in ranked:
        begin = each.passage.start
        for sentence in quotable_sentences(each, generation.essay(each.passage.essay)):
            quote = sentence.quote
            if quote.text not in seen:
                seen.add(quote.text)
                near = comparison.with_part(tokens, quote.start - begin, quote.end - begin)
                yield _Candidate(quote, sentence.around, near, each.score)


def _weighed(
    candidate: _Candidate, coverage: "_Coverage", of_kind: Callable[[str], bool]
) -> WeighedSentence:
    text = candidate.quote.text
    signals = Signals(
        similarity=candidate.nearness.similarity,
        coverage=(coverage.of(text) + coverage.of(candidate.around)) / 2,
        alignment=candidate.nearness.alignment,
        of_kind=of_kind(text),
        found=candidate.found,
    )
    return WeighedSentence(candidate.quote, signals)


class _Coverage:
    """Which share of a question's telling words a text has, rare words counting for more."""

    def __init__(self, question: str, keywords: KeywordIndex, named: Collection[str]) -> None:
        telling = telling_words(question)
        counted = [word for word in telling if word not in named] or telling
        self._rarity = {word: keywords.rarity(word) for word in counted}

    def of(self, text: str) -> float:
        words = set(split_words([text])[0])
        total = sum(self._rarity.values())
        return sum(self._rarity[word] for word in words & self._rarity.keys()) / (total or 1)
