"""The published generation, opened once, shared between threads, and followed when it changes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest import publishing
from ingest.index import Generation, check_manifest, read_manifest


class PublishedIndex:
    """What is published in an index folder, at any moment.

    `model` is the embedding model's identity; a generation made by another one is refused.
    """

    def __init__(self, index: Path, model: str) -> None:
        self._index = index
        self._model = model
        self._lock = threading.Lock()
        self._open: Generation | None = None
        self._readers: dict[str, int] = {}  # by generation

    @contextmanager
    def reading(self) -> Iterator[Generation]:
        """The published generation, which stays open until the block ends.

        Raises IndexMissing, IndexMismatch and IndexDamaged.
        """
        with self._lock:
            generation = self._follow()
            self._readers[generation.name] = self._readers.get(generation.name, 0) + 1
        try:
            yield generation
        finally:
            with self._lock:
                self._readers[generation.name] -= 1
                self._close_if_unused(generation)

    def _follow(self) -> Generation:
        folder = publishing.published(self._index)
        old = self._open
        if old and old.name == folder.name:
            return old
        check_manifest(read_manifest(folder), folder, self._model)
        self._open = Generation(folder)
        if old:
            self._close_if_unused(old)
        return self._open

    def _close_if_unused(self, generation: Generation) -> None:
        if generation is not self._open and not self._readers.get(generation.name):
            self._readers.pop(generation.name, None)
            generation.close()

    def close(self) -> None:
        """Close what is open; call it when no one reads."""
        with self._lock:
            if self._open:
                self._open.close()
            self._open = None
