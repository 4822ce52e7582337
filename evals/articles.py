"""SQuAD 2.0's articles, their questions, and what each article is for.

Rajpurkar, Jia and Liang 2018, "Know What You Don't Know"; the data is under CC BY-SA 4.0. Every
other article by title is for fitting; only the rest is reported on.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pydantic

from evals.overlap import Span
from evals.workbench import need

DATA = "dev-half.json"
SEED = 0
Part = Literal["fit", "report"]
PARTS: tuple[Part, ...] = ("fit", "report")


@dataclass(frozen=True)
class Gold:
    """What an annotator took for the answer; `answer_start` counts in the paragraph."""

    text: str
    answer_start: int


@dataclass(frozen=True)
class Question:
    """A question about a paragraph, answered there unless it is impossible."""

    id: str
    question: str
    answers: tuple[Gold, ...]
    is_impossible: bool


@dataclass(frozen=True)
class Paragraph:
    """A paragraph and the questions about it."""

    context: str
    qas: tuple[Question, ...]


@dataclass(frozen=True)
class Article:
    """An article of Wikipedia."""

    title: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def essay(self) -> str:
        """The name of its file."""
        return f"{self.title.replace('/', '_')}.txt"

    @property
    def text(self) -> str:
        """Its title as the first line, then its paragraphs."""
        title = self.title.replace("_", " ")
        return "\n\n".join([title, *(each.context for each in self.paragraphs)])


@dataclass(frozen=True)
class Asked:
    """A question, and where in its article it is answered if it is."""

    question: str
    essay: str
    answerable: bool
    paragraph: Span
    gold: tuple[Span, ...]
    gold_text: str


def read_articles(place: Path) -> list[Article]:
    """The articles, by title. Raises BenchmarkMissing."""
    path = place / DATA if place.is_dir() else place
    need(path)
    data = pydantic.TypeAdapter(dict[str, list[Article] | str]).validate_json(path.read_bytes())
    return sorted((each for each in data["data"] if isinstance(each, Article)), key=_title)


def _title(article: Article) -> str:
    return article.title


def part(articles: Sequence[Article], name: Part) -> list[Article]:
    """The articles of one part, by title: those to fit weights on, or those to report on."""
    ordered = sorted(articles, key=_title)
    return [each for place, each in enumerate(ordered) if PARTS[place % len(PARTS)] == name]


def choose_questions(articles: Iterable[Article], sample: int) -> list[Asked]:
    """The questions about these articles, or so many of them, always the same."""
    questions = [asked for article in articles for asked in questions_about(article)]
    if not 0 < sample < len(questions):
        return questions
    chosen = sorted(random.Random(SEED).sample(range(len(questions)), sample))
    return [questions[place] for place in chosen]


def questions_about(article: Article) -> list[Asked]:
    """Every question of an article, with places in `article.text`."""
    found = []
    start = len(article.text) - len("\n\n".join(each.context for each in article.paragraphs))
    for paragraph in article.paragraphs:
        end = start + len(paragraph.context)
        for each in paragraph.qas:
            gold = tuple(
                (article.essay, start + one.answer_start, start + one.answer_start + len(one.text))
                for one in each.answers
            )
            found.append(
                Asked(
                    question=each.question,
                    essay=article.essay,
                    answerable=not each.is_impossible,
                    paragraph=(article.essay, start, end),
                    gold=() if each.is_impossible else gold,
                    gold_text="; ".join(dict.fromkeys(one.text for one in each.answers)),
                )
            )
        start = end + len("\n\n")
    return found
