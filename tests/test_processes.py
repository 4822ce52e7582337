"""Real processes: a writer killed at any moment, and a reader that never rests."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from evals.syncing import server as run_server
from ingest.chroma import _sessions
from ingest.errors import IndexBusy, IndexDamaged, IndexMissing, IndexUnreachable, IndexUnwritable
from ingest.publishing import FolderStore
from ingest.records import KEEP
from ingest.server import STALE, ServerStore
from ingest.store import Store, open_store
from ingest.sync import sync
from ingest.verifying import verify
from tests.earlier import keep_texts_as_documents
from tests.letters import LetterEmbeddings

ROOT = Path(__file__).parent.parent
KILLS = 20
SEED = 7  # of the moments at which writers are killed


def start(*arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.processes", *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def write_essays(folder: Path, turn: int) -> None:
    """Sixty essays, half of which change at every turn."""
    folder.mkdir(exist_ok=True)
    for number in range(60):
        when = turn if number % 2 else 0
        text = f"Essay number {number} was written in turn {when}.\n\nIt is about {'zq' * number}. "
        (folder / f"essay{number:02d}.txt").write_text(text * 5)


def state(store: Store) -> list[tuple[str, float]]:
    """What a question finds, after everything was looked at."""
    with closing(store.open(store.published())) as generation:
        assert verify(generation) == []
        return generation.search_dense(LetterEmbeddings().embed_query("zqzqzq was written"), 10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Chroma server."""
    with run_server(tmp_path_factory.mktemp("server")) as url:
        yield url


Connect = Callable[..., ServerStore]


@pytest.fixture
def connect(server: str, tmp_path: Path) -> Iterator[Connect]:
    """Opens an index on the server, of this test's own; closes all in the end."""
    with ExitStack() as opened:
        yield lambda name="index": opened.enter_context(
            closing(ServerStore(server, f"{tmp_path.name}-{name}"))
        )


@pytest.fixture(params=["folder", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "index")
    connect: Connect = request.getfixturevalue("connect")
    return connect()


def arguments_of(store: Store) -> list[str]:
    if isinstance(store, ServerStore):
        return [store.prefix[:-1], store.url]
    assert isinstance(store, FolderStore)
    return [str(store.folder)]


def test_a_writer_killed_at_any_moment_harms_nothing_and_the_next_one_completes(
    tmp_path: Path,
) -> None:
    essays, store = tmp_path / "essays", FolderStore(tmp_path / "index")
    moments = random.Random(SEED)
    write_essays(essays, 0)
    begin = time.monotonic()
    sync(essays, store, LetterEmbeddings())
    longest = (time.monotonic() - begin) * 2
    killed = 0
    for turn in range(1, KILLS + 1):
        before, found = store.published(), state(store)
        write_essays(essays, turn)
        writer = start("write", essays, store.folder)
        assert writer.stdout
        assert writer.stdout.readline() == "go\n"
        time.sleep(moments.uniform(0, longest))
        writer.send_signal(signal.SIGKILL)
        if writer.wait() == -signal.SIGKILL:
            killed += 1
        else:
            longest *= 0.8  # the first sync was slow, on a busy machine say
        writer.communicate()
        if store.published() == before:
            assert state(store) == found
        state(store)
        sync(essays, store, LetterEmbeddings())
        assert len(state(store)) == 10
        assert store.manifest(store.published()).essays.keys() == {
            path.name for path in essays.iterdir()
        }
        assert len(store.generations()) <= KEEP
        assert {path.name for path in store.folder.iterdir()} == {"CURRENT", "generations", "lock"}
    assert killed > KILLS / 2


def test_a_reader_that_never_rests_sees_every_new_essay_at_once_and_no_error(
    store: Store, tmp_path: Path
) -> None:
    essays = tmp_path / "essays"
    write_essays(essays, 0)
    sync(essays, store, LetterEmbeddings())
    reader = start("read", *arguments_of(store))
    assert reader.stdin
    assert reader.stdout
    for turn in range(1, 11):
        write_essays(essays, turn)
        word = "xyzw"[turn % 4] * 40 + "k" * turn
        (essays / f"new{turn}.txt").write_text(f"This one is about {word}.")
        sync(essays, store, LetterEmbeddings())
        reader.stdin.write(f"{word}\n")
        reader.stdin.flush()
        assert f"new{turn}.txt" in json.loads(reader.stdout.readline())
    out, err = reader.communicate()
    told = json.loads(out)
    assert told["errors"] == []
    assert told["asked"] > 10
    assert err == ""


def test_two_readers_and_a_rollback_agree_on_what_is_published(
    store: Store, tmp_path: Path
) -> None:
    essays = tmp_path / "essays"
    write_essays(essays, 0)
    first = sync(essays, store, LetterEmbeddings()).generation
    found = state(store)
    write_essays(essays, 1)
    second = sync(essays, store, LetterEmbeddings()).generation
    name, *url = arguments_of(store)
    other = open_store(Path(name), *url)
    assert other.published() == second
    assert state(other) == state(store) != found
    other.republish(first)
    assert store.published() == first
    assert state(store) == found
    if isinstance(other, ServerStore):
        other.close()


class TestServer:
    def test_only_changed_essays_are_sent_and_old_ones_are_forgotten(
        self, connect: Connect, tmp_path: Path
    ) -> None:
        store, essays = connect(), tmp_path / "essays"
        for turn in range(KEEP + 3):
            write_essays(essays, turn)
            report = sync(essays, store, LetterEmbeddings())
            assert len(report.updated) == (30 if turn else 0)
            assert report.embedded == (60 if turn else 120)
        with closing(store.open(store.published())) as generation:
            kept = 60 + 30 * (KEEP - 1)
            assert len(generation.rows.editions()) == kept, "the editions of KEEP generations"
        assert len(store.generations()) == KEEP

    def test_no_index_yet_and_no_server_are_told_apart(self, connect: Connect) -> None:
        with pytest.raises(IndexMissing, match="no index"):
            connect().published()
        with pytest.raises(IndexUnreachable, match="CHROMA_URL"):
            ServerStore("http://localhost:9", "index").published()
        for url in ("localhost:8000", "http://[::1:8917", "http://localhost:8000/chroma"):
            with pytest.raises(IndexUnreachable, match="no address"):
                ServerStore(url, "index").published()
        with pytest.raises(IndexUnreachable, match="answer") as told:
            ServerStore("http://me:secret@localhost:9", "index").published()
        assert "secret" not in str(told.value)

    def test_a_damaged_generation_is_told_with_what_can_be_done_on_a_server(
        self, connect: Connect, tmp_path: Path
    ) -> None:
        store, essays = connect(), tmp_path / "essays"
        write_essays(essays, 0)
        name = sync(essays, store, LetterEmbeddings()).generation
        store._records().update(ids=[name], metadatas=[{"manifest": "{"}])
        with pytest.raises(IndexDamaged, match=f"{name} of .* on http.* INDEX_DIR") as told:
            store.manifest(store.published())
        assert "move" not in str(told.value)

    def test_what_a_proxy_answers_while_the_server_is_away_is_told_as_that(
        self, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = connect()
        proxy = httpx.MockTransport(lambda _: httpx.Response(502, text="<html>"))
        for session in _sessions(store.client):
            monkeypatch.setattr(session, "_transport", proxy)
        with pytest.raises(IndexUnreachable, match="502 Bad Gateway"):
            store.published()

    def test_of_an_index_that_a_server_cannot_read_it_is_told_how_to_go_on(
        self, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = connect()
        fault = {"error": "InternalError", "message": "Error deserializing pickle file"}
        damaged = httpx.MockTransport(lambda _: httpx.Response(500, json=fault))
        for session in _sessions(store.client):
            monkeypatch.setattr(session, "_transport", damaged)
        with pytest.raises(IndexUnwritable, match=r"pickle file.*another index with INDEX_DIR"):
            store.published()

    def test_looking_and_a_dry_run_write_nothing(self, connect: Connect, tmp_path: Path) -> None:
        store, essays = connect("fresh"), tmp_path / "essays"
        write_essays(essays, 0)
        sync(essays, store, LetterEmbeddings(), dry_run=True)
        assert store.generations() == []
        names = [collection.name for collection in store.client.list_collections()]
        assert not any(name.startswith(store.prefix) for name in names)

    def test_a_second_writer_is_told_who_is_at_work_and_a_dead_one_is_replaced(
        self, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store, essays = connect(), tmp_path / "essays"
        write_essays(essays, 0)
        with store.writing(), pytest.raises(IndexBusy, match=f":{os.getpid()}, since"):
            sync(essays, connect(), LetterEmbeddings())
        monkeypatch.setattr("ingest.server.WATCH", 0.1)
        store.client.create_collection(
            f"{store.prefix}writer", metadata={"token": "dead", "beat": time.time() - 2 * STALE}
        )
        assert len(sync(essays, store, LetterEmbeddings()).added) == 60

    def test_rows_that_a_killed_writer_left_are_passed_over_and_then_removed(
        self, connect: Connect, tmp_path: Path
    ) -> None:
        store, essays = connect(), tmp_path / "essays"
        write_essays(essays, 0)
        sync(essays, store, LetterEmbeddings())
        found = state(store)
        with closing(store.open(store.published())) as generation:
            texts = list(generation.rows.essays(generation.manifest.editions()))
            half = texts[0].model_copy(
                update={"metadata": {**texts[0].metadata, "fingerprint": "x"}}
            )
            generation.rows.add_essays([half])
            assert state(store) == found
            write_essays(essays, 1)
            sync(essays, store, LetterEmbeddings())
            assert not any(name.endswith("#x") for name in generation.rows.editions())

    def test_what_was_never_published_is_no_generation_and_what_was_stays_within_reach(
        self, connect: Connect, tmp_path: Path
    ) -> None:
        store, essays = connect(), tmp_path / "essays"
        for turn in range(KEEP):
            write_essays(essays, turn)
            sync(essays, store, LetterEmbeddings())
        newest, _, first = store.generations()
        store.republish(first)
        found = state(store)
        store.record("000099-abcdef", store.manifest(first))  # by a writer killed just then
        assert store.generations() == [first, newest, store.generations()[2]]
        write_essays(essays, KEEP)
        name = sync(essays, store, LetterEmbeddings()).generation
        assert store.generations() == [name, first, newest]
        store.republish(first)
        assert state(store) == found

    def test_a_writer_taken_for_dead_publishes_nothing(
        self, connect: Connect, tmp_path: Path
    ) -> None:
        store, essays = connect(), tmp_path / "essays"
        write_essays(essays, 0)
        name = sync(essays, store, LetterEmbeddings()).generation
        write_essays(essays, 1)

        def usurp(source: str) -> None:
            lock = store.client.get_collection(f"{store.prefix}writer", embedding_function=None)
            lock.modify(metadata={"token": "another", "beat": time.time()})

        with pytest.raises(IndexBusy, match="took over"):
            sync(essays, store, LetterEmbeddings(), progress=lambda _plan: usurp)
        assert store.published() == name
        holder = store.client.get_collection(f"{store.prefix}writer", embedding_function=None)
        assert (holder.metadata or {})["token"] == "another", "its lock is left to it"

    def test_an_index_of_an_earlier_version_is_made_anew_from_its_own_vectors_and_texts(
        self, connect: Connect, tmp_path: Path
    ) -> None:
        store, essays = connect(), tmp_path / "essays"
        write_essays(essays, 0)
        first = sync(essays, store, LetterEmbeddings()).generation
        with closing(store.open(first)) as generation:
            keep_texts_as_documents(generation.rows)
        store.record(first, replace(store.manifest(first), passage_rules="4"))
        (essays / "essay07.txt").write_bytes(b"\0\1\2\3" * 50)
        report = sync(essays, store, LetterEmbeddings())
        assert (len(report.updated), list(report.failed)) == (59, ["essay07.txt"])
        assert report.embedded == 0
        assert len(state(store)) == 10
        assert len(store.manifest(report.generation).essays) == 60
        store.republish(first)
        with closing(store.open(first)) as generation:
            assert generation.essay_text("essay07.txt").startswith("Essay number 7")

    def test_indexes_on_one_server_do_not_meet(self, connect: Connect, tmp_path: Path) -> None:
        one, two = connect("one"), connect("one-essays")
        three, four = connect("日本"), connect("中国")
        assert len({store.prefix for store in (one, two, three, four)}) == 4
        for store, words in ((one, "The cat sleeps."), (two, "The dog does not.")):
            folder = tmp_path / words[4:7]
            folder.mkdir()
            (folder / "essay.txt").write_text(words)
            sync(folder, store, LetterEmbeddings())
        for store, words in ((one, "The cat sleeps."), (two, "The dog does not.")):
            with closing(store.open(store.published())) as generation:
                assert generation.essay_text("essay.txt") == words
                assert generation.rows.count() == 1
