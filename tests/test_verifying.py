"""Each kind of damage is named; the index is made by hand so that it can be damaged."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from langchain_core.documents import Document

from ingest.chroma import connect_folder
from ingest.index import Generation, Rows, gather_keywords
from ingest.records import EssayEntry, IndexedPassage, Manifest, digest, now
from ingest.verifying import verify

TEXT = "The cat sleeps. The dog does not."
PASSAGES = [
    IndexedPassage("a.txt", "a.txt#f", "A", 0, 15, TEXT[0:15], "d1"),
    IndexedPassage("a.txt", "a.txt#f", "A", 16, 33, TEXT[16:33], "d2"),
]
MANIFEST = Manifest("model", {"a.txt": EssayEntry("A", "f", digest(TEXT), 2, now())})


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    rows = Rows.create(connect_folder(tmp_path / "chroma"))
    with closing(rows.client):
        rows.add_essays([Document(TEXT, metadata={"source": "a.txt", "fingerprint": "f"})])
        rows.add_passages(PASSAGES, list(np.eye(2, 8, dtype=np.float32)))
        yield rows


def problems(
    rows: Rows,
    manifest: Manifest = MANIFEST,
    keywords: Sequence[IndexedPassage] = PASSAGES,
    ends: slice = slice(None),
) -> list[str]:
    index = gather_keywords([keywords]).build()
    index.ends = index.ends[ends]
    return verify(Generation("g", manifest, rows, index, lambda: None))


def test_a_whole_generation_has_no_problems(rows: Rows) -> None:
    assert problems(rows) == []


def test_a_passage_that_is_not_its_essays_text_is_named(rows: Rows) -> None:
    vectors = list(np.eye(1, 8, dtype=np.float32))
    rows.add_passages([replace(PASSAGES[0], text="The cat dances.")], vectors)
    assert problems(rows) == ["Passage a.txt#f#0 is not its essay's text at 0."]


def test_a_missing_passage_and_a_missing_essay_are_named(rows: Rows) -> None:
    entry = EssayEntry("A", "f", digest(TEXT), 3, now())
    more = Manifest("model", {"a.txt": entry, "b.txt": EssayEntry("B", "f", "", 1, now())})
    assert problems(rows, more) == [
        "a.txt has 2 passages and should have 3.",
        "The text of b.txt is missing.",
        "b.txt has 0 passages and should have 1.",
    ]


def test_an_embedding_that_is_not_normalised_is_named(rows: Rows) -> None:
    rows.add_passages(PASSAGES[:1], [np.full(8, 3, dtype=np.float32)])
    assert problems(rows) == ["The embedding of a.txt#f#0 is not of length 1."]


def test_keywords_that_cover_other_passages_are_named(rows: Rows) -> None:
    assert problems(rows, keywords=PASSAGES[:1]) == ["Keywords and vectors differ in 1 passages."]


def test_a_passage_that_answers_would_cut_elsewhere_is_named(rows: Rows) -> None:
    told = problems(rows, keywords=[replace(PASSAGES[0], end=9), PASSAGES[1]])
    assert told == ["Passage a.txt#f#0 ends at 15 and is cut at 9."]


def test_passages_without_an_end_are_told_but_not_of_an_earlier_version(rows: Rows) -> None:
    told = "The keywords have 2 passages and 1 ends of passages."
    assert problems(rows, ends=slice(1)) == [told]
    assert problems(rows, replace(MANIFEST, passage_rules="4"), ends=slice(0)) == []
