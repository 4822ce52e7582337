"""Which embedding model, told before anything of it is imported: much is done without it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ingest.models import Backend, identity_of

if TYPE_CHECKING:
    from ingest.embedding import SentenceEmbeddings


class Embedder(Protocol):
    """What `sync` embeds with: SentenceEmbeddings, or a choice of them that is not opened yet."""

    @property
    def identity(self) -> str:
        """What an index remembers of the model that made it."""

    def open(self) -> "SentenceEmbeddings":
        """The embeddings, whose model is not loaded by that."""


@dataclass(frozen=True)
class EmbeddingChoice:
    """A model by its name, empty for the default, and what is to run it."""

    name: str
    backend: Backend

    @cached_property
    def identity(self) -> str:
        """What an index remembers of the model that made it."""
        return identity_of(self.name)

    def open(self) -> "SentenceEmbeddings":
        """The embeddings; importing what they are made of takes a quarter of a second."""
        from ingest.embedding import SentenceEmbeddings

        return SentenceEmbeddings(self.name, self.backend)
