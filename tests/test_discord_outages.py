"""Discord is out of reach for a while, over the wire: nothing is lost, and nothing comes twice."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.answering import Answerer
from bot.discord_bot import delivery, desk
from bot.discord_bot.client import EssayClient
from bot.discord_bot.memory import Asked
from bot.settings import Settings
from tests.conftest import ESSAYS, IndexOf
from tests.discord_bots import running
from tests.discord_fixtures import House
from tests.discord_records import Channel, Message, Permission, User
from tests.discord_server import GLANCE, DiscordServer
from tests.discord_serving import button, quick, serving
from tests.test_discord_answers import LONG
from tests.test_prose import SENTENCE, Play, good, play

__all__ = ["play"]
QUESTION = "What is energy imperialism?"
CITED = "energy imperialism"
SENDING = ("POST", "/channels/*/messages")
DISCORD_PY_TRIES = 5  # before discord.py gives a request up
WAIT = 40.0  # seconds; an answer is tried anew after a few
Open = Callable[..., House]


@pytest.fixture
def open_one(answerer: Answerer, seed_index: Path, tmp_path: Path) -> Iterator[Open]:
    houses: list[House] = []

    def open_house(models: Answerer = answerer, index: Path = seed_index) -> House:
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            index_dir=index,
            essays_dir=ESSAYS,
            data_dir=tmp_path / "data",
            discord_message_content=True,
        )
        houses.append(House(models, settings))
        return houses[-1]

    yield open_house
    for house in houses:
        house.close()


def only_bot(house: House, monkeypatch: pytest.MonkeyPatch) -> EssayClient:
    """The bot that a house will start."""
    bot = house.client()
    monkeypatch.setattr(house, "client", lambda: bot)
    return bot


async def nothing_before() -> tuple[()]:
    return ()


def asked_by(house: House, said: Message) -> Asked:
    """The question in a message, as the bot remembers it."""
    channel, asker = said.channel, house.memory.hash_user(said.author.id)
    assert channel.guild
    return Asked(QUESTION, asker, channel.id, channel.guild.id, said.id)


def place(server: DiscordServer) -> tuple[User, Channel]:
    return server.world.user("ada"), server.world.channel("questions")


async def test_a_question_outlives_an_outage_longer_than_all_attempts(open_one: Open) -> None:
    house = open_one()
    async with serving(house) as server:
        ada, channel = place(server)
        server.fail(503, *SENDING, times=5)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: said.replies, WAIT)
        assert CITED in said.replies[0].content
        assert len(said.replies) == 1
        id = said.replies[0].controls[0]["custom_id"].split(":")[2]
        async with asyncio.timeout(WAIT):  # it is remembered once it is delivered
            while not await house.memory.find(id):
                await asyncio.sleep(GLANCE)


async def test_a_limit_longer_than_the_bot_waits_costs_no_answer(open_one: Open) -> None:
    async with serving(open_one()) as server:
        ada, channel = place(server)
        server.fail(429, *SENDING, retry_after=90)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: said.replies, WAIT)
    assert CITED in said.replies[0].content


async def test_a_limit_that_is_met_at_every_attempt_costs_no_answer(open_one: Open) -> None:
    async with serving(open_one()) as server:
        ada, channel = place(server)
        server.fail(429, *SENDING, retry_after=0.05, times=DISCORD_PY_TRIES)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: said.replies, WAIT)
        server.fail(429, "PATCH", "/webhooks/*", retry_after=0.05, times=DISCORD_PY_TRIES)
        asked = server.slash(ada, channel, "ask", {"question": QUESTION})
        await server.wait_until(lambda: asked.response and not asked.waits, WAIT)
        assert asked.response
        assert CITED in said.replies[0].content
        assert CITED in asked.response.content


async def test_a_long_answer_whose_further_part_was_sent_unnoticed_comes_once(
    open_one: Open, index_of: IndexOf
) -> None:
    house = open_one(index=index_of(power="\n\n".join(LONG)))
    async with serving(house) as server:
        ada, channel = place(server)
        server.reset("POST", "/webhooks/*", applied=True)
        asked = server.slash(ada, channel, "ask", {"question": QUESTION})
        await server.wait_until(lambda: asked.followups and asked.followups[-1].controls, WAIT)
        contents = [each.content for each in channel.said_by(server.world.me)]
    assert len(contents) == len(set(contents)) > 1


async def test_a_reply_to_any_part_of_a_long_answer_goes_on_from_it(
    open_one: Open, index_of: IndexOf
) -> None:
    house = open_one(index=index_of(power="\n\n".join(LONG)))
    async with serving(house) as server:
        ada, channel = place(server)
        asked = server.slash(ada, channel, "ask", {"question": QUESTION})
        await server.wait_until(lambda: asked.followups and asked.followups[-1].controls, WAIT)
        said = server.say(ada, channel, "And why?", reply_to=asked.followups[-1])
        await server.wait_until(lambda: said.replies, WAIT)
    assert "“" in said.replies[0].content
    assert "do not say" not in said.replies[0].content


async def test_a_draft_that_was_sent_unnoticed_becomes_the_answer(
    play: Play, seed_index: Path, open_one: Open
) -> None:
    scene = play(good)
    house = open_one(models=scene.answerer(), index=seed_index)
    async with serving(house) as server:
        ada, channel = place(server)
        server.reset(*SENDING, applied=True)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: said.replies and said.replies[0].controls, WAIT)
    assert "Draft" not in said.replies[0].content
    assert SENTENCE in said.replies[0].content
    assert len(said.replies) == 1


async def test_the_buttons_of_an_answer_work_before_discord_has_replied(open_one: Open) -> None:
    async with serving(open_one()) as server:
        ada, channel = place(server)
        server.slow(2, *SENDING)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: said.replies, WAIT)
        pressed = server.click(ada, said.replies[0], button(said.replies[0], "passages"))
        await server.wait_until(lambda: pressed.response and not pressed.waits, WAIT)
        assert pressed.response
        assert CITED in pressed.response.content


async def test_a_bot_stopped_while_an_answer_is_being_remembered_leaves_the_answer(
    open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "PATIENCE", 0.2)
    house = open_one()
    bot = only_bot(house, monkeypatch)

    async def close(*_: object) -> None:
        await asyncio.sleep(WAIT)

    monkeypatch.setattr(house.memory, "close", close)
    async with serving(house) as server:
        ada, channel = place(server)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: said.replies and said.replies[0].controls, WAIT)
        await bot.desk.stop()
        (shown,) = said.replies
        assert CITED in shown.content
    (left,) = await house.memory.unfinished()
    assert left.replies == (shown.id,), "so it is answered once more, in its place"


async def test_an_outage_is_waited_for_up_to_the_last_pause(
    open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "OUTAGE_PAUSES", (0.01, 0.02, 0.03))
    monkeypatch.setattr(delivery, "ATTEMPTS", 1)
    async with serving(open_one()) as server:
        ada, channel = place(server)
        server.fail(503, *SENDING, times=3)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: said.replies, WAIT)
        assert CITED in said.replies[0].content


async def test_a_question_left_over_is_answered_though_discord_is_away_at_the_start(
    open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "OUTAGE_PAUSES", (0.1,))
    house = open_one()
    async with DiscordServer() as server:
        server.world.approved_intents = 1 << 15
        ada, channel = place(server)
        said = server.say(ada, channel, QUESTION)
        await house.memory.open(asked_by(house, said))
        server.fail(503, "GET", "/channels/*", times=delivery.ATTEMPTS)
        async with running(server, quick(house.client())):
            await server.wait_until(lambda: said.replies and said.replies[0].controls, WAIT)
            assert CITED in said.replies[0].content


@pytest.mark.parametrize("reset", [True, False])
async def test_a_question_is_left_to_the_next_start_where_the_bot_has_ended(
    open_one: Open, monkeypatch: pytest.MonkeyPatch, reset: bool
) -> None:
    house = open_one()
    bot = only_bot(house, monkeypatch)
    async with serving(house) as server:
        ada, channel = place(server)
        said = server.say(ada, channel, QUESTION)
        if reset:
            server.world.token = "another"
        else:
            await bot.close()
        await bot.desk.ask(asked_by(house, said), nothing_before)
        (left,) = await house.memory.unfinished()
        await bot.desk.resume(left, nothing_before)
    (again,) = await house.memory.unfinished()
    assert left.message == again.message == said.id
    assert (left.attempts, again.attempts) == (1, 2)


async def test_a_question_left_over_is_answered_where_no_history_may_be_read(
    open_one: Open,
) -> None:
    house = open_one()
    async with DiscordServer() as server:
        ada, (guild, *_) = server.world.user("ada"), server.world.guilds
        unread = Permission.READ_MESSAGE_HISTORY
        channel = server.world.add_channel(guild, "unread", deny_bot=unread)
        server.world.approved_intents = 1 << 15
        said = server.say(ada, channel, QUESTION)
        await house.memory.open(asked_by(house, said))
        async with running(server, quick(house.client())):
            await server.wait_until(lambda: channel.said_by(server.world.me), WAIT)
        (answer,) = channel.said_by(server.world.me)
    assert CITED in answer.content


async def test_a_question_left_over_is_answered_though_its_thread_was_closed(
    open_one: Open,
) -> None:
    house = open_one()
    async with DiscordServer() as server:
        server.world.approved_intents = 1 << 15
        ada, channel = place(server)
        thread = server.open_thread(ada, channel, "A thread")
        said = server.say(ada, thread, QUESTION)
        marked = server.say(server.world.me, thread, "I am being restarted.")
        asked = asked_by(house, said)
        await house.memory.open(replace(asked, replies=(marked.id,)))
        server.close_thread(thread)
        async with running(server, quick(house.client())):
            await server.wait_until(lambda: said.replies, WAIT)
    assert CITED in said.replies[0].content
    assert not thread.archived


async def test_a_question_left_over_that_is_forgotten_meanwhile_stays_so(
    open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = open_one()
    bot = only_bot(house, monkeypatch)

    async with serving(house) as server:
        ada, channel = place(server)
        said = server.say(ada, channel, QUESTION)
        asked = asked_by(house, said)
        await house.memory.open(asked)
        await house.memory.forget(asked.asker)
        await bot.desk.resume(asked, nothing_before)
        assert not said.replies
    assert await house.memory.forget(asked.asker) == 0


async def test_a_question_is_forgotten_for_good_while_its_answer_is_on_the_way(
    open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = open_one()
    bot = only_bot(house, monkeypatch)
    async with serving(house) as server:
        ada, channel = place(server)
        server.slow(1, *SENDING)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: said.replies, WAIT)
        forgotten = server.slash(ada, channel, "forget-me")
        await server.wait_until(lambda: forgotten.response and not forgotten.waits, WAIT)
        await bot.desk.stop()
    assert not await house.memory.unfinished()
    assert await house.memory.forget(house.memory.hash_user(ada.id)) == 0
