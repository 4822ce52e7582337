"""What the local Discord does to a bot's connections: limits, faults, the gateway, shards."""

import asyncio
import subprocess
import sys
import time

import aiohttp
import discord
import pytest

from tests.discord_bots import Bot, running
from tests.discord_records import Channel, Interaction
from tests.discord_server import DiscordServer
from tests.discord_world import TOKEN, small_world

pytestmark = pytest.mark.asyncio
SENDING = ("POST", "/channels/{channel_id}/messages")


def events(server: DiscordServer, *names: str) -> list[str]:
    return [event.name for event in server.gateway_events if event.name in names]


class PlainBot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default(), guild_ready_timeout=0.05)
        self.heard: list[int] = []

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without discord.py's pause of five seconds."""

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.id)


async def test_a_plain_client_resumes_and_is_told_what_it_missed() -> None:
    bot = PlainBot()
    async with DiscordServer() as server, running(server, bot):
        server.drop_gateway()
        missed = server.say(
            server.world.user("ada"), server.world.channel("questions"), "Still there?"
        )
        await server.wait_until(lambda: bot.heard)
    assert bot.heard == [missed.id]
    assert events(server, "MESSAGE_CREATE", "RESUME", "RESUMED") == [
        "MESSAGE_CREATE",
        "RESUME",
        "RESUMED",
    ]


async def test_a_sharded_client_resumes_where_it_is_asked_to() -> None:
    bot = Bot()
    async with DiscordServer() as server, running(server, bot):
        server.drop_gateway(politely=True)
        server.say(server.world.user("ada"), server.world.channel("questions"), "Still there?")
        await server.wait_until(lambda: bot.heard)
        await server.wait_until(lambda: events(server, "RESUMED"))
    assert len(bot.heard) == 1


@pytest.mark.parametrize("bot_class", [PlainBot, Bot])
async def test_a_lost_session_begins_anew(bot_class: type[PlainBot] | type[Bot]) -> None:
    async with DiscordServer() as server, running(server, bot_class()):
        server.drop_gateway(resumable=False)
        await server.wait_until(lambda: len(events(server, "READY")) == 2)
    assert events(server, "RESUME", "INVALID_SESSION", "IDENTIFY") == [
        "IDENTIFY",
        "RESUME",
        "INVALID_SESSION",
        "IDENTIFY",
    ]


async def test_the_gateway_refuses_until_it_is_opened() -> None:
    async with DiscordServer() as server:
        server.close_gateway()
        with pytest.raises((OSError, aiohttp.ClientError)):
            async with aiohttp.ClientSession() as session:
                await session.ws_connect(f"{server.world.url}/gateway")
        server.open_gateway()
        async with running(server, Bot()):
            assert server.connected
        await server.wait_until(lambda: not server.connected)


async def answered(server: DiscordServer, channel: Channel) -> Interaction:
    asked = server.slash(server.world.user("ada"), channel, "ask", {"question": "Who"})
    await server.wait_until(lambda: asked.followups)
    return asked


async def test_two_shards_hear_of_their_own_guilds() -> None:
    world = small_world()
    ada, other = world.user("ada"), world.add_guild("Other library")
    world.add_channel(other, "elsewhere")
    world.join(ada, other)
    bot = Bot(shards=2)
    async with DiscordServer(world) as server, running(server, bot):
        assert {guild.name: guild.shard_id for guild in bot.guilds} == {
            "Library": 0,
            "Other library": 1,
        }
        for name in ("questions", "elsewhere"):
            await answered(server, world.channel(name))
        server.drop_gateway(shard=1)
        said = server.say(ada, world.channel("elsewhere"), "Hello.")
        await server.wait_until(lambda: said.id in [message.id for message in bot.heard])
    told = [e.shard for e in server.gateway_events if e.name == "INTERACTION_CREATE"]
    assert told == [0, 1]
    assert [e.shard for e in server.gateway_events if e.name == "RESUMED"] == [1]


async def test_a_wrong_token_is_not_let_in() -> None:
    async with DiscordServer() as server:
        with pytest.raises(discord.LoginFailure):
            async with running(server, Bot(), "a-wrong-token"):
                pass
        assert [request.status for request in server.requests] == [401]


async def test_a_token_that_was_changed_closes_the_gateway() -> None:
    class Revoked(Bot):
        async def setup_hook(self) -> None:
            server.world.token = "a-new-token"

    async with DiscordServer() as server:
        with pytest.raises(discord.ConnectionClosed) as closed:
            async with running(server, Revoked()):
                pass
    assert closed.value.code == 4004


@pytest.mark.parametrize("bot_class", [PlainBot, Bot])
async def test_an_intent_that_was_not_approved_is_refused(
    bot_class: type[PlainBot] | type[Bot],
) -> None:
    bot = bot_class()
    bot._connection._intents.message_content = True
    async with DiscordServer() as server:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(server, bot):
                pass


async def test_discord_py_waits_at_the_limit_and_all_arrives() -> None:
    bot = Bot()
    async with DiscordServer() as server, running(server, bot):
        server.limit(*SENDING, requests=3, seconds=0.4)
        channel = server.world.channel("questions")
        began = time.monotonic()
        for number in range(7):
            await bot.place(channel).send(str(number))
        assert time.monotonic() - began > 0.8
    assert [m.content for m in channel.messages.values()] == list("0123456")
    assert server.rate_limited == []


async def test_who_goes_over_a_limit_is_refused_as_discord_does_it() -> None:
    async with DiscordServer() as server, aiohttp.ClientSession() as session:
        channel = server.world.channel("questions")
        url = f"{server.world.url}/api/v10/channels/{channel.id}/messages"
        headers = {"Authorization": f"Bot {TOKEN}"}
        for left in (4, 3, 2, 1, 0):
            async with session.post(url, json={"content": "x"}, headers=headers) as response:
                assert response.status == 200
                assert response.headers["X-RateLimit-Remaining"] == str(left)
                assert response.headers["Content-Type"] == "application/json"
        async with session.post(url, json={"content": "x"}, headers=headers) as response:
            assert response.status == 429
            assert response.headers["Via"]
            assert int(response.headers["Retry-After"]) == 5
            assert 4 < (await response.json())["retry_after"] <= 5
        assert len(server.rate_limited) == 1
        assert len(channel.messages) == 5


async def test_there_is_a_limit_over_all_paths() -> None:
    async with DiscordServer() as server, aiohttp.ClientSession() as session:
        base, headers = f"{server.world.url}/api/v10", {"Authorization": f"Bot {TOKEN}"}
        refused = []
        for path in ("gateway/bot", "users/@me") * 60:
            async with session.get(f"{base}/{path}", headers=headers) as response:
                if response.status == 429:
                    refused.append((await response.json())["global"])
    assert len(refused) == len(server.rate_limited)
    assert any(refused)


async def test_discord_py_waits_as_long_as_it_is_told() -> None:
    bot = Bot()
    async with DiscordServer() as server, running(server, bot):
        server.fail(429, "POST", "/channels/*/messages", retry_after=0.3)
        began = time.monotonic()
        await bot.place(server.world.channel("questions")).send("Hello.")
        assert time.monotonic() - began > 0.3
    assert server.rate_limited == []
    assert [r.status for r in server.requests if r.template == SENDING[1]] == [429, 200]


@pytest.mark.parametrize("applied", [False, True])
async def test_a_connection_is_reset_before_or_after(applied: bool) -> None:
    bot = Bot()
    async with DiscordServer() as server, running(server, bot):
        channel = server.world.channel("questions")
        server.reset("POST", SENDING[1].replace("{channel_id}", "*"), applied=applied)
        with pytest.raises((OSError, aiohttp.ClientError)):
            await bot.place(channel).send("Hello.")
        assert len(channel.messages) == applied
        await bot.place(channel).send("Hello.")


async def test_an_answer_is_late_and_a_server_out_of_order() -> None:
    bot = Bot()
    async with DiscordServer() as server, running(server, bot):
        channel = server.world.channel("questions")
        server.slow(0.3, "POST", "/channels/*/messages")
        sending = asyncio.create_task(bot.place(channel).send("Hello."))
        await server.wait_until(lambda: channel.messages)
        assert not sending.done()
        await sending
        server.fail(503, "POST", "/channels/*/messages", times=1000)
        with pytest.raises(discord.DiscordServerError):
            await bot.place(channel).send("Hello.")
        server.mend()
        await bot.place(channel).send("Hello.")


async def test_the_server_goes_on_while_a_bot_blocks_its_loop() -> None:
    async with DiscordServer() as server, running(server, Bot()):
        ada, questions = server.world.user("ada"), server.world.channel("questions")
        asked = server.slash(ada, questions, "ask", {"question": "Who"})
        time.sleep(0.2)
        await server.wait_until(lambda: asked.followups)
    assert asked.acknowledged_at
    assert asked.acknowledged_at - asked.created_at > 0.2


CHILD = """
import asyncio, sys
from tests.discord_bots import Bot
from tests.discord_records import Channel, Interaction
from tests.discord_server import point_discord_at
from tests.discord_world import TOKEN

point_discord_at(int(sys.argv[1]))
asyncio.run(Bot().start(TOKEN))
"""


async def test_a_bot_that_is_killed_leaves_the_world_as_it_was() -> None:
    async with DiscordServer() as server:
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(server.port)])
        try:
            await server.wait_until(lambda: server.connected, 20)
            world = server.world
            told = server.say(world.user("ada"), world.channel("questions"), "?", mentions_bot=True)
            await server.wait_until(lambda: told.replies)
        finally:
            child.kill()
            child.wait()
        await server.wait_until(lambda: not server.connected)
        async with running(server, Bot()):
            assert told.replies[0].content
