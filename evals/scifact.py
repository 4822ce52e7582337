"""SciFact (BEIR): which abstracts bear on a scientific claim, by nDCG@10.

Every abstract is an essay, ranked by its best passage.
"""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.figures import difference_figure, mean_figure
from evals.pictures import draw_bars
from evals.reporting import WORST, Picture, Report, Table, WorstQuestion, figures_table, show_number
from evals.workbench import OURS, Search, Workbench, need, ways_to_search

NAME = "scifact"
DEPTH = 10  # abstracts that count
PASSAGES = 50  # retrieved, to have so many abstracts among them
# nDCG@10 on the training claims, each abstract embedded whole.
PUBLISHED = {
    "all-MiniLM-L6-v2": 0.660,
    "BM25": 0.696,
    "all-mpnet-base-v2": 0.660,
    "bge-small-en-v1.5": 0.748,
}
TARGET = max(PUBLISHED.values())
BANDS = ("0", "to 0.25", "to 0.5", "to 0.75", "below 1", "1")  # of nDCG, in the picture


@dataclass(frozen=True)
class Abstract:
    """One line of the corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Claim:
    """A claim, and the gain of every abstract that bears on it."""

    text: str
    gains: Mapping[str, int]


def measure(folder: Path, bench: Workbench) -> Report:
    """Rank the abstracts for every claim of the training half. Raises BenchmarkMissing."""
    corpus = folder / "corpus.jsonl"
    need(corpus, folder / "queries-train.jsonl", folder / "qrels-train.tsv")
    abstracts, claims = read_abstracts(corpus), read_claims(folder)
    texts = {_file(each): _essay(each) for each in abstracts}
    with bench.texts_indexed(texts, with_offsets=False) as answerer:
        ways = ways_to_search(answerer)
        rankings: dict[str, list[list[str]]] = {way: [] for way in ways}
        for claim in bench.track(claims, "Searching"):
            for way, search in ways.items():
                rankings[way].append(rank_abstracts(search, claim.text))
    gains = {way: _ndcgs(ranked, claims) for way, ranked in rankings.items()}
    return Report(
        name=NAME,
        about=f"{len(claims)} claims against {len(abstracts)} abstracts, each an essay ranked by "
        f"its best passage: nDCG@{DEPTH}.",
        figures=[mean_figure(f"nDCG@{DEPTH}", gains[OURS], TARGET)],
        tables=[*_comparisons(gains), _published()],
        pictures=[_picture(gains)],
        worst=_worst(rankings[OURS], gains[OURS], claims, {each.id: each for each in abstracts}),
    )


def read_abstracts(path: Path) -> list[Abstract]:
    """The corpus, in order."""
    rows = map(json.loads, _lines(path))
    return [Abstract(row["_id"], row["title"], row["text"]) for row in rows]


def read_claims(folder: Path) -> list[Claim]:
    """The claims that some abstract bears on, in order."""
    gains: dict[str, dict[str, int]] = {}
    with (folder / "qrels-train.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            gains.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    rows = map(json.loads, _lines(folder / "queries-train.jsonl"))
    return [Claim(row["text"], gains[row["_id"]]) for row in rows if row["_id"] in gains]


def _lines(path: Path) -> Iterable[str]:
    # An abstract may hold U+2028, at which splitlines would cut it.
    return path.read_text("utf-8").rstrip("\n").split("\n")


def _file(abstract: Abstract) -> str:
    return f"{abstract.id}.txt"


def _essay(abstract: Abstract) -> str:
    """The title as the first line, as essays have it."""
    return f"{abstract.title}\n\n{abstract.text}"


def rank_abstracts(search: Search, claim: str) -> list[str]:
    """Ids of abstracts, each once, in the order of their best passages."""
    found = (each.essay.removesuffix(".txt") for each in search(claim, PASSAGES))
    return list(dict.fromkeys(found))


def ndcg(ranked: Sequence[str], gains: Mapping[str, int]) -> float:
    """nDCG@DEPTH as trec_eval has it: gain as judged, discounted by the logarithm of the rank."""
    reached = _discounted([gains.get(id, 0) for id in ranked[:DEPTH]])
    best = _discounted(sorted(gains.values(), reverse=True)[:DEPTH])
    return reached / best if best else 0.0


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _ndcgs(rankings: Sequence[Sequence[str]], claims: Sequence[Claim]) -> list[float]:
    pairs = zip(rankings, claims, strict=True)
    return [ndcg(ranked, claim.gains) for ranked, claim in pairs]


def _comparisons(gains: Mapping[str, Sequence[float]]) -> list[Table]:
    others = {way: values for way, values in gains.items() if way != OURS}
    return [
        figures_table(
            "Ways to search the same passages",
            [mean_figure(way, values) for way, values in gains.items()],
        ),
        figures_table(
            f"{OURS} less other ways",
            [difference_figure(way, gains[OURS], values) for way, values in others.items()],
        ),
    ]


def _published() -> Table:
    rows = [(name, show_number(value)) for name, value in PUBLISHED.items()]
    return Table("Published on these claims", ("by", f"nDCG@{DEPTH}"), rows)


def _picture(gains: Mapping[str, Sequence[float]]) -> Picture:
    bars = {way: [0.0] * len(BANDS) for way in gains}
    for way, values in gains.items():
        for value in values:
            bars[way][_band(value)] += 1
    return draw_bars(f"Claims by nDCG@{DEPTH}", "claims", BANDS, bars)


def _band(value: float) -> int:
    if value in (0.0, 1.0):
        return 0 if value == 0 else len(BANDS) - 1
    return min(math.ceil(value * 4), 4)


def _worst(
    rankings: Sequence[Sequence[str]],
    gains: Sequence[float],
    claims: Sequence[Claim],
    abstracts: Mapping[str, Abstract],
) -> list[WorstQuestion]:
    def text(ids: Iterable[str]) -> str:
        known = (abstracts[id] for id in ids if id in abstracts)
        return "\n\n".join(f"[{each.id}] {each.title} {each.text}" for each in known)

    order = sorted(range(len(claims)), key=lambda place: gains[place])[:WORST]
    return [
        WorstQuestion(
            claims[place].text,
            {
                f"nDCG@{DEPTH}": show_number(gains[place]),
                "what bears on it": text(claims[place].gains),
                "the first three found": text(rankings[place][:3]),
            },
        )
        for place in order
    ]
