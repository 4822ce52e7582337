"""Answer one question from the essays: retrieve, weigh, quote or refuse, verify."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from bot.citations import Citation, Quote, cite
from bot.conversation import Turn, standalone_questions
from bot.evidence import Evidence, weigh
from bot.questions import check_question
from bot.quoting import choose_quotes, nearest_quote
from bot.reranking import RERANKED, Reranker
from bot.retrieval import RankedPassage, Retrieve, retrieve, retrieve_places
from bot.settings import Settings
from ingest.embedding import SentenceEmbeddings
from ingest.index import Generation
from ingest.passages import paragraph_at
from ingest.reading import PublishedIndex
from ingest.store import Store
from prompts import read_prompt

PASSAGES = 5  # read for an answer
MODEL = "quoting"  # what Answer.model says where no chat model writes


@dataclass(frozen=True)
class Answer:
    """What every front end gets; only rendering differs.

    `text` carries the numbers of `citations` in brackets. When `refused`, the essays do not say:
    there are no citations, and `nearest` is the closest sentence, checked like a citation.
    `evidence`, 0 to 1, tells how likely the essays answer the question.
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


@dataclass(frozen=True)
class Surroundings:
    """What stands in a citation's paragraph before and after the quote."""

    before: str
    after: str


class Answerer:
    """The one pipeline behind every front end; safe to use from several threads."""

    def __init__(
        self,
        index: PublishedIndex,
        embeddings: SentenceEmbeddings,
        reranker: Reranker | None = None,
    ) -> None:
        self.index = index
        self.embeddings = embeddings
        self.reranker = reranker

    def load(self) -> None:
        """Load the model and open the index now, so that the first answer need not wait."""
        with self.index.reading():
            self.embeddings.load()
            if self.reranker:
                self.reranker.load()

    def search(
        self, question: str, limit: int = PASSAGES, history: Sequence[Turn] = ()
    ) -> list[RankedPassage]:
        """The `limit` best passages, a text that stands in several places at each of them.

        Raises QuestionInvalid and what `PublishedIndex` raises.
        """
        standalone = standalone_questions(check_question(question), history)[0]
        with self.index.reading() as generation:
            return self._reranked(retrieve_places, generation, standalone, limit)

    def _reranked(
        self, search: Retrieve, generation: Generation, question: str, limit: int
    ) -> list[RankedPassage]:
        if self.reranker is None:
            return search(generation, self.embeddings, question, limit)
        ranked = search(generation, self.embeddings, question, max(limit, RERANKED))
        return self.reranker.rerank(question, ranked)[:limit]

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Quotes that answer the question, each verified, or a refusal.

        Raises QuestionInvalid, what `PublishedIndex` raises and what loading the model raises.
        """
        question = check_question(question)
        clock = Clock()
        with self.index.reading() as generation:
            self.embeddings.load()
            clock.lap("load")
            for standalone in standalone_questions(question, history):
                ranked = self._reranked(retrieve, generation, standalone, PASSAGES)
                clock.lap("retrieve")
                evidence = weigh(standalone, ranked, generation, self.embeddings)
                clock.lap("weigh")
                if evidence.answers:
                    break
            return compose(question, evidence, generation, clock)

    def surroundings(self, citation: Citation) -> Surroundings | None:
        """The rest of the paragraph a citation stands in; None if its essay has changed since."""
        with self.index.reading() as generation:
            quote = Quote(
                citation.essay, citation.title, citation.quote, citation.start, citation.end
            )
            if not cite([quote], generation.essay_text):
                return None
            text = generation.essay_text(citation.essay)
        start, end = paragraph_at(text, citation.start, citation.end)
        return Surroundings(text[start : citation.start], text[citation.end : end])


def open_answerer(store: Store, settings: Settings) -> Answerer:
    """An Answerer over a store; nothing is opened or loaded before it is needed."""
    embeddings = SentenceEmbeddings(settings.embedding_model)
    reranker = Reranker(settings.rerank_model) if settings.rerank_model else None
    return Answerer(PublishedIndex(store, embeddings.identity), embeddings, reranker)


def compose(question: str, evidence: Evidence, generation: Generation, clock: "Clock") -> Answer:
    """The answer that the evidence gives: quotes that were checked, or a refusal."""
    essay_text = cache(generation.essay_text)
    citations = cite(choose_quotes(evidence), essay_text) if evidence.answers else []
    nearest = None if citations else _nearest(evidence, essay_text)
    text = _quoted(citations) if citations else _refusal(nearest)
    clock.lap("quote")
    return Answer(
        question=question,
        text=text,
        citations=citations,
        refused=not citations,
        nearest=nearest,
        evidence=evidence.score,
        model=MODEL,
        generation=generation.name,
        timings_ms=clock.laps,
    )


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
    """Milliseconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """What was done since the last lap was `name`."""
        now = time.perf_counter()
        self.laps[name] = round(self.laps.get(name, 0) + (now - self._last) * 1000, 1)
        self._last = now
