"""A bot in a Discord played in process, over the real index of the user's essay."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import simcord
from simcord import Env

from bot.answering import Answerer
from bot.discord_bot.assembly import make_client
from bot.discord_bot.client import EssayClient
from bot.discord_bot.libraries import Libraries
from bot.discord_bot.memory import Memory
from bot.settings import Settings

MakeClient = Callable[..., EssayClient]


class House:
    """What stays while bots come and go: settings, memory, index."""

    def __init__(self, models: Answerer, settings: Settings) -> None:
        self.settings = settings
        self.memory = Memory(settings.data_dir)
        self.libraries = Libraries(settings, models)

    def client(self) -> EssayClient:
        """A bot as one start of the program makes it."""
        return make_client(self.settings, self.libraries, self.memory)

    def close(self) -> None:
        self.memory.shut()
        self.libraries.close()


@asynccontextmanager
async def playing(house: House, **options: object) -> AsyncIterator[Env]:
    """A Discord with the bot in it."""
    async with simcord.run(house.client(), shard_count=1, **options) as env:
        yield env
