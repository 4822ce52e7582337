"""Passages and essays in Chroma, read and written; knows nothing of where Chroma runs."""

import copy
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.documents import Document

from ingest.catalogue import Catalogue
from ingest.chroma import close_folder, connect_folder, damaged
from ingest.errors import IndexDamaged
from ingest.keywords import KeywordDraft, KeywordIndex, split_words
from ingest.records import (
    IndexedPassage,
    Manifest,
    Vector,
    digest,
    edition,
    edition_of,
    essay_of,
    start_of,
)

if TYPE_CHECKING:
    import chromadb
    from chromadb.api.client import Client

COLLECTIONS = ("passages", "essays")
EDITIONS_AT_ONCE = 200
MOST_SOUGHT = 10_000  # editions in one query; SQLite takes 32,766, and so many filter little
SYNC_ROWS = 1000  # Chroma's own choice
READ_FOR_WORD = 5  # passages, to tell how a word is written
PAGE = 2000  # rows a call; Chroma takes at most 5,461


class Rows:
    """The two collections of an index: passages with their vectors, and essays with their text."""

    def __init__(self, client: "Client", prefix: str = "", suffix: str = "") -> None:
        """Open collections that are there; an absent one is an error, never an empty index."""
        self.client = client
        self._passages, self._essays = (
            client.get_collection(f"{prefix}{kind}{suffix}", embedding_function=None)
            for kind in COLLECTIONS
        )

    @classmethod
    def create(cls, client: "Client", prefix: str = "", suffix: str = "") -> "Rows":
        """Make new collections, empty."""
        for kind in COLLECTIONS:
            client.create_collection(
                f"{prefix}{kind}{suffix}",
                embedding_function=None,  # Chroma would silently pick its own model
                configuration={"hnsw": {"space": "cosine"}},
            )
        return cls(client, prefix, suffix)

    def sync_every(self, rows: int) -> None:
        """Have vectors written to files at every so many rows, once the folder is next used."""
        for collection in (self._passages, self._essays):
            collection.modify(configuration={"hnsw": {"sync_threshold": rows, "batch_size": rows}})

    def load(self) -> None:
        """Load the vectors, which else happens at the first query."""
        for collection in (self._passages, self._essays):
            first = collection.peek(1)["embeddings"]
            if first is not None and len(first):
                collection.query(query_embeddings=np.asarray(first), n_results=1, include=[])

    def add_passages(self, passages: Sequence[IndexedPassage], vectors: Sequence[Vector]) -> None:
        """Write passages with their vectors, of the same number; again is the same as once."""
        for first in range(0, len(passages), PAGE):
            page = passages[first : first + PAGE]
            self._passages.upsert(
                ids=[passage.id for passage in page],
                embeddings=np.stack(vectors[first : first + PAGE]),
                metadatas=[_passage_metadata(passage) for passage in page],
            )

    def add_essays(self, essays: Sequence[Document]) -> None:
        """Write whole texts with what is known of them."""
        for first in range(0, len(essays), PAGE):
            page = essays[first : first + PAGE]
            self._essays.upsert(
                ids=[_edition(essay) for essay in page],
                metadatas=[
                    {"essay": json.dumps(essay.metadata), "text": essay.page_content}
                    for essay in page
                ],
                embeddings=np.ones((len(page), 1), dtype=np.float32),  # fetched by id only
            )

    def delete(self, editions: Sequence[str]) -> None:
        """Delete these editions and their passages."""
        for first in range(0, len(editions), PAGE):
            page = list(editions[first : first + PAGE])
            ids = self._passages.get(where=_in(page), include=[])["ids"]
            for start in range(0, len(ids), PAGE):
                self._passages.delete(ids=ids[start : start + PAGE])
            self._essays.delete(ids=page)

    def editions(self) -> set[str]:
        """Every edition of which there is anything."""
        return set(self._essays.get(include=[])["ids"])

    def count(self) -> int:
        """How many passages there are."""
        return self._passages.count()

    def check(self, manifest: Manifest) -> None:
        """Raises IndexDamaged unless there are as many passages and essays as the manifest says."""
        for what, count, expected in (
            ("passages", self._passages.count(), manifest.passages),
            ("essays", self._essays.count(), len(manifest.essays)),
        ):
            if count != expected:
                raise IndexDamaged(f"{count} {what} where {expected} should be")

    def nearest(
        self, vector: "Sequence[float] | Vector", limit: int, editions: Sequence[str] = ()
    ) -> list[tuple[str, float]]:
        """The passages, or those of some editions, nearest to a vector.

        Each as its id and its cosine similarity, best first.
        """
        found = self._passages.query(
            query_embeddings=np.asarray([vector], dtype=np.float32),
            n_results=limit,
            where=_in(editions) if editions else None,
            include=["distances"],
        )
        pairs = zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True)
        return [(id, 1 - distance) for id, distance in pairs]

    def essays(self, editions: Iterable[str]) -> Iterator[Document]:
        """The essays of these editions, whole, as `read_essay` gave them."""
        names = sorted(editions)
        for first in range(0, len(names), PAGE):
            page = self._essays.get(ids=names[first : first + PAGE])
            for row in _read_metadata(page):
                yield Document(row["text"], metadata=json.loads(row["essay"]))

    def all_passages(self) -> Iterator[list[IndexedPassage]]:
        """Every passage, a page at a time."""
        return map(_read_passages, self._pages(_TEXTS))

    def passages_of(self, editions: Sequence[str]) -> Iterator[list[IndexedPassage]]:
        """The passages of these editions, a page at a time."""
        wanted = set(editions)
        for page in self._pages_of(editions, _TEXTS):
            yield [passage for passage in _read_passages(page) if passage.edition in wanted]

    def all_rows(self) -> Iterator[list[tuple[IndexedPassage, Vector]]]:
        """Every passage with its vector, a page at a time."""
        return map(_read_rows, self._pages(_EVERYTHING))

    def vectors_of(self, digests: Sequence[str]) -> dict[str, Vector]:
        """The vectors of those passages' texts that are there already, by digest."""
        found: dict[str, Vector] = {}
        if not self.count():
            return found
        for first in range(0, len(digests), PAGE):
            where = _in(digests[first : first + PAGE], "digest")
            for page in self._pages(_EVERYTHING, where):
                found |= {passage.digest: vector for passage, vector in _read_rows(page)}
        return found

    def rows_of(self, editions: Sequence[str]) -> Iterator[tuple[IndexedPassage, Vector]]:
        """The passages of these editions with their vectors."""
        wanted = set(editions)
        for page in self._pages_of(editions, _EVERYTHING):
            yield from (row for row in _read_rows(page) if row[0].edition in wanted)

    def _pages_of(
        self, editions: Sequence[str], include: "chromadb.Include"
    ) -> Iterator["chromadb.GetResult"]:
        """Pages that have the passages of these editions, and others where these are many.

        Looking for many one by one is slower than reading all. SQLite takes 32,766 values in a
        query, and Chroma asks it for all rows of an answer: hence pages.
        """
        where = _in(editions) if len(editions) <= EDITIONS_AT_ONCE else None
        return self._pages(include, where) if editions else iter(())

    def _pages(
        self, include: "chromadb.Include", where: Any = None
    ) -> Iterator["chromadb.GetResult"]:
        for offset in itertools.count(0, PAGE):
            page = self._passages.get(where=where, limit=PAGE, offset=offset, include=include)
            if page["ids"]:
                yield page
            if len(page["ids"]) < PAGE:
                return


_TEXTS: "chromadb.Include" = ["documents", "metadatas"]
_EVERYTHING: "chromadb.Include" = ["documents", "metadatas", "embeddings"]


def _in(values: Sequence[str], field: str = "edition") -> Any:
    return {field: {"$in": list(values)}}


def _edition(essay: Document) -> str:
    return edition(essay.metadata["source"], essay.metadata["fingerprint"])


def _passage_metadata(passage: IndexedPassage) -> dict[str, str | int]:
    return {
        "essay": passage.essay,
        "edition": passage.edition,
        "title": passage.title,
        "start": passage.start,
        "end": passage.end,
        "digest": passage.digest,
        "text": passage.text,  # a document would be indexed by Chroma too, which costs half of it
    }


def _read_metadata(rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    """With the text, which older indexes keep as a document."""
    pairs = zip(rows["documents"], rows["metadatas"], strict=True)
    return [{"text": document} | metadata for document, metadata in pairs]


def _read_passages(rows: Mapping[str, Any]) -> list[IndexedPassage]:
    return [IndexedPassage(**metadata) for metadata in _read_metadata(rows)]


def _read_rows(rows: Mapping[str, Any]) -> list[tuple[IndexedPassage, Vector]]:
    vectors = np.asarray(rows["embeddings"], dtype=np.float32)
    return list(zip(_read_passages(rows), vectors, strict=True))


class Generation:
    """One published state of the index, open for reading."""

    def __init__(
        self,
        name: str,
        manifest: Manifest,
        rows: Rows,
        keywords: KeywordIndex,
        close: Callable[[], None],
    ) -> None:
        self.name = name
        self.manifest = manifest
        self.rows = rows
        self.keywords = keywords
        self.close = close
        self.only: Sequence[str] = ()  # sources of the essays that searches find, if not all
        self._editions = manifest.editions()

    def within(self, sources: Iterable[str], words: Iterable[str] = ()) -> "Generation":
        """The same, but searches find only what stands in these essays.

        By keywords they also find passages of others that have one of these stemmed words. Raises
        KeyError for an essay that is not in the index.
        """
        narrowed = copy.copy(self._looked_up())
        narrowed.only = tuple(sources)
        editions = self.editions_of(narrowed.only)
        spans = [self._spans[each] for each in editions if each in self._spans]
        narrowed.keywords = self.keywords.within(spans, words)
        return narrowed

    def _looked_up(self) -> "Generation":
        """Itself, with all that is made at first use, which each copy would else make anew."""
        _ = self.catalogue, self._places, self._spans
        return self

    def editions_of(self, sources: Iterable[str]) -> list[str]:
        """The editions of these essays that it holds. Raises KeyError."""
        essays = self.manifest.essays
        return [edition(source, essays[source].fingerprint) for source in sources]

    @cached_property
    def catalogue(self) -> Catalogue:
        """By what titles and authors its essays are known."""
        return Catalogue(self.manifest.essays, self._written_small)

    def _written_small(self, word: str) -> bool:
        """Whether a passage that has this word the most writes it in small letters."""
        found = [id for id, _ in self.keywords.search(word, READ_FOR_WORD)]
        small = re.compile(rf"\b{re.escape(word)}\b")
        return any(small.search(each.text) for each in self.passages_by_id(found))

    def search_dense(
        self, vector: "Sequence[float] | Vector", limit: int
    ) -> list[tuple[str, float]]:
        """The `limit` passages nearest to a vector: id and cosine similarity, best first."""
        wanted = limit
        only = self.editions_of(self.only)
        sought = set(only) or self._editions
        while True:
            found = self.rows.nearest(vector, wanted, only if len(only) <= MOST_SOUGHT else ())
            held = [hit for hit in found if edition_of(hit[0]) in sought]
            if len(held) >= limit or len(found) < wanted:
                return held[:limit]
            wanted *= 2  # rows of other generations, or of essays not sought, took the places

    def passages_by_id(self, ids: Sequence[str]) -> list[IndexedPassage]:
        """The passages of these ids, in their order, as they stand in their essays.

        Raises as `essay`.
        """
        texts = self.essay_texts({essay_of(id) for id in ids})
        return [self.passage(id, texts[essay_of(id)]) for id in ids]

    def passage(self, id: str, text: str) -> IndexedPassage:
        """The passage of this id, cut from the text of its essay."""
        try:
            start, end = start_of(id), self.keywords.ends[self._places[id]]
        except LookupError as error:
            raise damaged(self.name, ValueError(f"the passage {id} is gone")) from error
        own = text[start:end]
        source = essay_of(id)
        title = self.manifest.essays[source].title
        return IndexedPassage(source, edition_of(id), title, start, end, own, digest(own))

    def passages_in(self, source: str) -> list[str]:
        """The ids of an essay's passages, in reading order. Raises KeyError."""
        own = self.editions_of([source])[0]
        return self.keywords.ids[self._spans[own]] if own in self._spans else []

    def neighbours(self, passage_id: str) -> list[str]:
        """The passages before and after a passage in its essay, where there are any."""
        place = self._places[passage_id]
        around = self.keywords.ids[max(place - 1, 0) : place + 2]
        own = edition_of(passage_id)
        return [other for other in around if other != passage_id and edition_of(other) == own]

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where a passage stands among all, which the keyword index has in reading order."""
        return {id: place for place, id in enumerate(self.keywords.ids)}

    @cached_property
    def _spans(self) -> dict[str, slice]:
        """Where the passages of an edition stand among all."""
        spans: dict[str, slice] = {}
        for place, id in enumerate(self.keywords.ids):
            own = edition_of(id)
            spans[own] = slice(spans[own].start if own in spans else place, place + 1)
        return spans

    def essay(self, source: str) -> Document:
        """An essay, whole; citations count their characters in its text.

        Raises KeyError for one that is not in the index, IndexDamaged for one that has changed
        there.
        """
        return self._essays([source])[source]

    def _essays(self, sources: Iterable[str]) -> dict[str, Document]:
        entries = {source: self.manifest.essays[source] for source in sources}
        names = [edition(source, entry.fingerprint) for source, entry in entries.items()]
        found = {essay.metadata["source"]: essay for essay in self.rows.essays(names)}
        for source, entry in entries.items():
            if source not in found or digest(found[source].page_content) != entry.text:
                raise damaged(self.name, ValueError(f"the text of {source} is not what was read"))
        return found

    def essay_text(self, source: str) -> str:
        """The whole text of an essay. Raises as `essay`."""
        return self.essay(source).page_content

    def essay_texts(self, sources: Iterable[str]) -> dict[str, str]:
        """The texts of several, by source, which is faster than one by one. Raises as `essay`."""
        return {source: essay.page_content for source, essay in self._essays(sources).items()}


def gather_keywords(pages: Iterable[Sequence[IndexedPassage]]) -> KeywordDraft:
    """What the keyword index of passages is built from; they come a page at a time."""
    draft = KeywordDraft()
    for page in pages:
        words = split_words([passage.text for passage in page])
        for passage, own in zip(page, words, strict=True):
            span = passage.start, passage.end
            draft.add(passage.id, passage.edition, span, passage.digest, own)
    return draft


@contextmanager
def folder_rows(folder: Path) -> Iterator["Rows"]:
    """The rows in a folder, for as long as the block lasts."""
    client = connect_folder(folder)
    try:
        yield Rows(client)
    finally:
        close_folder(client)


def persist(folder: Path) -> None:
    """Have Chroma write all vectors of a folder to its files.

    It keeps the latest ones in a log until there are SYNC_ROWS of them, and whoever opens the
    folder then, be it only to read, writes its vector files anew. A threshold of one that is set
    before the folder is opened again leaves nothing in the log.
    """
    with folder_rows(folder) as rows:
        rows.sync_every(1)
    with folder_rows(folder) as rows:
        rows.load()
