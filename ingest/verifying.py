"""Is a generation what its manifest says? Reads everything, changes nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence, Set

import numpy as np

from ingest.chroma import storing
from ingest.errors import IndexUnwritable
from ingest.index import Generation
from ingest.passages import PASSAGE_RULES
from ingest.records import IndexedPassage, Vector, digest

NORM_TOLERANCE = 1e-3  # of an embedding's length, which is 1


def verify(generation: Generation) -> list[str]:
    """What is wrong with a generation, a sentence each; nothing where it is whole.

    Each passage is its essay's text at its offsets, each essay has as many as the manifest says,
    embeddings are of one shape and length 1, keywords and vectors cover the same passages, and
    those end where answers cut them from their essays.
    """
    try:
        with storing(generation.name):
            return list(_problems(generation))
    except IndexUnwritable as error:
        return [str(error)]


def _problems(generation: Generation) -> Iterator[str]:
    editions = generation.manifest.editions()
    texts = {
        essay.metadata["source"]: essay.page_content for essay in generation.rows.essays(editions)
    }
    rows = [
        row for page in generation.rows.all_rows() for row in page if row[0].edition in editions
    ]
    passages = [passage for passage, _ in rows]
    yield from _misplaced(passages, texts)
    yield from _miscounted(generation, passages, texts)
    yield from _misshapen(rows)
    yield from _unlike({passage.id for passage in passages}, set(generation.keywords.ids))
    if generation.manifest.passage_rules == PASSAGE_RULES:  # earlier ones had no ends of passages
        yield from _miscut(passages, generation.keywords.ids, generation.keywords.ends)


def _misplaced(passages: list[IndexedPassage], texts: dict[str, str]) -> Iterator[str]:
    for passage in passages:
        text = texts.get(passage.essay, "")
        if text[passage.start : passage.end] != passage.text:
            yield f"Passage {passage.id} is not its essay's text at {passage.start}."


def _miscounted(
    generation: Generation, passages: list[IndexedPassage], texts: dict[str, str]
) -> Iterator[str]:
    counts = Counter(passage.essay for passage in passages)
    for source, entry in generation.manifest.essays.items():
        if source not in texts:
            yield f"The text of {source} is missing."
        elif digest(texts[source]) != entry.text:
            yield f"The text of {source} is not what was read."
        if counts[source] != entry.passages:
            yield f"{source} has {counts[source]} passages and should have {entry.passages}."


def _misshapen(rows: list[tuple[IndexedPassage, Vector]]) -> Iterator[str]:
    shapes = Counter(vector.shape for _, vector in rows)
    if len(shapes) > 1:
        yield f"The embeddings have {len(shapes)} shapes."
    for passage, vector in rows:
        if not abs(float(np.linalg.norm(vector)) - 1) <= NORM_TOLERANCE:
            yield f"The embedding of {passage.id} is not of length 1."


def _unlike(vectors: Set[str], keywords: Set[str]) -> Iterator[str]:
    if vectors != keywords:
        yield f"Keywords and vectors differ in {len(vectors ^ keywords)} passages."


def _miscut(
    passages: list[IndexedPassage], ids: Sequence[str], ends: Sequence[int]
) -> Iterator[str]:
    if len(ends) != len(ids):
        yield f"The keywords have {len(ids)} passages and {len(ends)} ends of passages."
        return
    told = dict(zip(ids, ends, strict=True))
    for passage in passages:
        end = told.get(passage.id, passage.end)  # one that is missing is told of already
        if end != passage.end:
            yield f"Passage {passage.id} ends at {passage.end} and is cut at {end}."
