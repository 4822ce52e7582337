import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.embedding import SentenceEmbeddings
from ingest.passages import paragraph_at, split_paragraphs, split_passages, split_sentences
from tests.conftest import ESSAYS, SEED

WORDS = st.sampled_from(
    [
        "The",
        "union",
        "of",
        "Mr.",
        "U.S.",
        "states,",
        "30,000",
        "men;",
        "why?",
        "Yes!",
        "end.",
        "“So.”",
        "\n",
        "\n\n",
        "# Heading\n",
        "- item",
        "  ",
        "naïve",
        "語",
        "🙂",
        "e.g.",
        "—",
        "unconstitutionally",
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=120).map(" ".join))


def quoted(text: str) -> list[str]:
    return [text[each.start : each.end] for each in split_sentences(text) if each.quotable]


def word_starts(text: str) -> list[int]:
    """A tokenizer to compute in one's head: each character that is no space is a token."""
    return [place for place, char in enumerate(text) if not char.isspace()]


@given(TEXTS)
def test_sentences_hold_every_character_but_white_space_once_and_in_order(text: str) -> None:
    sentences = split_sentences(text)
    assert "".join("".join(text[each.start : each.end].split()) for each in sentences) == "".join(
        text.split()
    )
    for before, after in itertools.pairwise(sentences):
        assert before.start < before.end <= after.start


@given(TEXTS, st.integers(min_value=1, max_value=60))
def test_no_passage_is_longer_than_the_model_reads(text: str, max_tokens: int) -> None:
    starts = word_starts(text)
    passages = split_passages(text, starts, max_tokens)
    for passage in passages:
        assert sum(passage.start <= start < passage.end for start in starts) <= max_tokens
    for before, after in itertools.pairwise(passages):
        assert before.start < before.end <= after.start


@given(TEXTS, st.integers(min_value=1, max_value=60))
def test_every_sentence_that_may_be_quoted_lies_in_passages(text: str, max_tokens: int) -> None:
    starts = word_starts(text)
    passages = split_passages(text, starts, max_tokens)
    for sentence in split_sentences(text):
        inside = [start for start in starts if sentence.start <= start < sentence.end]
        covered = [s for s in inside if any(each.start <= s < each.end for each in passages)]
        assert covered == inside or not sentence.quotable


@given(TEXTS)
@settings(max_examples=50)
def test_the_real_tokenizer_finds_no_passage_too_long(
    embeddings: SentenceEmbeddings, text: str
) -> None:
    text = text * 5
    for passage in split_passages(text, embeddings.token_starts(text), embeddings.max_tokens):
        tokens = embeddings.token_starts(text[passage.start : passage.end])
        assert len(tokens) <= embeddings.max_tokens


def test_a_passage_ends_where_a_sentence_ends(embeddings: SentenceEmbeddings) -> None:
    text = "A man is what he does. " * 200
    passages = split_passages(text, embeddings.token_starts(text), embeddings.max_tokens)
    assert len(passages) > 1
    assert all(text[each.start : each.end].endswith("does.") for each in passages)


def test_a_sentence_too_long_to_read_is_cut_at_the_end_of_a_clause(
    embeddings: SentenceEmbeddings,
) -> None:
    text = "We hold that " + "the people of this union are free, and equal in their rights; " * 60
    passages = split_passages(text, embeddings.token_starts(text), embeddings.max_tokens)
    assert len(passages) > 1
    assert all(text[each.start : each.end][-1] in ",;" for each in passages)


def test_the_repeated_paragraphs_of_the_users_essay_are_equal_passages(
    embeddings: SentenceEmbeddings,
) -> None:
    text = (ESSAYS / SEED).read_text("utf-8")
    passages = split_passages(text, embeddings.token_starts(text), embeddings.max_tokens)
    parts = [text[each.start : each.end] for each in passages]
    assert parts[2:4] == parts[5:7]
    assert len(parts) == 7


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "Mr. Neckar counts 3.5 million. Is it so?",
            ["Mr. Neckar counts 3.5 million.", "Is it so?"],
        ),
        ("The U.S. attempt failed. So what.", ["The U.S. attempt failed.", "So what."]),
        ("A Title\nThe first sentence stands here.", ["The first sentence stands here."]),
        ("# A heading\nText follows it.", ["Text follows it."]),
        ("It is.\n\n## A heading\nText follows it.", ["It is.", "Text follows it."]),
        (
            "A Title\n\nRoses are red\nviolets are blue\n\nOne.",
            ["Roses are red\nviolets are blue", "One."],
        ),
        ("A Title\n\nOne.\n\nTwo.\n\nBy Madison it was.", ["One.", "Two.", "By Madison it was."]),
        (f"No. 23: {'A Title of Many Words ' * 5}\n\nIt begins.", ["It begins."]),
        ("A line that is\nwrapped by hand. Next.", ["A line that is\nwrapped by hand.", "Next."]),
        ("One.\nTwo.\n\nThree.\n\nPublius", ["One.", "Two.", "Three."]),
        ("Only a note", ["Only a note"]),
        ("A Title\nBy Madison\nMadison: In The Post, 1787.\n\nIt begins.", ["It begins."]),
        ("Is it so? asks he. Yes.", ["Is it so? asks he.", "Yes."]),
    ],
)
def test_sentences_are_cut_where_a_reader_would(text: str, sentences: list[str]) -> None:
    assert quoted(text) == sentences


def test_a_paragraph_is_found_by_a_place_in_it() -> None:
    text = "Title\n\nOne. Two.\n\nThree."
    start, end = paragraph_at(text, text.index("Two"), text.index("Two") + 4)
    assert text[start:end] == "One. Two."


@given(TEXTS)
def test_paragraphs_do_not_overlap(text: str) -> None:
    spans = split_paragraphs(text)
    assert all(start < end for start, end in spans)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))


def test_a_sentence_without_end_is_cut_to_what_can_be_shown() -> None:
    text = "and then he said, " * 2_000
    sentences = split_sentences(text)
    assert len(sentences) > 10
    assert all(each.end - each.start <= 1_500 for each in sentences)
    assert all(text[each.start : each.end].endswith(",") for each in sentences)


@pytest.mark.parametrize("sentence", ["He walked by the sea. ", "他在海边走了很久。"])
def test_a_paragraph_of_very_many_sentences_is_no_reason_to_wait(sentence: str) -> None:
    text = sentence * 50_000
    found = split_sentences(text)
    assert {text[each.start : each.end] for each in found} == {sentence.strip()}
    assert len(found) == 50_000


def test_a_sentence_that_begins_in_one_stretch_and_ends_in_the_next_is_whole() -> None:
    sentence = f"He {'walked and ' * 90}came home."
    found = split_sentences(f"{sentence} " * 100)
    assert [each.end - each.start for each in found] == [len(sentence)] * 100
