"""Sentences as models write them about The Federalist, faithful and corrupted: which are shown?

The files of `sentences/` hold lines {"essay", "quote", "claim", "kind"}: a sentence that claims to
rest on the quote. Kinds that need no author are made here of the faithful ones. The rules were
written and the limits of bot/checking.json chosen on one file; the report is about the other, which
was written afterwards.

    python -m evals.claims FEDERALIST     writes bot/checking.json
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydantic
from rich.console import Console

from bot.answering import Answerer
from bot.checking import (
    LIMITS,
    Checker,
    Claim,
    Reading,
    Signals,
    Support,
    Verdict,
    read_passages,
)
from bot.retrieval import retrieve
from evals.errors import BenchmarkMissing
from evals.figures import Figure, mean_figure
from evals.pictures import draw_bars
from evals.reporting import Picture, Report, Table, WorstQuestion
from evals.workbench import Workbench
from ingest.embedding import SentenceEmbeddings
from ingest.passages import split_sentences

NAME = "claims"
CHOSEN_ON, REPORTED = (
    Path(__file__).parent / "sentences" / name for name in ("chosen_on.jsonl", "reported.jsonl")
)
FAITHFUL = "faithful"
PASSAGES = 3  # before the checker for each claim, the one it cites among them
SEED = 0
QUOTED_WORDS = 10
SHARES = Signals(0.005, 0.005, 0.01)  # of faithful claims that each limit may cost while choosing


@dataclass(frozen=True)
class Written:
    """A sentence about an essay, the words it claims to rest on, and what is wrong with it."""

    essay: str
    quote: str
    claim: str
    kind: str


def measure(folder: Path, bench: Workbench) -> Report:
    """Check every claim about the essays that no limit was chosen on. Raises BenchmarkMissing."""
    claims = [each for each in read_claims(REPORTED) if (folder / each.essay).exists()]
    if not claims:
        raise BenchmarkMissing(
            f"No essay of The Federalist is in {folder}; name the folder that holds them."
        )
    written = claims + list(_made_of(claims))
    with bench.folder_indexed(folder) as answerer:
        verdicts = [_check(each, answerer) for each in bench.track(written, "Checking")]
    shown: dict[str, list[bool]] = defaultdict(list)
    for each, verdict in zip(written, verdicts, strict=True):
        shown[each.kind].append(bool(verdict.quotes))
    return Report(
        name=NAME,
        about=f"{len(written)} sentences about The Federalist, {len(shown[FAITHFUL])} of them "
        "faithful to the words they cite and the others corrupted: which would be shown?",
        figures=_figures(shown),
        tables=[_table(shown)],
        pictures=[_picture(shown)],
        worst=_worst(written, verdicts),
    )


def read_claims(file: Path) -> list[Written]:
    """The claims that were written by hand, in order."""
    lines = file.read_text("utf-8").splitlines()
    return [pydantic.TypeAdapter(Written).validate_json(line) for line in lines]


def _made_of(claims: Sequence[Written]) -> Iterator[Written]:
    """Corruptions that need no author, of the faithful claims."""
    faithful = [each for each in claims if each.kind == FAITHFUL]
    others = random.Random(SEED).sample(faithful, len(faithful))
    for own, other in zip(faithful, others, strict=True):
        if own.essay == other.essay:
            continue
        words = " ".join(other.quote.split()[:QUOTED_WORDS])
        yield replace(own, claim=f"The author writes: “{words}”.", kind="quote of another essay")
        yield replace(own, claim=other.claim, kind="citation of something else")
        yield replace(own, claim=_splice(own.claim, other.claim), kind="spliced")


def _splice(one: str, other: str) -> str:
    """The first half of a sentence and the second of another."""
    first, second = one.split(), other.split()
    return " ".join(first[: len(first) // 2] + second[len(second) // 2 :])


def _check(written: Written, answerer: Answerer) -> Verdict:
    with answerer.index.reading() as generation:
        ranked = retrieve(generation, answerer.embeddings, written.quote, PASSAGES)
        readings = read_passages(ranked, generation)
        checker = Checker(readings, generation, answerer.embeddings)
        return checker.check(_claim(written, readings))


def _claim(written: Written, readings: Sequence[Reading]) -> Claim:
    """The claim as a model cites it: each sentence of the quote that stands in a passage."""
    sentences = [written.quote[each.start : each.end] for each in split_sentences(written.quote)]
    supports = [
        Support(number, sentence)
        for sentence in sentences
        for number, reading in enumerate(readings, start=1)
        if sentence in reading.text
    ]
    return Claim(written.claim, tuple(supports))


def _figures(shown: Mapping[str, Sequence[bool]]) -> list[Figure]:
    kept = shown[FAITHFUL]
    return [
        mean_figure("faithful: shown", kept, 0.95),
        *(
            mean_figure(f"{kind}: held back", [not each for each in values])
            for kind, values in shown.items()
            if kind != FAITHFUL
        ),
    ]


def _table(shown: Mapping[str, Sequence[bool]]) -> Table:
    rows = [(kind, str(sum(values)), str(len(values))) for kind, values in shown.items()]
    return Table("Sentences shown, by kind", ("", "shown", "of"), rows)


def _picture(shown: Mapping[str, Sequence[bool]]) -> Picture:
    labels = [kind.replace(" ", "\n") for kind in shown]
    shares = [100 * float(np.mean(values)) for values in shown.values()]
    return draw_bars("Sentences shown, by kind", "%", labels, {"shown": shares})


def _worst(written: Sequence[Written], verdicts: Sequence[Verdict]) -> list[WorstQuestion]:
    """Every faithful sentence that was held back, and every corrupted one that was shown."""
    return [
        WorstQuestion(
            f"{each.kind}, {each.essay}: {each.claim}",
            {
                "cites": each.quote,
                "outcome": f"held back: {verdict.fault}" if verdict.fault else "shown",
            },
        )
        for each, verdict in zip(written, verdicts, strict=True)
        if bool(verdict.quotes) != (each.kind == FAITHFUL)
    ]


def choose_limits(signals: Sequence[Signals]) -> Signals:
    """What the faithful claims with these signals reach, but for the SHARES of them."""
    columns = np.array(signals)
    return Signals(
        float(np.quantile(columns[:, 0], SHARES.nearness)),
        float(np.quantile(columns[:, 1], SHARES.telling)),
        float(np.quantile(columns[:, 2], 1 - SHARES.turned)),
    )


def main() -> None:
    """Choose the limits, and write them."""
    parser = argparse.ArgumentParser(prog="python -m evals.claims", description=__doc__)
    parser.add_argument("essays", type=Path)
    essays = parser.parse_args().essays
    chosen_on = [each for each in read_claims(CHOSEN_ON) if each.kind == FAITHFUL]
    bench = Workbench(SentenceEmbeddings(), Path("index/evals-claims"), Console(stderr=True))
    with bench.folder_indexed(essays) as answerer:
        found = [_signals(each, answerer) for each in bench.track(chosen_on, "Checking")]
    limits = {name: round(value, 3) for name, value in choose_limits(found)._asdict().items()}
    LIMITS.write_text(json.dumps(limits, indent=2) + "\n", "utf-8")


def _signals(written: Written, answerer: Answerer) -> Signals:
    with answerer.index.reading() as generation:
        ranked = retrieve(generation, answerer.embeddings, written.quote, PASSAGES)
        readings = read_passages(ranked, generation)
        return Checker(readings, generation, answerer.embeddings).signals(_claim(written, readings))


if __name__ == "__main__":
    main()
