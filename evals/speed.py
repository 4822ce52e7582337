"""How fast texts are embedded and ingested, each way beside the others, on this machine.

    python -m evals.speed embedding [--runs N] [--passages N] [--threads N]
    python -m evals.speed ingest    [--runs N] [--passages N] [--threads N]

Both take other programs as rows of their own: --row NAME=COMMAND. Passages of about 180 tokens are
made of the sentences in ingest/sample.txt, the same at each run. The ways take turns, each in a
process of its own; the median of the runs is printed. Processor-seconds are those of all threads,
so another process beside this one changes them little, and the wall time much.

`embedding` counts from when the model is loaded. A COMMAND gets the path of a JSON list of texts
and of a file to write their vectors to (.npy), and prints {"wall": seconds, "processor": seconds},
and "precision" if it is not f32. `ingest` counts whole processes, from nothing to an index that can
be searched. A COMMAND gets the path of a folder of essays and of a folder to write to.
"""

import argparse
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import cast

import numpy as np
from rich.console import Console
from rich.table import Table

from evals.pictures import draw_bars
from evals.turns import COLUMNS, Run, by_turns, own_account, whole_process
from ingest.compiled import cores, precisions
from ingest.embedding import SentenceEmbeddings
from ingest.export import neighbour_overlap
from ingest.models import Backend, Vectors, default_model

TOKENS = 180  # a passage
AN_ESSAY = 20  # passages
WIDTH = 150  # characters
RATE = COLUMNS[0]
PYTHON = [sys.executable, "-m"]
LIBRARIES = ("torch", "openvino")
BACKENDS: dict[str, Backend] = {"torch, 32 bits": "torch", "default": "auto"}


def main() -> None:
    """Measure what is asked for, and print it."""
    options = _options()
    if options.what == "run":
        run(cast(Backend, options.rest[0]), *map(Path, options.rest[1:]))
        return
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    SentenceEmbeddings().load()  # exported by now
    texts = make_passages(options.passages)
    with tempfile.TemporaryDirectory() as place:
        measure = measure_embedding if options.what == "embedding" else measure_ingest
        rows = dict(each.split("=", 1) for each in options.row)
        found = measure(texts, Path(place), options.runs, rows)
    if options.picture:
        rates = [len(texts) / each.processor for each in found.values()]
        options.picture.write_bytes(draw_bars("", RATE, list(found), {options.what: rates}).svg)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m evals.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["embedding", "ingest", "run"])
    parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--passages", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="where to draw it")
    parser.add_argument("--row", action="append", default=[], metavar="NAME=COMMAND")
    return parser.parse_args()


def make_passages(count: int) -> list[str]:
    """So many texts of about TOKENS tokens, the same at each run."""
    sentences = files("ingest").joinpath("sample.txt").read_text("utf-8").splitlines()
    embeddings = SentenceEmbeddings()
    lengths = {each: len(embeddings.token_starts(each)) for each in sentences}
    choice = random.Random(1)
    passages = []
    for _ in range(count):
        passage: list[str] = []
        while sum(lengths[each] for each in passage) < TOKENS - 20:  # half a sentence
            passage.append(choice.choice(sentences))
        passages.append(" ".join(passage))
    return passages


def write_essays(folder: Path, passages: Sequence[str], an_essay: int = AN_ESSAY) -> None:
    """Essays of so many passages, a paragraph each, into a folder that is made."""
    folder.mkdir(parents=True)
    for first in range(0, len(passages), an_essay):
        essay = "\n\n".join(passages[first : first + an_essay])
        (folder / f"{first:07d}.txt").write_text(essay, "utf-8")


def run(backend: Backend, texts: Path, vectors: Path) -> None:
    """Embed the texts of a JSON file, and tell how long it took."""
    embeddings = SentenceEmbeddings(backend=backend)
    embeddings.embed_documents(["The first one takes longer."])
    passages = json.loads(texts.read_text("utf-8"))
    wall, processor = time.perf_counter(), time.process_time()
    found = embeddings.embed_documents(passages)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    np.save(vectors, np.asarray(found, dtype=np.float32))
    told = {"wall": wall, "processor": processor, "precision": embeddings.precision}
    print(json.dumps(told))


def measure_embedding(
    texts: Sequence[str], place: Path, runs: int, others: Mapping[str, str]
) -> dict[str, Run]:
    """Passages a second, and how much of what the machine can multiply that is."""
    passages = place / "texts.json"
    passages.write_text(json.dumps(texts), "utf-8")
    ways = {name: [*PYTHON, "evals.speed", "run", way] for name, way in BACKENDS.items()}
    ways |= {name: shlex.split(command) for name, command in others.items()}
    places = {name: place / f"{number}.npy" for number, name in enumerate(ways)}
    measures = {
        name: partial(own_account, [*command, str(passages), str(places[name])])
        for name, command in ways.items()
    }
    peaks = {
        f"{library} in {precision}": partial(_peak, library, precision)
        for library in LIBRARIES
        for precision in dict.fromkeys([*precisions(), "f32"])
    }
    found = by_turns(measures | peaks, runs)
    limits = highest_rates([found.pop(name) for name in peaks])
    operations = operations_of(texts)
    told = ", ".join(f"{rate / 1e9:.0f} GFLOP in {unit}" for unit, rate in limits.items())
    print(f"{len(texts)} passages of {operations / len(texts) / 1e9:.2f} GFLOP, {cores()} threads,")
    print(f"{runs} runs. This machine multiplies in a processor-second at best: {told}.")
    Console(width=WIDTH).print(_embedding_table(found, len(texts), operations, limits, places))
    return found


def _embedding_table(
    found: Mapping[str, Run],
    passages: int,
    operations: float,
    limits: Mapping[str, float],
    vectors: Mapping[str, Path],
) -> Table:
    """A row for each way, beside the first; `limits` are operations a processor-second."""
    first, *_ = found
    similar = _similarities(vectors[first])
    table = Table("", *COLUMNS, "precision", "GFLOP/s", "of the limit", "same neighbours")
    for name, each in found.items():
        rate = operations / each.processor
        table.add_row(
            name,
            *each.row(passages, found[first]),
            each.precision,
            f"{rate / 1e9:.0f}",
            f"{rate / limits[each.precision]:.0%}",
            f"{neighbour_overlap(similar, _similarities(vectors[name])):.4f}",
        )
    return table


def _similarities(vectors: Path) -> Vectors:
    found = np.load(vectors)
    similar: Vectors = found @ found.T
    return similar


def measure_ingest(
    texts: Sequence[str], place: Path, runs: int, others: Mapping[str, str]
) -> dict[str, Run]:
    """Passages a second of whole processes; the same text, however it is split."""
    essays = place / "essays"
    write_essays(essays, texts)
    ingest = [*PYTHON, "bot", "ingest", "--json", str(essays), "--index"]
    ways = {
        name: ["env", f"EMBEDDING_BACKEND={way}", *ingest] for name, way in BACKENDS.items()
    } | {name: [*shlex.split(command), str(essays)] for name, command in others.items()}

    def measure(command: Sequence[str]) -> Run:
        with tempfile.TemporaryDirectory(dir=place) as index:
            return whole_process([*command, f"{index}/index"])

    found = by_turns({name: partial(measure, command) for name, command in ways.items()}, runs)
    table = Table("", *COLUMNS)
    for name, each in found.items():
        table.add_row(name, *each.row(len(texts), found[next(iter(found))]))
    print(f"{len(texts)} passages in {len(list(essays.iterdir()))} files, {cores()} threads,")
    print(f"{runs} runs; essay-bot splits them by its own rules.")
    Console(width=WIDTH).print(table)
    return found


def _peak(library: str, precision: str) -> Run:
    """What one operation of a matrix product costs at best."""
    command = [*PYTHON, "evals.peak", library, precision]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Run(wall=0, processor=1 / float(done.stdout), memory=0, precision=precision)


def highest_rates(limits: Sequence[Run]) -> dict[str, float]:
    """Operations a processor-second in each precision, by the library that does it best."""
    found: dict[str, float] = {}
    for each in limits:
        found[each.precision] = max(found.get(each.precision, 0), 1 / each.processor)
    return found


def operations_of(texts: Sequence[str]) -> float:
    """Multiplications and additions in matrices of the default model, to embed these texts."""
    config = json.loads((default_model().folder / "config.json").read_text("utf-8"))
    width, layers = config["hidden_size"], config["num_hidden_layers"]
    a_token = 2 * layers * (4 * width**2 + 2 * width * config["intermediate_size"])
    a_pair = 4 * layers * width  # of tokens, which attend to each other
    embeddings = SentenceEmbeddings()
    lengths = [min(len(embeddings.token_starts(text)), embeddings.max_tokens) + 2 for text in texts]
    return float(sum(length * a_token + length**2 * a_pair for length in lengths))


if __name__ == "__main__":
    main()
