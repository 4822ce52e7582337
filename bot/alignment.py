"""How near two texts come in meaning, by the vectors of their tokens in context."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from bot.questions import weighed_words
from ingest.embedding import SentenceEmbeddings
from ingest.keywords import KeywordIndex
from ingest.models import TokenEmbeddings, Vectors


class Nearness(NamedTuple):
    """Similarity is the cosine of the mean vectors, alignment how near the words come."""

    similarity: float
    alignment: float


NOT_NEAR = Nearness(0.0, 0.0)


class Comparison:
    """A text, to be compared with others.

    For the alignment each word of the text takes the nearest one of the other, rare words counting
    for more; it is the recall of Zhang et al. 2020, "BERTScore".
    """

    def __init__(
        self,
        text: str,
        keywords: KeywordIndex,
        embeddings: SentenceEmbeddings,
        asking: Collection[str] = (),
    ) -> None:
        """`asking` are stems that count no more than those of words that ask."""
        places, self._vectors = embeddings.embed_tokens([text])[0]
        words = weighed_words(text, keywords.rarity, asking)
        inside = [(places[:, 0] < end) & (places[:, 1] > start) for start, end, _ in words]
        self._tokens = np.array(inside, dtype=float).reshape(len(words), len(places))
        self._weights = np.array([weight for _, _, weight in words])

    def with_part(self, other: TokenEmbeddings, start: int, end: int) -> Nearness:
        """How near it comes to characters `start` to `end` of another text."""
        inside = (other.places[:, 0] < end) & (other.places[:, 1] > start)
        return self.with_vectors(other.vectors[inside])

    def with_vectors(self, vectors: Vectors) -> Nearness:
        """How near it comes to a text of these tokens."""
        if not len(vectors) or not self._tokens.any():
            return NOT_NEAR
        alignment = float(self._weights @ self._near_words(vectors) / self._weights.sum())
        return Nearness(_cosine(self._vectors, vectors), alignment)

    def weakest_stretch(self, vectors: Vectors, words: int, above: float = 0.0) -> float:
        """The alignment of so many of its words in a row that come least near to these tokens.

        Words of no more weight than `above` are left out.
        """
        counted = self._weights > above
        if not len(vectors) or not self._tokens.any():
            return 0.0
        near, weights = self._near_words(vectors)[counted], self._weights[counted]
        stretches = [slice(at, at + words) for at in range(max(len(near) - words, 0) + 1)]
        means = [np.average(near[each], weights=weights[each]) for each in stretches if len(near)]
        return float(min(means, default=1.0))

    def weakest_half(self, vectors: Vectors) -> float:
        """The same, of half of its words in a row."""
        return self.weakest_stretch(vectors, max(len(self._weights) // 2, 1))

    def nearness_anywhere(self, vectors: Vectors) -> float:
        """The mean cosine of its words with all of these tokens, near or not."""
        if not len(vectors) or not self._tokens.any():
            return 0.0
        near = self._of_words((self._vectors @ vectors.T).mean(axis=1))
        return float(np.average(near, weights=self._weights))

    def _near_words(self, vectors: Vectors) -> Vectors:
        """(words,): the cosine of each word of the text with the nearest of these tokens."""
        return self._of_words((self._vectors @ vectors.T).max(axis=1))

    def _of_words(self, tokens: Vectors) -> Vectors:
        """(words,): the mean of what the tokens of each word have."""
        mean: Vectors = self._tokens @ tokens / np.maximum(self._tokens.sum(axis=1), 1)
        return mean


def join_tokens(parts: Sequence[TokenEmbeddings]) -> Vectors:
    """The vectors of several texts, one after another."""
    return np.concatenate([each.vectors for each in parts])


def _cosine(some: Vectors, other: Vectors) -> float:
    """Of the means of both."""
    one, two = some.mean(axis=0), other.mean(axis=0)
    return float(one @ two / (np.linalg.norm(one) * np.linalg.norm(two)))
