"""What a benchmark works with: an index of its texts, ways to search it, a bar while it runs."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from bot.answering import Answerer
from bot.terminal import sync_progress
from evals.errors import BenchmarkMissing, TextsUnkept
from ingest.embedding import SentenceEmbeddings
from ingest.index import Generation
from ingest.reading import PublishedIndex
from ingest.records import IndexedPassage
from ingest.store import open_store
from ingest.sync import sync

Search = Callable[[str, int], list[IndexedPassage]]  # question and limit -> best first
OURS, DENSE, KEYWORDS = "this program", "dense alone", "keywords alone"
T = TypeVar("T")


@dataclass(frozen=True)
class Workbench:
    """The embedding model, the folder for a benchmark's indexes, and where progress is shown."""

    embeddings: SentenceEmbeddings
    index: Path
    console: Console

    def track(self, items: Sequence[T], what: str) -> Iterable[T]:
        """The items, with a bar that tells how far their reader has come."""
        quiet = not self.console.is_terminal
        return track(items, what, console=self.console, transient=True, disable=quiet)

    @contextmanager
    def texts_indexed(
        self, texts: Mapping[str, str], part: str = "", *, with_offsets: bool = True
    ) -> Iterator[Answerer]:
        """An Answerer over texts by essay name.

        The index is kept (`part` tells it from others of this benchmark), so that a text that is
        unchanged at the next run is not embedded again. Where places in the texts are known by
        their offsets, BenchmarkMissing is raised if reading an essay changes its text.
        """
        with _written(texts) as folder, self.folder_indexed(folder, part) as answerer:
            if with_offsets:
                with answerer.index.reading() as generation:
                    _check_texts(generation, texts)
            yield answerer

    @contextmanager
    def folder_indexed(self, essays: Path, part: str = "") -> Iterator[Answerer]:
        """An Answerer over a folder of essays, brought up to date as `essay-bot ingest` does."""
        store = open_store(self.index / part)
        with sync_progress(self.console) as progress:
            sync(essays, store, self.embeddings, allow_removals=True, progress=progress)
        index = PublishedIndex(store, self.embeddings.identity)
        try:
            yield Answerer(index, self.embeddings)
        finally:
            index.close()


@contextmanager
def _written(texts: Mapping[str, str]) -> Iterator[Path]:
    """A folder with a file for each text, for as long as the block lasts."""
    with ExitStack() as kept:
        try:
            place = Path(kept.enter_context(tempfile.TemporaryDirectory()))
            for name, text in texts.items():
                (place / name).write_text(text, "utf-8", newline="\n")
        except OSError as error:
            raise TextsUnkept(
                f"The texts cannot be written to a temporary folder ({error.strerror}); free some "
                "space, or set TMPDIR to another folder."
            ) from error
        yield place


def _check_texts(generation: Generation, texts: Mapping[str, str]) -> None:
    changed = [name for name, text in texts.items() if generation.essay_text(name) != text]
    if changed:
        raise BenchmarkMissing(
            f"Offsets into {', '.join(changed)} would be wrong, since reading changes the text; "
            "see that the files are as they were published."
        )


def ways_to_search(answerer: Answerer) -> dict[str, Search]:
    """The product's search, and each of the two it is made of alone, as something to compare."""
    return {
        OURS: lambda question, limit: [each.passage for each in answerer.search(question, limit)],
        DENSE: lambda question, limit: _search_dense(answerer, question, limit),
        KEYWORDS: lambda question, limit: _search_keywords(answerer, question, limit),
    }


def _search_dense(answerer: Answerer, question: str, limit: int) -> list[IndexedPassage]:
    with answerer.index.reading() as generation:
        found = generation.search_dense(answerer.embeddings.embed_query(question), limit)
        return generation.passages_by_id([id for id, _ in found])


def _search_keywords(answerer: Answerer, question: str, limit: int) -> list[IndexedPassage]:
    with answerer.index.reading() as generation:
        found = generation.keywords.search(question, limit)
        return generation.passages_by_id([id for id, _ in found])


def best_similarity(answerer: Answerer, question: str) -> float:
    """The cosine of the question and its nearest passage: the plainest guess at an answer."""
    with answerer.index.reading() as generation:
        found = generation.search_dense(answerer.embeddings.embed_query(question), 1)
    return found[0][1] if found else 0.0


def need(*places: Path) -> None:
    """Raises BenchmarkMissing unless all of these are there."""
    for place in places:
        if not place.exists():
            raise BenchmarkMissing(
                f"{place} is absent, and this benchmark needs it; name the folder that holds it."
            )
