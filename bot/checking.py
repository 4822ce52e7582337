"""Check each sentence that a chat model wrote against the sentences it cites.

Two kinds of checks: rules on words (agreement.py, counting.py, negations.py), each of which names
its fault, and a logistic model of how near the two come in meaning. Knows nothing of chat models.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from bot.agreement import (
    find_parts,
    foreign_part,
    instructs,
    invented_quotation,
    keeps_names,
    quotations_in,
    speaks_of_us,
    strange_name,
    writes_small,
)
from bot.alignment import Comparison, join_tokens
from bot.citations import Quote
from bot.counting import misplaced_number, strange_number
from bot.negations import negations_differ
from bot.questions import ASKING_WEIGHT, telling_words
from bot.retrieval import RankedPassage
from bot.sentences import byline_of, quotable_sentences
from ingest.embedding import SentenceEmbeddings
from ingest.index import Generation
from ingest.keywords import split_words
from ingest.models import TokenEmbeddings

WEIGHTS = Path(__file__).parent / "checking.json"  # made by `python -m evals.claims`
BEFORE = 700  # characters: a sentence leans on names that stand so near before it
COMMON = 0.05  # share of the passages that say who "we" are, or stand beside one that does
ALIKE = 10  # passages looked through for a word in small letters
# What a claim adds to its source stands together: so many words in a row, of all and of the
# telling ones, are looked at alone.
STRETCH, TELLING_STRETCH = 9, 4
APART = "\n|\n"  # between sentences that no quotation may join: no claim has such a bar


@dataclass(frozen=True)
class Support:
    """A passage that a claim cites, by its number, and the words of it that the claim rests on."""

    passage: int
    words: str = ""


@dataclass(frozen=True)
class Claim:
    """A sentence of a draft and what it cites; `inferred` if it is marked as an inference."""

    text: str
    supports: tuple[Support, ...]
    inferred: bool = False


@dataclass(frozen=True)
class Verdict:
    """The sentences a claim rests on, or the fault for which it must not be shown.

    One of both is empty.
    """

    claim: Claim
    quotes: tuple[Quote, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class Reading:
    """A passage as a chat model reads it: its whole sentences, and their `text` as one.

    `names` are title, author and byline of its essay, `before` the last BEFORE characters that
    stand before it there.
    """

    quotes: tuple[Quote, ...]
    text: str
    names: str
    before: str = ""

    @property
    def essay(self) -> str:
        """Title and author."""
        return ", ".join(name for name in (self.quotes[0].title, self.quotes[0].author) if name)


def read_passages(ranked: Sequence[RankedPassage], generation: Generation) -> list[Reading]:
    """The passages that have sentences to cite, best first; the first is number 1."""
    readings = []
    for each in ranked:
        essay = generation.essay(each.passage.essay)
        quotes = tuple(one.quote for one in quotable_sentences(each, essay))
        if quotes:
            text = essay.page_content
            names = f"{quotes[0].title}\n{quotes[0].author}\n{byline_of(text)}"
            start, end = quotes[0].start, quotes[-1].end
            before = text[max(start - BEFORE, 0) : start]
            readings.append(Reading(quotes, text[start:end], names, before))
    return readings


class Signals(NamedTuple):
    """How near the sentences cited come to a claim; all but the last are cosines.

    The first three are the lowest alignment (see Comparison) of any such words in a row.
    """

    stretch: float  # of STRETCH words
    half: float  # of half of the claim
    telling: float  # of TELLING_STRETCH telling words
    anywhere: float  # mean cosine of the claim's words with all tokens cited
    size: float  # logarithm of how many tokens are cited: among many, one is near by chance


@dataclass(frozen=True)
class Weights:
    """A logistic model of the signals, with two limits that hold whatever it says."""

    bias: float
    signals: Signals
    telling: float  # at least so much of this signal: a short claim has little else
    turned: float  # at most so much of what `negations_differ` gives

    def log_odds(self, signals: Signals) -> float:
        """Log-odds that a claim with these signals is faithful to what it cites; 0 is enough."""
        products = zip(self.signals, signals, strict=True)
        return self.bias + sum(weight * signal for weight, signal in products)


@cache
def fitted_weights() -> Weights:
    """The weights in use."""
    told = json.loads(WEIGHTS.read_text("utf-8"))
    return Weights(told["bias"], Signals(**told["signals"]), told["telling"], told["turned"])


class Checker:
    """Checks claims about the passages of one question; not for several threads at once."""

    def __init__(
        self, readings: Sequence[Reading], generation: Generation, embeddings: SentenceEmbeddings
    ) -> None:
        self._readings = readings
        self._generation = generation
        self._embeddings = embeddings

    def prepare(self) -> None:
        """Embed the passages now, so that the first check need not wait."""
        self._tokens  # noqa: B018

    @cached_property
    def _tokens(self) -> dict[str, TokenEmbeddings]:
        texts = list(dict.fromkeys(q.text for each in self._readings for q in each.quotes))
        return dict(zip(texts, self._embeddings.embed_tokens(texts), strict=True))

    def _is_small(self, word: str) -> bool:
        """Whether the essays write a word in lower case where it is likeliest to stand."""
        found = self._generation.keywords.search(word, ALIKE)
        passages = self._generation.passages_by_id([id for id, _ in found])
        texts = [each.text for each in self._readings] + [each.text for each in passages]
        return any(writes_small(text, word) for text in texts)

    def _is_common(self, word: str) -> bool:
        """Whether it is a name, and so many passages have it that it may be who "we" are."""
        keywords = self._generation.keywords
        most = COMMON * len(keywords.ids)
        often = all(keywords.frequency(stem) >= most for stem in split_words([word])[0])
        return word[0].isupper() and often and not self._is_small(word)

    def check(self, claim: Claim) -> Verdict:
        """What the claim rests on, or why it must go."""
        comparison = self._compare(claim)
        quotes = self._support(claim, comparison)
        if not quotes:
            return Verdict(claim, fault="it cites nothing that stands in a passage that was given")
        fault = self._disagreement(claim, quotes) or self._distance(claim, quotes, comparison)
        return Verdict(claim, fault=fault) if fault else Verdict(claim, quotes)

    def signals(self, claim: Claim) -> tuple[Signals, float] | None:
        """What `check` decides by, to fit the weights: the signals, and how negations differ.

        None where the claim cites nothing that was given.
        """
        comparison = self._compare(claim)
        quotes = self._support(claim, comparison)
        return (self._signals(quotes, comparison), _turned(claim, quotes)) if quotes else None

    def _compare(self, claim: Claim) -> Comparison:
        return Comparison(claim.text, self._generation.keywords, self._embeddings)

    def _support(self, claim: Claim, comparison: Comparison) -> tuple[Quote, ...]:
        return tuple(dict.fromkeys(self._supporting(claim, comparison)))

    def _supporting(self, claim: Claim, comparison: Comparison) -> Iterator[Quote]:
        """The sentences a claim cites, and those that its quotations stand in.

        Of a passage cited without words it is the nearest sentence. What tells the one who answers
        what to say is cited in vain.
        """
        for support in claim.supports:
            if not 0 < support.passage <= len(self._readings):
                continue
            reading = self._readings[support.passage - 1]
            words = [support.words, *quotations_in(claim.text)]
            found = [quote for each in words for quote in _standing(each, reading)]
            if not support.words:
                found.append(self._nearest(comparison, reading))
            yield from (quote for quote in found if not instructs(quote.text))

    def _nearest(self, comparison: Comparison, reading: Reading) -> Quote:
        return max(
            reading.quotes,
            key=lambda quote: comparison.with_vectors(self._tokens[quote.text].vectors).alignment,
        )

    def _disagreement(self, claim: Claim, quotes: Sequence[Quote]) -> str:
        """The first fault by the rules on words, or ""."""
        ground, names = _text_of(quotes), self._names(quotes)
        if part := foreign_part(claim.text, ground):
            return f"“{part}” does not belong in an answer"
        if part := invented_quotation(claim.text, f"{self._in_order(quotes)}{APART}{names}"):
            return f"the quotation “{part}” does not stand in what it cites"
        if part := strange_number(claim.text, ground, names):
            return f"the number {part} does not stand in what it cites"
        if part := misplaced_number(claim.text, ground):
            return f"the number {part} counts something else in what it cites"
        if part := self._strange_name(claim, quotes):
            return f"the name {part} does not stand in what it cites"
        return ""

    def _in_order(self, quotes: Sequence[Quote]) -> str:
        """Their texts in reading order, with APART between those that are no neighbours."""
        read = dict.fromkeys(quote for each in self._readings for quote in each.quotes)
        beside = {pair for each in self._readings for pair in pairwise(each.quotes)}
        ordered = [quote for quote in read if quote in quotes]
        marks = ["\n" if pair in beside else APART for pair in pairwise(ordered)]
        return "".join(
            f"{quote.text}{mark}" for quote, mark in zip(ordered, [*marks, ""], strict=True)
        )

    def _strange_name(self, claim: Claim, quotes: Sequence[Quote]) -> str | None:
        """The first name in the claim that is not the cited sentences' own.

        Where the claim keeps all of their names, so that none was put in the place of another, it
        may also be one said just before them, or, where they say "we", one that may be who that is.
        """
        ground, names = _text_of(quotes), self._names(quotes)
        strange = strange_name(claim.text, ground, names, self._is_small)
        if strange is None or not keeps_names(claim.text, ground, self._is_small):
            return strange
        near = "\n".join([names, *map(self._before, quotes)])
        if speaks_of_us(ground):
            near += "\n" + "\n".join(filter(self._is_common, claim.text.split()))
        return strange_name(claim.text, ground, near, self._is_small)

    def _names(self, quotes: Sequence[Quote]) -> str:
        """What the essays of these quotes go by."""
        return "\n".join(self._reading(quote).names for quote in quotes)

    def _before(self, quote: Quote) -> str:
        """What stands just before it in its essay, but for what instructs who answers."""
        reading = self._reading(quote)
        before = reading.before + reading.text[: quote.start - reading.quotes[0].start]
        return "" if instructs(before[-BEFORE:]) else before[-BEFORE:]

    def _reading(self, quote: Quote) -> Reading:
        return next(each for each in self._readings if quote in each.quotes)

    def _distance(self, claim: Claim, quotes: Sequence[Quote], comparison: Comparison) -> str:
        """The first fault by what the claim means, or ""."""
        if not telling_words(claim.text):
            return "it has no word that could be held against what it cites"
        weights = fitted_weights()
        signals = self._signals(quotes, comparison)
        if weights.log_odds(signals) < 0 or signals.telling < weights.telling:
            return "it says more than what it cites, or something else"
        if _turned(claim, quotes) > weights.turned and not claim.inferred:
            return "it denies what it cites, or the other way round"
        return ""

    def _signals(self, quotes: Sequence[Quote], comparison: Comparison) -> Signals:
        vectors = join_tokens([self._tokens[quote.text] for quote in quotes])
        return Signals(
            comparison.weakest_stretch(vectors, STRETCH),
            comparison.weakest_half(vectors),
            comparison.weakest_stretch(vectors, TELLING_STRETCH, above=ASKING_WEIGHT),
            comparison.nearness_anywhere(vectors),
            math.log(len(vectors)) if len(vectors) else 0.0,
        )


def _turned(claim: Claim, quotes: Sequence[Quote]) -> float:
    return negations_differ(claim.text, _text_of(quotes))


def _text_of(quotes: Sequence[Quote]) -> str:
    return "\n".join(quote.text for quote in quotes)


def _standing(words: str, reading: Reading) -> list[Quote]:
    """The sentences of a passage that these words stand in; none where they do not."""
    begin = reading.quotes[0].start
    places = [(start + begin, end + begin) for start, end in find_parts(words, reading.text)]
    return [
        quote
        for quote in reading.quotes
        if any(quote.start < end and quote.end > start for start, end in places)
    ]
