"""Answers in Discord when something fails: always a sentence, never a path, never a wait."""

import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest

from bot.answering import Answerer
from ingest.embedding import SentenceEmbeddings
from tests.conftest import IndexOf
from tests.discord_fixtures import (
    ANSWER,
    QUESTION,
    OpenHouse,
    Place,
    labels,
    playing,
    texts,
)

FAILED = "Something went wrong here"
SECRET = "/home/operator/secret"
LONG = [  # sentences that all answer it
    f"Energy imperialism is {kind} power" + f" and more {kind} power" * 55 + "."
    for kind in ("electric", "political", "economic", "military")
]


class Broken(SentenceEmbeddings):
    """Embeddings that fail when they are used."""

    def load(self) -> NoReturn:
        raise RuntimeError(f"{SECRET} is on fire")


async def ask_both(place: Place, question: str = QUESTION) -> list[str]:
    """The answers to a mention, to a command, to a private one and to a direct message."""
    await place.asker.send(place.channel, f"{place.me} {question}")
    public = await place.asker.slash(place.channel, "ask", question=question)
    private = await place.asker.slash(place.channel, "ask", question=question, private=True)
    await place.asker.send_dm(question)
    direct = place.said(place.asker.user.dm_channel)[-1]
    return [place.said()[0].content, *texts(public), *texts(private), direct.content]


async def test_without_an_index_everyone_is_told_who_can_help(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    async with playing(open_house(index_dir=tmp_path / "none")) as place:
        told = await ask_both(place)
        assert len(told) == 4
        assert all(each.startswith("There are no essays yet.") for each in told)


async def test_a_damaged_index_is_a_sentence_without_paths(
    open_house: OpenHouse, seed_index: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    shutil.copytree(seed_index, index)
    for file in index.rglob("*.json"):
        file.write_text("spoiled")
    async with playing(open_house(index_dir=index)) as place:
        told = await ask_both(place)
        assert len(told) == 4
        assert all(each.startswith(FAILED) for each in told)


async def test_an_error_nobody_thought_of_is_a_sentence_and_logged(
    open_house: OpenHouse, answerer: Answerer, caplog: pytest.LogCaptureFixture
) -> None:
    models = Answerer(answerer.index, Broken())
    async with playing(open_house(models)) as place:
        told = await ask_both(place)
        assert len(told) == 4
        assert all(each.startswith(FAILED) for each in told)
    assert SECRET in caplog.text  # for the operator


async def test_an_unknown_essay_is_named_as_text(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        result = await place.asker.slash(
            place.channel, "ask", question=QUESTION, essay="[a](https://b.c) @everyone"
        )
        assert texts(result) == [
            r"There is no essay “\[a\]\(https\://b.c\) \@everyone” in the index."
        ]


async def test_a_question_too_long_is_refused_with_its_length(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        message = await place.admin.send(place.channel, "why")
        place.env.backend.get_message(place.channel.id, message.id).content = "why " * 5_000
        result = await place.asker.context_menu(place.channel, "Ask the essays", message)
        assert texts(result) == ["The question has 19,999 characters; ask it in at most 2,000."]


async def test_a_failed_answer_leaves_nothing_to_take_up_after_a_restart(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    house = open_house(index_dir=tmp_path / "none")
    async with playing(house) as place:
        await ask_both(place)
        assert not await house.memory.unfinished()


async def test_a_memory_that_cannot_be_written_is_a_sentence(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    async with playing(open_house()) as place:
        shutil.rmtree(tmp_path / "data")
        (tmp_path / "data").write_text("in the way")
        told = await ask_both(place)
        assert len(told) == 4
        assert all(each.startswith(FAILED) for each in told)
        assert place.env.errors


@pytest.mark.parametrize("how", ["mention", "command", "private"])
async def test_a_long_answer_is_split_with_its_buttons_on_the_last_part(
    open_house: OpenHouse, index_of: IndexOf, how: str
) -> None:
    async with playing(open_house(index_dir=index_of(power="\n\n".join(LONG)))) as place:
        if how == "mention":
            await place.asker.send(place.channel, f"{place.me} {QUESTION}")
            parts: list[Any] = list(place.said())
        else:
            options = {"question": QUESTION, "private": how == "private"}
            result = await place.asker.slash(place.channel, "ask", **options)
            assert result.response
            parts = [result.response, *result.followups]
            assert all(each.ephemeral is (how == "private") for each in parts)
        *others, last = parts
        assert len(others) > 1
        assert "Show passages" in labels(last)
        assert not any(labels(each) for each in others)
        assert sum(sentence in each.content for sentence in LONG for each in parts) == len(LONG)


async def test_a_passing_fault_of_discord_costs_nothing(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        place.env.inject_error("POST", "/channels/*/messages", status=503)
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        assert [ANSWER in each.content for each in place.said()] == [True]
        place.env.inject_error("POST", "/interactions/*", status=500)
        place.env.inject_error("PATCH", "/webhooks/*", status=502)
        result = await place.asker.slash(place.channel, "ask", question=QUESTION)
        assert ANSWER in texts(result)[0]


async def test_where_the_bot_may_not_write_the_question_is_let_go(open_house: OpenHouse) -> None:
    house = open_house()
    async with playing(house) as place:
        place.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=None)
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        assert not await house.memory.unfinished()


GONE = [(404, 10062), (404, 10015), (401, 50027)]


@pytest.mark.parametrize(("status", "code"), GONE)
async def test_an_answer_that_comes_too_late_for_its_command_goes_to_the_channel(
    open_house: OpenHouse, status: int, code: int
) -> None:
    async with playing(open_house()) as place:
        place.env.inject_error("*", "/webhooks/*", status=status, code=code, times=None)
        await place.asker.slash(place.channel, "ask", question=QUESTION)
        (answer,) = place.said()
        assert ANSWER in answer.content
        assert "Show passages" in labels(answer)


@pytest.mark.parametrize(("status", "code"), GONE)
async def test_a_private_answer_that_comes_too_late_is_shown_to_no_one(
    open_house: OpenHouse, status: int, code: int
) -> None:
    house = open_house()
    async with playing(house) as place:
        place.env.inject_error("*", "/webhooks/*", status=status, code=code, times=None)
        await place.asker.slash(place.channel, "ask", question=QUESTION, private=True)
        (told,) = [each.content for each in place.said() if each.content]
        assert "came too late" in told
        assert QUESTION not in told
        assert not await house.memory.unfinished()


async def test_a_command_that_expired_before_it_was_seen_is_answered_in_the_channel(
    open_house: OpenHouse,
) -> None:
    async with playing(open_house()) as place:
        place.env.inject_error("POST", "/interactions/*", status=404, code=10062)
        await place.asker.slash(place.channel, "ask", question=QUESTION)
        (answer,) = place.said()
        assert ANSWER in answer.content
        assert not answer.reference


async def test_a_command_acknowledged_twice_is_answered_all_the_same(
    open_house: OpenHouse,
) -> None:
    async with playing(open_house()) as place:
        place.env.inject_error("POST", "/interactions/*", status=400, code=40060)
        await place.asker.slash(place.channel, "ask", question=QUESTION)
        assert ANSWER in place.said()[0].content


async def test_an_answer_that_cannot_be_shown_becomes_a_sentence(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        place.env.inject_error("PATCH", "/webhooks/*", status=403, code=50013)
        result = await place.asker.slash(place.channel, "ask", question=QUESTION)
        assert texts(result)[0].startswith(FAILED)


async def test_a_list_that_cannot_be_shown_becomes_a_sentence(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        place.env.inject_error("PATCH", "/webhooks/*", status=400)
        result = await place.asker.slash(place.channel, "essays")
        assert texts(result)[0].startswith(FAILED)
        assert place.env.errors
