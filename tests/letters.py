"""A fake of the embedding model, to compute in one's head: how often each letter occurs.

It stands where a test is about processes and files, and the real model would only take time.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

from ingest.embedding import SentenceEmbeddings
from ingest.models import TokenEmbeddings, Vectors


class LetterEmbeddings(SentenceEmbeddings):
    identity = "letters"
    max_tokens = 50
    loaded = True

    def load(self) -> None:
        return None

    def token_starts(self, text: str) -> list[int]:
        return [match.start() for match in re.finditer(r"\S+", text)]

    def begin_documents(self, texts: Sequence[str]) -> Callable[[], Vectors]:
        return lambda: np.array([self.embed_query(text) for text in texts], dtype=np.float32)

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        return [
            TokenEmbeddings(np.array([[0, len(text)]]), np.array([self.embed_query(text)]))
            for text in texts
        ]

    def begin_query(self, text: str) -> Callable[[], Vectors]:
        counts = np.array([1.0, *(text.lower().count(chr(97 + n)) for n in range(26))])
        return lambda: counts / np.linalg.norm(counts)
