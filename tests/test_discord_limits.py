"""How often someone may ask, and that the same question is answered once for all who ask it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from bot.answering import Answerer, Writer
from bot.chat_model import ChatModel
from bot.discord_bot.limits import MOST_BUCKETS, Limits, Rates
from bot.discord_bot.sharing import AT_ONCE, MOST_WAITING, Event, SharedAnswers
from bot.errors import TooManyQuestions
from bot.spending import Spending
from bot.writing import Draft
from tests.chat_server import ChatServer
from tests.discord_fixtures import (
    ANSWER,
    QUESTION,
    OpenHouse,
    Place,
    open_place,
    playing,
    texts,
)
from tests.test_prose import SENTENCE, good

SLOW_DOWN = r"That is more than I can answer. Please ask again in "


async def ask(place: Place, by: Any = None) -> str:
    result = await (by or place.asker).slash(place.channel, "ask", question=QUESTION)
    (text,) = texts(result)
    assert result.ephemeral is text.startswith(SLOW_DOWN)
    return text


async def test_a_person_who_asks_too_often_is_told_how_long_to_wait(open_house: OpenHouse) -> None:
    async with playing(open_house(discord_person_a_minute=2)) as place:
        for _ in range(2):
            assert ANSWER in await ask(place)
        refused = await ask(place)
        assert refused.startswith(SLOW_DOWN)
        seconds = int(refused.removeprefix(SLOW_DOWN).removesuffix(" s."))
        assert 30 <= seconds <= 60
        for _ in range(3):
            await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        (line,) = [each for each in place.said() if each.content.startswith(SLOW_DOWN)]
        assert line.reference
        assert ANSWER in await ask(place, place.admin)


@pytest.mark.parametrize(
    ("settings", "others"),
    [({"discord_server_a_minute": 2}, ANSWER), ({"discord_overall_a_minute": 2}, SLOW_DOWN)],
)
async def test_servers_and_all_together_have_limits_too(
    open_house: OpenHouse, settings: dict[str, int], others: str
) -> None:
    async with playing(open_house(**settings)) as place:
        other = open_place(place.env, "Others")
        await place.env.settle()
        assert ANSWER in await ask(place)
        assert ANSWER in await ask(place, place.admin)
        assert (await ask(place, place.join("third"))).startswith(SLOW_DOWN)
        assert others in await ask(other)


def test_who_is_refused_does_not_use_up_what_others_have() -> None:
    limits = Limits(Rates(person=1, server=2, overall=2))
    assert limits.take(1, 5) == 0
    assert 0 < limits.take(1, 5) <= 60
    assert limits.take(2, 5) == 0
    assert limits.take(3, 0) > 0


def test_who_asked_just_now_is_not_forgotten_among_thousands() -> None:
    limits = Limits(Rates(person=1, server=1, overall=10 * MOST_BUCKETS))
    for person in range(MOST_BUCKETS + 5):
        assert limits.take(person, 0) == 0
    assert limits.take(0, 0) > 0


class Work:
    """Answers being made, told when to go on."""

    def __init__(self) -> None:
        self.begun = self.closed = 0
        self.go = asyncio.Event()

    async def begin(self) -> AsyncGenerator[Event]:
        self.begun += 1
        try:
            yield Draft("a")
            await self.go.wait()
            yield Draft("ab")
        finally:
            self.closed += 1


async def follow(shared: SharedAnswers, work: Work, key: str = "question") -> list[Event]:
    async with aclosing(shared.follow(key, work.begin)) as events:
        return [event async for event in events]


async def test_the_same_question_is_answered_once_for_all_who_ask_it_meanwhile() -> None:
    shared, work = SharedAnswers(), Work()
    following = [asyncio.create_task(follow(shared, work)) for _ in range(5)]
    await asyncio.sleep(0.01)
    late = asyncio.create_task(follow(shared, work))
    other = asyncio.create_task(follow(shared, work, "another"))
    await asyncio.sleep(0.01)
    work.go.set()
    assert await asyncio.gather(*following, late, other) == [[Draft("a"), Draft("ab")]] * 7
    assert work.begun == 2
    await follow(shared, work)
    assert work.begun == 3


async def test_who_leaves_does_not_end_it_for_others_and_the_last_ends_it() -> None:
    shared, work = SharedAnswers(), Work()
    first, second = (asyncio.create_task(follow(shared, work)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0.01)
    assert (work.begun, work.closed) == (1, 0)
    second.cancel()
    await asyncio.wait({second})
    await asyncio.sleep(0.01)
    assert (work.begun, work.closed) == (1, 1)


async def test_few_are_made_at_once_and_who_comes_when_very_many_wait_is_turned_away() -> None:
    shared, work = SharedAnswers(), Work()
    following = [
        asyncio.create_task(follow(shared, work, f"{number}"))
        for number in range(AT_ONCE + MOST_WAITING)
    ]
    await asyncio.sleep(0.05)
    assert work.begun == AT_ONCE
    with pytest.raises(TooManyQuestions):
        await follow(shared, work, "one more")
    joins = asyncio.create_task(follow(shared, work, "0"))
    work.go.set()
    await asyncio.gather(*following, joins)
    assert work.begun == work.closed == AT_ONCE + MOST_WAITING
    assert await follow(shared, work, "one more")


async def test_an_answer_that_fails_fails_for_all_who_wait_for_it() -> None:
    async def fail() -> AsyncGenerator[Event]:
        yield Draft("a")
        raise RuntimeError("no")

    async def ask_and_fail() -> None:
        async with aclosing(shared.follow("question", fail)) as events:
            async for _ in events:
                pass

    shared = SharedAnswers()
    ends = await asyncio.gather(*(ask_and_fail() for _ in range(3)), return_exceptions=True)
    assert [str(end) for end in ends] == ["no"] * 3


async def test_the_chat_model_writes_an_answer_once_for_two_who_ask_it_at_once(
    open_house: OpenHouse, answerer: Answerer, tmp_path: Path
) -> None:
    with ChatServer(good) as server:
        writer = Writer(ChatModel("openai:m", server.openai_url), Spending(tmp_path / "s.sqlite"))
        models = Answerer(answerer.index, answerer.embeddings, writer=writer)
        async with playing(open_house(models)) as place:
            for person in (place.asker, place.admin):
                place.env.backend.create_message(
                    place.channel.id, person.id, f"{place.me} {QUESTION}"
                )
            await place.env.settle()
            assert [SENTENCE in each.content for each in place.said()] == [True, True]
            assert len(server.requests) == 1


async def test_too_many_at_once_are_asked_to_come_again(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        waiting = place.client.desk._answers._under_way
        waiting.update(dict.fromkeys(range(AT_ONCE + MOST_WAITING)))  # type: ignore[arg-type]
        result = await place.asker.slash(place.channel, "ask", question=QUESTION)
        assert texts(result) == [
            "Too many people are asking at the moment. Please ask again in a minute."
        ]
