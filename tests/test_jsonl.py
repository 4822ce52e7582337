import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Turn
from bot.errors import QuestionInvalid
from bot.jsonl import Record, Request, answer_lines


def echo(request: Request) -> Record:
    if not request.question.strip():
        raise QuestionInvalid("The question is empty.")
    return {"question": request.question, "turns": len(request.history)}


def answers(*lines: Any) -> list[Record]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return list(answer_lines(texts, echo))


def test_lines_are_answered_in_order_with_their_ids() -> None:
    turn = {"question": "Who?", "answer": "He."}
    records = answers(
        {"id": "a", "question": "One?"},
        {"id": 2, "question": "Two?", "history": [turn]},
        {"question": "Three?"},
    )
    assert [each["id"] for each in records] == ["a", 2, None]
    assert [each["turns"] for each in records] == [0, 1, 0]


def test_a_bad_line_is_told_in_its_place_and_the_others_are_answered() -> None:
    bad = ["{", "[]", "null", {"id": "x"}, {"question": 5}, {"id": "e", "question": " "}]
    for line in bad:
        first, middle, last = answers({"question": "One?"}, line, {"question": "Two?"})
        assert (first["question"], last["question"]) == ("One?", "Two?")
        assert middle["line"] == 2
        assert middle["error"]
    assert answers(bad[-1])[0]["id"] == "e"


@pytest.mark.parametrize("id", [True, 1.0, [1], {"a": 1}])
def test_an_id_that_could_not_come_back_as_given_is_refused(id: object) -> None:
    (refused,) = answers({"id": id, "question": "One?"})
    assert "(id: it should be a string or a whole number)" in refused["error"]


@pytest.mark.parametrize("id", ["1", "", 0, -1, 10**30, None])
def test_an_id_comes_back_as_given(id: object) -> None:
    (answer,) = answers({"id": id, "question": "One?"})
    assert (answer["id"], type(answer["id"])) == (id, type(id))


def test_a_line_nested_too_deeply_is_told_and_the_next_one_is_answered() -> None:
    bad, good = answers("[" * 100_000, {"question": "Two?"})
    assert (bad["id"], bad["line"]) == (None, 1)
    assert bad["error"]
    assert good["question"] == "Two?"


def test_a_history_is_given_to_the_answerer() -> None:
    seen: list[tuple[Turn, ...]] = []

    def look(request: Request) -> Record:
        seen.append(request.history)
        return {}

    line = json.dumps({"question": "?", "history": [{"question": "a", "answer": "b"}]})
    list(answer_lines([line], look))
    assert seen == [(Turn("a", "b"),)]


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_lines_give_one_record_for_each_that_is_not_blank(lines: list[str]) -> None:
    assert len(list(answer_lines(lines, echo))) == sum(bool(line.strip()) for line in lines)
