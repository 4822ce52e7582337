"""One generation of the index, read or written; the only file that knows Chroma."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self, cast

import chromadb
import numpy as np
import pydantic
from chromadb.api.client import Client
from chromadb.config import Settings
from langchain_core.documents import Document

from ingest.errors import IndexDamaged, IndexMismatch
from ingest.keywords import KeywordIndex
from ingest.passages import PASSAGE_RULES

Vector = np.ndarray[Any, np.dtype[np.float32]]
PAGE = 2000  # rows a call; Chroma takes at most 5,461
PASSAGES, ESSAYS = "passages", "essays"


def now() -> str:
    """The time as ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class EssayEntry:
    """What the manifest tells of one essay."""

    title: str
    fingerprint: str
    passages: int
    added: str  # ISO 8601, when this text came into the index


@dataclass(frozen=True)
class Manifest:
    """What a generation is made of, readable without opening Chroma."""

    model: str
    essays: dict[str, EssayEntry]  # by source
    passage_rules: str = PASSAGE_RULES
    created: str = field(default_factory=now)

    @property
    def passages(self) -> int:
        """How many passages the generation holds."""
        return sum(entry.passages for entry in self.essays.values())


@dataclass(frozen=True)
class IndexedPassage:
    """A passage as it stands in the index; `digest` is the same for the same text."""

    essay: str
    title: str
    start: int
    end: int
    text: str
    digest: str

    @property
    def id(self) -> str:
        """Its key in Chroma and in the keyword index."""
        return f"{self.essay}#{self.start}"


_MANIFEST = pydantic.TypeAdapter(Manifest)


def read_manifest(generation: Path) -> Manifest:
    """The manifest of a generation. Raises IndexDamaged."""
    try:
        return _MANIFEST.validate_json((generation / "manifest.json").read_bytes())
    except (OSError, pydantic.ValidationError) as error:
        raise _damaged(generation, error) from error


def check_manifest(manifest: Manifest, generation: Path, model: str) -> None:
    """Raises IndexMismatch unless this model and these passage rules made the generation."""
    index = generation.parent.parent
    if manifest.model != model:
        raise IndexMismatch(
            f"The index {index} was made with the embedding model {manifest.model}, but {model} "
            "is set; set EMBEDDING_MODEL back, or rebuild the index with: essay-bot ingest"
        )
    if manifest.passage_rules != PASSAGE_RULES:
        raise IndexMismatch(
            f"The index {index} was made by another version of this program; "
            "rebuild it with: essay-bot ingest"
        )


def _damaged(generation: Path, error: Exception) -> IndexDamaged:
    return IndexDamaged(
        f"The index generation {generation} cannot be opened ({str(error).splitlines()[0]}); "
        f"delete {generation.parent.parent} and make it again with: essay-bot ingest"
    )


class _Chroma:
    """The client and the two collections of one generation; close it, or its files stay open."""

    def __init__(self, folder: Path) -> None:
        client = chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))
        self.client = cast(Client, client)  # the interface it is declared as has no close()
        self.passages = self._collection(PASSAGES)
        self.essays = self._collection(ESSAYS)

    def _collection(self, name: str) -> chromadb.Collection:
        return self.client.get_or_create_collection(
            name,
            embedding_function=None,  # Chroma would silently pick its own model
            configuration={"hnsw": {"space": "cosine"}},
        )

    def close(self) -> None:
        """Close its files."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Generation(_Chroma):
    """A published generation, open for reading."""

    def __init__(self, folder: Path) -> None:
        """Open it. Raises IndexDamaged."""
        self.name = folder.name
        self.manifest = read_manifest(folder)
        self._copy: TemporaryDirectory[str] | None = None
        try:
            super().__init__(self._writable(folder / "chroma"))
            self.keywords = KeywordIndex.load(folder / "keywords")
        except Exception as error:  # Chroma has no error tree of its own for a broken folder
            raise _damaged(folder, error) from error

    def _writable(self, chroma: Path) -> Path:
        """Chroma writes a row even where it only reads: what is read-only is read from a copy."""
        if os.access(chroma, os.W_OK) and os.access(chroma / "chroma.sqlite3", os.W_OK):
            return chroma
        self._copy = TemporaryDirectory(prefix="essay-bot-")
        return Path(shutil.copytree(chroma, Path(self._copy.name) / "chroma"))

    def close(self) -> None:
        """Close its files; it cannot be read any more."""
        super().close()
        if self._copy:
            self._copy.cleanup()

    def search_dense(self, vector: Sequence[float], limit: int) -> list[tuple[str, float]]:
        """The `limit` passages nearest to a vector: id and cosine similarity, best first."""
        found = self.passages.query(
            query_embeddings=np.asarray([vector], dtype=np.float32),
            n_results=min(limit, self.manifest.passages),
            include=["distances"],
        )
        distances = found["distances"] or [[]]
        pairs = zip(found["ids"][0], distances[0], strict=True)
        return [(id, 1 - distance) for id, distance in pairs]

    def passages_by_id(self, ids: Sequence[str]) -> list[IndexedPassage]:
        """The passages of these ids, in their order."""
        if not ids:
            return []
        rows = self.passages.get(ids=list(ids), include=["documents", "metadatas"])
        found = {passage.id: passage for passage in _passages(rows)}
        return [found[id] for id in ids]

    def essay_text(self, source: str) -> str:
        """The whole text of an essay; citations count their characters in it. Raises KeyError."""
        texts = self.essays.get(ids=[source], include=["documents"])["documents"]
        if not texts:
            raise KeyError(source)
        return texts[0]

    def essays_of(self, sources: Set[str]) -> Iterator[Document]:
        """The essays of these sources that it holds, whole, as `read_essay` gave them."""
        held = sorted(sources & self.manifest.essays.keys())
        for first in range(0, len(held), PAGE):
            page = self.essays.get(ids=held[first : first + PAGE], include=["documents"])
            for source, text in zip(page["ids"], page["documents"] or [], strict=True):
                yield Document(text, metadata={"source": source, **self._metadata(source)})

    def _metadata(self, source: str) -> dict[str, str]:
        entry = self.manifest.essays[source]
        return {"title": entry.title, "fingerprint": entry.fingerprint}

    def rows(self) -> Iterator[tuple[IndexedPassage, Vector]]:
        """Every passage with its vector."""
        for offset in range(0, self.passages.count(), PAGE):
            page = self.passages.get(
                limit=PAGE, offset=offset, include=["documents", "metadatas", "embeddings"]
            )
            vectors = np.asarray(page["embeddings"], dtype=np.float32)
            yield from zip(_passages(page), vectors, strict=True)


def _passages(rows: Mapping[str, Any]) -> list[IndexedPassage]:
    pairs = zip(rows["documents"], rows["metadatas"], strict=True)
    return [IndexedPassage(text=text, **metadata) for text, metadata in pairs]


class GenerationWriter(_Chroma):
    """A generation being built; nobody reads it before it is published."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "chroma")
        self._folder = folder
        self._ids: list[str] = []
        self._texts: list[str] = []

    def add_passages(self, passages: Sequence[IndexedPassage], vectors: Sequence[Vector]) -> None:
        """Write passages with their vectors, of the same number."""
        for first in range(0, len(passages), PAGE):
            page = passages[first : first + PAGE]
            self.passages.add(
                ids=[passage.id for passage in page],
                documents=[passage.text for passage in page],
                embeddings=np.stack(vectors[first : first + PAGE]),
                metadatas=[_metadata(passage) for passage in page],
            )
            self._ids.extend(passage.id for passage in page)
            self._texts.extend(passage.text for passage in page)

    def add_essays(self, essays: Sequence[Document]) -> None:
        """Write the whole texts."""
        for first in range(0, len(essays), PAGE):
            page = essays[first : first + PAGE]
            self.essays.add(
                ids=[essay.metadata["source"] for essay in page],
                documents=[essay.page_content for essay in page],
                embeddings=np.ones((len(page), 1), dtype=np.float32),  # fetched by id only
            )

    def finish(self, manifest: Manifest) -> None:
        """Write the keywords and, last of all, the manifest; then close."""
        KeywordIndex.build(self._ids, self._texts).save(self._folder / "keywords")
        self.close()
        (self._folder / "manifest.json").write_bytes(_MANIFEST.dump_json(manifest))


def _metadata(passage: IndexedPassage) -> dict[str, str | int]:
    return {
        "essay": passage.essay,
        "title": passage.title,
        "start": passage.start,
        "end": passage.end,
        "digest": passage.digest,
    }
