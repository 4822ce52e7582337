"""A small bot of discord.py's, and how one is run against a local Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
from discord import app_commands

from tests.discord_records import Channel
from tests.discord_server import DiscordServer
from tests.discord_world import TOKEN

Interaction = discord.Interaction[discord.Client]


class Again(discord.ui.View):
    """A button and a select that outlive the bot which sent them."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", custom_id="again")
    async def press(self, interaction: Interaction, _: discord.ui.Button["Again"]) -> None:
        await interaction.response.edit_message(content="Pressed.")

    @discord.ui.select(custom_id="essay", options=[discord.SelectOption(label="energy")])
    async def choose(self, interaction: Interaction, chosen: discord.ui.Select["Again"]) -> None:
        await interaction.response.send_message(f"Chose {chosen.values}.", ephemeral=True)


class Form(discord.ui.Modal, title="Tell us"):
    """One field."""

    text: discord.ui.TextInput["Form"] = discord.ui.TextInput(label="Text", custom_id="text")

    async def on_submit(self, interaction: Interaction) -> None:
        await interaction.response.send_message(f"Told: {self.text.value}")


@app_commands.command()
async def ask(
    interaction: Interaction, question: str, file: discord.Attachment | None = None
) -> None:
    """Answer in three steps."""
    await interaction.response.defer(ephemeral=True)
    content = (await file.read()).decode() if file else ""
    await interaction.edit_original_response(content=f"{question} ...")
    await interaction.edit_original_response(content=f"Yes. {content}".strip())
    await interaction.followup.send("And more.", ephemeral=True)


@ask.autocomplete("question")
async def complete(_: Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=f"{current} is it?", value="what")]


@app_commands.command()
async def form(interaction: Interaction) -> None:
    """Show a form."""
    await interaction.response.send_modal(Form())


@app_commands.context_menu(name="Count words")
async def count_words(interaction: Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"{len(message.content.split())} words")


class Bot(discord.AutoShardedClient):
    """Syncs its commands, answers mentions, and keeps what it was told."""

    def __init__(self, shards: int = 1, *, reads_everything: bool = False) -> None:
        intents = discord.Intents.default()
        intents.message_content = reads_everything
        super().__init__(intents=intents, shard_count=shards, guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(ask)
        self.tree.add_command(form)
        self.tree.add_command(count_words)
        self.heard: list[discord.Message] = []

    def place(self, channel: Channel) -> discord.PartialMessageable:
        guild_id = channel.guild.id if channel.guild else None
        return self.get_partial_messageable(channel.id, guild_id=guild_id)

    async def setup_hook(self) -> None:
        self.add_view(Again())
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without discord.py's pause of five seconds between shards."""

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)
        if self.user in message.mentions and not message.author.bot:
            reply = await message.reply("Thinking ...")
            await reply.edit(content="Here it is.", view=Again())


@asynccontextmanager
async def running(
    server: DiscordServer, bot: discord.Client, token: str = TOKEN
) -> AsyncIterator[None]:
    """The bot, ready, until the end; an error that ends it is raised here."""
    with server.redirect():
        task = asyncio.create_task(bot.start(token))
        try:
            await server.wait_until(lambda: bot.is_ready() or task.done())
            if task.done():
                await task
            yield
        finally:
            await bot.close()
            await asyncio.gather(task, return_exceptions=True)
