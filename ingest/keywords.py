"""Keyword search (BM25) over passages; the only file that knows bm25s and the stemmer."""

import json
import math
import re
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import bm25s
import numpy as np
import Stemmer
from bm25s.tokenization import Tokenized

TOKEN_PATTERN = r"(?u)\d[\d.,]*\d|\w\w+|\d"  # numbers stay whole: 30,000
STOPWORDS = "english_plus"
# A passage's own words count so many times, those of its neighbours and of its essay's opening
# once: a sentence leans on what was named before it, and an essay names its subject at the start.
OWN_WORDS = 3
IDS, PLACES = "ids.json", "places.json"  # files beside those of bm25s


def words_at(text: str) -> list[tuple[int, int, str]]:
    """Each word of a text: its place, and its stem or "" for a stop word."""
    found = []
    for match in re.finditer(TOKEN_PATTERN, text):
        stems = split_words([match.group()])[0]
        found.append((*match.span(), stems[0] if stems else ""))
    return found


def split_words(texts: Sequence[str]) -> list[list[str]]:
    """The stemmed words of each text, in order, stop words left out."""
    words = bm25s.tokenize(
        list(texts),
        token_pattern=TOKEN_PATTERN,
        stopwords=STOPWORDS,
        stemmer=Stemmer.Stemmer("english"),
        return_ids=False,
        show_progress=False,
    )
    assert isinstance(words, list)
    return words


class KeywordIndex:
    """Passages searchable by their words; `ids` name them, in the order they were given."""

    def __init__(
        self,
        ids: list[str],
        ends: list[int],
        bm25: bm25s.BM25 | None,
        repeats: Sequence[Sequence[str]],
        among: "np.ndarray[Any, np.dtype[np.bool_]] | None" = None,
    ) -> None:
        self.ids = ids
        self.ends = ends  # characters of their essays before which they end
        self._bm25 = bm25  # None where no passage has a word: bm25s cannot hold that
        self._repeats = repeats  # passages of the same text
        self.first_of = {id: same[0] for same in repeats for id in same}  # of the same text
        self._among = among  # the passages that a search finds, if not all

    @classmethod
    def load(cls, folder: Path) -> "KeywordIndex":
        """The index saved in `folder`, its arrays memory-mapped."""
        ids = json.loads((folder / IDS).read_text("utf-8"))
        places = folder / PLACES  # an index of an earlier version has none, nor is it searched
        ends, repeats = json.loads(places.read_text("utf-8")) if places.exists() else ([], [])
        empty = not (folder / "params.index.json").exists()
        return cls(ids, ends, None if empty else bm25s.BM25.load(folder, mmap=True), repeats)

    def save(self, folder: Path) -> None:
        """Write the index into `folder`, which is made."""
        folder.mkdir()
        (folder / IDS).write_text(json.dumps(self.ids), "utf-8")
        (folder / PLACES).write_text(json.dumps([self.ends, self._repeats]), "utf-8")
        if self._bm25:
            self._bm25.save(folder, show_progress=False)

    def search(self, question: str, limit: int) -> list[tuple[str, float]]:
        """At most `limit` passages that have a word of the question in them or in their context.

        Each as its id and its BM25 score, best first.
        """
        words = [word for word in split_words([question])[0] if self.frequency(word)]
        if not self._bm25 or not words:
            return []
        scores = self._bm25.get_scores(words)
        if self._among is not None:
            scores = np.where(self._among, scores, 0)
        best = _highest(scores, limit)
        return [(self.ids[row], float(scores[row])) for row in best if scores[row] > 0]

    def within(self, spans: Iterable[slice], words: Iterable[str] = ()) -> "KeywordIndex":
        """The same, finding only these passages, and those with one of these stemmed words.

        `spans` are places in `ids`; a word counts in a passage's context too, and stays as rare.
        """
        among = np.zeros(len(self.ids), dtype=bool)
        for span in spans:
            among[span] = True
        for word in words:
            among[self._rows_with(word)] = True
        return KeywordIndex(self.ids, self.ends, self._bm25, self._repeats, among)

    def frequency(self, word: str) -> int:
        """How many passages have this stemmed word in them or in their context."""
        return len(self._rows_with(word))

    def _rows_with(self, word: str) -> "np.ndarray[Any, Any]":
        column = self._bm25.vocab_dict.get(word) if self._bm25 else None
        if column is None or not self._bm25:
            return np.empty(0, dtype=int)
        matrix = self._bm25.scores  # sparse
        borders = matrix["indptr"][column : column + 2]
        rows: np.ndarray[Any, Any] = matrix["indices"][borders[0] : borders[-1]]
        return rows

    def rarity(self, word: str) -> float:
        """Inverse document frequency of a stemmed word; the highest for one that never occurs."""
        return math.log((len(self.ids) + 1) / (self.frequency(word) + 0.5))


class KeywordDraft:
    """A keyword index to be; of each passage it keeps the numbers of its words, not its text."""

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = {}  # words -> numbers
        self._passages: list[_Passage] = []

    def add(
        self, id: str, essay: str, span: tuple[int, int], digest: str, words: Sequence[str]
    ) -> None:
        """A passage named `id`, by what characters of an essay it is; they come in any order.

        Those of one `digest` have the same text.
        """
        numbers = (self._vocabulary.setdefault(word, len(self._vocabulary)) for word in words)
        passage = _Passage(sys.intern(essay), span, id, digest, array("I", numbers))
        self._passages.append(passage)

    def build(self) -> KeywordIndex:
        """The index of all that was added, in reading order."""
        ordered = sorted(self._passages, key=lambda passage: (passage.essay, passage.span))
        ids = [passage.id for passage in ordered]
        ends = [passage.span[1] for passage in ordered]
        repeats = _repeats(ordered)
        if not self._vocabulary:
            return KeywordIndex(ids, ends, None, repeats)
        bm25 = bm25s.BM25()
        corpus = Tokenized(_Contexts(ordered), self._vocabulary)
        bm25.index(corpus, show_progress=False)
        return KeywordIndex(ids, ends, bm25, repeats)


class _Passage(NamedTuple):
    essay: str
    span: tuple[int, int]
    id: str
    digest: str
    words: "array[int]"


def _repeats(passages: Sequence[_Passage]) -> list[list[str]]:
    same: dict[str, list[str]] = {}
    for passage in passages:
        same.setdefault(passage.digest, []).append(passage.id)
    return [ids for ids in same.values() if len(ids) > 1]


def _highest(scores: "np.ndarray[Any, np.dtype[np.float32]]", limit: int) -> "np.ndarray[Any, Any]":
    """Rows of the `limit` highest scores, best first, the first rows where they are alike."""
    best = scores.max(initial=0)
    for share in (0.5, 0.25, 0):  # most are far below the best: it is dear to sort them
        rows = np.flatnonzero(scores >= share * best)
        if len(rows) >= limit:
            break
    return rows[np.argsort(-scores[rows], kind="stable")][:limit]


class _Contexts(Sequence[list[int]]):
    """Each passage's words, with those of its neighbours and of the first passage of its essay.

    They are put together when asked for: all at once would take as much memory as all the rest.
    """

    def __init__(self, passages: Sequence[_Passage]) -> None:
        self._passages = passages
        self._openings: dict[str, array[int]] = {}
        for passage in passages:
            self._openings.setdefault(passage.essay, passage.words)

    def __len__(self) -> int:
        return len(self._passages)

    def __getitem__(self, place: Any) -> Any:  # one at a time: there is no second way to ask
        essay, *_, words = self._passages[place]
        around = [
            *self._passages[max(place - 1, 0) : place],
            *self._passages[place + 1 : place + 2],
        ]
        return [
            *words.tolist() * OWN_WORDS,
            *chain(*(other.words for other in around if other.essay == essay)),
            *self._openings[essay],
        ]
