"""Answers, passages and drafts as Discord shows them; every message within the limit."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering import Surroundings
from bot.citations import Citation
from bot.discord_bot.markdown import clean, unescape
from bot.discord_bot.memory import Asked, Kept
from bot.discord_bot.rendering import render_answer, render_draft, render_passage
from bot.discord_bot.splitting import LIMIT

ASKED = Asked("What is energy imperialism?", "someone", channel=1)
CITATION = Citation(1, "energy.txt", "On Energy", "Power is all.", 0, 13)
QUOTED = Kept("“Power is all.” [1]", refused=False, citations=[CITATION], nearest=None)
AROUND = Surroundings("Before. ", " After.")
letters = st.text(st.sampled_from("a *_~|`[]()<>@#-\\:.\n1é𝒜\u202e\u200b"), max_size=150)
hostile = st.builds(str.__mul__, letters, st.integers(1, 30))


def test_a_quoted_answer_is_quotes_numbers_and_where_they_stand() -> None:
    citation = replace(CITATION, author="A. Author", section="Part 2")
    (shown,) = render_answer(ASKED, replace(QUOTED, citations=[citation]), header=False)
    assert shown == "“Power is all.” \\[1\\]\n\n-# \\[1\\] On Energy, A. Author, Part 2"


def test_the_question_stands_above_where_it_is_not_seen_otherwise() -> None:
    (shown,) = render_answer(replace(ASKED, question="What\n\nis it?"), QUOTED, header=True)
    assert shown.startswith("> What\n> is it?\n\n“Power")
    (shown,) = render_answer(replace(ASKED, question="why " * 200), QUOTED, header=True)
    header, *_ = shown.splitlines()
    assert header.endswith("…")
    assert len(header) < 310


def test_a_written_answer_is_its_text() -> None:
    kept = replace(QUOTED, text="It is *all*. [1]", quoted=False)
    (shown,) = render_answer(ASKED, kept, header=False)
    assert shown.startswith("It is \\*all\\*. \\[1\\]\n\n-# \\[1\\] On Energy")


@pytest.mark.parametrize(("language", "says"), [("en", "do not say"), ("de-AT", "sagen die")])
def test_a_refusal_names_the_nearest_passage_if_there_is_one(language: str, says: str) -> None:
    kept = Kept("", refused=True, citations=[], nearest=CITATION, note="The model is busy")
    asked = replace(ASKED, language=language)
    (shown,) = render_answer(asked, kept, header=False)
    assert says in shown
    assert "**On Energy**" in shown
    assert shown.endswith("\n\n-# The model is busy.")
    (alone,) = render_answer(asked, replace(kept, nearest=None, note=""), header=False)
    assert "On Energy" not in alone


def test_a_passage_shows_the_quote_in_bold_within_its_paragraph() -> None:
    shown = render_passage(CITATION, AROUND, "en")
    assert shown == "\\[1\\] **On Energy**\nBefore. **Power is all.** After."


@given(hostile, hostile, hostile)
def test_a_passage_is_one_message_with_its_quote_whole_where_it_fits(
    before: str, quote: str, after: str
) -> None:
    citation = replace(CITATION, quote=f"a{quote}")
    shown = render_passage(citation, Surroundings(before, after), "en")
    assert len(shown) <= LIMIT
    if len(quote) < 800:
        assert clean(citation.quote) in unescape(shown)
        assert shown.count("**") >= 4


@given(hostile, hostile, st.booleans())
def test_no_message_of_an_answer_is_too_long_and_nothing_is_lost(
    question: str, text: str, quoted: bool
) -> None:
    kept = replace(QUOTED, text=f"a{text}", quoted=quoted)
    parts = render_answer(replace(ASKED, question=question), kept, header=True)
    assert all(0 < len(part) <= LIMIT for part in parts)
    if not quoted:
        shown = unescape("".join(parts))
        assert "".join(clean(text).split()) in "".join(shown.split())


@given(hostile)
def test_a_draft_is_one_message_that_says_it_is_one(text: str) -> None:
    shown = render_draft(text, "en")
    assert shown.startswith("*Draft, not yet checked:*")
    assert len(shown) <= LIMIT


@pytest.mark.parametrize("letter", ["x", "🐝"])
def test_a_draft_that_is_cut_says_so(letter: str) -> None:
    for length in range(940, 2_000):
        shown = render_draft(letter * length, "en")
        assert (shown.count(letter) == length) != shown.endswith("…")
