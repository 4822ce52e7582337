"""How often the right passage is found, answered and cited, and how often a refusal is right.

    python -m evals.questions QUESTIONS.jsonl ESSAYS [--index DIR] [--json]

A line of QUESTIONS is {"id", "question", "history", "answerable", "gold": [{"essay", "quote"}]}.
ESSAYS is ingested into the index folder first.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pydantic

from bot.answering import PASSAGES, Answerer, open_answerer
from bot.citations import Citation
from bot.conversation import Turn
from bot.retrieval import RankedPassage
from ingest.errors import EssayBotError
from ingest.store import open_store
from ingest.sync import sync


@dataclass(frozen=True)
class Gold:
    """A verbatim quote that answers, and its essay."""

    essay: str
    quote: str


@dataclass(frozen=True)
class Question:
    """One line of a question set."""

    id: str
    question: str
    answerable: bool
    gold: tuple[Gold, ...] = ()
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What happened to one question."""

    id: str
    question: str
    answerable: bool
    answered: bool
    found: bool  # a gold quote lies, at least in part, in the first PASSAGES passages
    cited: bool  # a citation touches a gold quote
    citations: int
    standing: int  # citations that stand in the essay's file at their offsets
    answer: str


@dataclass(frozen=True)
class Tally:
    """So many of so many."""

    what: str
    count: int
    of: int

    def __str__(self) -> str:
        share = f"{self.count / self.of:.0%}" if self.of else "none asked"
        return f"{self.what:<52}{self.count:>4} of {self.of:<4}{share:>5}"


def read_questions(path: Path) -> list[Question]:
    """The questions of a set, in order."""
    lines = path.read_text("utf-8").splitlines()
    return [pydantic.TypeAdapter(Question).validate_json(line) for line in lines]


def ask(question: Question, answerer: Answerer, essay_text: Callable[[str], str]) -> Outcome:
    """Put one question to the bot and hold the answer against its gold quotes."""
    ranked = answerer.search(question.question, PASSAGES, question.history)
    answer = answerer.answer(question.question, question.history)
    gold = [_span(each, essay_text) for each in question.gold]
    return Outcome(
        id=question.id,
        question=question.question,
        answerable=question.answerable,
        answered=not answer.refused,
        found=_touches([_passage_span(each) for each in ranked], gold),
        cited=_touches([(each.essay, each.start, each.end) for each in answer.citations], gold),
        citations=len(answer.citations),
        standing=sum(_stands(each, essay_text) for each in answer.citations),
        answer=answer.text,
    )


def tally(outcomes: Sequence[Outcome]) -> list[Tally]:
    """The figures of a set."""
    answerable = [each for each in outcomes if each.answerable]
    unanswerable = [each for each in outcomes if not each.answerable]
    return [
        Tally(
            f"gold quote in the first {PASSAGES} passages",
            _count(answerable, "found"),
            len(answerable),
        ),
        Tally("answerable questions answered", _count(answerable, "answered"), len(answerable)),
        Tally(
            "answerable questions with a gold quote cited",
            _count(answerable, "cited"),
            len(answerable),
        ),
        Tally(
            "unanswerable questions refused",
            len(unanswerable) - _count(unanswerable, "answered"),
            len(unanswerable),
        ),
        Tally(
            "citations that stand in their essay's file",
            _count(outcomes, "standing"),
            _count(outcomes, "citations"),
        ),
    ]


def _count(outcomes: Sequence[Outcome], field: str) -> int:
    return sum(getattr(each, field) for each in outcomes)


Span = tuple[str, int, int]


def _span(gold: Gold, essay_text: Callable[[str], str]) -> Span:
    start = essay_text(gold.essay).index(gold.quote)
    return gold.essay, start, start + len(gold.quote)


def _passage_span(ranked: RankedPassage) -> Span:
    return ranked.passage.essay, ranked.passage.start, ranked.passage.end


def _touches(spans: Sequence[Span], gold: Sequence[Span]) -> bool:
    return any(a[0] == b[0] and a[1] < b[2] and b[1] < a[2] for a in spans for b in gold)


def _stands(citation: Citation, essay_text: Callable[[str], str]) -> bool:
    return essay_text(citation.essay)[citation.start : citation.end] == citation.quote


def main() -> None:
    """Measure one set and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m evals.questions", description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("essays", type=Path)
    parser.add_argument("--index", type=Path, default=Path("index/evals"))
    parser.add_argument("--json", action="store_true", help="a line for each question")
    options = parser.parse_args()
    for place in (options.questions, options.essays):
        if not place.exists():
            sys.exit(f"{place} is absent; this benchmark needs it.")
    try:
        outcomes = _measure(options)
    except EssayBotError as error:
        sys.exit(str(error))
    if options.json:
        for outcome in outcomes:
            print(json.dumps(asdict(outcome), ensure_ascii=False))
        return
    print(f"{options.questions.name}, {len(outcomes)} questions")
    for line in tally(outcomes):
        print(f"  {line}")


def _measure(options: argparse.Namespace) -> list[Outcome]:
    store = open_store(options.index)
    answerer = open_answerer(store)
    sync(options.essays, store, answerer.embeddings)

    @cache
    def essay_text(source: str) -> str:
        text: str = (options.essays / source).read_text("utf-8")
        return text

    return [ask(each, answerer, essay_text) for each in read_questions(options.questions)]


if __name__ == "__main__":
    main()
