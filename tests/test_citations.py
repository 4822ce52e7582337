"""No altered, spliced or invented quote passes the check."""

from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.citations import Quote, cite
from tests.conftest import ESSAYS, SEED

TEXT = (ESSAYS / SEED).read_text("utf-8")
STORED = {SEED: TEXT, "other.txt": "Another essay says another thing. It says it twice."}


@st.composite
def true_quotes(draw: st.DrawFn) -> Quote:
    start = draw(st.integers(0, len(TEXT) - 2))
    end = draw(st.integers(start + 1, min(len(TEXT), start + 300)))
    assume(TEXT[start:end].strip())
    return Quote(SEED, "Title", TEXT[start:end], start, end)


def passes(quote: Quote) -> bool:
    return bool(cite([quote], STORED.__getitem__))


@given(true_quotes())
def test_a_true_quote_passes_with_its_offsets(quote: Quote) -> None:
    (citation,) = cite([quote], STORED.__getitem__)
    assert citation.quote == TEXT[citation.start : citation.end] == quote.text


@given(true_quotes(), st.data())
def test_a_quote_altered_in_one_character_fails(quote: Quote, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(quote.text) - 1))
    char = data.draw(st.characters().filter(lambda char: char != quote.text[place]))
    text = quote.text[:place] + char + quote.text[place + 1 :]
    assert not passes(replace(quote, text=text))


@given(true_quotes(), true_quotes())
def test_a_quote_spliced_from_two_places_fails(one: Quote, two: Quote) -> None:
    text = f"{one.text} {two.text}"
    for start in (one.start, two.start):
        end = start + len(text)
        assume(TEXT[start:end] != text)
        assert not passes(Quote(SEED, "Title", text, start, end))
        assert not passes(Quote(SEED, "Title", text, one.start, two.end))


@given(st.text(min_size=1, max_size=80), st.integers(-50, 5000), st.integers(-50, 5000))
def test_an_invented_quote_fails(text: str, start: int, end: int) -> None:
    assume(TEXT[max(start, 0) : max(end, 0)] != text)
    assert not passes(Quote(SEED, "Title", text, start, end))


@given(true_quotes(), st.integers(1, 4000))
def test_a_true_quote_at_a_wrong_place_fails(quote: Quote, shift: int) -> None:
    moved = replace(quote, start=quote.start + shift, end=quote.end + shift)
    assume(TEXT[moved.start : moved.end] != quote.text)
    assert not passes(moved)


@given(true_quotes())
def test_a_quote_of_another_essay_or_of_none_fails(quote: Quote) -> None:
    assume(STORED["other.txt"][quote.start : quote.end] != quote.text)
    assert not passes(replace(quote, essay="other.txt"))
    assert not passes(replace(quote, essay="unknown.txt"))


def test_negative_offsets_and_empty_quotes_fail() -> None:
    end = TEXT[-20:-1]
    assert not passes(Quote(SEED, "Title", end, -20, -1))
    assert not passes(Quote("other.txt", "Title", ".", -1, len(STORED["other.txt"])))
    assert not passes(Quote(SEED, "Title", "", 5, 5))
    space: dict[str, Any] = {"start": TEXT.index(" "), "end": TEXT.index(" ") + 1}
    assert not passes(Quote(SEED, "Title", " ", **space))


def test_numbers_run_from_one_without_a_gap_where_a_quote_was_dropped() -> None:
    good = Quote(SEED, "Title", TEXT[0:8], 0, 8)
    citations = cite([good, replace(good, text="invented"), good], STORED.__getitem__)
    assert [each.number for each in citations] == [1, 2]
