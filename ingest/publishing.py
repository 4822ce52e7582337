"""An index in a folder: generations built aside, published in one step, a few of them kept."""

import json
import os
import re
import secrets
import shutil
import sqlite3
from collections.abc import Iterator, Set
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from ingest.chroma import close_folder, connect_folder, damaged, storing
from ingest.errors import IndexBusy, IndexDamaged, IndexMissing, IndexUnwritable
from ingest.index import SYNC_ROWS, Generation, Rows, folder_rows, index_keywords, persist
from ingest.keywords import KeywordIndex
from ingest.records import Manifest, Vector, dump_manifest, now, parse_manifest, with_latest

DEAD_SHARE = 0.25  # deleted passages to live ones, from which on a copy is written afresh
_NAME = re.compile(r"(\d{6,})-[0-9a-f]{6}")
_DATABASE = "chroma.sqlite3"


class FolderStore:
    """The index in `folder`: generations/NAME, and a file CURRENT.

    CURRENT names the published generation and then those published before it, latest first. What
    it does not name is no generation, only what a killed writer left.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def published(self) -> str:
        """The name of the published generation. Raises IndexMissing."""
        for name in self.generations():
            return name
        raise IndexMissing(
            f"There is no index in {self.folder} yet; make one with: "
            f"essay-bot ingest ESSAYS --index {self.folder}"
        )

    def generations(self) -> list[str]:
        """The names of those that are kept, the published one first, then back in time."""
        try:
            return (self.folder / "CURRENT").read_text("utf-8").split()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError) as error:
            raise damaged(self.folder / "CURRENT", error) from error

    def place(self, name: str) -> Path:
        """The folder of a generation."""
        return self.folder / "generations" / name

    def manifest(self, name: str) -> Manifest:
        """What a generation holds. Raises IndexDamaged."""
        try:
            return parse_manifest((self.place(name) / "manifest.json").read_bytes())
        except (OSError, ValueError) as error:
            raise damaged(self.place(name), error) from error

    def open(self, name: str) -> Generation:
        """Open a generation for reading. Raises IndexDamaged."""
        manifest = self.manifest(name)
        try:
            with ExitStack() as opened:
                _check_files(self.place(name), manifest.files)
                folder = opened.enter_context(_writable(self.place(name) / "chroma"))
                rows = opened.enter_context(folder_rows(folder))
                rows.check(manifest)
                keywords = KeywordIndex.load(self.place(name) / "keywords")
                return Generation(name, manifest, rows, keywords, opened.pop_all().close)
        except PermissionError as error:
            raise IndexUnwritable(
                f"The index {self.folder} cannot be read ({error}); change its permissions."
            ) from error
        except Exception as error:  # Chroma has no error tree of its own for a broken folder
            raise damaged(self.place(name), error) from error

    def republish(self, name: str) -> None:
        """Make a generation that is kept the published one.

        Raises IndexMissing, IndexBusy, and IndexDamaged where it could not be read.
        """
        with self._lock():
            if name not in self.generations():
                raise IndexMissing(
                    f"There is no generation {name} in {self.folder}; "
                    "`essay-bot index list` shows those there are."
                )
            self.open(name).close()
            self.point_to(name)

    def point_to(self, name: str) -> None:
        """Have CURRENT name this generation first, in one atomic step."""
        pointer = self.folder / "CURRENT.new"
        with pointer.open("w", encoding="utf-8") as file:
            file.write("\n".join(with_latest(name, self.generations())) + "\n")
            file.flush()
            os.fsync(file.fileno())
        pointer.replace(self.folder / "CURRENT")

    @contextmanager
    def writing(self) -> Iterator["FolderDraft"]:
        """Hold the index for one writer; what is half-built in the end is removed.

        Raises IndexBusy, and IndexUnwritable for any OSError within.
        """
        with self._lock(), storing(self.folder):
            self.remove_strays()
            draft = FolderDraft(self)
            try:
                yield draft
            finally:
                draft.close()

    def remove_strays(self) -> None:
        """Delete what CURRENT does not name; without a CURRENT, nothing."""
        kept = self.generations()
        for path in (self.folder / "generations").iterdir():
            if kept and path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        try:
            (self.folder / "generations").mkdir(parents=True, exist_ok=True)
            with self._file_lock():
                yield
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise IndexUnwritable(
                f"The index folder {self.folder} cannot be written ({reason}); "
                "free space or change its permissions, or name another with --index."
            ) from error

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        writer = self.folder / "writer.json"
        try:
            with FileLock(self.folder / "lock").acquire(blocking=False):
                try:
                    told = json.dumps({"process": os.getpid(), "since": now()})
                    writer.write_text(told, "utf-8")
                    yield
                finally:
                    writer.unlink(missing_ok=True)
        except Timeout as error:
            raise IndexBusy(
                f"{_who(writer)} is writing the index {self.folder}; "
                "wait until it is done and try again."
            ) from error


def _who(writer: Path) -> str:
    try:
        told = json.loads(writer.read_text("utf-8"))
        return f"Another process (number {told['process']}, since {told['since']})"
    except (OSError, ValueError, KeyError):
        return "Another process"  # it has only just begun


@contextmanager
def _writable(chroma: Path) -> Iterator[Path]:
    """Chroma writes a row even where it only reads: what is read-only is read from a copy."""
    if all(os.access(place, os.W_OK) for place in (chroma, chroma / _DATABASE)):
        yield chroma
        return
    with TemporaryDirectory(prefix="essay-bot-") as copy:
        yield _copy_chroma(chroma, Path(copy) / "chroma")


def _copy_chroma(chroma: Path, to: Path) -> Path:
    """Copy a Chroma folder that others may be reading, each with a row about it in the database."""
    to.mkdir()
    for path in sorted(chroma.rglob("*")):
        target = to / path.relative_to(chroma)
        if path.is_dir():
            target.mkdir()
        elif not path.name.startswith(_DATABASE):
            shutil.copyfile(path, target)  # without its permissions: they may forbid writing
    uri = f"{(chroma / _DATABASE).resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True)) as source,
        closing(sqlite3.connect(to / _DATABASE)) as database,
    ):
        source.backup(database)
    return to


def _files(generation: Path) -> dict[str, int]:
    """The size of each file but the database, which Chroma keeps writing notes into."""
    return {
        path.relative_to(generation).as_posix(): path.stat().st_size
        for path in sorted(generation.rglob("*"))
        if path.is_file() and not path.name.startswith(_DATABASE)
    }


def _check_files(generation: Path, expected: dict[str, int]) -> None:
    """Chroma itself takes a vector file that is gone for an empty one, and says nothing."""
    found = _files(generation)
    if not (generation / "chroma" / _DATABASE).is_file():
        raise IndexDamaged(f"the file {_DATABASE} is missing")
    for name, size in expected.items():
        if found.get(name) != size:
            raise IndexDamaged(f"the file {name} is missing or damaged")


def _flush(folder: Path) -> None:
    """Have the disk hold all of a folder: the pointer must not survive a power cut alone."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _number(generation: Path) -> int:
    match = _NAME.fullmatch(generation.name)
    return int(match[1]) if match else 0


class FolderDraft:
    """The next generation of a FolderStore, in a folder aside."""

    rows: Rows

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._aside = store.folder / "building"
        shutil.rmtree(self._aside, ignore_errors=True)  # of a writer that was killed
        number = max(map(_number, (store.folder / "generations").iterdir()), default=0) + 1
        # A name that was never used: Chroma keeps a client for each path it has seen.
        self._folder = self._aside / f"{number:06d}-{secrets.token_hex(3)}"
        self._folder.mkdir(parents=True)
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
        _copy_chroma(self._store.place(self.previous.name) / "chroma", folder)
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
        passages = [passage for page in self.rows.all_passages() for passage in page]
        index_keywords(passages).save(self._folder / "keywords")
        self._close_rows()
        persist(self._folder / "chroma")
        files = _files(self._folder)
        told = dump_manifest(replace(manifest, deleted=self._deleted, files=files))
        (self._folder / "manifest.json").write_bytes(told)
        _flush(self._folder)
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
        shutil.rmtree(self._aside, ignore_errors=True)


def _vectors(previous: Generation | None, editions: Set[str]) -> dict[str, Vector]:
    if previous is None:
        return {}
    return {passage.digest: vector for passage, vector in previous.rows.rows_of(sorted(editions))}
