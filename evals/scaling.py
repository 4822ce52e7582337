"""How ingest and search grow with the index, and what an unchanged folder costs.

    python -m evals.scaling ingest     [--counts 2000 20000 100000] [--keep FOLDER]
    python -m evals.scaling search     FOLDER ...  [--questions 200]
    python -m evals.scaling unchanged  [--counts 10000]

`ingest` makes essays that become about so many passages of an index, and ingests each lot by the
command, in a process of its own; FOLDER keeps what it wrote, a folder a count. `search` asks those
indexes: each part of a search, the whole of it beside one embedding and one bare query of Chroma's
ten nearest, and sixteen threads beside one. `unchanged` runs the command over so many essays that
it has in its index already, beside a program that only reads and hashes the files.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bot.retrieval import CANDIDATES, retrieve
from evals.speed import WIDTH, make_passages, write_essays
from evals.turns import by_turns, whole_process
from ingest.embedding import SentenceEmbeddings
from ingest.index import Generation
from ingest.publishing import FolderStore

THREADS = 16
BARE = "embedding and bare query"  # one after the other, as in a search: the caches are cold
NEAREST = 10  # what a bare query asks for
SPLIT = 1.877  # passages of an index that one of those of make_passages becomes
RUNS = 5
MILLISECONDS = 1000.0
INGEST = [sys.executable, "-m", "bot", "ingest", "--json"]
HASH_ONLY = """
import hashlib, pathlib, sys
for path in pathlib.Path(sys.argv[1]).iterdir():
    hashlib.sha256(path.read_bytes()).hexdigest()
"""


def main() -> None:
    """Measure what is asked for, and print it."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["ingest", "search", "unchanged"])
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--counts", type=int, nargs="+")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if options.what == "ingest":
            kept = options.keep or Path(place)
            measure_ingest(options.counts or [2_000, 20_000, 100_000], kept)
        elif options.what == "search":
            measure_search(options.folders, options.questions)
        else:
            measure_unchanged((options.counts or [10_000])[0], Path(place))


def measure_ingest(counts: Sequence[int], place: Path) -> None:
    """Time a passage, and memory, as the folder grows."""
    table = Table("passages", "ms a passage", "processor-ms", "× the first", "memory, MB")
    first = 0.0
    for count in counts:
        essays = place / str(count) / "essays"
        write_essays(essays, make_passages(round(count / SPLIT)))
        run = whole_process([*INGEST, str(essays), "--index", str(essays.parent / "index")])
        passages = _open(essays.parent / "index").manifest.passages
        each = run.wall / passages * MILLISECONDS
        first = first or each
        processor = run.processor / passages * MILLISECONDS
        table.add_row(
            f"{passages:,}",
            f"{each:.2f}",
            f"{processor:.2f}",
            f"{each / first:.2f}",
            f"{run.memory:.0f}",
        )
    Console(width=WIDTH).print(table)


def _open(index: Path) -> Generation:
    store = FolderStore(index)
    return store.open(store.published())


def measure_search(folders: Sequence[Path], count: int) -> None:
    """Milliseconds of each part of a search, and of all at once."""
    embeddings = SentenceEmbeddings()
    table = Table("passages", "part", "median, ms", "95 %, ms")
    questions = _questions(count)
    embeddings.embed_query(questions[0])
    for folder in folders:
        with closing(_open(folder / "index")) as generation:
            _measure_one(generation, embeddings, questions, table)
    Console(width=WIDTH).print(table)


def _questions(count: int) -> list[str]:
    """Sentences as people ask: the beginnings of passages that no index here holds."""
    words = [text.split() for text in make_passages(count)]
    choice = random.Random(2)
    return [f"What of {' '.join(choice.sample(each[:40], 8))}?" for each in words]


def _measure_one(
    generation: Generation, embeddings: SentenceEmbeddings, questions: Sequence[str], table: Table
) -> None:
    vectors = {question: embeddings.embed_query(question) for question in questions}
    parts: dict[str, Callable[[str], object]] = {
        "embedding": embeddings.embed_query,
        "dense": lambda question: generation.search_dense(vectors[question], CANDIDATES),
        "keyword": lambda question: generation.keywords.search(question, CANDIDATES),
        BARE: lambda question: generation.rows.nearest(embeddings.embed_query(question), NEAREST),
        "whole": lambda question: retrieve(generation, embeddings, question, 5),
    }
    passages = f"{generation.manifest.passages:,}"
    medians = {}
    for name, ask in parts.items():
        times = _times(ask, questions)
        medians[name] = float(np.median(times))
        table.add_row(passages, name, f"{medians[name]:.1f}", f"{np.quantile(times, 0.95):.1f}")
    table.add_row(passages, f"whole / {BARE}", f"{medians['whole'] / medians[BARE]:.2f}", "")
    alone = _total(parts["whole"], questions, 1)
    together = _total(parts["whole"], questions, THREADS)
    table.add_row(passages, f"{THREADS} threads / one, in all", f"{together / alone:.2f}", "")


def _times(ask: Callable[[str], object], questions: Sequence[str]) -> list[float]:
    ask(questions[0])
    times = []
    for question in questions:
        begin = time.perf_counter()
        ask(question)
        times.append((time.perf_counter() - begin) * MILLISECONDS)
    return times


def _total(ask: Callable[[str], object], questions: Sequence[str], threads: int) -> float:
    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(ask, questions))
    return time.perf_counter() - begin


def measure_unchanged(count: int, place: Path) -> None:
    """The command over an unchanged folder, beside reading and hashing it alone."""
    essays, index = place / "essays", place / "index"
    write_essays(essays, make_passages(count), 1)
    command = [*INGEST, str(essays), "--index", str(index)]
    whole_process(command)
    runs = by_turns(
        {
            "reading and hashing": partial(
                whole_process, [sys.executable, "-c", HASH_ONLY, str(essays)]
            ),
            "essay-bot ingest": partial(whole_process, command),
        },
        RUNS,
    )
    table = Table(f"{count:,} essays", "wall, s", "processor, s", "× the first")
    first = next(iter(runs.values()))
    for name, run in runs.items():
        ratio = f"{run.wall / first.wall:.2f}"
        table.add_row(name, f"{run.wall:.2f}", f"{run.processor:.2f}", ratio)
    Console(width=WIDTH).print(table)


if __name__ == "__main__":
    main()
