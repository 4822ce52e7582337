"""An answer: composed of citations that were checked, or a refusal; knows nothing of models."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from bot.chat_model import Meter
from bot.checking import Verdict
from bot.citations import Citation, Quote, cite
from bot.evidence import Evidence
from bot.quoting import choose_quotes, nearest_quote
from ingest.index import Generation
from prompts import read_prompt

QUOTING = "quoting"  # what Answer.model says where no chat model wrote


@dataclass(frozen=True)
class Answer:
    """What every front end gets; only rendering differs.

    `text` carries the numbers of `citations` in brackets. When `refused`, the essays do not say:
    there are no citations, and `nearest` is the closest sentence, checked like a citation.
    `evidence`, 0 to 1, tells how likely the essays answer the question. `note` says why a chat
    model that was asked did not write the answer; `tokens` and `cost` are what it took.
    """

    question: str
    text: str
    citations: list[Citation]
    refused: bool
    nearest: Citation | None
    evidence: float
    model: str
    generation: str
    timings_ms: dict[str, float] = field(default_factory=dict)
    note: str = ""
    tokens: Meter = field(default_factory=Meter)
    cost: float = 0.0


@dataclass(frozen=True)
class Prose:
    """What a chat model wrote: sentences that stood the check; none if it refused."""

    model: str
    sentences: Sequence[Verdict]


@dataclass
class Record:
    """How an answer comes about: what is noted on the way, beside its words.

    `clock` times the steps; `note`, `tokens` and `cost` are those of `Answer`.
    """

    question: str
    generation: Generation
    clock: "Clock"
    note: str = ""
    tokens: Meter = field(default_factory=Meter)
    cost: float = 0.0


def compose(record: Record, evidence: Evidence, prose: Prose | None = None) -> Answer:
    """The answer a chat model wrote, else the one that the evidence gives, quoted, or a refusal."""
    essay_text = cache(record.generation.essay_text)
    if prose is None:
        citations = cite(choose_quotes(evidence), essay_text) if evidence.answers else []
        text = _quoted(citations)
    else:
        text, citations = _written(prose.sentences, essay_text)
    nearest = None if citations else _nearest(evidence, essay_text)
    record.clock.lap("quote")
    return Answer(
        question=record.question,
        text=text if citations else _refusal(nearest),
        citations=citations,
        refused=not citations,
        nearest=nearest,
        evidence=evidence.score,
        model=prose.model if prose else QUOTING,
        generation=record.generation.name,
        timings_ms=record.clock.laps,
        note=record.note,
        tokens=record.tokens,
        cost=record.cost,
    )


def _written(
    sentences: Sequence[Verdict], essay_text: Callable[[str], str]
) -> tuple[str, list[Citation]]:
    """The text with numbers after each sentence, and what they number.

    A sentence goes if any of its quotes does not stand in its essay.
    """
    standing = [
        each for each in sentences if len(cite(each.quotes, essay_text)) == len(each.quotes)
    ]
    quotes = list(dict.fromkeys(quote for each in standing for quote in each.quotes))
    numbers = {quote: number for number, quote in enumerate(quotes, start=1)}
    return " ".join(_numbered(each, numbers) for each in standing), cite(quotes, essay_text)


def _numbered(sentence: Verdict, numbers: dict[Quote, int]) -> str:
    claim = sentence.claim
    marks = "".join(f"[{numbers[quote]}]" for quote in sentence.quotes)
    return f"{'Inference: ' if claim.inferred else ''}{claim.text} {marks}"


def _nearest(evidence: Evidence, essay_text: Callable[[str], str]) -> Citation | None:
    return next(iter(cite(nearest_quote(evidence), essay_text)), None)


def _quoted(citations: Sequence[Citation]) -> str:
    return " ".join(f"“{citation.quote}” [{citation.number}]" for citation in citations)


def _refusal(nearest: Citation | None) -> str:
    refusal = read_prompt("refusal")
    if nearest is None:
        return f"{refusal}."
    return f"{refusal}; the nearest passage is in “{nearest.title}”: “{nearest.quote}”"


class Clock:
    """A stopwatch: `laps` are milliseconds by what was done."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """What was done since the last lap was `name`."""
        now = time.perf_counter()
        self.laps[name] = round(self.laps.get(name, 0) + (now - self._last) * 1000, 1)
        self._last = now
