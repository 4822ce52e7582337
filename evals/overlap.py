"""How well retrieved text fits the text that answers, in characters; knows nothing of searches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[str, int, int]  # essay, start, end: characters of its text


@dataclass(frozen=True)
class Scores:
    """How well some passages fit the references of one question, 0 to 1."""

    recall: float
    precision: float
    iou: float


def touches(spans: Iterable[Span], gold: Sequence[Span]) -> bool:
    """Whether any of the spans shares a character with any of the gold ones."""
    return any(a[0] == b[0] and a[1] < b[2] and b[1] < a[2] for a in spans for b in gold)


def score(passages: Sequence[Span], references: Sequence[Span]) -> Scores:
    """Recall, precision and IoU of retrieved passages; text retrieved twice counts twice."""
    shared, left = _shared_and_left(passages, references)
    retrieved = length(passages)
    return Scores(
        recall=shared / length(references),
        precision=shared / retrieved if retrieved else 0.0,
        iou=shared / (retrieved + left),
    )


def omega(passages: Sequence[Span], references: Sequence[Span]) -> float:
    """The IoU of a search that finds every passage that touches a reference, and no other.

    Text in two of them counts once, as upstream has it.
    """
    touching = [each for each in passages if touches([each], references)]
    shared, left = _shared_and_left(touching, references)
    return shared / (len(_characters(touching)) + left)


def length(spans: Iterable[Span]) -> int:
    """Characters in all, those that stand in two spans twice."""
    return sum(end - start for _, start, end in spans)


def _shared_and_left(passages: Sequence[Span], references: Sequence[Span]) -> tuple[int, int]:
    """How many characters of the references the passages have, and how many they lack."""
    read = _characters(each for each in passages if touches([each], references))
    wanted = [_characters([each]) for each in references]
    return len(read & set().union(*wanted)), sum(len(each - read) for each in wanted)


def _characters(spans: Iterable[Span]) -> set[tuple[str, int]]:
    return {(essay, place) for essay, start, end in spans for place in range(start, end)}
