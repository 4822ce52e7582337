"""SQuAD 2.0: does the bot know what its essays answer and what they do not?

Two refusals: the article is there but does not answer ("in the index", hard), and the article is
not there at all ("left out"). Only articles on which nothing was trained or fitted are reported.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.answering import Answerer
from bot.answers import Answer
from evals.articles import Asked, choose_questions, part, read_articles
from evals.figures import Figure, auroc_figure, mean_figure
from evals.overlap import Span, touches
from evals.pictures import draw_bars, draw_lines
from evals.reporting import WORST, Picture, Report, WorstQuestion
from evals.workbench import Workbench, best_similarity

NAME = "squad2"
FIRST_WORDS = ("who", "what", "when", "where", "why", "how", "which")
EVIDENCE, SIMILARITY = "evidence", "best similarity"


@dataclass(frozen=True)
class Outcome:
    """What the bot made of a question, and the plainest guess beside it."""

    asked: Asked
    answer: Answer
    similarity: float

    @property
    def cited(self) -> list[Span]:
        """What the answer quotes."""
        return [(each.essay, each.start, each.end) for each in self.answer.citations]

    @property
    def right(self) -> bool:
        """Refused where nothing answers, else with a quote that touches the gold answer."""
        return (
            touches(self.cited, self.asked.gold) if self.asked.answerable else self.answer.refused
        )


def measure(place: Path, bench: Workbench, *, sample: int) -> Report:
    """Ask a seeded sample of the reported articles' questions (0: all), with and without them.

    `place` is the file or the folder that holds it. Raises BenchmarkMissing.
    """
    articles = read_articles(place)
    reported = part(articles, "report")
    questions = choose_questions(reported, sample)
    with bench.texts_indexed({each.essay: each.text for each in articles}, "whole") as answerer:
        outcomes = [_ask(each, answerer) for each in bench.track(questions, "Asking")]
    answerable = [each for each in questions if each.answerable]
    kept = {each.essay: each.text for each in part(articles, "fit")}
    with bench.texts_indexed(kept, "left-out") as answerer:
        without = [
            _ask(each, answerer) for each in bench.track(answerable, "Asking without the article")
        ]
    return Report(
        name=NAME,
        about=f"{len(questions)} questions about {len(reported)} articles, "
        f"{len(answerable)} of them answerable: with all {len(articles)} articles in the index, "
        "and the answerable ones again with their own articles left out.",
        figures=_figures(outcomes, without),
        pictures=[_risk_picture(outcomes), _error_picture(outcomes)],
        worst=_worst(outcomes),
    )


def _ask(asked: Asked, answerer: Answerer) -> Outcome:
    return Outcome(
        asked, answerer.answer(asked.question), best_similarity(answerer, asked.question)
    )


def _figures(outcomes: Sequence[Outcome], without: Sequence[Outcome]) -> list[Figure]:
    yes = [each for each in outcomes if each.asked.answerable]
    no = [each for each in outcomes if not each.asked.answerable]
    return [
        auroc_figure(f"AUROC in the index, {EVIDENCE}", _evidence(yes), _evidence(no)),
        auroc_figure(f"AUROC in the index, {SIMILARITY}", _similarity(yes), _similarity(no)),
        auroc_figure(f"AUROC left out, {EVIDENCE}", _evidence(yes), _evidence(without)),
        auroc_figure(f"AUROC left out, {SIMILARITY}", _similarity(yes), _similarity(without)),
        mean_figure("answerable: answered", [not each.answer.refused for each in yes]),
        mean_figure(
            "answerable: the right paragraph cited",
            [touches(each.cited, [each.asked.paragraph]) for each in yes],
        ),
        mean_figure("answerable: the right answer cited", [each.right for each in yes]),
        mean_figure("unanswerable in the index: refused", [each.right for each in no]),
        mean_figure("left out: refused", [each.answer.refused for each in without]),
    ]


def _evidence(outcomes: Iterable[Outcome]) -> list[float]:
    return [each.answer.evidence for each in outcomes]


def _similarity(outcomes: Iterable[Outcome]) -> list[float]:
    return [each.similarity for each in outcomes]


def risk_and_coverage(
    confidences: Sequence[float], answerable: Sequence[bool]
) -> tuple[list[float], list[float]]:
    """Answer the most confident first: the share answered so far, and of those the unanswerable."""
    order = sorted(range(len(confidences)), key=lambda place: -confidences[place])
    coverages, risks, wrong = [], [], 0
    for count, place in enumerate(order, start=1):
        wrong += not answerable[place]
        coverages.append(count / len(order))
        risks.append(wrong / count)
    return coverages, risks


def _risk_picture(outcomes: Sequence[Outcome]) -> Picture:
    answerable = [each.asked.answerable for each in outcomes]
    return draw_lines(
        "Risk and coverage: the most confident answered first",
        "share of questions answered",
        "share of those that nothing answers",
        {
            EVIDENCE: risk_and_coverage(_evidence(outcomes), answerable),
            SIMILARITY: risk_and_coverage(_similarity(outcomes), answerable),
        },
    )


def first_word(question: str) -> str:
    """The kind of a question: the first of FIRST_WORDS among its words, else "other"."""
    words = question.lower().replace(",", " ").replace("?", " ").split()
    return next((word for word in words if word in FIRST_WORDS), "other")


def _error_picture(outcomes: Sequence[Outcome]) -> Picture:
    kinds = (*FIRST_WORDS, "other")
    errors = {
        "answerable, refused": [0.0] * len(kinds),
        "answerable, another sentence cited": [0.0] * len(kinds),
        "unanswerable, answered": [0.0] * len(kinds),
    }
    refused, elsewhere, answered = errors.values()
    for each in outcomes:
        kind = kinds.index(first_word(each.asked.question))
        if each.right:
            continue
        if not each.asked.answerable:
            answered[kind] += 1
        elif each.answer.refused:
            refused[kind] += 1
        else:
            elsewhere[kind] += 1
    asked = [sum(first_word(each.asked.question) == kind for each in outcomes) for kind in kinds]
    labels = [f"{kind}\n({count})" for kind, count in zip(kinds, asked, strict=True)]
    return draw_bars("Errors by the question's word (questions asked)", "errors", labels, errors)


def _worst(outcomes: Sequence[Outcome]) -> list[WorstQuestion]:
    wrong = [each for each in outcomes if not each.right and not each.answer.refused]
    wrong.sort(key=lambda each: -each.answer.evidence)
    return [
        WorstQuestion(
            each.asked.question,
            {
                "article": each.asked.essay,
                "answer": each.asked.gold_text if each.asked.answerable else "nothing answers it",
                "said": each.answer.text,
                "evidence": f"{each.answer.evidence:.3f}",
            },
        )
        for each in wrong[:WORST]
    ]
