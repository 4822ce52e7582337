import errno
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.embedding import SentenceEmbeddings
from ingest.errors import IndexDamaged, IndexMismatch, IndexUnwritable
from ingest.publishing import FolderStore
from ingest.reading import PublishedIndex
from ingest.sync import sync
from tests.conftest import WriteEssays


def test_a_new_generation_is_seen_at_the_next_reading_and_the_old_one_stays_open_meanwhile(
    essays: WriteEssays, tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    store = FolderStore(tmp_path / "index")
    folder = essays(one="The cat sleeps all day.")
    sync(folder, store, embeddings)
    published = PublishedIndex(store, embeddings.identity)
    with published.reading() as old:
        sync(essays(two="The dog is awake."), store, embeddings)
        with published.reading() as new:
            assert set(new.manifest.essays) == {"one.txt", "two.txt"}
        assert old.essay_text("one.txt") == "The cat sleeps all day."
        assert set(old.manifest.essays) == {"one.txt"}
    published.close()


def test_many_threads_read_while_generations_are_published(
    essays: WriteEssays, tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    store = FolderStore(tmp_path / "index")
    folder = essays(one="The cat sleeps all day.")
    sync(folder, store, embeddings)
    published = PublishedIndex(store, embeddings.identity)
    vector = embeddings.embed_query("Who sleeps?")

    def read(_: int) -> int:
        with published.reading() as generation:
            return len(generation.search_dense(vector, 5))

    with ThreadPoolExecutor(4) as pool:
        counts = pool.map(read, range(200))
        for number in range(3):
            sync(essays(one=f"The cat sleeps, year {number}."), store, embeddings)
        assert set(counts) == {1}
    published.close()


def test_an_index_of_another_model_is_refused(seed_index: Path) -> None:
    with (
        pytest.raises(IndexMismatch, match="EMBEDDING_MODEL"),
        PublishedIndex(FolderStore(seed_index), "another-model").reading(),
    ):
        pass


def test_reading_leaves_every_file_of_a_generation_as_it_was_but_the_database(
    essays: WriteEssays, tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    store = FolderStore(tmp_path / "index")
    for number in range(3):
        sync(essays(**{f"essay{number}": f"This is essay number {number}."}), store, embeddings)
    place = store.place(store.published())

    def files() -> dict[Path, int]:
        kept = (path for path in place.rglob("*") if path.name != "chroma.sqlite3")
        return {path: path.stat().st_mtime_ns for path in kept if path.is_file()}

    before = files()
    published = PublishedIndex(store, embeddings.identity)
    with published.reading() as generation:
        generation.search_dense(embeddings.embed_query("Which number?"), 3)
        generation.essay_text("essay0.txt")
    published.close()
    assert files() == before


@contextmanager
def mounted(place: Path, *commands: Sequence[str]) -> Iterator[Path]:
    """A folder with something mounted on it for a while."""
    place.mkdir()
    for command in commands:
        done = subprocess.run([*command, str(place)], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("mounting is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_read_only_index_is_read_and_stays_as_it_was(
    seed_index: Path, tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    bind = ["mount", "--bind", str(seed_index)]
    with mounted(tmp_path / "mounted", bind, ["mount", "-o", "remount,ro,bind"]) as place:
        published = PublishedIndex(FolderStore(place), embeddings.identity)
        with published.reading() as generation:
            assert generation.search_dense(embeddings.embed_query("energy"), 1)
        published.close()


@pytest.fixture
def disk(tmp_path: Path, seed_index: Path) -> Iterator[Path]:
    """A small disk that holds an index."""
    tmpfs = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs"]
    with mounted(tmp_path / "small", tmpfs) as place:
        shutil.copytree(seed_index, place / "index")
        yield place


def fill(disk: Path, left: int) -> None:
    """Leave so many bytes on a disk."""
    with (disk / "rest").open("wb", buffering=0) as rest:
        while (free := shutil.disk_usage(disk).free - left) > 0:
            rest.write(bytes(min(free, 1 << 16)))


def test_an_index_on_a_full_disk_is_read(disk: Path, embeddings: SentenceEmbeddings) -> None:
    fill(disk, 0)
    published = PublishedIndex(FolderStore(disk / "index"), embeddings.identity)
    with published.reading() as generation:
        assert generation.search_dense(embeddings.embed_query("energy"), 1)
    published.close()


def test_an_index_on_a_disk_that_is_nearly_full_is_read_where_it_is(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(disk, 200_000)
    monkeypatch.setattr("ingest.publishing.copy_chroma", no_space)
    store = FolderStore(disk / "index")
    store.open(store.published()).close()
    places = next((disk / "index").rglob("places.json"))
    places.unlink()
    with pytest.raises(IndexDamaged, match=r"places\.json is missing"):
        store.open(store.published())


def test_a_full_disk_is_told_and_no_index_is_called_damaged_for_it(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(disk, 0)
    monkeypatch.setattr("ingest.publishing.copy_chroma", no_space)
    store = FolderStore(disk / "index")
    with pytest.raises(IndexUnwritable, match=r"read-only or full.*No space left.*free some space"):
        store.open(store.published())


@contextmanager
def another_user() -> Iterator[None]:
    """Without the rights of root, who may read anything."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(own)


def test_an_index_that_may_not_be_read_is_not_called_damaged(
    essays: WriteEssays, tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    store = FolderStore(tmp_path / "index")
    name = sync(essays(one="The cat sleeps all day."), store, embeddings).generation
    store.folder.chmod(0)
    told = r"cannot be read .* change its permissions"
    with another_user():
        with pytest.raises(IndexUnwritable, match=told):
            store.published()
        with pytest.raises(IndexUnwritable, match=told):
            store.manifest(name)
    store.folder.chmod(0o755)


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
