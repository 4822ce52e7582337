"""Fit the weights of bot/evidence.json: whether the essays answer, and which sentence does.

    python -m evals.fitting SQUAD

Questions of SQuAD 2.0 about articles on which nothing is reported are asked twice: with their
article in the index and with it left out. One logistic regression learns which sentences hold the
answer. Another, on the best of each signal among a question's sentences, learns whether there is
one; its border lies where LEFT_OUT_REFUSED of the questions whose article is left out are refused.
bot/evidence.json is written.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sklearn.linear_model import LogisticRegression

from bot.answering import Answerer
from bot.evidence import WEIGHTS, Signals, WeighedSentence, weigh
from bot.retrieval import PASSAGES, retrieve
from evals.articles import Asked, choose_questions, part, read_articles
from evals.overlap import touches
from evals.workbench import Workbench
from ingest.embedding import SentenceEmbeddings

QUESTIONS = 400  # of the fitting part; the weights are few
LEFT_OUT_REFUSED = 0.95
DIGITS = 3  # of a weight
Matrix = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Told = dict[str, float | dict[str, float]]


@dataclass(frozen=True)
class Sample:
    """The sentences found for a question, and which of them hold its answer."""

    signals: Matrix  # (sentences, signals)
    holds: Flags  # (sentences,)
    answerable: bool
    left_out: bool  # whether its article was

    @property
    def best(self) -> Matrix:
        """(signals,): the best of each."""
        best: Matrix = self.signals.max(axis=0)
        return best


def sample_of(asked: Asked, answerer: Answerer, *, left_out: bool) -> Sample:
    """Ask a question and look at each sentence found."""
    with answerer.index.reading() as generation:
        ranked = retrieve(generation, answerer.embeddings, asked.question, PASSAGES)
        evidence = weigh(asked.question, ranked, generation, answerer.embeddings)
    return Sample(
        np.array([each.signals for each in evidence.sentences]),
        np.array([_holds(each, asked) for each in evidence.sentences]),
        asked.answerable and not left_out,
        left_out,
    )


def _holds(sentence: WeighedSentence, asked: Asked) -> bool:
    quote = sentence.quote
    return touches([(quote.essay, quote.start, quote.end)], asked.gold)


def fit(samples: Sequence[Sample]) -> dict[str, Told]:
    """Both sets of weights, as bot/evidence.json holds them."""
    whole = [each for each in samples if not each.left_out]
    sentences = np.concatenate([each.signals for each in whole])
    bias, weights = _fit(sentences, np.concatenate([each.holds for each in whole]))
    best = np.array([each.best for each in samples])
    _, answer = _fit(best, np.array([each.answerable for each in samples]))
    out = best[[each.left_out for each in samples]] @ answer
    return {
        "sentence": _told(bias, weights),
        "answer": _told(-float(np.quantile(out, LEFT_OUT_REFUSED)), answer),
    }


def _fit(signals: Matrix, labels: Flags) -> tuple[float, Matrix]:
    """Bias and weights, none negative: the lowest such signal is left out until none is."""
    kept = list(range(signals.shape[1]))
    while True:
        model = LogisticRegression(max_iter=1000).fit(signals[:, kept], labels)
        (found,) = model.coef_
        if found.min() >= 0:
            break
        kept.pop(int(found.argmin()))
    weights = np.zeros(signals.shape[1])
    weights[kept] = found
    return round(float(model.intercept_.item()), DIGITS), weights.round(DIGITS)


def _told(bias: float, weights: Matrix) -> Told:
    named = zip(Signals._fields, weights.tolist(), strict=True)
    return {"bias": round(bias, DIGITS), "signals": dict(named)}


def samples_of(squad: Path, bench: Workbench) -> Iterator[Sample]:
    """Every question of the fitting part, with its article in the index and without."""
    articles = read_articles(squad)
    questions = choose_questions(part(articles, "fit"), QUESTIONS)
    others = part(articles, "report")
    for name, held in (("whole", articles), ("left-out", others)):
        with bench.texts_indexed({each.essay: each.text for each in held}, name) as answerer:
            for each in bench.track(questions, f"Asking, {name}"):
                yield sample_of(each, answerer, left_out=held is others)


def main() -> None:
    """Fit, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m evals.fitting", description=__doc__)
    parser.add_argument("squad", type=Path)
    squad = parser.parse_args().squad
    bench = Workbench(SentenceEmbeddings(), Path("index/evals-fitting"), Console(stderr=True))
    samples = [each for each in samples_of(squad, bench) if len(each.signals)]
    WEIGHTS.write_text(json.dumps(fit(samples), indent=2) + "\n", "utf-8")
    print(f"{WEIGHTS.name} written, from {len(samples)} questions asked")


if __name__ == "__main__":
    main()
