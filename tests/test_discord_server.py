"""What people and a bot of discord.py's do to one another in the local Discord."""

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
import pytest_asyncio

from tests.discord_bots import Again, Bot, running
from tests.discord_interactions import NotOffered
from tests.discord_records import Channel, Interaction, Kind, Message, Permission, User
from tests.discord_server import DiscordServer
from tests.discord_sessions import MESSAGE_CONTENT

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as started:
        yield started
        assert not started.rate_limited


@pytest.fixture
def ada(server: DiscordServer) -> User:
    return server.world.user("ada")


@pytest.fixture
def questions(server: DiscordServer) -> Channel:
    return server.world.channel("questions")


async def reply_to(server: DiscordServer, message: Message) -> Message:
    """The bot's reply with its button, which is its last edit."""
    return await server.wait_until(
        lambda: next((reply for reply in message.replies if reply.controls), None)
    )


def texts(message: Message | None) -> list[str]:
    assert message
    return [version.content for version in message.versions]


async def test_commands_are_synced_and_keep_their_ids(server: DiscordServer) -> None:
    async with running(server, Bot()):
        synced = server.world.commands[None]
        assert [command["name"] for command in synced] == ["ask", "form", "Count words"]
    async with running(server, Bot()):
        again = server.world.commands[None]
        assert [command["id"] for command in again] == [command["id"] for command in synced]


async def test_a_slash_command_is_deferred_edited_and_followed_up(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    async with running(server, Bot()):
        asked = server.slash(ada, questions, "ask", {"question": "Who"}, locale="de")
        await server.wait_until(lambda: asked.followups)
    assert asked.deferred
    assert asked.ephemeral
    assert not asked.waits
    assert asked.acknowledged_at
    assert asked.acknowledged_at - asked.created_at < 1
    assert texts(asked.response) == ["", "Who ...", "Yes."]
    assert [message.content for message in asked.followups] == ["And more."]


async def test_a_file_is_given_to_a_command_and_read_from_the_server(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    file = server.upload("essay.txt", b"It says so.")
    async with running(server, Bot()):
        asked = server.slash(ada, questions, "ask", {"question": "Who", "file": file})
        await server.wait_until(lambda: asked.followups)
    assert texts(asked.response)[-1] == "Yes. It says so."
    assert [download.status for download in server.downloads] == [200]


async def test_an_option_completes_itself(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    async with running(server, Bot()):
        typed = server.complete(ada, questions, "ask", {"question": "Who"}, "question")
        choices = await server.wait_until(lambda: typed.choices)
    assert choices[0]["name"] == "Who is it?"


async def test_a_form_is_shown_and_sent(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    async with running(server, Bot()):
        shown = server.slash(ada, questions, "form")
        modal = await server.wait_until(lambda: shown.modal)
        with pytest.raises(NotOffered):
            server.submit_modal(ada, shown, "another", {})
        sent = server.submit_modal(ada, shown, modal["custom_id"], {"text": "well"})
        await server.wait_until(lambda: sent.response)
    assert texts(sent.response) == ["Told: well"]


async def test_a_mention_is_replied_to_and_the_reply_edited(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    async with running(server, Bot()):
        message = server.say(ada, questions, "Who?", mentions_bot=True)
        reply = await reply_to(server, message)
    assert texts(reply) == ["Thinking ...", "Here it is."]
    assert reply.edits[0].at > reply.versions[0].at
    assert reply.pings == [ada]


async def test_buttons_and_selects_outlive_the_bot(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    async with running(server, Bot()):
        reply = await reply_to(server, server.say(ada, questions, "Who?", mentions_bot=True))
    async with running(server, Bot()):
        chosen = server.select(ada, reply, "essay", ["energy"])
        await server.wait_until(lambda: chosen.response)
        server.click(ada, reply, "again")
        await server.wait_until(lambda: reply.content == "Pressed.")
    assert chosen.ephemeral
    assert texts(chosen.response) == ["Chose ['energy']."]
    with pytest.raises(NotOffered):
        server.click(ada, reply, "nothing of the kind")


async def test_a_menu_at_a_message_shows_its_text(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    async with running(server, Bot()):
        message = server.say(ada, questions, "one two three")
        counted = server.context_menu(ada, message, "Count words")
        await server.wait_until(lambda: counted.response)
    assert texts(counted.response) == ["3 words"]


async def test_text_is_withheld_from_a_bot_that_may_not_read_it(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    bot = Bot()
    async with running(server, bot):
        unmentioned = server.say(ada, questions, "Nobody asked.")
        server.say(ada, questions, "You.", mentions_bot=True, reply_to=unmentioned)
        server.say(ada, server.world.direct_channel(ada), "Only we two.")
        await server.wait_until(lambda: len(bot.heard) > 3)
        read = await bot.place(questions).fetch_message(unmentioned.id)
    heard = [message.content for message in bot.heard if message.author.id == ada.id]
    assert heard == ["", f"<@{server.world.me.id}> You.", "Only we two."]
    assert read.content == ""
    quoted = bot.heard[1].reference
    assert quoted
    assert isinstance(quoted.resolved, discord.Message)
    assert quoted.resolved.content == ""


async def test_a_bot_that_was_approved_reads_everything(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    server.world.approved_intents = MESSAGE_CONTENT
    bot = Bot(reads_everything=True)
    async with running(server, bot):
        server.say(ada, questions, "Nobody asked.")
        await server.wait_until(lambda: bot.heard)
    assert bot.heard[0].content == "Nobody asked."


async def test_a_nonce_sent_twice_gives_one_message(
    server: DiscordServer, questions: Channel
) -> None:
    bot = Bot()
    async with running(server, bot):
        channel = bot.place(questions)
        first = await channel.send("Once.", nonce=7)
        assert (await channel.send("Once.", nonce=7)).id == first.id
        other = await channel.send("Once.", nonce=8)
    assert [each.id for each in questions.said_by(server.world.me)] == [first.id, other.id]


async def test_a_file_that_the_bot_sends_can_be_read_and_taken_away(
    server: DiscordServer, questions: Channel
) -> None:
    bot = Bot()
    async with running(server, bot):
        file = discord.File(io.BytesIO(b"all of it"), "answer.txt")
        sent = await bot.place(questions).send("Here.", file=file)
        assert await sent.attachments[0].read() == b"all of it"
        await sent.edit(attachments=[])
    message = questions.messages[sent.id]
    assert message.attachments == []


async def test_history_comes_in_pages(server: DiscordServer, ada: User, questions: Channel) -> None:
    said = [server.say(ada, questions, str(number)).id for number in range(5)]
    bot = Bot()
    async with running(server, bot):
        channel = bot.place(questions)

        async def history(**limits: object) -> list[int]:
            return [each.id async for each in channel.history(**limits)]  # type: ignore[arg-type]

        assert await history(limit=2) == said[:2:-1]
        assert await history(limit=2, before=discord.Object(said[2])) == said[1::-1]
        assert await history(limit=2, after=discord.Object(said[1])) == said[2:4]
        assert await history(limit=3, around=discord.Object(said[2])) == said[3:0:-1]


async def test_small_things_are_seen(server: DiscordServer, ada: User, questions: Channel) -> None:
    message = server.say(ada, questions, "Who?")
    bot = Bot()
    async with running(server, bot):
        channel = bot.place(questions)
        await channel.typing()
        await channel.get_partial_message(message.id).add_reaction("👍")
        member = await bot.guilds[0].fetch_member(ada.id)
        await member.send("Only we two.")
        own = await channel.send("Gone.", view=Again())
        await own.delete()
    assert len(questions.typing) == 1
    assert message.reactions == [("👍", server.world.me)]
    (told,) = server.world.direct_channel(ada).said_by(server.world.me)
    assert told.content == "Only we two."
    assert list(questions.messages.values()) == [message]


async def test_a_thread_is_opened_once_and_reopened_by_writing(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    message = server.say(ada, questions, "Who?")
    bot = Bot()
    async with running(server, bot):
        partial = bot.place(questions).get_partial_message(message.id)
        opened = await partial.create_thread(name="Who")
        with pytest.raises(discord.HTTPException) as refused:
            await partial.create_thread(name="Who again")
        assert message.thread
        server.close_thread(message.thread)
        await opened.send("Ada.")
    assert refused.value.code == 160004
    assert opened.id == message.id
    assert message.thread.archived is False
    assert [each.content for each in message.thread.messages.values()] == ["", "Ada."]


async def test_people_open_threads_and_posts(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    world = server.world
    forum = world.add_channel(
        world.guilds[0], "forum", Kind.FORUM, tags=["essay"], requires_tag=True
    )
    bot = Bot()
    async with running(server, bot):
        post = server.open_thread(ada, forum, "A post", tags=["essay"])
        asked = server.say(ada, post, "Who?", mentions_bot=True)
        await reply_to(server, asked)
        board = bot.get_channel(forum.id)
        assert isinstance(board, discord.ForumChannel)
        with pytest.raises(discord.HTTPException, match="A tag is required"):
            await board.create_thread(name="Mine", content="Hello.")
        made = await board.create_thread(
            name="Mine", content="Hello.", applied_tags=board.available_tags
        )
    assert made.message.id == made.thread.id
    assert asked.id == post.id
    assert world.channels[made.thread.id].messages[made.message.id].content == "Hello."


@pytest.mark.parametrize(
    ("denied", "code"),
    [(Permission.VIEW_CHANNEL, 50001), (Permission.SEND_MESSAGES, 50013)],
)
async def test_what_is_not_permitted_is_refused(
    server: DiscordServer, denied: Permission, code: int
) -> None:
    closed = server.world.add_channel(server.world.guilds[0], "closed", deny_bot=denied)
    bot = Bot()
    async with running(server, bot):
        with pytest.raises(discord.Forbidden) as refused:
            await bot.place(closed).send("Hello.")
        channel = bot.get_channel(closed.id)
        assert isinstance(channel, discord.TextChannel)
        own = channel.permissions_for(channel.guild.me)
    assert refused.value.code == code
    assert not own.send_messages


async def test_errors_have_discords_codes(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    bot = Bot()
    async with running(server, bot):
        channel = bot.place(questions)
        theirs = server.say(ada, questions, "Mine.")
        with pytest.raises(discord.NotFound) as unknown:
            await channel.get_partial_message(1).edit(content="Hello.")
        with pytest.raises(discord.HTTPException) as too_long:
            await channel.send("x" * 2001)
        with pytest.raises(discord.HTTPException) as empty:
            await channel.send("")
        with pytest.raises(discord.Forbidden) as foreign:
            await channel.get_partial_message(theirs.id).edit(content="Ours.")
    codes = [each.value.code for each in (unknown, too_long, empty, foreign)]
    assert codes == [10008, 50035, 50006, 50005]


async def test_interactions_are_answered_once_and_in_time(
    server: DiscordServer, ada: User, questions: Channel
) -> None:
    world = server.world
    world.commands[None] = [{"id": "1", "name": "ask", "type": 1}]
    late, twice = (server.slash(ada, questions, "ask") for _ in range(2))
    async with aiohttp.ClientSession(f"{world.url}/api/v10/") as session:

        async def defer(asked: Interaction) -> object:
            path = f"interactions/{asked.id}/{asked.token}/callback"
            async with session.post(path, json={"type": 5}) as response:
                return (await response.json())["code"] if response.status != 204 else None

        async def edit(asked: Interaction) -> object:
            path = f"webhooks/{world.me.id}/{asked.token}/messages/@original"
            async with session.patch(path, json={"content": "Yes."}) as response:
                return (await response.json()).get("code")

        assert await edit(twice) == 10015
        assert [await defer(twice), await defer(twice)] == [None, 40060]
        world.clock_offset = 4
        assert await defer(late) == 10062
        assert await edit(twice) is None
        world.clock_offset = 16 * 60
        assert await edit(twice) == 50027


async def test_a_server_that_is_closed_leaves_nothing_under_way() -> None:
    started = []

    async def begin() -> None:
        started.append(asyncio.create_task(asyncio.sleep(3600)))

    with DiscordServer() as server:
        server._thread.run(begin())
    assert started[0].cancelled()
