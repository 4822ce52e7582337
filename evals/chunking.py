"""Chroma's chunking benchmark: how much of the text that answers is retrieved, and how much else.

As in "Evaluating Chunking Strategies for Retrieval" (https://research.trychroma.com): figures are
means over the questions, in percent, and ranges are characters of the corpus files.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from evals.figures import Figure, difference_figure, mean_figure
from evals.overlap import Scores, Span, length, omega, score
from evals.pictures import draw_lines
from evals.published import MEASURES, Row, read_published, table_beside
from evals.recursive import search_chunks, split_recursively
from evals.reporting import WORST, Picture, Report, Table, WorstQuestion, figures_table
from evals.workbench import OURS, Search, Workbench, need, ways_to_search
from ingest.records import IndexedPassage

NAME = "chunking"
LIMITS = (5, 10)  # passages retrieved, as published
FIRST, MOST = LIMITS


@dataclass(frozen=True)
class Question:
    """A question, and where in an essay its answer stands."""

    question: str
    essay: str
    references: tuple[Span, ...]


def measure(folder: Path, bench: Workbench, *, reproduce: bool = False) -> Report:
    """Measure the product beside what was published; `folder` holds corpora and questions.

    `reproduce` also makes the published row Recursive 250/125 again, which embeds the corpora
    once more, every time. Raises BenchmarkMissing.
    """
    need(folder / "corpora", folder / "questions.csv")
    corpora, questions = read_corpora(folder), read_questions(folder)
    published = read_published(folder)
    with bench.texts_indexed(corpora) as answerer:
        ways = ways_to_search(answerer)
        found: dict[str, list[list[Span]]] = {way: [] for way in ways}
        for question in bench.track(questions, "Searching"):
            for way, search in ways.items():
                found[way].append(_retrieve(search, question))
        with answerer.index.reading() as generation:
            passages = [_span(each) for each in chain(*generation.rows.all_passages())]
    omegas = _omegas(passages, questions)
    rows = [
        _row(OURS, bench, limit, _scores(found[OURS], questions, limit), omegas) for limit in LIMITS
    ]
    if reproduce:
        rows.append(_reproduce(corpora, questions, bench))
    return Report(
        name=NAME,
        about=f"{len(corpora)} corpora in one index, {len(questions)} questions: how much of the "
        "text that answers is among the passages retrieved, by characters, in percent.",
        figures=_figures(found[OURS], questions, omegas, published, bench),
        tables=[
            *(table_beside(rows, published, limit) for limit in LIMITS),
            _differences(found, questions),
        ],
        pictures=[_picture(found, questions)],
        worst=_worst(found[OURS], questions, corpora),
    )


def read_corpora(folder: Path) -> dict[str, str]:
    """The corpora by essay name."""
    paths = sorted((folder / "corpora").glob("*.md"))
    return {_essay(path.stem): path.read_text("utf-8") for path in paths}


def read_questions(folder: Path) -> list[Question]:
    """The questions, in order."""
    with (folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        return [_question(row) for row in csv.DictReader(file)]


def _question(row: dict[str, str]) -> Question:
    essay = _essay(row["corpus_id"])
    references = json.loads(row["references"])
    spans = tuple((essay, each["start_index"], each["end_index"]) for each in references)
    return Question(row["question"], essay, spans)


def _essay(corpus: str) -> str:
    return f"{corpus}.txt"


def _retrieve(search: Search, question: Question) -> list[Span]:
    return [_span(each) for each in search(question.question, MOST)]


def _span(passage: IndexedPassage) -> Span:
    return passage.essay, passage.start, passage.end


def _scores(
    found: Sequence[Sequence[Span]], questions: Sequence[Question], limit: int
) -> list[Scores]:
    return [
        score(passages[:limit], question.references)
        for passages, question in zip(found, questions, strict=True)
    ]


def _omegas(passages: Sequence[Span], questions: Sequence[Question]) -> list[float]:
    by_essay = defaultdict(list)
    for passage in passages:
        by_essay[passage[0]].append(passage)
    return [omega(by_essay[each.essay], each.references) for each in questions]


def _columns(scores: Sequence[Scores], omegas: Sequence[float]) -> list[list[float]]:
    """A value for each question, in percent, for each of MEASURES."""
    columns = [
        [each.recall for each in scores],
        [each.precision for each in scores],
        [each.iou for each in scores],
        omegas,
    ]
    return [[100 * value for value in column] for column in columns]


def _row(
    chunker: str, bench: Workbench, limit: int, scores: Sequence[Scores], omegas: Sequence[float]
) -> Row:
    columns = _columns(scores, omegas)
    figures = tuple((float(np.mean(column)), float(np.std(column))) for column in columns)
    return Row(bench.embeddings.name, chunker, str(limit), figures)


def _reproduce(corpora: dict[str, str], questions: Sequence[Question], bench: Workbench) -> Row:
    chunks = split_recursively(corpora, bench.embeddings.token_starts)
    asked = [each.question for each in questions]
    found = search_chunks(corpora, chunks, asked, FIRST, bench)
    scores = _scores(found, questions, FIRST)
    return _row("Recursive 250/125, made again", bench, FIRST, scores, _omegas(chunks, questions))


def _figures(
    found: Sequence[Sequence[Span]],
    questions: Sequence[Question],
    omegas: Sequence[float],
    published: Sequence[Row],
    bench: Workbench,
) -> list[Figure]:
    """What is measured, the best that was published with this model as the target."""
    figures = []
    for limit in LIMITS:
        columns = _columns(_scores(found, questions, limit), omegas)
        rivals = [
            row
            for row in published
            if (row.model, row.limit) == (bench.embeddings.name, str(limit))
        ]
        for place, (measure, values) in enumerate(zip(MEASURES, columns, strict=True)):
            target = max((row.figures[place][0] for row in rivals), default=None)
            if measure != "omega":
                figures.append(mean_figure(f"{measure}@{limit}", values, target))
            elif limit == FIRST:  # it depends on no search
                figures.append(mean_figure("precision-omega", values, target))
    return figures


def _differences(found: dict[str, list[list[Span]]], questions: Sequence[Question]) -> Table:
    recalls = {
        way: [100 * each.recall for each in _scores(passages, questions, FIRST)]
        for way, passages in found.items()
    }
    return figures_table(
        f"recall@{FIRST} of {OURS} less that of other ways over the same passages",
        [
            difference_figure(way, recalls[OURS], values)
            for way, values in recalls.items()
            if way != OURS
        ],
    )


def _picture(found: dict[str, list[list[Span]]], questions: Sequence[Question]) -> Picture:
    return draw_lines(
        f"Recall against retrieved length, 1 to {MOST} passages",
        "characters retrieved, mean",
        "recall, %",
        {way: _curve(passages, questions) for way, passages in found.items()},
        marker="o",
    )


def _curve(
    found: Sequence[Sequence[Span]], questions: Sequence[Question]
) -> tuple[list[float], list[float]]:
    lengths, recalls = [], []
    for limit in range(1, MOST + 1):
        lengths.append(float(np.mean([length(passages[:limit]) for passages in found])))
        scores = _scores(found, questions, limit)
        recalls.append(100 * float(np.mean([each.recall for each in scores])))
    return lengths, recalls


def _worst(
    found: Sequence[Sequence[Span]], questions: Sequence[Question], corpora: dict[str, str]
) -> list[WorstQuestion]:
    scores = _scores(found, questions, FIRST)
    order = sorted(range(len(questions)), key=lambda place: scores[place].recall)

    def text(spans: Sequence[Span]) -> str:
        return "\n\n".join(
            f"[{essay} {start}–{end}] {corpora[essay][start:end]}" for essay, start, end in spans
        )

    return [
        WorstQuestion(
            questions[place].question,
            {
                f"recall@{FIRST}": f"{scores[place].recall:.0%}",
                "what answers": text(questions[place].references),
                "retrieved": text(found[place][:FIRST]),
            },
        )
        for place in order[:WORST]
    ]
