"""What a sync costs: the first, one after a single essay changed, and one after nothing did.

    python -m evals.syncing essays [--counts 1000 10000]      real model, essays of about 60 words
    python -m evals.syncing publish [--counts 20000 100000]   made-up vectors, folder and server

`publish` leaves embedding out: it tells what it costs to publish one changed essay of four
passages beside so many others, in a folder and on a Chroma server that it starts itself.
Everything is written below a temporary folder (TMPDIR).
"""

import argparse
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from ingest.chroma import connect_server, disconnect
from ingest.embedding import SentenceEmbeddings
from ingest.errors import IndexUnreachable
from ingest.models import Vectors, normalised
from ingest.publishing import FolderStore
from ingest.server import ServerStore
from ingest.store import Store
from ingest.sync import SyncReport, sync

WORDS = """
    union state power people law liberty army tax court senate trade war peace right order nature
    reason interest faction office treaty commerce danger history nation
"""
T = TypeVar("T")
DIMENSIONS = 384
PASSAGES_AN_ESSAY = 4


def main() -> None:
    """Measure what is asked for, and print it."""
    parser = argparse.ArgumentParser(prog="python -m evals.syncing", description=__doc__)
    parser.add_argument("what", choices=["essays", "publish"])
    parser.add_argument("--counts", type=int, nargs="+")
    options = parser.parse_args()
    if options.what == "essays":
        for count in options.counts or [1_000, 10_000]:
            measure_essays(count)
    else:
        for count in options.counts or [20_000, 100_000]:
            measure_publishing(count)


def measure_essays(count: int) -> None:
    """The first sync, one changed essay, nothing changed; real model."""
    embeddings = SentenceEmbeddings()
    embeddings.load()
    with tempfile.TemporaryDirectory() as place:
        essays = Path(place) / "essays"
        write_essays(essays, count, sentences=5)
        store = FolderStore(Path(place) / "index")

        def run() -> tuple[float, SyncReport]:
            return timed(lambda: sync(essays, store, embeddings))

        first, report = run()
        print(f"{count} essays, {report.passages} passages")
        print(f"  first sync      {first:8.2f} s, {report.embedded} embedded")
        (essays / name_of(count // 2)).write_text("This one is about something else.")
        for what in ("one changed", "unchanged"):
            seconds, report = run()
            ratio = seconds / first
            print(f"  {what:<14}  {seconds:8.2f} s, {report.embedded} embedded, {ratio:.4f} of it")


def measure_publishing(count: int) -> None:
    """Publish one changed essay beside `count` passages, in a folder and on a server."""
    with tempfile.TemporaryDirectory() as place:
        essays = Path(place) / "essays"
        write_essays(essays, count // PASSAGES_AN_ESSAY, sentences=60)
        with server(Path(place) / "server") as url, closing(ServerStore(url, "bench")) as remote:
            folder = FolderStore(Path(place) / "index")
            for what, store in (("folder", folder), ("server", remote)):
                _measure_store(what, store, essays)


def _measure_store(what: str, store: Store, essays: Path) -> None:
    embeddings = MadeUpEmbeddings()
    first, report = timed(lambda: sync(essays, store, embeddings))
    print(f"{what}: {report.passages} passages written in {first:.1f} s")
    for turn in range(3):
        text = f"It was written in turn {turn}. " + "The union has power over the state. " * 60
        (essays / name_of(turn)).write_text(text)
        seconds, report = timed(lambda: sync(essays, store, embeddings))
        opening, generation = timed(lambda: store.open(store.published()))
        generation.close()
        print(
            f"  one changed essay published in {seconds:.2f} s, {seconds / first:.3f} of it; "
            f"a reader opens it in {opening:.2f} s"
        )


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of wall time, and what came of it."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def name_of(number: int) -> str:
    """The file name of an essay."""
    return f"essay{number:06d}.txt"


def write_essays(folder: Path, count: int, sentences: int) -> None:
    """Essays of random words, the same at each run."""
    folder.mkdir()
    words, choice = WORDS.split(), random.Random(1)
    for number in range(count):
        told = (" ".join(choice.choices(words, k=12)).capitalize() for _ in range(sentences))
        (folder / name_of(number)).write_text(". ".join(told) + f". This is essay {number}.")


class MadeUpEmbeddings(SentenceEmbeddings):
    """Random vectors of the usual size, and words for tokens: no model is loaded."""

    identity = "made-up"
    max_tokens = 254

    def load(self) -> None:
        """There is nothing to load."""

    def token_starts(self, text: str) -> list[int]:
        """Where words begin, near enough."""
        return [place for place, char in enumerate(text) if place == 0 or text[place - 1] == " "]

    def begin_documents(self, texts: Sequence[str]) -> Callable[[], Vectors]:
        """A vector of length one for each."""
        vectors = np.random.default_rng(len(texts)).normal(size=(len(texts), DIMENSIONS))
        return partial(normalised, vectors.astype(np.float32))


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a Chroma server, for as long as the block lasts."""
    with closing(socket.create_server(("localhost", 0))) as free:
        port = free.getsockname()[1]
    chroma = Path(sys.executable).with_name("chroma")
    command = [str(chroma), "run", "--path", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        url = f"http://localhost:{port}"
        _wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            disconnect(connect_server(url))
            return
        except IndexUnreachable:
            time.sleep(0.1)


if __name__ == "__main__":
    main()
