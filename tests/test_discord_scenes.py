"""The bot over the wire: an unmodified discord.py client against a local Discord."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from bot.answering import Answerer
from bot.discord_bot.delivery import EDIT_EVERY
from bot.discord_bot.memory import ServerSettings
from bot.discord_bot.phrases import say
from bot.settings import Settings
from tests.conftest import ESSAYS
from tests.discord_bots import running
from tests.discord_fixtures import UNANSWERED, House
from tests.discord_records import Interaction, Message, Permission
from tests.discord_server import DiscordServer
from tests.discord_serving import button, quick, serving
from tests.discord_world import TOKEN
from tests.test_prose import QUESTION, SENTENCE, Play, good, play

__all__ = ["play"]
CITED = "energy imperialism"
WAIT = 20.0  # seconds, since a machine may be slow
PEOPLE = 50
SLACK = 0.15  # seconds by which the local Discord may see two edits closer than they were sent


@pytest.fixture
def settings(seed_index: Path, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        index_dir=seed_index,
        essays_dir=ESSAYS,
        data_dir=tmp_path / "data",
        discord_message_content=True,
    )


@pytest.fixture
def house(answerer: Answerer, settings: Settings) -> Iterator[House]:
    with closing(House(answerer, settings)) as house:
        yield house


def answered(asked: Interaction) -> bool:
    return bool(asked.response and not asked.waits and CITED in asked.response.content)


def last(message: Message) -> str:
    return message.replies[-1].content if message.replies else ""


async def test_a_command_is_deferred_and_answered_with_a_citation(house: House) -> None:
    async with serving(house) as server:
        world = server.world
        asked = server.slash(
            world.user("ada"), world.channel("questions"), "ask", {"question": QUESTION}
        )
        await server.wait_until(lambda: answered(asked), WAIT)
    assert asked.deferred
    assert asked.response
    assert "\\[1\\]" in asked.response.content


async def test_commands_are_synced_once_however_often_the_bot_starts(house: House) -> None:
    async with DiscordServer() as server:
        server.world.approved_intents = 1 << 15
        for _ in range(2):
            async with running(server, quick(house.client())):
                pass
    synced = [each for each in server.requests if each.method == "PUT"]
    assert len(synced) == 1


async def test_a_conversation_goes_on_by_replies_and_in_a_thread(house: House) -> None:
    async with serving(house) as server:
        ada, channel = server.world.user("ada"), server.world.channel("questions")
        first = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: CITED in last(first), WAIT)
        second = server.say(ada, channel, "What does it monopolize?", reply_to=first.replies[0])
        await server.wait_until(lambda: "electrical energy" in last(second), WAIT)
        thread = server.open_thread(ada, channel, "More", starter=first.replies[0])
        third = server.say(ada, thread, "And what does it monopolize?")
        await server.wait_until(lambda: "electrical energy" in last(third), WAIT)


async def test_a_reply_without_words_is_no_question_where_words_are_read(house: House) -> None:
    async with serving(house) as server:
        ada, channel = server.world.user("ada"), server.world.channel("questions")
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: CITED in last(said), WAIT)
        answer = said.replies[0]
        server.say(ada, channel, "", reply_to=answer, pings=False)  # as a sticker alone is
        more = server.say(ada, channel, "What does it monopolize?", reply_to=answer)
        await server.wait_until(lambda: "electrical energy" in last(more), WAIT)
        mine = channel.said_by(server.world.me)
    assert mine == [answer, more.replies[0]]


@pytest.mark.parametrize("content", [True, False])
async def test_a_thread_that_is_opened_from_an_answer_asks_nothing(
    answerer: Answerer, settings: Settings, content: bool
) -> None:
    settings = settings.model_copy(update={"discord_message_content": content})
    with closing(House(answerer, settings)) as house:
        async with serving(house) as server:
            ada, channel = server.world.user("ada"), server.world.channel("questions")
            said = server.say(ada, channel, QUESTION, mentions_bot=True)
            await server.wait_until(lambda: CITED in last(said), WAIT)
            thread = server.open_thread(ada, channel, "More", starter=said.replies[0])
            more = server.say(ada, thread, "What does it monopolize?", mentions_bot=True)
            await server.wait_until(lambda: "electrical energy" in last(more), WAIT)
            mine = thread.said_by(server.world.me)
    assert mine == more.replies


async def test_drafts_grow_by_edits_no_faster_than_the_limit_and_the_answer_replaces_them(
    play: Play, settings: Settings
) -> None:
    scene = play(lambda messages: good(messages) * 6)
    scene.server.seconds_a_token = 0.04
    with closing(scene.answerer()) as models, closing(House(models, settings)) as house:
        async with serving(house) as server:
            ada, channel = server.world.user("ada"), server.world.channel("questions")
            said = server.say(ada, channel, QUESTION, mentions_bot=True)
            asked = server.slash(ada, channel, "ask", {"question": f"{QUESTION} "})
            await server.wait_until(
                lambda: last(said).startswith(SENTENCE) and answered(asked), WAIT
            )
    assert asked.response
    for message in (said.replies[0], asked.response):
        contents = [each.content for each in message.versions if each.content]
        assert any("Draft" in each for each in contents[:-1])
        assert "Draft" not in contents[-1]
        times = [each.at for each in message.versions if each.content]
        assert all(later - sooner > EDIT_EVERY - SLACK for sooner, later in pairwise(times))


async def test_fifty_people_at_once_are_all_answered(house: House) -> None:
    async with serving(house) as server:
        world = server.world
        guild, channel = world.guilds[0], world.channel("questions")
        people = [world.add_user(f"person {number}") for number in range(PEOPLE)]
        for person in people:
            server.do(world.join, person, guild)
        asked = [
            server.slash(each, channel, "ask", {"question": f"{QUESTION}{' ' * (place % 5)}"})
            for place, each in enumerate(people)
        ]
        await server.wait_until(lambda: all(answered(each) for each in asked), 60)
    assert all(each.acknowledged_at for each in asked)


SENDING = ("POST", "/channels/*/messages")
EDITING = ("PATCH", "/webhooks/*")
Spoil = Callable[[DiscordServer, str, str], None]
SPOILS: dict[str, Spoil] = {
    "a limit": lambda server, *what: server.fail(429, *what, retry_after=0.3),
    "an error": lambda server, *what: server.fail(500, *what),
    "being busy": lambda server, *what: server.fail(503, *what, times=2),
    "a reset": lambda server, *what: server.reset(*what),
    "a reset when it was done": lambda server, *what: server.reset(*what, applied=True),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
async def test_neither_loses_nor_doubles_an_answer(house: House, spoil: Spoil) -> None:
    async with serving(house) as server:
        ada, channel = server.world.user("ada"), server.world.channel("questions")
        spoil(server, *SENDING)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: CITED in last(said), WAIT)
        spoil(server, *EDITING)
        asked = server.slash(ada, channel, "ask", {"question": QUESTION})
        await server.wait_until(lambda: answered(asked), WAIT)
    assert len(said.replies) == 1
    assert len(channel.said_by(server.world.me)) == 2


async def test_an_answer_after_a_quarter_of_an_hour_is_an_ordinary_message(
    play: Play, settings: Settings
) -> None:
    scene = play(good)
    scene.server.seconds_a_token = 0.1
    with closing(scene.answerer()) as models, closing(House(models, settings)) as house:
        async with serving(house) as server:
            ada, channel = server.world.user("ada"), server.world.channel("questions")
            asked = server.slash(ada, channel, "ask", {"question": QUESTION})
            await server.wait_until(lambda: asked.deferred, WAIT)
            server.world.clock_offset = 15 * 60
            await server.wait_until(
                lambda: any(SENTENCE in each.content for each in channel.said_by(server.world.me)),
                WAIT,
            )


async def test_a_dropped_gateway_is_resumed_and_what_was_said_meanwhile_answered(
    house: House,
) -> None:
    async with serving(house) as server:
        server.drop_gateway()
        said = server.say(
            server.world.user("ada"), server.world.channel("questions"), QUESTION, mentions_bot=True
        )
        await server.wait_until(lambda: CITED in last(said), WAIT)


async def test_two_shards_answer_in_their_own_servers(house: House) -> None:
    async with DiscordServer() as server:
        world = server.world
        world.approved_intents, world.shards = 1 << 15, 2
        other = world.add_guild("Other")
        channel = world.add_channel(other, "elsewhere")
        world.join(world.user("ada"), other)
        async with running(server, quick(house.client())):
            said = [
                server.say(world.user("ada"), each, QUESTION, mentions_bot=True)
                for each in (channel, world.channel("questions"))
            ]
            await server.wait_until(lambda: all(CITED in last(each) for each in said), WAIT)


async def test_the_token_is_in_no_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with serving(house) as server:
        asked = server.slash(
            server.world.user("ada"),
            server.world.channel("questions"),
            "ask",
            {"question": QUESTION},
        )
        await server.wait_until(lambda: answered(asked), WAIT)
    assert TOKEN not in caplog.text


async def test_moderators_are_told_once_by_two_who_press_at_the_same_time(house: House) -> None:
    async with serving(house) as server:
        ada, channel = server.world.user("ada"), server.world.channel("questions")
        assert channel.guild
        told = ServerSettings(report_channel=channel.id)
        await house.memory.keep_server(channel.guild.id, told)
        said = server.say(ada, channel, UNANSWERED, mentions_bot=True)
        await server.wait_until(lambda: said.replies and said.replies[0].controls, WAIT)
        answer = said.replies[0]
        presses = [server.click(ada, answer, button(answer, "missing")) for _ in range(2)]
        await server.wait_until(lambda: all(p.response and not p.waits for p in presses), WAIT)
        mine = channel.said_by(server.world.me)
    assert sum(each.content.endswith(f"\n{UNANSWERED}") for each in mine) == 1


@pytest.mark.parametrize("words", ["", "Hello!", "thank you so much"])
async def test_a_direct_message_that_asks_nothing_is_told_to_ask(house: House, words: str) -> None:
    async with serving(house) as server:
        ada = server.world.user("ada")
        channel = server.do(server.world.direct_channel, ada)
        server.say(ada, channel, words, attachments=[server.upload("a.png", b"x")])
        await server.wait_until(lambda: channel.said_by(server.world.me), WAIT)
        (line,) = channel.said_by(server.world.me)
    assert line.content == say("", "ask_what")


async def test_a_line_for_one_person_is_said_where_no_history_may_be_read(house: House) -> None:
    async with serving(house) as server:
        world = server.world
        unread = Permission.READ_MESSAGE_HISTORY
        channel = world.add_channel(world.guilds[0], "unread", deny_bot=unread)
        server.say(world.user("ada"), channel, "hello", mentions_bot=True)
        await server.wait_until(lambda: channel.said_by(world.me), WAIT)
        assert channel.said_by(world.me)[0].content == say("en", "ask_what")
