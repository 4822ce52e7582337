import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import TURNS, Turn, standalone_questions

HISTORY = [Turn("What did James II do with his army?", "He increased it.")]


@given(st.text(max_size=100))
def test_a_first_question_is_never_changed(question: str) -> None:
    assert standalone_questions(question, []) == [question]


@pytest.mark.parametrize("question", ["which ones?", "why?", "And so?", "What is the difference?"])
def test_a_question_without_words_of_its_own_gets_those_of_the_last_one(question: str) -> None:
    assert standalone_questions(question, HISTORY) == [f"{HISTORY[0].question} {question}"]


@pytest.mark.parametrize(
    "question", ["and what was he in charge of at sea?", "Why couldn't it borrow the meaning?"]
)
def test_a_question_that_leans_on_the_last_one_is_first_taken_with_it(question: str) -> None:
    joined = f"{HISTORY[0].question} {question}"
    assert standalone_questions(question, HISTORY) == [joined, question]


def test_the_topic_is_carried_through_a_chain_of_questions() -> None:
    chain = [Turn("Who was Napoleon?", "A man."), Turn("What did he do?", "Much.")]
    meant = standalone_questions("and why did he fall?", chain)[0]
    assert meant == "Who was Napoleon? What did he do? and why did he fall?"


def test_of_a_long_history_the_last_turns_count() -> None:
    chain = [Turn(f"And what did he do in {year}?", "Much.") for year in range(1500)]
    meant = standalone_questions("and why?", chain)
    assert meant == [" ".join([*(turn.question for turn in chain[-TURNS:]), "and why?"])]
    assert meant == standalone_questions("and why?", chain[-TURNS:])


@pytest.mark.parametrize(
    "question",
    [
        "What is energy imperialism?",
        "What does Emerson say about gifts and those who give them to princes?",
    ],
)
def test_a_question_that_may_stand_alone_is_first_taken_at_its_word(question: str) -> None:
    assert standalone_questions(question, HISTORY)[0] == question
    assert len(standalone_questions(question, HISTORY)) == 2


@pytest.mark.parametrize(
    "question",
    [
        "What is the most common source of factions?",
        "Why do absolute monarchs make war according to Jay?",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    assert standalone_questions(question, HISTORY) == [question]
