"""An index on a Chroma server: generations that share their rows, and a record of which is read.

Copying a large collection for each change would take minutes, so a generation is a manifest that
names its editions, and passages are never changed: a changed essay is a new edition, written
beside the old one. Readers pass over what their manifest does not name.
"""

import hashlib
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ingest.chroma import connect_server, damaged, disconnect, storing, without_password
from ingest.errors import IndexBusy, IndexMissing, IndexUnreachable, IndexUnwritable
from ingest.index import Generation, Rows, gather_keywords
from ingest.records import (
    IndexedPassage,
    Manifest,
    Vector,
    dump_manifest,
    next_name,
    now,
    parse_manifest,
    with_latest,
)

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.client import Client

BEAT = 10  # seconds between two signs of life of a writer
STALE = 60  # seconds since the last, after which a writer is watched
WATCH = 2.5 * BEAT  # seconds for which it is watched, and taken for dead if there is none
SETTLE = 1  # second
CURRENT = "current"


class ServerStore:
    """The index `name` on the server at `url`; several bots may share it."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.prefix = f"{_collection_name(name)}."  # no name has a dot, so none begins another
        self._connected: Client | None = None
        self._passages: dict[str, list[IndexedPassage]] = {}  # by edition, for keywords

    def __str__(self) -> str:
        return f"{self.prefix[:-1]} on {without_password(self.url)}"

    @property
    def client(self) -> "Client":
        """The connection, made when it is first needed. Raises IndexUnreachable."""
        if self._connected is None:
            self._connected = connect_server(self.url)
        return self._connected

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._connected:
            disconnect(self._connected)
        self._connected = None

    def _records(self) -> "Collection":
        """A record for each generation, and one that names the published ones, latest first."""
        return self.client.get_collection(f"{self.prefix}generations", embedding_function=None)

    def published(self) -> str:
        """The name of the published generation. Raises IndexMissing and IndexUnreachable."""
        for name in self.generations():
            return name
        raise IndexMissing(f"There is no index {self} yet; make one with: essay-bot ingest ESSAYS")

    def generations(self) -> list[str]:
        """The names of those that are kept, the published one first, then back in time."""
        with storing(self):
            names = [collection.name for collection in self.client.list_collections()]
            if f"{self.prefix}generations" not in names:
                return []
            found = self._records().get(ids=[CURRENT])["metadatas"] or []
        return [name for metadata in found for name in str(metadata["history"]).split()]

    def manifest(self, name: str) -> Manifest:
        """What a generation holds. Raises IndexDamaged."""
        with storing(self):
            metadatas = self._records().get(ids=[name])["metadatas"]
        try:
            return parse_manifest(str((metadatas or [])[0]["manifest"]))
        except (IndexError, KeyError, ValueError) as error:
            raise damaged(f"{name} of {self}", error) from error

    def open(self, name: str) -> Generation:
        """Open a generation for reading: what is new of its passages is fetched, for keywords."""
        manifest = self.manifest(name)
        with storing(self):
            rows = Rows(self.client, self.prefix, manifest.rows)
            self._fetch_passages(rows, manifest.editions())
        keywords = gather_keywords(self._passages.values()).build()
        return Generation(name, manifest, rows, keywords, lambda: None)

    def _fetch_passages(self, rows: Rows, editions: Set[str]) -> None:
        held = {edition: self._passages[edition] for edition in editions & self._passages.keys()}
        for page in rows.passages_of(sorted(editions - held.keys())):
            for passage in page:
                held.setdefault(passage.edition, []).append(passage)
        self._passages = held

    def republish(self, name: str) -> None:
        """Make a generation that is kept the published one.

        Raises IndexMissing, IndexBusy, and IndexDamaged where it could not be read.
        """
        with self._lock() as lock, storing(self):
            if name not in self.generations():
                raise IndexMissing(
                    f"There is no generation {name} in {self}; "
                    "`essay-bot index list` shows those there are."
                )
            self.open(name).close()
            lock.check()
            self.point_to(name)

    def point_to(self, name: str) -> None:
        """Name the published generation; one record is changed, so in one step."""
        history = " ".join(with_latest(name, self.generations()))
        self._records().upsert(ids=[CURRENT], embeddings=[1.0], metadatas=[{"history": history}])

    def record(self, name: str, manifest: Manifest) -> None:
        """Write down what a generation holds; it is published only when it is pointed to."""
        told = dump_manifest(manifest).decode()
        self._records().upsert(ids=[name], embeddings=[1.0], metadatas=[{"manifest": told}])

    @contextmanager
    def writing(self) -> Iterator["ServerDraft"]:
        """Hold the index for one writer. Raises IndexBusy and IndexUnreachable."""
        with self._lock() as lock, storing(self):
            self.client.get_or_create_collection(
                f"{self.prefix}generations", embedding_function=None
            )
            self.collect_garbage()  # of a writer that was killed
            yield ServerDraft(self, lock)

    @contextmanager
    def _lock(self) -> Iterator["_Lock"]:
        with storing(self):
            lock = _Lock(self.client, f"{self.prefix}writer", str(self))
        try:
            yield lock
        finally:
            with storing(self):
                lock.release()

    def collect_garbage(self) -> None:
        """Forget every generation that is no longer within reach, and what none of them names."""
        names = self.generations()
        strays = [
            id for id in self._records().get(include=[])["ids"] if id not in [*names, CURRENT]
        ]
        if strays:
            self._records().delete(ids=strays)
        kept = [self.manifest(name) for name in names]
        used = {manifest.rows for manifest in kept}
        own = re.compile(rf"{re.escape(self.prefix)}(?:passages|essays)(-[0-9a-f]{{8}})")
        for name in [collection.name for collection in self.client.list_collections()]:
            match = own.fullmatch(name)
            if match and match[1] not in used:
                self.client.delete_collection(name)
        for suffix in used:
            rows = Rows(self.client, self.prefix, suffix)
            named = set[str]().union(*(each.editions() for each in kept if each.rows == suffix))
            rows.delete(sorted(rows.editions() - named))


class ServerDraft:
    """The next generation of a ServerStore; its new rows lie where readers pass them over."""

    rows: Rows

    def __init__(self, store: ServerStore, lock: "_Lock") -> None:
        self._store = store
        self._lock = lock
        self._suffix = ""
        self.previous = self._open_previous()

    def _open_previous(self) -> Generation | None:
        try:
            name = self._store.published()
        except IndexMissing:
            return None
        manifest = self._store.manifest(name)
        rows = Rows(self._store.client, self._store.prefix, manifest.rows)
        return Generation(name, manifest, rows, gather_keywords([]).build(), lambda: None)

    def keep(self, editions: Set[str]) -> dict[str, Vector]:
        """Begin with these editions of the previous generation; see Draft."""
        previous = self.previous
        if previous and editions:
            self._suffix, self.rows = previous.manifest.rows, previous.rows
        else:
            self._suffix = f"-{secrets.token_hex(4)}"
            self.rows = Rows.create(self._store.client, self._store.prefix, self._suffix)
        others = sorted(previous.manifest.editions() - editions) if previous else []
        found = previous.rows.rows_of(others) if previous else iter(())
        return {passage.digest: vector for passage, vector in found}

    def publish(self, manifest: Manifest) -> str:
        """Make it the generation that is read; see Draft."""
        store = self._store
        self._check_rows(manifest)
        name = next_name(store.generations())
        store.record(name, replace(manifest, rows=self._suffix))
        self._lock.check()
        store.point_to(name)
        with suppress(IndexUnreachable, IndexUnwritable), storing(store):
            store.collect_garbage()  # it is published: what cannot be removed now can be later
        return name

    def _check_rows(self, manifest: Manifest) -> None:
        self._lock.check()
        missing = manifest.editions() - self.rows.editions()
        if missing or self.rows.count() < manifest.passages:
            raise damaged(self._store, ValueError(f"{len(missing)} essays are not there"))


class _Lock:
    """One writer at a time: a collection that can be created only once, with signs of life."""

    def __init__(self, client: "Client", name: str, place: str) -> None:
        self._client, self._name, self._place = client, name, place
        self._mine = {
            "token": secrets.token_hex(8),
            "process": f"{socket.gethostname()}:{os.getpid()}",
            "since": now(),
        }
        self._take()
        self._stop = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def _take(self) -> None:
        try:
            self._client.create_collection(
                self._name, embedding_function=None, metadata=self._sign_of_life()
            )
        except Exception as error:  # what Chroma raises for a name that is taken differs by version
            holder = self._holder()
            if self._lives(holder):
                raise IndexBusy(
                    f"Another process ({holder.get('process')}, since {holder.get('since')}) is "
                    f"writing the index {self._place}; wait until it is done and try again."
                ) from error
            self._collection().modify(metadata=self._sign_of_life())
            time.sleep(SETTLE)  # of several that take over at once, the last one has it
        self.check()

    def _lives(self, holder: dict[str, Any]) -> bool:
        """Whether a writer gives signs of life; its clock may differ from ours, so watch it."""
        if abs(time.time() - float(holder.get("beat", 0))) < STALE:
            return True
        time.sleep(WATCH)
        return self._holder() != holder

    def _sign_of_life(self) -> dict[str, Any]:
        return {**self._mine, "beat": time.time()}

    def _collection(self) -> "Collection":
        return self._client.get_collection(self._name, embedding_function=None)

    def _holder(self) -> dict[str, Any]:
        try:
            return dict(self._collection().metadata or {})
        except Exception:  # likewise for a name that is gone
            return {}

    def _is_mine(self) -> bool:
        return self._holder().get("token") == self._mine["token"]

    def check(self) -> None:
        """Raises IndexBusy if another writer has taken this one for dead."""
        if not self._is_mine():
            raise IndexBusy(
                f"Another process took over the index {self._place}, since this one gave no sign "
                "of life; nothing was published. Try again."
            )

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            with suppress(Exception):  # the next one may come through; who publishes checks first
                self.check()
                self._collection().modify(metadata=self._sign_of_life())

    def release(self) -> None:
        """Let the next writer in, unless one took over already."""
        self._stop.set()
        if self._is_mine():
            self._client.delete_collection(self._name)


def _collection_name(name: str) -> str:
    """A name that Chroma takes (letters, digits, dashes), another one for every other name."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")[:40]
    if plain == name:
        return name
    return f"{plain or 'index'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
