from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering import Answerer
from bot.retrieval import RankedPassage, Retrieve, retrieve, retrieve_places
from ingest.keywords import KeywordDraft, KeywordIndex, split_words
from ingest.publishing import FolderStore
from ingest.reading import PublishedIndex
from ingest.sync import sync
from tests.conftest import WriteEssays
from tests.letters import LetterEmbeddings

ZEBRAS = "Zebras graze quietly beside the quartz hills " * 5 + "until dusk."
QUARTZ = "Quartz hills shelter many zebras from the wind " * 5 + "all year."
OTHERS = [
    f"Number {n} tells of bread and butter, and of mild evenings " * 4 + "." for n in "abcdef"
]


def keywords_of(ids: list[str], texts: list[str], essays: list[str]) -> KeywordIndex:
    draft = KeywordDraft()
    for start, (id, text, essay) in enumerate(zip(ids, texts, essays, strict=True)):
        draft.add(id, essay, (start, start + 1), text, split_words([text])[0])
    return draft.build()


def test_a_passage_is_found_by_its_neighbours_words_but_after_its_own() -> None:
    texts = ["Whales sing.", "They do so at night.", "Ships sail at noon."]
    index = keywords_of(["a", "b", "c"], texts, ["one", "one", "two"])
    assert [id for id, _ in index.search("whales", 5)] == ["a", "b"]
    assert [id for id, _ in index.search("night", 5)] == ["b", "a"]


def test_every_passage_is_found_by_its_essays_opening() -> None:
    texts = ["Letters of Emerson.", "It rained.", "The horse was ill.", "Nothing came."]
    index = keywords_of(["a", "b", "c", "d"], texts, ["one"] * 4)
    found = [id for id, _ in index.search("What did Emerson say of the horse?", 5)]
    assert found[0] == "c"
    assert set(found) == {"a", "b", "c", "d"}


def search(
    folder: Path, question: str, limit: int, find: Retrieve = retrieve
) -> list[RankedPassage]:
    store, embeddings = FolderStore(folder.parent / "index"), LetterEmbeddings()
    sync(folder, store, embeddings)
    with (
        closing(PublishedIndex(store, embeddings.identity)) as published,
        published.reading() as generation,
    ):
        return find(generation, embeddings, question, limit)


def test_neighbours_that_are_about_as_good_are_one_passage(essays: WriteEssays) -> None:
    text = f"Notes\n\n{OTHERS[0]}\n\n{ZEBRAS}\n\n{QUARTZ}\n\n{OTHERS[1]}"
    folder = essays(animals=text, other="\n\n".join(OTHERS[2:]))
    best, *rest = search(folder, "zebras and quartz hills", 3)
    assert best.passage.text == f"{ZEBRAS}\n\n{QUARTZ}"
    assert text[best.passage.start : best.passage.end] == best.passage.text
    assert len(rest) == 2
    assert all("quartz" not in each.passage.text.lower() for each in rest)


def test_authors_are_compared_on_a_subject_not_by_their_own_comparisons(
    essays: WriteEssays,
) -> None:
    texts = {}
    for author, town in (("Ann Lee", "Alby"), ("Bo Holm", "Dorn")):
        compared = f"Compare me with {town}, and compare {town} with any other to compare. " * 8
        tolls = f"In {town} the farmers drove to market and paid a toll for each cart. " * 8
        paragraphs = compared, *(f"{each} A toll, {town}." for each in OTHERS), tolls
        texts[town] = "\n\n".join((f"Of {town}", f"By {author}", *paragraphs))
    found = search(essays(**texts), "Compare Lee and Holm on tolls", 2)
    assert {each.passage.essay for each in found} == {"Alby.txt", "Dorn.txt"}
    assert all("farmers" in each.passage.text for each in found)


def test_text_that_stands_twice_is_not_joined_but_names_both_places(essays: WriteEssays) -> None:
    folder = essays(one=f"{ZEBRAS}\n\n{QUARTZ}", two=f"{ZEBRAS}\n\n{OTHERS[0]}")
    found = search(folder, "zebras and quartz hills", 4)
    (twice,) = (each for each in found if each.passage.text == ZEBRAS)
    assert len(twice.repeats) == 1


def test_all_places_of_a_text_are_named_however_far_down_the_others_are(
    essays: WriteEssays,
) -> None:
    folder = essays(one=f"{QUARTZ}\n\n{ZEBRAS}\n\n{QUARTZ}!", two=f"{ZEBRAS}\n\n{OTHERS[0]}")
    (best,) = search(folder, "zebras and quartz hills", 1)
    assert best.passage.text == ZEBRAS
    assert [each.essay for each in best.repeats] == ["two.txt"]


def test_a_search_for_places_finds_text_that_stands_twice_at_both(essays: WriteEssays) -> None:
    folder = essays(one=f"{ZEBRAS}\n\n{OTHERS[1]}", two=f"{ZEBRAS}\n\n{OTHERS[0]}")
    first, second, *_ = search(folder, "zebras and quartz hills", 4, retrieve_places)
    assert first.passage.text == second.passage.text == ZEBRAS
    assert {first.passage.essay, second.passage.essay} == {"one.txt", "two.txt"}


def test_an_essay_without_passages_has_no_keywords() -> None:
    index = keywords_of(["a"], ["Whales sing."], ["one"])
    assert index.within([slice(0, 1)]).search("whales", 5)
    assert index.within([]).search("whales", 5) == []


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(1, 70))
def test_keywords_find_the_most_frequent_first_and_of_equals_the_first_in_the_essay(
    counts: list[int], limit: int
) -> None:
    draft = KeywordDraft()
    for start, count in enumerate(counts):  # as many words in each, so that only these count
        words = ["zebra"] * count + ["x"] * (5 - count)
        draft.add(str(start), f"{start:03}", (0, 1), str(start), words)
    found = draft.build().search("zebra", limit)
    expected = sorted((-count, start) for start, count in enumerate(counts) if count)[:limit]
    assert [int(id) for id, _ in found] == [start for _, start in expected]


@settings(max_examples=30)
@given(question=st.text(min_size=1, max_size=80).filter(str.strip), limit=st.integers(1, 8))
def test_any_question_finds_whole_places_that_do_not_overlap(
    answerer: Answerer, question: str, limit: int
) -> None:
    found = answerer.search(question, limit)
    assert 0 < len(found) <= limit
    with answerer.index.reading() as generation:
        for each in found:
            text = generation.essay_text(each.passage.essay)
            assert text[each.passage.start : each.passage.end] == each.passage.text
    places = sorted((each.passage.essay, each.passage.start, each.passage.end) for each in found)
    for (essay, _, end), (other, start, _) in pairwise(places):
        assert essay != other or end <= start


@pytest.mark.parametrize("limit", [1, 3])
def test_as_many_passages_come_as_are_asked_for(essays: WriteEssays, limit: int) -> None:
    assert len(search(essays(other="\n\n".join(OTHERS)), "bread", limit)) == limit
