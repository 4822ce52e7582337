"""An optional cross-encoder that puts the passages found into a better order (RERANK_MODEL)."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.retrieval import RankedPassage
from ingest.errors import ModelUnavailable, first_line

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

RERANKED = 20  # passages read at least; most right ones are among them


class Reranker:
    """A sentence-transformers cross-encoder by its hub name or folder; loaded when first used."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._loaded: CrossEncoder | None = None

    def load(self) -> "CrossEncoder":
        """The model itself, loaded once. Raises ModelUnavailable."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self.name)
            return self._loaded

    def rerank(self, question: str, ranked: Sequence[RankedPassage]) -> list[RankedPassage]:
        """The same passages, best first by the cross-encoder.

        Their scores stay those of the search, which the evidence is weighed by.
        """
        pairs = [(question, each.passage.text) for each in ranked]
        if not pairs:
            return []
        scores = self.load().predict(pairs, show_progress_bar=False)
        best_first = sorted(range(len(pairs)), key=lambda place: -scores[place])
        return [ranked[place] for place in best_first]


def _load(name: str) -> "CrossEncoder":
    from sentence_transformers import CrossEncoder

    try:
        model: CrossEncoder = CrossEncoder(name)
    except Exception as error:  # of the hub, of file formats, of models: no common root
        reason = first_line(error)
        raise ModelUnavailable(
            f"The reranking model {name} could not be loaded ({reason}); set RERANK_MODEL to a "
            "sentence-transformers cross-encoder on the hub or to its folder, or leave it empty."
        ) from error
    return model
