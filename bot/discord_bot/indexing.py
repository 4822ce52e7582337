"""Commands about the index: bring it up to date with the essays, go back to the one before."""

import asyncio
import json
import re
from contextlib import suppress
from typing import Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_bot.buttons import command_button, row_of
from bot.discord_bot.client import EssayClient, Interaction, told
from bot.discord_bot.delivery import FAULTS
from bot.discord_bot.libraries import Library
from bot.discord_bot.markdown import escape
from bot.discord_bot.phrases import say
from bot.discord_bot.reindexing import Reindexer
from bot.discord_bot.rendering import LONGEST
from bot.discord_bot.splitting import split
from bot.errors import ReindexFailed
from ingest.sync import SyncReport

REINDEX, ROLLBACK = "reindex", "rollback"


class IndexCog(commands.Cog):
    """For those who may change the essays."""

    index = app_commands.Group(
        name="index", description="The index made from the essays", guild_only=True
    )

    def __init__(self, client: EssayClient) -> None:
        self._client = client
        self._reindexer = Reindexer()
        self._resuming: asyncio.Task[None] | None = None

    async def cog_load(self) -> None:
        """Tell, once connected, of a reindex that a restart broke off."""
        self._resuming = asyncio.create_task(self._resume())

    async def cog_unload(self) -> None:
        """End what runs; the index stays as it was."""
        self._reindexer.stop()
        if self._resuming:
            self._resuming.cancel()

    @app_commands.command(name="reindex")
    @app_commands.guild_only
    async def reindex(self, interaction: Interaction) -> None:
        """Bring the index up to date with the essays folder: first the plan, then a button."""
        if not await admit(self._client, interaction):
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = self._client.language_of(interaction)
        library = library_of(self._client, interaction)
        try:
            report = await self._reindexer.plan(library)
        except ReindexFailed as error:
            text = say(language, "reindex_failed", reason=escape(str(error)))
            await interaction.edit_original_response(content=text)
            return
        key = "plan" if report.changes else "plan_nothing"
        text = _with_failures(say(language, key, report=report), report, language)
        view = reindex_button(language) if report.changes else None
        await interaction.edit_original_response(content=text, view=view)

    async def begin_reindex(self, interaction: Interaction) -> None:
        """Do what was planned, and tell how it goes in the channel."""
        language = self._client.language_of(interaction)
        library = library_of(self._client, interaction)
        name = f"{REINDEX}:{library.name}"
        if self._reindexer.is_running(library):
            link = json.loads(await self._client.memory.fact(name) or "{}").get("link", "")
            busy = say(language, "reindex_busy", link=link)
            await interaction.response.edit_message(content=busy, view=None)
            return
        begun = say(language, "reindexing", line="")
        await interaction.response.edit_message(content=begun, view=None)
        message = await self._post(interaction, begun)
        place = {"channel": message.channel.id, "message": message.id, "link": message.jump_url}
        await self._client.memory.keep_fact(name, json.dumps({**place, "language": language}))
        text = await self._reindex(library, message, language)
        await self._client.memory.keep_fact(name, "")
        with suppress(*FAULTS):
            await message.edit(content=text)

    async def _reindex(self, library: Library, message: discord.Message, language: str) -> str:
        async def tell(line: str) -> None:
            with suppress(*FAULTS):
                text = say(language, "reindexing", line=escape(line))
                await message.edit(content=split(text, LONGEST)[0])

        try:
            report = await self._reindexer.run(library, tell)
        except ReindexFailed as error:
            return say(language, "reindex_failed", reason=escape(str(error)))
        return _with_failures(say(language, "reindexed", report=report), report, language)

    async def _post(self, interaction: Interaction, text: str) -> discord.Message:
        """A message for everyone in the channel; where that is not allowed, a follow-up."""
        channel = interaction.channel
        message = None
        if isinstance(channel, discord.abc.Messageable):
            message = await self._client.post(channel, text)
        return message or await interaction.followup.send(text, wait=True, ephemeral=True)

    async def _resume(self) -> None:
        left = await self._client.memory.facts(f"{REINDEX}:")
        await self._client.wait_until_ready()
        for name, value in left.items():
            place = json.loads(value)
            channel = self._client.get_partial_messageable(place["channel"])
            with suppress(*FAULTS):
                message = channel.get_partial_message(place["message"])
                await message.edit(content=say(place["language"], "reindex_interrupted"))
            await self._client.memory.keep_fact(name, "")

    @index.command(name="rollback")
    async def rollback(self, interaction: Interaction) -> None:
        """Go back to the index before this one: first what it would do, then a button."""
        if not await admit(self._client, interaction):
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = self._client.language_of(interaction)
        generations = await asyncio.to_thread(
            library_of(self._client, interaction).store.generations
        )
        if len(generations) > 1:
            published, earlier, *_ = generations
            text = say(language, "rollback_plan", published=published, generation=earlier)
            view = row_of(command_button(ROLLBACK, say(language, "rollback", generation=earlier)))
        else:
            text, view = say(language, "no_rollback"), None
        await interaction.edit_original_response(content=text, view=view)

    async def begin_rollback(self, interaction: Interaction) -> None:
        """Go back."""
        await interaction.response.defer()
        language = self._client.language_of(interaction)
        store = library_of(self._client, interaction).store
        generations = await asyncio.to_thread(store.generations)
        if len(generations) > 1:
            await asyncio.to_thread(store.republish, generations[1])
            text = say(language, "rolled_back", generation=generations[1])
        else:
            text = say(language, "no_rollback")
        await interaction.edit_original_response(content=text, view=None)


async def admit(client: EssayClient, interaction: Interaction) -> bool:
    """Whether someone may change the essays; else they are told."""
    refusal = client.may_edit(interaction)
    if refusal:
        await interaction.response.send_message(refusal, ephemeral=True)
    return not refusal


def library_of(client: EssayClient, interaction: Interaction) -> Library:
    """The essays of the server a command was given in."""
    library = client.libraries.of(interaction.guild_id or 0)
    assert library, "commands that need one are for servers only"
    return library


def reindex_button(language: str) -> discord.ui.View:
    """A button that reindexes."""
    return row_of(command_button(REINDEX, say(language, "reindex")))


def _with_failures(text: str, report: SyncReport, language: str) -> str:
    failed = [
        say(language, "left_out", source=escape(source), reason=escape(reason))
        for source, reason in report.failed.items()
    ]
    return split("\n".join([text, *failed]), LONGEST)[0]


class ConfirmButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=rf"(?P<command>{REINDEX}|{ROLLBACK}):0",
):
    """Does what a command planned; who may is asked again, since a button outlives a role."""

    def __init__(self, item: discord.ui.Button[discord.ui.View], command: str) -> None:
        super().__init__(item)
        self.command = command

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,  # noqa: ARG003
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        """The button of this id."""
        assert isinstance(item, discord.ui.Button)
        return cls(item, match["command"])

    @told
    async def callback(self, interaction: Interaction) -> None:
        """Do it."""
        if not await admit(interaction.client, interaction):
            return
        cog = interaction.client.get_cog(IndexCog.__name__)
        assert isinstance(cog, IndexCog)
        if self.command == REINDEX:
            await cog.begin_reindex(interaction)
        else:
            await cog.begin_rollback(interaction)
