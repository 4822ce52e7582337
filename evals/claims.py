"""Sentences as models write them about The Federalist, faithful and corrupted: which are shown?

The files of `sentences/` hold lines {"essay", "quote", "claim", "kind"}: a sentence that claims to
rest on the quote. Kinds that need no author are made here of the faithful ones. The rules were
written and the weights of bot/checking.json fitted on one file; the report is about the other,
which was written afterwards.

    python -m evals.claims FEDERALIST     writes bot/checking.json, in half an hour
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
from rich.console import Console
from sklearn.linear_model import LogisticRegression

from bot.answering import Answerer
from bot.checking import (
    WEIGHTS,
    Checker,
    Claim,
    Signals,
    Support,
    Verdict,
    Weights,
    read_passages,
)
from bot.retrieval import retrieve
from evals.errors import BenchmarkMissing
from evals.figures import Figure, mean_figure
from evals.pictures import draw_bars
from evals.reporting import Picture, Report, Table, WorstQuestion
from evals.workbench import Workbench
from ingest.embedding import SentenceEmbeddings
from ingest.index import Generation
from ingest.passages import split_sentences

NAME = "claims"
CHOSEN_ON, REPORTED = (
    Path(__file__).parent / "sentences" / name for name in ("chosen_on.jsonl", "reported.jsonl")
)
FAITHFUL = "faithful"
LOOKED_THROUGH, PASSAGES = 10, 3  # before the checker for each claim, the one it cites among them
SEED = 0
QUOTED_WORDS = 10
NOT_NEAR, NOT_TELLING, TURNED = 0.0075, 0.002, 0.005  # shares of the faithful a limit may lose
MADE = ("quote of another essay", "citation of something else", "spliced")
UNLIKE = ("added", *MADE[1:])  # kinds that the weights tell from faithful claims
DIGITS = 3  # of a weight
Matrix = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Written:
    """A sentence about an essay, the words it claims to rest on, and what is wrong with it."""

    essay: str
    quote: str
    claim: str
    kind: str


def measure(folder: Path, bench: Workbench) -> Report:
    """Check every claim about the essays that nothing was fitted to. Raises BenchmarkMissing."""
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
        yield replace(own, claim=f"The author writes: “{words}”.", kind=MADE[0])
        yield replace(own, claim=other.claim, kind=MADE[1])
        yield replace(own, claim=_splice(own.claim, other.claim), kind=MADE[2])


def _splice(one: str, other: str) -> str:
    """The first half of a sentence and the second of another."""
    first, second = one.split(), other.split()
    return " ".join(first[: len(first) // 2] + second[len(second) // 2 :])


def _check(written: Written, answerer: Answerer) -> Verdict:
    with answerer.index.reading() as generation:
        checker, claim = _prepare(written, generation, answerer.embeddings)
        return checker.check(claim)


def _prepare(
    written: Written, generation: Generation, embeddings: SentenceEmbeddings
) -> tuple[Checker, Claim]:
    """The claim as a model cites it: each sentence of the quote that stands in a passage."""
    sentences = [written.quote[each.start : each.end] for each in split_sentences(written.quote)]
    ranked = retrieve(generation, embeddings, written.quote, LOOKED_THROUGH)
    readings = sorted(
        read_passages(ranked, generation),
        key=lambda reading: -sum(sentence in reading.text for sentence in sentences),
    )[:PASSAGES]
    supports = [
        Support(number, sentence)
        for sentence in sentences
        for number, reading in enumerate(readings, start=1)
        if sentence in reading.text
    ]
    return Checker(readings, generation, embeddings), Claim(written.claim, tuple(supports))


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


def fit(found: Sequence[tuple[Signals, float]], faithful: Sequence[bool]) -> Weights:
    """Weights that tell faithful claims from others, at limits that cost few of the faithful."""
    near, kept = np.array([signals for signals, _ in found]), np.array(faithful)
    scale = near.std(axis=0)
    model = LogisticRegression(max_iter=1000, class_weight="balanced").fit(near / scale, kept)
    weights: Matrix = (model.coef_[0] / scale).round(DIGITS)
    return Weights(
        bias=-_quantile((near @ weights)[kept], NOT_NEAR),
        signals=Signals(*weights.tolist()),
        telling=_quantile(near[kept, Signals._fields.index("telling")], NOT_TELLING),
        turned=_quantile(np.array([turned for _, turned in found])[kept], 1 - TURNED),
    )


def _quantile(values: Matrix, share: float) -> float:
    """The value below which this share of them lies."""
    return round(float(np.quantile(values, share)), DIGITS)


def main() -> None:
    """Fit the weights, and write them."""
    parser = argparse.ArgumentParser(prog="python -m evals.claims", description=__doc__)
    parser.add_argument("essays", type=Path)
    essays = parser.parse_args().essays
    claims = read_claims(CHOSEN_ON)
    fitted = [each for each in (*claims, *_made_of(claims)) if each.kind in (FAITHFUL, *UNLIKE)]
    bench = Workbench(SentenceEmbeddings(), Path("index/evals-claims"), Console(stderr=True))
    with bench.folder_indexed(essays) as answerer:
        found = [(_signals(each, answerer), each) for each in bench.track(fitted, "Comparing")]
    kept = [(signals, each.kind == FAITHFUL) for signals, each in found if signals]
    weights = fit([signals for signals, _ in kept], [faithful for _, faithful in kept])
    told = {**asdict(weights), "signals": weights.signals._asdict()}
    WEIGHTS.write_text(json.dumps(told, indent=2) + "\n", "utf-8")


def _signals(written: Written, answerer: Answerer) -> tuple[Signals, float] | None:
    with answerer.index.reading() as generation:
        checker, claim = _prepare(written, generation, answerer.embeddings)
        return checker.signals(claim)


if __name__ == "__main__":
    main()
