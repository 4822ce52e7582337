"""Commands about the essays: list, add, remove."""

import asyncio
from contextlib import suppress

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_bot.buttons import KnownButton, command_button, row_of
from bot.discord_bot.client import EssayClient, Interaction
from bot.discord_bot.delivery import FAULTS
from bot.discord_bot.indexing import admit, library_of, reindex_button
from bot.discord_bot.libraries import Library
from bot.discord_bot.markdown import clean, escape
from bot.discord_bot.phrases import say
from bot.discord_bot.rendering import CUT
from bot.discord_bot.shelf import REMOVED, Shelf
from bot.discord_bot.splitting import split
from bot.errors import FileRefused
from ingest.errors import IndexMissing
from ingest.records import Manifest

LINES = 10  # essays on a page
LONGEST_TITLE = 60  # characters, so that a page fits into a message
MOST_CHOICES = 25
LONGEST_CHOICE = 100  # characters
LIST = "list"


class EssaysCog(commands.Cog):
    """For everyone: which essays there are. For those who may: to change them."""

    essay = app_commands.Group(name="essay", description="Add or remove an essay", guild_only=True)

    def __init__(self, client: EssayClient) -> None:
        self._client = client
        self._adding = asyncio.Lock()  # a file may take long to read, in a thread answers need

    @app_commands.command(name="essays")
    async def list_essays(self, interaction: Interaction) -> None:
        """Which essays I answer from."""
        await self._client.errands.think(interaction)
        await show_page(interaction, 0)

    @essay.command(name="add")
    @app_commands.describe(
        file="The essay",
        file2="One more",
        file3="One more",
        file4="One more",
        file5="One more",
        replace="Replace a file of the same name",
    )
    async def add(  # noqa: PLR0917 - options of a command
        self,
        interaction: Interaction,
        file: discord.Attachment,
        file2: discord.Attachment | None = None,
        file3: discord.Attachment | None = None,
        file4: discord.Attachment | None = None,
        file5: discord.Attachment | None = None,
        replace: bool = False,
    ) -> None:
        """Add essays: text, Markdown, HTML, PDF, docx or epub."""
        if not await admit(self._client, interaction):
            return
        await self._client.errands.think(interaction)
        language = self._client.language_of(interaction)
        files = [each for each in (file, file2, file3, file4, file5) if each]
        shelf = self._shelf(interaction)
        lines = [await self._add(shelf, each, replace) for each in files]
        added = any(done for done, _ in lines)
        text = "\n".join([line for _, line in lines] + [say(language, "then_reindex")] * added)
        view = reindex_button(language) if added else None
        await self._client.errands.end(interaction, split(text)[0], view)

    async def _add(self, shelf: Shelf, file: discord.Attachment, replace: bool) -> tuple[bool, str]:
        """Whether a file was added, and the line that says so."""
        try:
            name = shelf.check_upload(file.filename, file.size, replace)
            content = await file.read()
            async with self._adding:
                await asyncio.to_thread(shelf.add_file, name, content, replace)
        except FileRefused as error:
            reason = str(error)
        except FAULTS:
            reason = say(shelf.language, "file_fetch")
        else:
            return True, say(shelf.language, "added_file", name=escape(name))
        shown = {"name": escape(file.filename), "reason": escape(reason)}
        return False, say(shelf.language, "refused_file", **shown)

    @essay.command(name="remove")
    @app_commands.describe(name="The essay's file")
    async def remove(
        self, interaction: Interaction, name: app_commands.Range[str, 1, LONGEST_CHOICE]
    ) -> None:
        """Take an essay out of the folder; the file is kept aside."""
        if not await admit(self._client, interaction):
            return
        await self._client.errands.think(interaction)
        language = self._client.language_of(interaction)
        view = None
        try:
            found = await asyncio.to_thread(self._shelf(interaction).remove_file, name)
        except FileRefused as error:
            reason = escape(str(error))
            text = say(language, "not_removed", name=escape(name), reason=reason)
        else:
            text = say(language, "no_file", name=escape(name))
            if found:
                text = say(language, "removed_file", name=escape(name), folder=REMOVED)
                text, view = f"{text}\n{say(language, 'then_reindex')}", reindex_button(language)
        await self._client.errands.end(interaction, text, view)

    def _shelf(self, interaction: Interaction) -> Shelf:
        return Shelf(
            library_of(self._client, interaction).essays,
            self._client.settings.data_dir,
            self._client.language_of(interaction),
        )

    @remove.autocomplete("name")
    async def _complete(
        self, interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        return await complete_essay(interaction, typed)


async def show_page(interaction: Interaction, page: int) -> None:
    """One page of the list of essays, with buttons to the others."""
    language = interaction.client.language_of(interaction)
    manifest = await _manifest(interaction.client, interaction.guild_id or 0)
    rows = list(manifest.essays.values()) if manifest else []
    lines = [
        "- "
        + say(
            language,
            "essay_line",
            title=f"**{escape(_shortened(each.title))}**",
            passages=each.passages,
            date=each.added[:10],
        )
        for each in rows[page * LINES : (page + 1) * LINES]
    ] or [say(language, "no_essays")]
    buttons = []
    if page:
        buttons.append(command_button(LIST, say(language, "previous"), page - 1))
    if (page + 1) * LINES < len(rows):
        buttons.append(command_button(LIST, say(language, "next"), page + 1))
    text = split(f"**{say(language, 'essays')}** ({len(rows)})\n" + "\n".join(lines))
    await interaction.client.errands.end(interaction, text[0], row_of(*buttons))


def _shortened(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + CUT


async def complete_essay(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Essays whose title or file holds what was typed."""
    manifest = await _manifest(interaction.client, interaction.guild_id or 0)
    wanted = typed.casefold()
    return [
        app_commands.Choice(name=_choice_name(each.title, source), value=source)
        for source, each in (manifest.essays.items() if manifest else ())
        if wanted in f"{each.title} {source}".casefold() and len(source) <= LONGEST_CHOICE
    ][:MOST_CHOICES]


def _choice_name(title: str, source: str) -> str:
    """What Discord shows of an essay to choose; it reads no markdown there."""
    shown = " ".join(clean(title).split()) or clean(source)
    return shown[:LONGEST_CHOICE]


async def _manifest(client: EssayClient, guild: int) -> Manifest | None:
    library = client.libraries.of(guild)
    return await asyncio.to_thread(_read_manifest, library) if library else None


def _read_manifest(library: Library) -> Manifest | None:
    with suppress(IndexMissing):
        return library.store.manifest(library.store.published())
    return None


class PageButton(KnownButton, template=rf"{LIST}:(?P<page>\d{{1,6}})"):
    """Turns to another page of the list."""

    async def act(self, interaction: Interaction) -> None:
        """Show it in place of this one."""
        await interaction.client.errands.begin(interaction, interaction.response.defer)
        await show_page(interaction, int(self.match["page"]))
