"""The next generation of an index in a folder, built aside from the one before it."""

from collections.abc import Set
from contextlib import suppress
from dataclasses import replace

from ingest.chroma import close_folder, connect_folder, damaged
from ingest.errors import IndexDamaged, IndexMissing
from ingest.index import SYNC_ROWS, Generation, Rows, gather_keywords, persist
from ingest.publishing import FolderStore, copy_chroma, flush, remove_generations, sizes_in
from ingest.records import Manifest, Vector, dump_manifest, next_name

DEAD_SHARE = 0.25  # deleted passages to live ones, from which on a copy is written afresh


class FolderDraft:
    """The next generation of a FolderStore, in a folder aside."""

    rows: Rows

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._aside = store.folder / "building"
        self._remove_unpublished()  # of a writer that was killed
        # A name that was never used: Chroma keeps a client for each path it has seen.
        names = (place.name for place in (store.folder / "generations").iterdir())
        self._folder = self._aside / next_name(names)
        self._deleted = 0
        self._open: Rows | None = None
        self.previous = self._open_previous()

    def _open_previous(self) -> Generation | None:
        try:
            return self._store.open(self._store.published())
        except IndexMissing:
            return None

    def keep(self, editions: Set[str]) -> dict[str, Vector]:
        """Begin with these editions of the previous generation; see Draft.

        Its Chroma folder is copied and the rest deleted from the copy; now and then the rows are
        written afresh, since Chroma never gives back the place of what was deleted.
        """
        self._folder.mkdir(parents=True)
        previous = self.previous
        if previous is None or not editions:
            self._begin()
            return _vectors(previous, previous.manifest.editions() if previous else set())
        others = previous.manifest.editions() - editions
        vectors = _vectors(previous, others)
        deleted = previous.manifest.deleted + len(vectors)
        if deleted > DEAD_SHARE * previous.manifest.passages:
            self._begin()
            self._write_afresh(previous, editions)
        else:
            self._copy(others)
            self._deleted = deleted
        return vectors

    def _begin(self) -> None:
        self.rows = self._open = Rows.create(connect_folder(self._folder / "chroma"))

    def _copy(self, others: Set[str]) -> None:
        assert self.previous
        folder = self._folder / "chroma"
        copy_chroma(self._store.place(self.previous.name) / "chroma", folder)
        self.rows = self._open = Rows(connect_folder(folder))
        self.rows.sync_every(SYNC_ROWS)
        self.rows.delete(sorted(others))

    def _write_afresh(self, previous: Generation, editions: Set[str]) -> None:
        for page in previous.rows.all_rows():
            kept = [row for row in page if row[0].edition in editions]
            self.rows.add_passages([row[0] for row in kept], [row[1] for row in kept])
        for essay in previous.rows.essays(editions):
            self.rows.add_essays([essay])

    def publish(self, manifest: Manifest) -> str:
        """Make it the generation that is read; those beyond KEEP are removed."""
        try:
            self.rows.check(manifest)
        except IndexDamaged as error:
            raise damaged(self._store.folder, error) from error
        keywords = gather_keywords(self.rows.all_passages())
        self._close_rows()  # first, since both take much memory
        keywords.build().save(self._folder / "keywords")
        persist(self._folder / "chroma")
        files = sizes_in(self._folder)
        told = dump_manifest(replace(manifest, deleted=self._deleted, files=files))
        (self._folder / "manifest.json").write_bytes(told)
        flush([*self._folder.rglob("*"), self._folder])
        name = self._folder.rename(self._store.place(self._folder.name)).name
        self._store.point_to(name)
        self._store.remove_strays()
        return name

    def _close_rows(self) -> None:
        if self._open:
            close_folder(self._open.client)
        self._open = None

    def close(self) -> None:
        """Close everything, and remove what was not published."""
        self._close_rows()
        if self.previous:
            self.previous.close()
        self._remove_unpublished()

    def _remove_unpublished(self) -> None:
        with suppress(OSError):  # there is no such folder, or it has files that are not ours
            remove_generations(self._aside)
            self._aside.rmdir()


def _vectors(previous: Generation | None, editions: Set[str]) -> dict[str, Vector]:
    if previous is None:
        return {}
    return {passage.digest: vector for passage, vector in previous.rows.rows_of(sorted(editions))}
