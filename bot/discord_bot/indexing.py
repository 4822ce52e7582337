"""Commands about the index: bring it up to date with the essays, go back to the one before."""

import asyncio
import json
import logging
from contextlib import suppress
from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_bot.buttons import KnownButton, command_button, row_of
from bot.discord_bot.client import EssayClient, Interaction
from bot.discord_bot.delivery import FAULTS, deliver, outlast
from bot.discord_bot.libraries import Library
from bot.discord_bot.markdown import escape
from bot.discord_bot.phrases import say
from bot.discord_bot.reindexing import DIGEST, Reindexer, digest_of
from bot.discord_bot.splitting import split
from bot.errors import ReindexFailed
from ingest.errors import EssayBotError, IndexBusy
from ingest.sync import SyncReport

REINDEX, ROLLBACK = "reindex", "rollback"
GENERATION = r"[0-9a-f-]{1,40}"  # the name of one; two fit into a button's id
_log = logging.getLogger(__name__)


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
        if await admit(self._client, interaction):
            await self.show_plan(interaction)

    async def show_plan(self, interaction: Interaction) -> None:
        """What a reindex would do, and the button that does it."""
        await self._client.errands.think(interaction)
        if report := await self._plan(interaction):
            await self._offer(interaction, report)

    async def _plan(self, interaction: Interaction) -> SyncReport | None:
        """What a reindex would do; None where that cannot be told, and then the reason is."""
        try:
            return await self._reindexer.plan(library_of(self._client, interaction))
        except ReindexFailed as error:
            language = self._client.language_of(interaction)
            text = say(language, "reindex_failed", reason=escape(str(error)))
            await self._client.errands.end(interaction, text)
        return None

    async def _offer(self, interaction: Interaction, report: SyncReport, before: str = "") -> None:
        language = self._client.language_of(interaction)
        key = "plan" if report.changes else "plan_nothing"
        text = _with_failures(before + say(language, key, report=report), report, language)
        view = reindex_button(language, digest_of(report)) if report.changes else None
        await self._client.errands.end(interaction, text, view)

    async def begin_reindex(self, interaction: Interaction, planned: str) -> None:
        """Do what was planned if that is still what would be done; else show the new plan."""
        language = self._client.language_of(interaction)
        library = library_of(self._client, interaction)
        with self._reindexer.turn(library) as free:
            if not free:
                await self._tell_busy(interaction, library)
                return
            checking = say(language, "checking")
            await self._client.errands.begin(
                interaction,
                partial(interaction.response.edit_message, content=checking, view=None),
            )
            report = await self._plan(interaction)
            if report and digest_of(report) == planned:
                await self._carry_out(interaction, library)
            elif report:
                await self._offer(interaction, report, f"{say(language, 'plan_changed')}\n")

    async def _tell_busy(self, interaction: Interaction, library: Library) -> None:
        language = self._client.language_of(interaction)
        text = say(language, "index_busy")
        if place := await self._client.memory.fact(f"{REINDEX}:{library.name}"):
            text = say(language, "reindex_busy", link=json.loads(place)["link"])
        await interaction.response.send_message(text, ephemeral=True)

    async def _carry_out(self, interaction: Interaction, library: Library) -> None:
        language, name = self._client.language_of(interaction), f"{REINDEX}:{library.name}"
        begun = say(language, "reindexing", line="")
        await self._client.errands.end(interaction, begun)
        message = await self._post(interaction, begun)
        place = {"channel": message.channel.id, "message": message.id, "link": message.jump_url}
        await self._client.memory.keep_fact(name, json.dumps({**place, "language": language}))
        if text := await self._reindex(library, message, language):
            await self._report(message, text)
            await self._client.memory.keep_fact(name, "")

    async def _report(self, message: discord.Message, text: str) -> None:
        """Show how it went where it was announced; where that was deleted, anew.

        Raises Undelivered.
        """
        try:
            await outlast(partial(deliver, partial(message.edit, content=text)))
        except discord.HTTPException:
            await self._client.post(message.channel, text)

    async def _reindex(self, library: Library, message: discord.Message, language: str) -> str:
        """How it went; "" where this bot is being stopped, since then the next one tells it."""

        async def tell(line: str) -> None:
            with suppress(*FAULTS):
                text = say(language, "reindexing", line=escape(line))
                await message.edit(content=split(text)[0])

        try:
            report = await self._reindexer.run(library, tell)
            text = _with_failures(say(language, "reindexed", report=report), report, language)
        except ReindexFailed as error:
            text = say(language, "reindex_failed", reason=escape(str(error)))
        return "" if self._reindexer.stopping else text

    async def _post(self, interaction: Interaction, text: str) -> discord.Message:
        """A message for everyone in the channel; where that is not allowed, a follow-up."""
        channel, message = interaction.channel, None
        if isinstance(channel, discord.abc.Messageable):
            message = await self._client.post(channel, text)
        return message or await interaction.followup.send(text, wait=True, ephemeral=True)

    async def _resume(self) -> None:
        left = await self._client.memory.facts(f"{REINDEX}:")
        await self._client.wait_until_ready()
        for name, value in left.items():
            place = json.loads(value)
            channel = self._client.get_partial_messageable(place["channel"])
            with suppress(discord.HTTPException):  # it was deleted, and so needs no end
                text = say(place["language"], "reindex_interrupted")
                message = channel.get_partial_message(place["message"])
                await outlast(partial(deliver, partial(message.edit, content=text)))
            if await self._client.memory.fact(name) == value:  # else another one has begun
                await self._client.memory.keep_fact(name, "")

    @index.command(name="rollback")
    async def rollback(self, interaction: Interaction) -> None:
        """Go back to the index before this one: first what it would do, then a button."""
        if not await admit(self._client, interaction):
            return
        await self._client.errands.think(interaction)
        language = self._client.language_of(interaction)
        library = library_of(self._client, interaction)
        generations = await asyncio.to_thread(library.store.generations)
        text, view = say(language, "no_rollback"), None
        if len(generations) > 1:
            published, earlier, *_ = generations
            text = say(language, "rollback_plan", published=published, generation=earlier)
            label = say(language, "rollback", generation=earlier)
            view = row_of(command_button(f"{ROLLBACK}:{published}:{earlier}", label))
        await self._client.errands.end(interaction, text, view)

    async def begin_rollback(self, interaction: Interaction, shown: str, earlier: str) -> None:
        """Go back to a generation, if the one that was shown is still the published one."""
        library = library_of(self._client, interaction)
        with self._reindexer.turn(library) as free:
            if not free:
                await self._tell_busy(interaction, library)
                return
            await self._client.errands.begin(interaction, interaction.response.defer)
            language = self._client.language_of(interaction)
            generations = await asyncio.to_thread(library.store.generations)
            key = "rolled_back"
            if generations[:1] == [shown] and earlier in generations:
                try:
                    await asyncio.to_thread(library.store.republish, earlier)
                except IndexBusy:  # by another process than this bot's
                    key = "index_busy"
                except EssayBotError as error:
                    _log.error("An index was not gone back to: %s", error)
                    key = "rollback_failed"
            elif generations[:1] != [earlier]:  # else it was pressed twice
                key = "rollback_changed"
            done = say(language, key, generation=earlier)
            await self._client.errands.end(interaction, done)


async def admit(client: EssayClient, interaction: Interaction) -> bool:
    """Whether someone may change the essays; else they are told."""
    if refusal := client.may_edit(interaction):
        await interaction.response.send_message(refusal, ephemeral=True)
    return not refusal


def library_of(client: EssayClient, interaction: Interaction) -> Library:
    """The essays of the server a command was given in."""
    library = client.libraries.of(interaction.guild_id or 0)
    assert library, "commands that need one are for servers only"
    return library


def reindex_button(language: str, planned: str = "") -> discord.ui.View:
    """A button that does what was planned, known by its digest; without one, it shows the plan."""
    command = f"{REINDEX}:{planned}" if planned else REINDEX
    return row_of(command_button(command, say(language, "reindex")))


def _with_failures(text: str, report: SyncReport, language: str) -> str:
    failed = [
        say(language, "left_out", source=escape(source), reason=escape(reason))
        for source, reason in report.failed.items()
    ]
    return split("\n".join([text, *failed]))[0]


class ConfirmButton(
    KnownButton,
    template=rf"{REINDEX}(:(?P<planned>{DIGEST}))?:0"
    rf"|{ROLLBACK}:(?P<shown>{GENERATION}):(?P<earlier>{GENERATION}):0",
):
    """Does what a command planned; who may is asked again, since a button outlives a role."""

    async def act(self, interaction: Interaction) -> None:
        """Do it."""
        if not await admit(interaction.client, interaction):
            return
        cog = interaction.client.get_cog(IndexCog.__name__)
        assert isinstance(cog, IndexCog)
        planned, shown, earlier = self.match.group("planned", "shown", "earlier")
        if planned:
            await cog.begin_reindex(interaction, planned)
        elif earlier:
            await cog.begin_rollback(interaction, shown, earlier)
        else:
            await cog.show_plan(interaction)
