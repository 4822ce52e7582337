"""The local Discord behaves as discord.py and Discord's documentation say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import pytest
from discord import app_commands

from tests.discord_server import DiscordServer
from tests.discord_world import TOKEN


class Bot(discord.Client):
    def __init__(self, **options: object) -> None:
        super().__init__(intents=discord.Intents.default(), guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(ask)

    async def setup_hook(self) -> None:
        await self.tree.sync()


@app_commands.command()
async def ask(interaction: discord.Interaction[Bot], question: str) -> None:
    """Ask."""
    await interaction.response.defer(ephemeral=True)
    await interaction.edit_original_response(content=f"{question} I think ...")
    await interaction.edit_original_response(content="Yes.")
    await interaction.followup.send("And more.", ephemeral=True)


@asynccontextmanager
async def running(server: DiscordServer, bot: discord.Client) -> AsyncIterator[None]:
    with server.redirect():
        task = asyncio.create_task(bot.start(TOKEN))
        await server.wait_until(lambda: bot.is_ready() or task.done())
        try:
            yield
        finally:
            await bot.close()
            await task


@pytest.mark.asyncio
async def test_a_slash_command() -> None:
    async with DiscordServer() as server, running(server, Bot()):
        world = server.world
        channel = world.guilds[0].channels[0]
        ada = next(u for u in world.users.values() if u.name == "ada")
        asked = server.slash(ada, channel, "ask", {"question": "Who?"})
        await server.wait_until(lambda: asked.followups)
        assert asked.response
        assert asked.deferred
        assert asked.ephemeral
            assert [v.content for v in asked.response.versions] == ["", "Who? I think ...", "Yes."]
