"""The bot of this project in a local Discord."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.discord_bot.client import EssayClient
from tests.discord_bots import running
from tests.discord_fixtures import House
from tests.discord_openapi import problems
from tests.discord_records import Message
from tests.discord_server import DiscordServer

DESCRIPTION = Path(__file__).parent.parent.parent / "shared" / "discord" / "openapi.json"


def quick(client: EssayClient) -> EssayClient:
    """Without discord.py's pauses at the start."""

    async def at_once(shard_id: int | None, *, initial: bool = False) -> None:
        """Identify."""

    client.before_identify_hook = at_once  # type: ignore[method-assign]
    client._connection.guild_ready_timeout = 0.05
    return client


def button(answer: Message, action: str) -> str:
    """The custom id of one of an answer's buttons."""
    ids = [str(each["custom_id"]) for each in answer.controls]
    return next(each for each in ids if each.startswith(f"essays:{action}:"))


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[DiscordServer]:
    """A Discord with the bot in it; at the end, all that it sent must have been right."""
    async with DiscordServer() as server:
        server.world.approved_intents = 1 << 15
        async with running(server, quick(house.client())):
            yield server
        assert not server.rate_limited
        if DESCRIPTION.exists():
            assert problems(server.requests) == []
