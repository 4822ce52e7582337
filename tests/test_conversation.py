import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Turn, standalone_questions

HISTORY = [Turn("What did James II do with his army?", "He increased it.")]


@given(st.text(max_size=100))
def test_a_first_question_is_never_changed(question: str) -> None:
    assert standalone_questions(question, []) == [question]


@pytest.mark.parametrize(
    "question",
    ["and what was he in charge of at sea?", "which ones?", "Why couldn't it borrow the meaning?"],
)
def test_a_question_that_leans_on_the_last_one_gets_its_words(question: str) -> None:
    assert standalone_questions(question, HISTORY) == [f"{HISTORY[0].question} {question}"]


@pytest.mark.parametrize(
    "question",
    [
        "What is the most common source of factions?",
        "Why do absolute monarchs make war according to Jay?",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    assert standalone_questions(question, HISTORY) == [question]


def test_a_short_question_is_taken_at_its_word_first() -> None:
    question = "What is energy imperialism?"
    assert standalone_questions(question, HISTORY)[0] == question
    assert len(standalone_questions(question, HISTORY)) == 2
