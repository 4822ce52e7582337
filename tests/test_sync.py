import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from langchain_core.documents import Document

from ingest.choice import EmbeddingChoice
from ingest.embedding import SentenceEmbeddings
from ingest.errors import (
    EssaysMissing,
    IndexBusy,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    IndexUnwritable,
    ModelUnavailable,
    TooManyRemovals,
)
from ingest.essays import LARGEST_FILE
from ingest.index import PAGE, Generation, folder_rows
from ingest.models import Vectors
from ingest.publishing import FolderStore, sizes_in
from ingest.records import KEEP, IndexedPassage, dump_manifest, edition, essay_of
from ingest.sync import PASSAGES_AT_ONCE, SyncReport, sync
from ingest.verifying import verify
from tests.conftest import WriteEssays
from tests.earlier import keep_texts_as_documents
from tests.letters import LetterEmbeddings

FEDERALIST = Path(__file__).parents[2] / "shared" / "essays" / "federalist"
ONE = "On Cats\n\nThe cat sleeps all day. It hunts at night."
TWO = "On Taxes\n\nTaxes are the price of order. Nobody likes to pay it."
THREE = "On Ships\n\nA ship is a small kingdom. Its captain is the king."


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "index")


def passages_of(store: FolderStore) -> list[tuple[str, str]]:
    with closing(store.open(store.published())) as generation:
        rows = [passage for page in generation.rows.all_passages() for passage in page]
        for passage in rows:
            text = generation.essay_text(passage.essay)
            assert text[passage.start : passage.end] == passage.text
        assert sorted(generation.keywords.ids) == sorted(row.id for row in rows)
        assert len(rows) == generation.manifest.passages
    return sorted((row.essay, row.text) for row in rows)


def test_the_report_tells_what_became_of_each_essay(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE, two=TWO, three=THREE)
    assert sync(folder, store, embeddings).added == ["one.txt", "three.txt", "two.txt"]
    essays(one=ONE + " It purrs.", four=ONE)
    (folder / "two.txt").unlink()
    report = sync(folder, store, embeddings)
    assert report.added == ["four.txt"]
    assert report.updated == ["one.txt"]
    assert report.unchanged == ["three.txt"]
    assert report.removed == ["two.txt"]
    assert {essay for essay, _ in passages_of(store)} == {"one.txt", "three.txt", "four.txt"}
    assert list(store.manifest(store.published()).essays) == ["four.txt", "one.txt", "three.txt"]


def test_an_unchanged_folder_publishes_and_embeds_nothing(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE)
    before = sync(folder, store, embeddings)
    after = sync(folder, store, SentenceEmbeddings())
    assert (after.unchanged, after.embedded) == (["one.txt"], 0)
    assert after.generation == before.generation == store.published()


def test_only_text_that_is_new_is_embedded(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    paragraph = "The cat sleeps all day and it hunts at night. " * 10
    folder = essays(one=paragraph, two=TWO)
    sync(folder, store, embeddings)
    (folder / "two.txt").rename(folder / "renamed.txt")
    assert sync(folder, store, embeddings).embedded == 0
    essays(one=f"{paragraph}\n\nA wholly new end of the essay.")
    assert sync(folder, store, embeddings).embedded == 1


def test_a_copy_of_an_essay_that_is_there_is_not_embedded_again(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    sync(essays(one=ONE), store, embeddings)
    report = sync(essays(copy=ONE), store, embeddings)
    assert (report.added, report.embedded) == (["copy.txt"], 0)


def test_a_text_that_repeats_is_embedded_once_and_indexed_at_each_place(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    report = sync(essays(one=ONE, copy=ONE), store, embeddings)
    assert (report.passages, report.embedded) == (2, 1)


def test_a_dry_run_tells_the_plan_and_writes_nothing(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    report = sync(essays(one=ONE), store, embeddings, dry_run=True)
    assert report.added == ["one.txt"]
    assert "Nothing was written" in str(report)
    assert not store.folder.exists()


def test_a_file_that_cannot_be_read_keeps_its_earlier_version(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE, two=TWO)
    sync(folder, store, embeddings)
    before = [row for row in passages_of(store) if row[0] == "one.txt"]
    essays(one=b"\0\1\2\3" * 50, two=TWO + " But all must.")
    report = sync(folder, store, embeddings)
    assert "not text" in report.failed["one.txt"]
    assert report.updated == ["two.txt"]
    assert [row for row in passages_of(store) if row[0] == "one.txt"] == before


def test_a_file_that_cannot_be_read_keeps_none_that_only_begins_with_its_name(
    essays: WriteEssays, store: FolderStore
) -> None:
    folder = essays(one=ONE, two=TWO, three=THREE)
    (folder / "one.txt.md").write_text(ONE)
    sync(folder, store, LetterEmbeddings())
    (essays(one="") / "one.txt.md").unlink()
    assert sync(folder, store, LetterEmbeddings()).removed == ["one.txt.md"]


def test_a_file_that_is_too_large_does_not_keep_the_others_out(
    essays: WriteEssays, store: FolderStore
) -> None:
    folder = essays(big=ONE)
    sync(folder, store, LetterEmbeddings())
    os.truncate(essays(two=TWO) / "big.txt", LARGEST_FILE + 1)
    report = sync(folder, store, LetterEmbeddings())
    assert report.failed == {"big.txt": "it is larger than 200 MB; split it into several files"}
    assert report.added == ["two.txt"]
    assert {essay for essay, _ in passages_of(store)} == {"big.txt", "two.txt"}


def test_a_folder_with_nothing_to_read_leaves_the_index_as_it_was(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE)
    name = sync(folder, store, embeddings).generation
    essays(one="")
    with pytest.raises(EssaysMissing, match=r"one\.txt: it is empty"):
        sync(folder, store, embeddings)
    (folder / "one.txt").unlink()
    with pytest.raises(EssaysMissing, match="no essays"):
        sync(folder, store, embeddings)
    assert store.published() == name


def test_a_sync_that_fails_midway_leaves_the_published_generation(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE)
    name = sync(folder, store, embeddings).generation
    before = passages_of(store)
    essays(two=TWO)

    def fail(source: str) -> None:
        raise RuntimeError(source)

    with pytest.raises(RuntimeError):
        sync(folder, store, embeddings, progress=lambda _plan: fail)
    assert not (store.folder / "building").exists(), "the half-built one is gone"
    assert store.published() == name
    assert passages_of(store) == before
    assert sync(folder, store, embeddings).added == ["two.txt"]
    assert len(list((store.folder / "generations").iterdir())) == 2


def test_older_generations_are_kept_but_not_for_ever(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    for number in range(KEEP + 2):
        sync(essays(one=f"{ONE} It was year {number}."), store, embeddings)
    names = sorted(path.name for path in (store.folder / "generations").iterdir())
    assert len(names) == KEEP
    assert names[-1] == store.published()


def test_another_model_makes_every_essay_anew_even_one_that_cannot_be_read(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    class Renamed(SentenceEmbeddings):
        identity = "another-model"

    folder = essays(one=ONE, two=TWO)
    sync(folder, store, embeddings)
    before = passages_of(store)
    essays(two="")
    report = sync(folder, store, Renamed())
    assert report.updated == ["one.txt"]
    assert report.embedded == 2
    assert passages_of(store) == before
    assert store.manifest(store.published()).model == "another-model"


def test_two_writers_do_not_meet(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE)
    store.folder.mkdir()
    with (
        FileLock(store.folder / "lock"),
        pytest.raises(IndexBusy, match=r"Another process.* is writing"),
    ):
        sync(folder, store, embeddings)
    report = sync(folder, store, embeddings)
    assert report.added == ["one.txt"]
    with store.writing(), pytest.raises(IndexBusy, match=rf"process \(number {os.getpid()}, since"):
        sync(essays(two=TWO), store, embeddings)
    (store.folder / "generations" / "writer.json").write_text("half")
    with FileLock(store.folder / "lock"), pytest.raises(IndexBusy, match="Another process is"):
        store.republish(report.generation)


def test_an_index_folder_that_cannot_be_made_is_named(
    essays: WriteEssays, tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexUnwritable, match="cannot be written"):
        sync(essays(one=ONE), FolderStore(tmp_path / "file" / "index"), embeddings)


def test_a_damaged_manifest_is_told_rather_than_read(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE)
    sync(folder, store, embeddings)
    (store.place(store.published()) / "manifest.json").write_text("{")
    with pytest.raises(IndexDamaged, match="cannot be opened"):
        sync(folder, store, embeddings)


def test_no_index_is_told_with_the_command_that_makes_one(store: FolderStore) -> None:
    with pytest.raises(IndexMissing, match="essay-bot ingest"):
        store.published()


def test_an_essay_without_a_single_word_can_be_indexed(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    sync(essays(one="... ??? !!!"), store, embeddings)
    with closing(store.open(store.published())) as generation:
        assert generation.keywords.search("anything", 5) == []
        assert len(generation.search_dense(embeddings.embed_query("anything"), 5)) == 1


def test_an_index_of_an_earlier_version_is_made_anew_from_its_own_vectors_and_texts(
    essays: WriteEssays, store: FolderStore
) -> None:
    folder = essays(one=ONE, two=TWO)
    name = sync(folder, store, LetterEmbeddings()).generation
    as_by_an_earlier_version(store, name)
    with pytest.raises(IndexMismatch, match="another version"):
        store.manifest(name).check(LetterEmbeddings.identity, "there")
    (folder / "two.txt").write_bytes(b"\0\1\2\3" * 50)
    report = sync(folder, store, LetterEmbeddings())
    assert (report.updated, list(report.failed), report.embedded) == (["one.txt"], ["two.txt"], 0)
    assert {essay for essay, _ in passages_of(store)} == {"one.txt", "two.txt"}


def as_by_an_earlier_version(store: FolderStore, name: str) -> None:
    """Texts as Chroma's documents, no places beside the keywords, other rules for passages."""
    place = store.place(name)
    with folder_rows(place / "chroma") as rows:
        keep_texts_as_documents(rows)
    (place / "keywords" / "places.json").unlink()
    told = json.loads((place / "manifest.json").read_text())
    told["passage_rules"] = "4"
    told["files"] = sizes_in(place)
    told["files"].pop("manifest.json")
    (place / "manifest.json").write_text(json.dumps(told))


@pytest.mark.parametrize("last", [5, PAGE])
def test_passages_and_vectors_of_an_essay_come_in_pages(store: FolderStore, last: int) -> None:
    count = PAGE + last  # SQLite cannot be asked for more than 32,766 at once
    passages = [
        IndexedPassage("a.txt", "a.txt#f", "A", n, n + 1, "x", f"{n}") for n in range(count)
    ]
    vectors = list(np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32))
    with store.writing() as draft:
        draft.keep(set())
        draft.rows.add_passages(passages, vectors)
        pages = list(draft.rows.passages_of(["a.txt#f"]))
        assert [len(page) for page in pages] == [PAGE, last]
        assert [len(page) for page in draft.rows.all_passages()] == [PAGE, last]
        assert {each.start for page in pages for each in page} == set(range(count))
        rows = {passage.start: vector for passage, vector in draft.rows.rows_of(["a.txt#f"])}
        assert all(np.allclose(rows[n], vectors[n]) for n in range(count))


def test_the_vectors_of_more_texts_are_found_than_sqlite_can_be_asked_for_at_once(
    store: FolderStore,
) -> None:
    passages = [IndexedPassage("a.txt", "a.txt#f", "A", n, n + 1, "x", f"{n}") for n in range(3)]
    vectors = list(np.eye(3, 4, dtype=np.float32))
    with store.writing() as draft:
        draft.keep(set())
        draft.rows.add_passages(passages, vectors)
        found = draft.rows.vectors_of([f"{n}" for n in range(1, 34_000)])
        assert draft.rows.vectors_of([]) == {}
    assert found.keys() == {"1", "2"}
    assert all(np.allclose(vector, vectors[int(digest)]) for digest, vector in found.items())


def test_the_report_reads_as_a_sentence() -> None:
    report = SyncReport(added=["a.txt"], passages=3, embedded=3)
    assert str(report).startswith("1 added, 0 updated, 0 unchanged, 0 removed, 0 failed; ")
    assert "Would be" in str(replace(report, dry_run=True))


def test_a_sync_that_would_remove_most_essays_stops_unless_allowed(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE, two=TWO, three=THREE)
    name = sync(folder, store, embeddings).generation
    (folder / "one.txt").unlink()
    (folder / "two.txt").unlink()
    with pytest.raises(TooManyRemovals, match=r"remove 2 of 3 essays.*--allow-removals"):
        sync(folder, store, embeddings)
    assert store.published() == name
    planned = sync(folder, store, embeddings, dry_run=True)
    assert planned.removed == ["one.txt", "two.txt"]
    assert str(planned).startswith("Would be refused without --allow-removals: 0 added")
    allowed = sync(folder, store, embeddings, dry_run=True, allow_removals=True)
    assert str(allowed).startswith("Would be: 0 added")
    assert sync(folder, store, embeddings, allow_removals=True).removed == ["one.txt", "two.txt"]


def test_half_of_the_essays_may_go(essays: WriteEssays, store: FolderStore) -> None:
    folder = essays(one=ONE, two=TWO)
    sync(folder, store, LetterEmbeddings())
    (essays(one=THREE) / "two.txt").unlink()
    report = sync(folder, store, LetterEmbeddings())
    assert (report.updated, report.removed) == (["one.txt"], ["two.txt"])


def test_the_model_is_loaded_before_anything_is_written_and_only_where_it_is_needed(
    essays: WriteEssays, store: FolderStore
) -> None:
    class Absent(LetterEmbeddings):
        def load(self) -> None:
            raise ModelUnavailable("It is nowhere.")

    folder = essays(one=ONE, two=TWO)
    with pytest.raises(ModelUnavailable):
        sync(folder, store, Absent())
    assert not store.folder.exists()
    sync(folder, store, LetterEmbeddings())
    (folder / "two.txt").unlink()
    assert sync(folder, store, Absent()).removed == ["two.txt"]


def test_what_another_published_since_the_plan_was_made_is_kept(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    class Late(EmbeddingChoice):
        def open(self) -> SentenceEmbeddings:
            sync(essays(two=TWO), store, embeddings)
            return embeddings

    report = sync(essays(one=ONE), store, Late("", "auto"))
    assert report.unchanged == ["one.txt", "two.txt"]
    assert set(store.manifest(store.published()).essays) == {"one.txt", "two.txt"}
    assert store.generations() == [report.generation], "there was nothing left to do"


def test_what_another_published_since_the_plan_was_made_is_not_removed_unasked(
    essays: WriteEssays, store: FolderStore, tmp_path: Path
) -> None:
    class Late(LetterEmbeddings):
        def load(self) -> None:
            sync(others, store, LetterEmbeddings())

    others = tmp_path / "others"
    others.mkdir()
    for name, text in (("two.txt", TWO), ("three.txt", THREE)):
        (others / name).write_text(text)
    with pytest.raises(TooManyRemovals, match="remove 2 of 2 essays"):
        sync(essays(one=ONE), store, Late())
    assert set(store.manifest(store.published()).essays) == {"two.txt", "three.txt"}


def test_renaming_every_essay_removes_nothing(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE, two=TWO)
    sync(folder, store, embeddings)
    for path in list(folder.iterdir()):
        path.rename(folder / f"new-{path.name}")
    report = sync(folder, store, embeddings)
    assert report.added == ["new-one.txt", "new-two.txt"]
    assert report.embedded == 0


def test_after_many_syncs_the_index_is_still_whole_and_no_larger_than_its_essays(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    many = {
        f"essay{number}": f"Essay {number} is about the number {number}." for number in range(8)
    }
    for turn in range(8):
        folder = essays(**many, changing=f"This was written in turn {turn}.")
        sync(folder, store, embeddings)
        with closing(store.open(store.published())) as generation:
            assert verify(generation) == []
            assert generation.rows.count() == 9
            assert f"turn {turn}." in generation.essay_text("changing.txt")
            assert generation.manifest.deleted == turn % 3, "written afresh at a quarter of 9"


def test_going_back_to_an_earlier_generation_gives_its_essays(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    first = sync(essays(one=ONE), store, embeddings).generation
    second = sync(essays(two=TWO), store, embeddings).generation
    store.republish(first)
    assert [essay for essay, _ in passages_of(store)] == ["one.txt"]
    assert store.generations() == [first, second]
    store.republish(second)
    assert store.generations() == [second, first]
    store.republish(first)
    assert sync(essays(), store, embeddings).added == ["two.txt"]
    with pytest.raises(IndexMissing, match="no generation"):
        store.republish("000099-abcdef")


@pytest.mark.parametrize(
    "lost", ["chroma/chroma.sqlite3", "chroma/*/data_level0.bin", "keywords/ids.json"]
)
def test_a_generation_that_lost_a_file_is_neither_read_nor_built_upon(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings, lost: str
) -> None:
    before = sync(essays(three=THREE), store, embeddings).generation
    sync(essays(one=ONE), store, embeddings)
    for path in store.place(store.published()).glob(lost):
        path.unlink()
    name = store.published()
    with pytest.raises(IndexDamaged, match="rollback"):
        store.open(name)
    with pytest.raises(IndexDamaged):
        sync(essays(two=TWO), store, embeddings)
    assert not list(store.place(name).glob(lost)), "no empty one was put in its place"
    assert not (store.folder / "building").exists()
    assert store.published() == name
    store.republish(before)
    with pytest.raises(IndexDamaged):
        store.republish(name)
    assert store.published() == before


def test_a_generation_with_half_a_file_or_not_all_rows_is_not_read(
    essays: WriteEssays, store: FolderStore
) -> None:
    name = sync(essays(one=ONE, two=TWO), store, LetterEmbeddings()).generation
    place, manifest = store.place(name), store.manifest(name)
    with folder_rows(place / "chroma") as rows:
        rows.delete([edition("one.txt", manifest.essays["one.txt"].fingerprint)])
    (place / "manifest.json").write_bytes(dump_manifest(replace(manifest, files={})))
    with pytest.raises(IndexDamaged, match="1 passages where 2 should be"):
        store.open(name)
    name = sync(
        essays(three=THREE), FolderStore(store.folder / "other"), LetterEmbeddings()
    ).generation
    vectors = next((store.folder / "other" / "generations" / name).rglob("data_level0.bin"))
    os.truncate(vectors, vectors.stat().st_size // 2)
    with pytest.raises(IndexDamaged, match=r"data_level0\.bin is missing or damaged"):
        FolderStore(store.folder / "other").open(name)


def test_a_database_that_chroma_wrote_notes_into_is_still_whole(
    essays: WriteEssays, store: FolderStore
) -> None:
    name = sync(essays(one=ONE), store, LetterEmbeddings()).generation
    file = store.place(name) / "chroma" / "chroma.sqlite3"
    before = file.stat().st_size
    with closing(sqlite3.connect(file)) as database:
        database.execute("create table notes as select zeroblob(100000)")
        database.commit()
    assert file.stat().st_size > before
    store.open(name).close()


def test_what_a_writer_left_is_removed_before_anything_is_written_but_not_without_a_pointer(
    essays: WriteEssays, store: FolderStore
) -> None:
    name = sync(essays(one=ONE), store, LetterEmbeddings()).generation
    left = store.place("000002-abcdef")
    left.mkdir()
    with store.writing():
        assert not left.exists()
    (store.folder / "CURRENT").unlink()
    with store.writing():
        assert store.place(name).exists()


def test_what_a_killed_writer_left_is_no_generation_and_is_removed(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    first = sync(essays(one=ONE), store, embeddings).generation
    second = sync(essays(two=TWO), store, embeddings).generation
    for number in range(3, 7):  # killed between the last rename and the change of CURRENT
        shutil.copytree(store.place(second), store.place(f"{number:06d}-abcdef"))
        (store.folder / "CURRENT.new").write_text("half")
    assert store.generations() == [second, first]
    third = sync(essays(three=THREE), store, embeddings).generation
    assert store.generations() == [third, second, first]
    assert {path.name for path in (store.folder / "generations").iterdir()} == {
        first,
        second,
        third,
    }
    assert not (store.folder / "CURRENT.new").exists()


def test_the_disk_holds_a_generation_before_it_is_pointed_to_and_then_the_pointer(
    essays: WriteEssays, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sync(essays(one=ONE), store, LetterEmbeddings()).generation
    held: list[tuple[Path, str]] = []  # what is flushed, and the published generation just then

    def note(handle: int, flush: Callable[[int], None] = os.fsync) -> None:
        held.append((Path(f"/proc/self/fd/{handle}").readlink(), store.published()))
        flush(handle)

    monkeypatch.setattr("os.fsync", note)
    second = sync(essays(two=TWO), store, LetterEmbeddings()).generation
    assert (store.folder / "building" / second / "manifest.json", first) in held
    assert held[-3:] == [
        (store.folder / "CURRENT.new", first),
        (store.folder / "generations", first),
        (store.folder, second),
    ]


def test_an_index_among_the_essays_removes_only_what_it_wrote_itself(
    essays: WriteEssays,
) -> None:
    folder = essays(one=ONE)
    own = ["building/b.txt", "building/plans/c.txt", "generations/1950/old.txt"]
    for name in own:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(THREE)
    killed = folder / "building" / "000001-abcdef" / "chroma"
    killed.mkdir(parents=True)
    store = FolderStore(folder)
    for turn in range(KEEP + 1):
        sync(essays(two=f"{TWO} {turn}."), store, LetterEmbeddings())
    assert {essay for essay, _ in passages_of(store)} == {"one.txt", "two.txt", *own}
    assert {path.name for path in (folder / "building").iterdir()} == {"b.txt", "plans"}
    assert {path.name for path in (folder / "generations").iterdir()} == {
        "1950",
        *store.generations(),
    }


def test_a_file_of_another_in_the_index_folder_stays_as_it_was(
    essays: WriteEssays, store: FolderStore
) -> None:
    folder = essays(one=ONE)
    store.folder.mkdir()
    for name in ("writer.json", "lock"):
        (store.folder / name).write_text("mine")
    sync(folder, store, LetterEmbeddings())
    assert {(store.folder / name).read_text() for name in ("writer.json", "lock")} == {"mine"}


@pytest.mark.parametrize("content", [b"", b"mine", b"000001-abcdef and more", b"\xff\xfe"])
def test_a_file_current_that_names_no_generations_is_told_and_stays(
    essays: WriteEssays, store: FolderStore, content: bytes
) -> None:
    folder = essays(one=ONE)
    store.folder.mkdir()
    (store.folder / "CURRENT").write_bytes(content)
    with pytest.raises(IndexDamaged, match="--index"):
        sync(folder, store, LetterEmbeddings())
    assert [path.name for path in store.folder.iterdir()] == ["CURRENT"]
    assert (store.folder / "CURRENT").read_bytes() == content


def test_among_more_essays_than_a_query_can_name_only_those_sought_are_found(
    essays: WriteEssays, store: FolderStore
) -> None:
    embeddings = LetterEmbeddings()
    name = sync(essays(one=ONE, two=TWO), store, embeddings).generation
    with closing(store.open(name)) as opened:
        held = opened.manifest.essays
        many = held | {f"{number}.txt": held["one.txt"] for number in range(40_000)}
        manifest = replace(opened.manifest, essays=many)
        generation = Generation(name, manifest, opened.rows, opened.keywords, lambda: None)
        found = generation.within(many.keys() - {"one.txt"}).search_dense(
            embeddings.embed_query(ONE), 2
        )
        assert {essay_of(id) for id, _ in found} == {"two.txt"}


def test_a_generation_just_rolled_back_to_stays_within_reach(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    names = [sync(essays(one=f"{ONE} {turn}."), store, embeddings).generation for turn in range(3)]
    store.republish(names[0])
    newest = sync(essays(two=TWO), store, embeddings).generation
    assert store.generations() == [newest, names[0], names[2]]


def test_an_essay_changed_within_the_index_is_not_quoted(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    sync(essays(one=ONE), store, embeddings)
    with closing(store.open(store.published())) as generation:
        essay = generation.essay("one.txt")
        generation.rows.add_essays([Document(ONE.replace("cat", "dog"), metadata=essay.metadata)])
        with pytest.raises(IndexDamaged, match=r"one\.txt is not what was read"):
            generation.essay_text("one.txt")
        assert any("not what was read" in problem for problem in verify(generation))


def test_an_essay_spoiled_while_the_others_are_embedded_keeps_its_earlier_version(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE, two=TWO)
    sync(folder, store, embeddings)
    essays(one=ONE + " It purrs.", two=TWO + " But all must.", three=THREE)

    def spoil(source: str) -> None:
        for name in ("two.txt", "three.txt"):
            (folder / name).unlink(missing_ok=True)

    report = sync(folder, store, embeddings, progress=lambda _plan: spoil)
    assert (report.added, report.updated) == ([], ["one.txt"])
    assert set(report.failed) == {"three.txt", "two.txt"}
    assert {essay for essay, _ in passages_of(store)} == {"one.txt", "two.txt"}


def test_an_essay_whose_link_leads_nowhere_is_kept(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings, tmp_path: Path
) -> None:
    folder = essays(one=ONE, two=TWO)
    (tmp_path / "elsewhere.txt").write_text(THREE)
    (folder / "linked.txt").symlink_to(tmp_path / "elsewhere.txt")
    assert "linked.txt" in sync(folder, store, embeddings).added
    (tmp_path / "elsewhere.txt").unlink()
    report = sync(folder, store, embeddings)
    assert report.removed == []
    assert "linked.txt" in report.failed


def test_essays_in_a_folder_that_leads_nowhere_are_kept(
    essays: WriteEssays, store: FolderStore, embeddings: SentenceEmbeddings
) -> None:
    folder = essays(one=ONE, two=TWO, three=THREE)
    (folder / "sub").mkdir()
    (folder / "sub" / "four.txt").write_text(ONE + " It purrs.")
    sync(folder, store, embeddings)
    shutil.rmtree(folder / "sub")
    (folder / "sub").symlink_to("/nowhere/unmounted")
    essays(two=TWO + " But all must.")
    report = sync(folder, store, embeddings)
    assert set(report.failed) == {"sub/", "sub/four.txt"}
    assert report.removed == []
    assert "sub/four.txt" in store.manifest(store.published()).essays


@pytest.mark.skipif(not FEDERALIST.is_dir(), reason="the Federalist papers are not at hand")
def test_the_federalist_renamed_changed_deleted_and_broken_are_each_named_rightly(
    tmp_path: Path, store: FolderStore
) -> None:
    folder = tmp_path / "essays"
    shutil.copytree(FEDERALIST, folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    first = sync(folder, store, LetterEmbeddings())
    assert len(first.added) == 85
    (folder / "federalist_01.txt").rename(folder / "general_introduction.txt")
    with (folder / "federalist_10.txt").open("a") as file:
        file.write("\n\nA postscript that Madison never wrote.")
    (folder / "federalist_20.txt").unlink()
    (folder / "federalist_30.txt").write_bytes(b"\0\1\2\3" * 50)
    report = sync(folder, store, LetterEmbeddings())
    assert report.added == ["general_introduction.txt"]
    assert report.updated == ["federalist_10.txt"]
    assert report.removed == ["federalist_01.txt", "federalist_20.txt"]
    assert report.failed == {"federalist_30.txt": "it is not text, whatever its name says"}
    assert len(report.unchanged) == 81
    assert report.embedded == 1
    assert "federalist_30.txt" in store.manifest(store.published()).essays


def test_each_passage_of_many_has_its_own_vector_and_no_text_is_embedded_twice(
    essays: WriteEssays, store: FolderStore
) -> None:
    class Sparing(LetterEmbeddings):
        def begin_documents(self, texts: Sequence[str]) -> Callable[[], Vectors]:
            assert len(texts) <= PASSAGES_AT_ONCE
            return super().begin_documents(texts)

    count = PASSAGES_AT_ONCE + 200
    texts = {
        f"e{number:04d}": f"The {'abcdefgh'[number % 8] * (number % 137)} is."
        for number in range(count)
    }
    embeddings = Sparing()
    report = sync(essays(**texts), store, embeddings)
    assert report.embedded == len(set(texts.values()))
    with closing(store.open(store.published())) as generation:
        rows = [row for page in generation.rows.all_rows() for row in page]
    assert len(rows) == count
    for passage, vector in rows:
        assert passage.text == texts[passage.essay.removesuffix(".txt")]
        assert vector == pytest.approx(embeddings.embed_query(passage.text), abs=1e-6)
