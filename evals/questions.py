"""Questions as people ask them: is the right passage found, answered and cited, or refused?

A set is a file of lines {"id", "question", "history", "answerable", "gold": [{"essay", "quote"}],
"corpus", "note"} in `questions/`; `corpus` names the folder of its essays in `essays/`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pydantic

from bot.answering import Answerer
from bot.answers import Answer
from bot.conversation import Turn
from bot.retrieval import PASSAGES
from evals.errors import BenchmarkMissing, first_fault
from evals.figures import Figure, auroc_figure, mean_figure
from evals.overlap import Span, touches
from evals.pictures import draw_bars
from evals.reporting import WORST, Picture, Report, Table, WorstQuestion
from evals.workbench import Workbench, best_similarity, need

NAME = "questions"
KINDS = {"off-topic": "off topic", "neighbouring": "beside the topic"}  # by the note's first word


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
    corpus: str = ""
    type: str = ""
    note: str = ""

    @property
    def kind(self) -> str:
        """Of an unanswerable one, how far it lies from the essays, "" where the set is silent."""
        first = self.note.partition(":")[0].partition(" ")[0]
        return "" if self.answerable else KINDS.get(first, "")


_QUESTION = pydantic.TypeAdapter(Question)


@dataclass(frozen=True)
class Outcome:
    """What happened to one question."""

    question: Question
    answer: Answer
    similarity: float  # cosine of the question and the passage nearest to it
    found: bool  # a gold quote lies, at least in part, in the first PASSAGES passages
    cited: bool  # a citation touches a gold quote
    standing: tuple[bool, ...]  # of each citation: it stands in the essay's file at its offsets

    @property
    def right(self) -> bool:
        """Refused where nothing answers, else answered with a gold quote."""
        return self.cited if self.question.answerable else self.answer.refused


def measure(folder: Path, bench: Workbench) -> Report:
    """Ask every set in `folder`/questions, over `folder`/essays. Raises BenchmarkMissing."""
    need(folder / "questions", folder / "essays")
    outcomes = {
        path.stem: measure_set(read_questions(path), folder / "essays", bench)
        for path in sorted((folder / "questions").glob("*.jsonl"))
    }
    if not outcomes:
        raise BenchmarkMissing(
            f"There is no question set in {folder / 'questions'}; put a .jsonl file there."
        )
    everything = [each for answered in outcomes.values() for each in answered]
    return Report(
        name=NAME,
        about=f"{len(everything)} questions of {len(outcomes)} sets: {', '.join(outcomes)}.",
        figures=[each for name, answered in outcomes.items() for each in _figures(name, answered)],
        tables=[_counts(outcomes)],
        pictures=[_picture(name, answered) for name, answered in outcomes.items()],
        worst=_worst(everything),
    )


def read_questions(path: Path) -> list[Question]:
    """The questions of a set, in order; blank lines are none. Raises BenchmarkMissing."""
    found = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(_QUESTION.validate_json(line))
        except pydantic.ValidationError as error:
            raise BenchmarkMissing(
                f"Line {number} of {path} is no question ({first_fault(error)})."
            ) from error
    return found


def measure_set(questions: Sequence[Question], essays: Path, bench: Workbench) -> list[Outcome]:
    """Ask every question of a set over the essays of its corpus. Raises BenchmarkMissing."""
    outcomes = []
    for corpus in dict.fromkeys(each.corpus for each in questions):
        folder = essays / corpus
        need(folder)
        about = [each for each in questions if each.corpus == corpus]

        @cache
        def essay_text(source: str, folder: Path = folder) -> str:
            return (folder / source).read_text("utf-8")

        with bench.folder_indexed(folder, corpus) as answerer:
            outcomes += [ask(each, answerer, essay_text) for each in bench.track(about, "Asking")]
    return outcomes


def ask(question: Question, answerer: Answerer, essay_text: Callable[[str], str]) -> Outcome:
    """Put one question to the bot and hold the answer against its gold quotes."""
    ranked = answerer.search(question.question, PASSAGES, question.history)
    answer = answerer.answer(question.question, question.history)
    gold = [_span(each, essay_text) for each in question.gold]
    found = [(each.passage.essay, each.passage.start, each.passage.end) for each in ranked]
    cited = [(each.essay, each.start, each.end) for each in answer.citations]
    return Outcome(
        question=question,
        answer=answer,
        similarity=best_similarity(answerer, question.question),
        found=touches(found, gold),
        cited=touches(cited, gold),
        standing=tuple(
            essay_text(each.essay)[each.start : each.end] == each.quote for each in answer.citations
        ),
    )


def _span(gold: Gold, essay_text: Callable[[str], str]) -> Span:
    start = essay_text(gold.essay).index(gold.quote)
    return gold.essay, start, start + len(gold.quote)


def _shares(outcomes: Sequence[Outcome]) -> dict[str, list[bool]]:
    """What is counted: 1 for each question, or citation, that does well."""
    yes, no = _answerable(outcomes, True), _answerable(outcomes, False)
    shares = {
        f"gold in the first {PASSAGES} passages": [each.found for each in yes],
        "answerable: answered": [not each.answer.refused for each in yes],
        "answerable: gold cited": [each.cited for each in yes],
        "unanswerable: refused": [each.answer.refused for each in no],
    }
    for kind in KINDS.values():
        refused = [each.answer.refused for each in no if each.question.kind == kind]
        if refused:
            shares[f"unanswerable, {kind}: refused"] = refused
    shares["citations that stand"] = [stands for each in outcomes for stands in each.standing]
    return shares


def _answerable(outcomes: Iterable[Outcome], answerable: bool) -> list[Outcome]:
    return [each for each in outcomes if each.question.answerable == answerable]


def _figures(name: str, outcomes: Sequence[Outcome]) -> list[Figure]:
    yes, no = _answerable(outcomes, True), _answerable(outcomes, False)
    return [
        *(mean_figure(f"{name}, {what}", each) for what, each in _shares(outcomes).items()),
        auroc_figure(
            f"{name}, AUROC, evidence",
            [each.answer.evidence for each in yes],
            [each.answer.evidence for each in no],
        ),
        auroc_figure(
            f"{name}, AUROC, best similarity",
            [each.similarity for each in yes],
            [each.similarity for each in no],
        ),
    ]


def _counts(outcomes: dict[str, list[Outcome]]) -> Table:
    rows = [
        (f"{name}, {what}", str(sum(values)), str(len(values)))
        for name, answered in outcomes.items()
        for what, values in _shares(answered).items()
    ]
    return Table("The same as counts", ("", "so many", "of"), rows)


def _picture(name: str, outcomes: Sequence[Outcome]) -> Picture:
    types = list(dict.fromkeys(_type(each.question) for each in outcomes))
    bars = {"asked": [0.0] * len(types), "wrong": [0.0] * len(types)}
    for each in outcomes:
        place = types.index(_type(each.question))
        bars["asked"][place] += 1
        bars["wrong"][place] += not each.right
    labels = [each.replace(" ", "\n").replace("_", "\n") for each in types]
    return draw_bars(f"{name}: errors by type of question", "questions", labels, bars)


def _type(question: Question) -> str:
    return question.kind or question.type or "question"


def _worst(outcomes: Sequence[Outcome]) -> list[WorstQuestion]:
    """The most confident errors: wrong answers by evidence, then refusals of what is answerable."""
    wrong = [each for each in outcomes if not each.right]
    wrong.sort(key=lambda each: (each.answer.refused, -each.answer.evidence))
    return [
        WorstQuestion(
            f"{each.question.id}: {each.question.question}",
            {
                "gold": "\n".join(f"[{gold.essay}] {gold.quote}" for gold in each.question.gold)
                or f"nothing answers it ({each.question.note})",
                "said": each.answer.text,
                "gold passage found": "yes" if each.found else "no",
                "evidence": f"{each.answer.evidence:.3f}",
            },
        )
        for each in wrong[:WORST]
    ]
