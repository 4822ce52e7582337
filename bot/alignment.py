"""How near two texts come in meaning, by the contextual embeddings of their tokens."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from bot.questions import weighed_words
from ingest.embedding import SentenceEmbeddings
from ingest.keywords import KeywordIndex
from ingest.models import Places, TokenEmbeddings, Vectors


class Nearness(NamedTuple):
    """How near one text comes to another; both numbers are at most 1."""

    similarity: float  # cosine of the means of their token vectors
    alignment: float  # BERTScore recall: see Comparison


NOT_NEAR = Nearness(0.0, 0.0)


class Comparison:
    """A text, to be compared with others, each given by the vectors of its tokens.

    For the alignment each token of the text is matched with the nearest one of the other, by
    cosine; a word has the mean of its tokens, and the text the mean of its words, weighted by
    their rarity. That is the recall of Zhang et al. 2020, "BERTScore"
    (https://arxiv.org/abs/1904.09675), by words instead of word pieces.
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
        inside = [_inside(places, start, end) for start, end, _ in words]
        # (words, tokens): 1 where the token belongs to the word
        self._tokens = np.array(inside, dtype=float).reshape(len(words), len(places))
        self._weights = np.array([weight for _, _, weight in words])

    def with_part(self, other: TokenEmbeddings, start: int, end: int) -> Nearness:
        """How near it comes to characters `start` to `end` of another text."""
        return self.with_vectors(other.vectors[_inside(other.places, start, end)])

    def with_vectors(self, vectors: Vectors) -> Nearness:
        """How near it comes to a text of these tokens."""
        if not len(vectors) or not self._tokens.any():
            return NOT_NEAR
        alignment = float(self._weights @ self._near_words(vectors) / self._weights.sum())
        return Nearness(_cosine(self._vectors, vectors), alignment)

    def weakest_stretch(self, vectors: Vectors, words: int, above: float = 0.0) -> float:
        """The lowest alignment of any `words` words in a row: what is told there may be added.

        Words of no more weight than `above` are left out. `vectors`, (tokens, dimensions), are
        the other text.
        """
        counted = self._weights > above
        if not len(vectors) or not self._tokens.any():
            return 0.0
        near, weights = self._near_words(vectors)[counted], self._weights[counted]
        stretches = [slice(at, at + words) for at in range(max(len(near) - words, 0) + 1)]
        means = [np.average(near[each], weights=weights[each]) for each in stretches if len(near)]
        return float(min(means, default=1.0))

    def weakest_half(self, vectors: Vectors) -> float:
        """The lowest alignment of any half of its words in a row."""
        return self.weakest_stretch(vectors, max(len(self._weights) // 2, 1))

    def nearness_anywhere(self, vectors: Vectors) -> float:
        """The mean cosine of its words with all of these tokens: what chance alone would give."""
        if not len(vectors) or not self._tokens.any():
            return 0.0
        near = self._of_words((self._vectors @ vectors.T).mean(axis=1))
        return float(np.average(near, weights=self._weights))

    def _near_words(self, vectors: Vectors) -> Vectors:
        """(words,): the cosine of each word of the text with the nearest of these tokens."""
        return self._of_words((self._vectors @ vectors.T).max(axis=1))

    def _of_words(self, tokens: Vectors) -> Vectors:
        """(tokens,) -> (words,): the mean of what the tokens of each word have."""
        mean: Vectors = self._tokens @ tokens / np.maximum(self._tokens.sum(axis=1), 1)
        return mean


def join_tokens(parts: Sequence[TokenEmbeddings]) -> Vectors:
    """The vectors of several texts, one after another."""
    return np.concatenate([each.vectors for each in parts])


def _inside(places: Places, start: int, end: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """(tokens,): which of these tokens share a character with `start` to `end`."""
    found: np.ndarray[Any, np.dtype[np.bool_]] = (places[:, 0] < end) & (places[:, 1] > start)
    return found


def _cosine(some: Vectors, other: Vectors) -> float:
    """Of the means of both, each (tokens, dimensions)."""
    one, two = some.mean(axis=0), other.mean(axis=0)
    return float(one @ two / (np.linalg.norm(one) * np.linalg.norm(two)))
