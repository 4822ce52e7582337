"""Question -> ranked passages: hybrid search, dense (by embeddings) and by keywords (BM25)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from bot.naming import names_in, narrow
from bot.questions import telling_words
from ingest.index import Generation
from ingest.records import IndexedPassage, digest, essay_of

if TYPE_CHECKING:
    from bot.retriever import EssayRetriever
    from ingest.embedding import SentenceEmbeddings

__all__ = ["EssayRetriever", "RankedPassage", "Retrieve", "retrieve", "retrieve_places"]

PASSAGES = 5  # read for an answer
CANDIDATES = 100  # taken from each search
# Chosen on the chunking and SciFact sets; evals/NOTES.md tells what else was tried.
DENSE_SHARE = 0.45  # of the fused score; the rest is the keywords'
NEIGHBOUR_SHARE = 0.2  # of a passage's own similarity: what it lends its neighbours
JOINED_AMONG = 2  # times as many passages as are asked for are looked through for neighbours
JOINED_FROM = 0.9  # of the better one's score, from which on two neighbours are one passage


@dataclass(frozen=True)
class RankedPassage:
    """A passage found, best first; `score` is the fused one, `similarity` the cosine or None.

    `repeats` are other places, in this essay or in others, where the same text stands.
    """

    passage: IndexedPassage
    score: float
    similarity: float | None
    repeats: tuple[IndexedPassage, ...] = ()


Retrieve = Callable[[Generation, "SentenceEmbeddings", str, int], list[RankedPassage]]


def retrieve(
    generation: Generation, embeddings: "SentenceEmbeddings", question: str, limit: int
) -> list[RankedPassage]:
    """The `limit` best passages for a question, each text once however often it was written.

    Neighbours that are about as good are joined, so that what begins in one and ends in the other
    is found whole and takes one place.
    """
    ranked = _rank(generation, embeddings, question)
    groups = _group(ranked, generation.keywords.first_of, JOINED_AMONG * limit)
    return _best(groups, limit, generation)


def retrieve_places(
    generation: Generation, embeddings: "SentenceEmbeddings", question: str, limit: int
) -> list[RankedPassage]:
    """The same, but a text that stands in several places is found at each of them."""
    ranked = islice(_rank(generation, embeddings, question), JOINED_AMONG * limit)
    return _best([[each] for each in ranked], limit, generation)


class _Candidate(NamedTuple):
    id: str
    score: float
    similarity: float | None


def _rank(
    generation: Generation, embeddings: "SentenceEmbeddings", question: str
) -> Iterator[_Candidate]:
    """All candidates, best first; where the question names several essays, theirs by turns."""
    embedded = embeddings.begin_query(question)
    scopes = narrow(generation, question)  # meanwhile
    words = _subject(question, generation) if len(scopes) > 1 else question
    keyword = [dict(scope.keywords.search(words, CANDIDATES)) for scope in scopes]
    vector = embedded()
    dense = [dict(scope.search_dense(vector, CANDIDATES)) for scope in scopes]
    ranked = [_fused(*found, generation) for found in zip(dense, keyword, strict=True)]
    if len(ranked) == 1:
        return iter(ranked[0])
    by_turns = (each for turn in zip_longest(*ranked) for each in turn if each)
    return iter({each.id: each for each in by_turns}.values())


def _subject(question: str, generation: Generation) -> str:
    """The words of "Compare Emerson and Thoreau on government" that tell: "government"."""
    names = {word for each in names_in(generation.catalogue, question) for word in each.stems}
    return " ".join(word for word in telling_words(question) if word not in names) or question


def _fused(
    dense: Mapping[str, float], keyword: Mapping[str, float], generation: Generation
) -> Sequence[_Candidate]:
    scores = _fuse(_with_neighbours(_above_lowest(dense), generation), _above_missed(keyword))
    best_first = sorted(scores, key=lambda key: (-scores[key], key))
    return [_Candidate(id, scores[id], dense.get(id)) for id in best_first]


def _group(
    ranked: Iterable[_Candidate], first_of: Mapping[str, str], most: int
) -> list[list[_Candidate]]:
    """Passages of the same text together, in the place of the best; the first `most` groups.

    `first_of` names by a passage's id the first one of the same text, if there are others.
    """
    groups: dict[str, list[_Candidate]] = {}
    repeated = False
    for each in ranked:
        first = first_of.get(each.id, each.id)
        if len(groups) < most:
            groups.setdefault(first, []).append(each)
            repeated = repeated or each.id in first_of
        elif not repeated:
            break
        elif first in groups:
            groups[first].append(each)
    return list(groups.values())


def _best(
    groups: Sequence[Sequence[_Candidate]], limit: int, generation: Generation
) -> list[RankedPassage]:
    """The first `limit` groups, neighbours joined, with their texts."""
    runs = _runs(groups, limit, generation)
    ids = [each.id for run in runs for group in run for each in group]
    texts = generation.essay_texts({essay_of(id) for id in ids})
    passages = {id: generation.passage(id, texts[essay_of(id)]) for id in ids}
    return [_joined([_ranked(group, passages) for group in run], texts) for run in runs]


def _runs(
    groups: Sequence[Sequence[_Candidate]], limit: int, generation: Generation
) -> list[list[Sequence[_Candidate]]]:
    """The first `limit` groups, each alone or with that of the passage beside it: see _belongs."""
    runs: list[list[Sequence[_Candidate]]] = []
    for group in groups:
        run = next((run for run in runs if _belongs(group, run, generation)), None)
        if run:
            run.append(group)
        elif len(runs) < limit:
            runs.append([group])
    return runs


def _belongs(
    group: Sequence[_Candidate], run: Sequence[Sequence[_Candidate]], generation: Generation
) -> bool:
    """Whether a group is to be joined to a run, being the neighbour and about as good."""
    best = run[0]
    return (
        len(run) == 1  # two are as much as the models read at once
        and len(group) == len(best) == 1  # each stands in one place
        and group[0].score >= JOINED_FROM * best[0].score
        and group[0].id in generation.neighbours(best[0].id)
    )


def _ranked(group: Sequence[_Candidate], passages: Mapping[str, IndexedPassage]) -> RankedPassage:
    best, *others = group
    repeats = tuple(passages[each.id] for each in others)
    return RankedPassage(passages[best.id], best.score, best.similarity, repeats)


def _joined(run: Sequence[RankedPassage], texts: Mapping[str, str]) -> RankedPassage:
    best = run[0]
    if len(run) == 1:
        return best
    start = min(each.passage.start for each in run)
    end = max(each.passage.end for each in run)
    text = texts[best.passage.essay][start:end]
    passage = replace(best.passage, start=start, end=end, text=text, digest=digest(text))
    return replace(best, passage=passage)


def _above_lowest(similarities: Mapping[str, float]) -> dict[str, float]:
    """Similarities less the lowest of them, which counts as 0; all 1 where all are alike."""
    lowest = min(similarities.values(), default=0)
    if lowest == max(similarities.values(), default=0):
        return dict.fromkeys(similarities, 1.0)
    return {id: similarity - lowest for id, similarity in similarities.items()}


def _above_missed(scores: Mapping[str, float]) -> dict[str, float]:
    """Keyword scores less the lowest, but only where more passages than CANDIDATES have words.

    Else what was not found scores 0, as it should.
    """
    return _above_lowest(scores) if len(scores) == CANDIDATES else dict(scores)


def _with_neighbours(scores: Mapping[str, float], generation: Generation) -> dict[str, float]:
    """Each passage's score and a share of its neighbours', since these tell what it is about."""
    spread = dict(scores)
    for id, score in scores.items():
        for neighbour in generation.neighbours(id):
            spread[neighbour] = spread.get(neighbour, 0) + NEIGHBOUR_SHARE * score
    return spread


def _fuse(dense: Mapping[str, float], keyword: Mapping[str, float]) -> dict[str, float]:
    """A weighted sum of both scores, each scaled so that its best passage has 1.

    Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval": scores tell
    more than ranks do.
    """
    scores: dict[str, float] = {}
    for share, found in ((DENSE_SHARE, dense), (1 - DENSE_SHARE, keyword)):
        best = max(found.values(), default=0) or 1
        for id, score in found.items():
            scores[id] = scores.get(id, 0) + share * score / best
    return scores


def __getattr__(name: str) -> "type[EssayRetriever]":
    """`EssayRetriever`, imported when it is named: what it is made of takes half a second."""
    if name != "EssayRetriever":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bot.retriever import EssayRetriever

    return EssayRetriever
