"""The search as a LangChain retriever, for chains of one's own; `bot.retrieval` hands it out."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from bot.retrieval import RankedPassage, retrieve
from ingest.embedding import SentenceEmbeddings
from ingest.reading import PublishedIndex


class EssayRetriever(BaseRetriever):
    """Documents come best first, with `source`, `title`, `start`, `end` and `score`."""

    index: PublishedIndex
    embeddings: SentenceEmbeddings
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
