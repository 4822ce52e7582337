"""Question -> ranked passages: dense and keyword search, fused; a LangChain retriever around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from bot.citations import Place, stands
from ingest.index import Generation
from ingest.reading import PublishedIndex
from ingest.records import IndexedPassage

CANDIDATES = 50  # taken from each search
# Cormack, Clarke and Buettcher 2009, "Reciprocal rank fusion outperforms Condorcet": score is the
# sum of 1 / (60 + rank) over the rankings.
FUSION_CONSTANT = 60


@dataclass(frozen=True)
class RankedPassage:
    """A passage found, best first; `score` is the fused one, `similarity` the cosine or None.

    `repeats` are other places, in this essay or in others, where the same text stands.
    """

    passage: IndexedPassage
    score: float
    similarity: float | None
    repeats: tuple[IndexedPassage, ...] = ()


def retrieve(
    generation: Generation, embeddings: Embeddings, question: str, limit: int
) -> list[RankedPassage]:
    """The `limit` best passages for a question, each text once however often it was written."""
    dense = generation.search_dense(embeddings.embed_query(question), CANDIDATES)
    keyword = generation.keywords.search(question, CANDIDATES)
    scores = _fuse(dense, keyword)
    similarities = dict(dense)
    best_first = sorted(scores, key=lambda key: (-scores[key], key))
    passages = generation.passages_by_id(best_first)
    ranked = [
        RankedPassage(
            repeats[0], scores[repeats[0].id], similarities.get(repeats[0].id), repeats[1:]
        )
        for repeats in _grouped(passages)
    ]
    return [each for each in ranked[:limit] if _stands(each.passage, generation)]


def _fuse(*rankings: Sequence[tuple[str, float]]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, (id, _) in enumerate(ranking, start=1):
            scores[id] = scores.get(id, 0) + 1 / (FUSION_CONSTANT + rank)
    return scores


def _grouped(passages: Sequence[IndexedPassage]) -> list[tuple[IndexedPassage, ...]]:
    """Passages of the same text together, where the best of them was."""
    groups: dict[str, list[IndexedPassage]] = {}
    for passage in passages:
        groups.setdefault(passage.digest, []).append(passage)
    return [tuple(group) for group in groups.values()]


def _stands(passage: IndexedPassage, generation: Generation) -> bool:
    place = Place(passage.essay, passage.start, passage.end)
    return stands(passage.text, place, generation.essay_text)


class EssayRetriever(BaseRetriever):
    """The same search as a LangChain retriever, for chains of your own.

    Documents come best first, with `source`, `title`, `start`, `end` and `score` as metadata.
    """

    index: PublishedIndex
    embeddings: Embeddings
    k: int = 5
    model_config = ConfigDict(arbitrary_types_allowed=True)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
    ) -> list[Document]:
        with self.index.reading() as generation:
            return [
                _document(each) for each in retrieve(generation, self.embeddings, query, self.k)
            ]


def _document(ranked: RankedPassage) -> Document:
    passage = ranked.passage
    metadata: dict[str, Any] = {
        "source": passage.essay,
        "title": passage.title,
        "start": passage.start,
        "end": passage.end,
        "score": ranked.score,
    }
    return Document(passage.text, metadata=metadata)
