"""Texts -> embeddings, as LangChain takes them, by the fastest backend that keeps their meaning."""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Self, cast

from langchain_core.embeddings import Embeddings

from ingest.errors import ModelUnavailable
from ingest.models import (
    DEFAULT_MODEL,
    WEIGHTS,
    Backend,
    EmbeddingModel,
    LocalModel,
    TokenEmbeddings,
    Vectors,
    find_model,
    identity_of,
)

if TYPE_CHECKING:
    from ingest.reference import ReferenceModel

logger = logging.getLogger(__name__)


class SentenceEmbeddings(Embeddings):
    """A sentence-transformers model as LangChain Embeddings; vectors are normalised float32.

    `name` is a name on the Hugging Face hub or a folder; empty means the default, which touches no
    network. The `backend` "openvino" compiles the model for this processor, "torch" runs it as it
    comes, and "auto" compiles it if texts keep their nearest neighbours by that (ingest/export.py
    measures it) and else takes torch. The model is loaded by `load` or at the first use; both may
    raise ModelUnavailable and WeightsDamaged. Several threads may embed at once.
    """

    def __init__(self, name: str = "", backend: Backend = "auto") -> None:
        self.name = name or DEFAULT_MODEL
        self.backend = backend
        self._lock = threading.Lock()
        self._loaded: EmbeddingModel | None = None

    @cached_property
    def identity(self) -> str:
        """What an index remembers of the model that made it, told without loading the model."""
        return identity_of(self.name)

    def open(self) -> Self:
        """The embeddings themselves; see ingest.choice."""
        return self

    def load(self) -> None:
        """Load the model now, so that the first text need not wait."""
        self._model()

    @property
    def loaded(self) -> bool:
        """Whether `load` has nothing left to do."""
        return self._loaded is not None

    @property
    def precision(self) -> str:
        """What the model computes in: f32 or bf16."""
        return self._model().precision

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text the model reads, its special tokens left out."""
        return self._model().max_tokens

    def token_starts(self, text: str) -> list[int]:
        """The character offset at which each token of `text` begins, however long the text is."""
        return self._model().token_starts(text)

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text; text beyond `max_tokens` would be cut, so hand in passages."""
        return cast(list[list[float]], self.begin_documents(texts)().tolist())

    def begin_documents(self, texts: Sequence[str]) -> Callable[[], Vectors]:
        """Begin to embed texts, beside other work; calling what it gives waits for the vectors.

        They are (texts, dimensions).
        """
        if not texts:
            return _no_vectors
        return self._model().begin(texts, "document")

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """A vector for each token of each text, as far as the model reads; normalised."""
        return self._model().embed_tokens(texts) if texts else []

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question, with the prefix the model wants for one, if any."""
        return cast(list[float], self.begin_query(text)().tolist())

    def begin_query(self, text: str) -> Callable[[], Vectors]:
        """Begin `embed_query`, beside other work; calling what it gives waits for the vector."""
        begun = self._model().begin([text], "query")
        return lambda: begun()[0]

    def _model(self) -> EmbeddingModel:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self.name, self.backend)
            return self._loaded


def _no_vectors() -> Vectors:
    import numpy as np

    return np.empty((0, 0), dtype=np.float32)


def _load(name: str, backend: Backend) -> EmbeddingModel:
    from ingest.export import NotExported, open_export
    from ingest.reference import ReferenceModel

    found = find_model(name)
    load_reference = cache(partial(ReferenceModel, name, found.folder if found else name))
    if backend == "torch":
        return load_reference()
    try:
        return open_export(name, found or _download(name, load_reference), load_reference)
    except NotExported as error:
        if backend == "openvino":
            raise ModelUnavailable(
                f"The embedding model {name} cannot run with OpenVINO, since {error}; "
                "set EMBEDDING_BACKEND to auto or torch."
            ) from error
        logger.warning(
            "The embedding model %s runs with torch, which is slower, since %s; "
            "set EMBEDDING_BACKEND to torch to be told no more.",
            name,
            error,
        )
        return load_reference()


def _download(name: str, load_reference: "Callable[[], ReferenceModel]") -> LocalModel:
    """The model's files, which are here once torch has loaded it. Raises NotExported."""
    from ingest.export import NotExported

    load_reference()
    found = find_model(name)
    if found is None:
        raise NotExported(f"it has no file {WEIGHTS}")
    return found
