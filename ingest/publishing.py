"""An index in a folder: generations built aside, published in one step, a few of them kept."""

import json
import os
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ingest.chroma import damaged, storing
from ingest.errors import IndexBusy, IndexDamaged, IndexMissing, IndexUnwritable, first_line
from ingest.records import GENERATION, Manifest, now, parse_manifest, with_latest

if TYPE_CHECKING:
    from ingest.drafting import FolderDraft
    from ingest.index import Generation, Rows

SPACE = 1_000_000  # bytes, below which a disk may be too full for Chroma to open an index
_DATABASE = "chroma.sqlite3"


class FolderStore:
    """The index in `folder`: generations/NAME, and a file CURRENT.

    CURRENT names the published generation and then those published before it, latest first. What
    has the name of a generation and is not named there is only what a killed writer left; what has
    another name belongs to someone else, and stays.
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
        """The names of those that are kept, the published one first, then back in time.

        Raises IndexDamaged, and IndexUnwritable.
        """
        pointer = self.folder / "CURRENT"
        try:
            names = pointer.read_text("utf-8", "replace").split()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except PermissionError as error:
            raise _forbidden(self.folder, error) from error
        except OSError as error:
            raise damaged(pointer, error) from error
        if not names or not all(map(GENERATION.fullmatch, names)):
            raise IndexDamaged(
                f"The file {pointer} does not name the generations of an index; if it is yours, "
                "name another folder with --index, else move the index away and run: "
                "essay-bot ingest"
            )
        return names

    def place(self, name: str) -> Path:
        """The folder of a generation."""
        return self.folder / "generations" / name

    def manifest(self, name: str) -> Manifest:
        """What a generation holds. Raises IndexDamaged, and IndexUnwritable."""
        try:
            return parse_manifest((self.place(name) / "manifest.json").read_bytes())
        except PermissionError as error:
            raise _forbidden(self.folder, error) from error
        except (OSError, ValueError) as error:
            raise damaged(self.place(name), error) from error

    def open(self, name: str) -> "Generation":
        """Open a generation for reading. Raises IndexDamaged, and IndexUnwritable."""
        # Here, since to tell that nothing changed takes none of it, nor numpy and bm25s.
        from ingest.index import Generation
        from ingest.keywords import KeywordIndex

        manifest = self.manifest(name)
        try:
            with ExitStack() as opened:
                _check_files(self.place(name), manifest.files)
                rows = opened.enter_context(_rows(self.place(name) / "chroma", manifest))
                keywords = KeywordIndex.load(self.place(name) / "keywords")
                return Generation(name, manifest, rows, keywords, opened.pop_all().close)
        except PermissionError as error:
            raise _forbidden(self.folder, error) from error
        except IndexUnwritable:
            raise
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
        pointer.write_text("\n".join(with_latest(name, self.generations())) + "\n", "utf-8")
        flush([pointer, self.folder / "generations"])  # it must not outlive a power cut alone
        pointer.replace(self.folder / "CURRENT")
        flush([self.folder])

    @contextmanager
    def writing(self) -> Iterator["FolderDraft"]:
        """Hold the index for one writer; what is half-built in the end is removed.

        Raises IndexBusy, and IndexUnwritable for any OSError within.
        """
        from ingest.drafting import FolderDraft

        with self._lock(), storing(self.folder):
            self.remove_strays()
            draft = FolderDraft(self)
            try:
                yield draft
            finally:
                draft.close()

    def remove_strays(self) -> None:
        """Delete the generations that CURRENT does not name; without a CURRENT, none."""
        kept = self.generations()
        if kept:
            remove_generations(self.folder / "generations", kept)

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
        from filelock import FileLock, Timeout

        writer = self.folder / "generations" / "writer.json"
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


def _forbidden(folder: Path, error: PermissionError) -> IndexUnwritable:
    return IndexUnwritable(f"The index {folder} cannot be read ({error}); change its permissions.")


def flush(paths: Iterable[Path]) -> None:
    """Have the disk hold these files and folders, the names in them too."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_generations(folder: Path, kept: Collection[str] = ()) -> None:
    """Delete what has the name of a generation, but those that are kept, and nothing else."""
    for path in folder.iterdir():
        if GENERATION.fullmatch(path.name) and path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def _who(writer: Path) -> str:
    try:
        told = json.loads(writer.read_text("utf-8"))
        return f"Another process (number {told['process']}, since {told['since']})"
    except (OSError, ValueError, KeyError):
        return "Another process"  # it has only just begun


@contextmanager
def _rows(chroma: Path, manifest: Manifest) -> Iterator["Rows"]:
    """Chroma writes a row even where it only reads: where it cannot, a copy is read."""
    from ingest.index import folder_rows

    with ExitStack() as opened:

        def enter(folder: Path) -> "Rows":
            rows = opened.enter_context(folder_rows(folder))
            rows.check(manifest)
            return rows

        if all(os.access(place, os.W_OK) for place in (chroma, chroma / _DATABASE)):
            try:
                found = enter(chroma)
            except Exception:
                if shutil.disk_usage(chroma).free > SPACE:
                    raise
                found = enter(opened.enter_context(_copied(chroma)))
        else:
            found = enter(opened.enter_context(_copied(chroma)))
        yield found


@contextmanager
def _copied(chroma: Path) -> Iterator[Path]:
    with ExitStack() as opened:
        try:
            folder = opened.enter_context(TemporaryDirectory(prefix="essay-bot-"))
            copy = copy_chroma(chroma, Path(folder) / "chroma")
        except PermissionError:
            raise
        except (OSError, sqlite3.OperationalError) as error:
            raise IndexUnwritable(
                f"The index {chroma} cannot be opened where it is, which is read-only or full, nor "
                f"be copied to a temporary folder ({first_line(error)}); free some space, and try "
                "again."
            ) from error
        yield copy


def copy_chroma(chroma: Path, to: Path) -> Path:
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


def sizes_in(generation: Path) -> dict[str, int]:
    """The size of each file but the database, which Chroma keeps writing notes into."""
    return {
        path.relative_to(generation).as_posix(): path.stat().st_size
        for path in sorted(generation.rglob("*"))
        if path.is_file() and not path.name.startswith(_DATABASE)
    }


def _check_files(generation: Path, expected: dict[str, int]) -> None:
    """Chroma itself takes a vector file that is gone for an empty one, and says nothing."""
    found = sizes_in(generation)
    if not (generation / "chroma" / _DATABASE).is_file():
        raise IndexDamaged(f"the file {_DATABASE} is missing")
    for name, size in expected.items():
        if found.get(name) != size:
            raise IndexDamaged(f"the file {name} is missing or damaged")
