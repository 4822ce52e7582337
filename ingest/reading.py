"""The published generation, opened once, shared between threads, and followed when it changes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ingest.chroma import storing
from ingest.errors import IndexDamaged
from ingest.index import Generation
from ingest.store import Store


class PublishedIndex:
    """What is published in a store, at any moment.

    `model` is the embedding model's identity; a generation made by another one is refused.
    """

    def __init__(self, store: Store, model: str) -> None:
        self._store = store
        self._model = model
        self._lock = threading.Lock()
        self._open: Generation | None = None
        self._readers: dict[str, int] = {}  # by generation

    @contextmanager
    def reading(self) -> Iterator[Generation]:
        """The published generation, which stays open until the block ends.

        Raises IndexMissing, IndexMismatch, IndexDamaged, IndexUnwritable and IndexUnreachable.
        """
        with self._lock:
            generation = self._follow()
            self._readers[generation.name] = self._readers.get(generation.name, 0) + 1
        try:
            with storing(self._store):
                yield generation
        finally:
            with self._lock:
                self._readers[generation.name] -= 1
                self._close_if_unused(generation)

    def check(self) -> None:
        """Raises IndexMissing and IndexMismatch as `reading` would, without opening anything."""
        with suppress(IndexDamaged):  # perhaps removed just now: `reading` finds out
            self._store.manifest(self._store.published()).check(self._model, str(self._store))

    def _follow(self) -> Generation:
        name = self._store.published()
        old = self._open
        if old and old.name == name:
            return old
        self._open = self._open_current(name)
        if old:
            self._close_if_unused(old)
        return self._open

    def _open_current(self, name: str) -> Generation:
        try:
            self._store.manifest(name).check(self._model, str(self._store))
            return self._store.open(name)
        except IndexDamaged:
            newer = self._store.published()
            if newer == name:
                raise
            return self._open_current(newer)  # published, and this one removed, just now

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
