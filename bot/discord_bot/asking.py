"""Ways of asking: mention, reply, thread, direct message, command, message menu."""

from contextlib import suppress
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_bot.client import EssayClient, Interaction
from bot.discord_bot.delivery import FAULTS, Pace, deliver
from bot.discord_bot.essays import LONGEST_CHOICE, complete_essay
from bot.discord_bot.history import question_in, starter_of, turns_before
from bot.discord_bot.memory import Asked
from bot.discord_bot.phrases import say
from bot.discord_bot.replies import Withdrawn, send_below
from bot.questions import LONGEST_QUESTION, is_greeting

MOST_THREADS = 10_000  # of which it is remembered who began them
SECONDS_SHOWN = 15  # of a message that only its asker needs
WRITTEN = (discord.MessageType.default, discord.MessageType.reply)  # by people; others tell events


class AskingCog(commands.Cog):
    """Takes questions to the desk."""

    def __init__(self, client: EssayClient) -> None:
        self._client = client
        self._mine: dict[int, bool] = {}  # by thread: whether it was started from an answer
        self._lines = Pace(SECONDS_SHOWN)  # to one person
        menu = app_commands.ContextMenu(name="Ask the essays", callback=self._ask_about)
        client.tree.add_command(menu)

    @app_commands.command(name="ask")
    @app_commands.describe(
        question="What you want to know from the essays",
        essay="Only from this essay",
        private="Only you see the answer",
    )
    @app_commands.allowed_contexts(guilds=True, dms=True)
    async def ask(
        self,
        interaction: Interaction,
        question: app_commands.Range[str, 1, LONGEST_QUESTION],
        essay: app_commands.Range[str, 0, LONGEST_CHOICE] = "",
        private: bool | None = None,
    ) -> None:
        """Ask the essays a question; the answer cites them word for word."""
        await self._client.take(interaction, question, essay=essay, private=private)

    @ask.autocomplete("essay")
    async def _complete_essay(
        self, interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        return await complete_essay(interaction, typed)

    async def _ask_about(self, interaction: Interaction, message: discord.Message) -> None:
        question = question_in(message)
        if question:
            await self._client.take(interaction, question)
        else:
            text = say(self._client.language_of(interaction), "no_question")
            await interaction.response.send_message(text, ephemeral=True)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that asks the bot."""
        if message.author.bot or message.webhook_id or message.type not in WRITTEN:
            return
        if not await self._is_for_me(message):
            return
        question, language = question_in(message), self._language(message)
        if not question or is_greeting(question):
            await self._explain(message, language)
            return
        guild = message.guild.id if message.guild else 0
        if refusal := await self._client.refusal(message.author, guild, language):
            await self._say_once(message, refusal)
            return
        asked = Asked(
            question=question,
            asker=self._client.memory.hash_user(message.author.id),
            channel=message.channel.id,
            guild=guild,
            message=message.id,
            language=language,
        )
        assert self._client.user
        await self._client.desk.ask(asked, partial(turns_before, message, self._client.user))

    @commands.Cog.listener()
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Who deletes a question wants no answer any more."""
        self._client.desk.withdraw(event.message_id)

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """As one message, so many."""
        for message in event.message_ids:
            self._client.desk.withdraw(message)

    async def _is_for_me(self, message: discord.Message) -> bool:
        """Whether a message asks the bot, by name or by where it stands."""
        if message.guild is None or self._mentions_me(message):
            return True
        replied = message.reference.resolved if message.reference else None
        if isinstance(replied, discord.Message):
            return self._is_mine(replied)
        return not message.mentions and await self._stands_with_me(
            message.channel, message.guild.id
        )

    def _mentions_me(self, message: discord.Message) -> bool:
        me = message.guild.self_role if message.guild else None
        return self._client.user in message.mentions or me in message.role_mentions

    def _is_mine(self, message: discord.Message) -> bool:
        return message.author == self._client.user

    async def _stands_with_me(self, channel: Any, guild: int) -> bool:
        """Whether no mention is needed: an admin said so, or it is a thread of the bot's."""
        free = self._client.memory.server(guild).channels
        if channel.id in free or getattr(channel, "parent_id", 0) in free:
            return True
        if not isinstance(channel, discord.Thread):
            return False
        if not self._client.intents.message_content:
            return False  # nothing of it may be read
        in_forum = isinstance(channel.parent, discord.ForumChannel)
        return (in_forum and channel.me is not None) or await self._begun_by_me(channel)

    async def _begun_by_me(self, thread: discord.Thread) -> bool:
        """Whether a thread was started from an answer."""
        if thread.id not in self._mine:
            try:
                starter = await starter_of(thread)
            except FAULTS:
                return False
            if len(self._mine) > MOST_THREADS:
                self._mine.clear()
            self._mine[thread.id] = bool(starter and self._is_mine(starter))
        return self._mine[thread.id]

    async def _explain(self, message: discord.Message, language: str) -> None:
        """To who greets the bot or asks it nothing, or whose reply may not be read."""
        if message.guild is None or self._mentions_me(message):
            await self._say_once(message, say(language, "ask_what"))
        elif message.reference and not self._client.intents.message_content:
            await self._say_once(message, say(language, "keep_mention"))

    def _language(self, message: discord.Message) -> str:
        """The server's choice, else what Discord has set for it."""
        if message.guild is None:
            return ""
        chosen = self._client.memory.server(message.guild.id).language
        return chosen or str(message.guild.preferred_locale)

    async def _say_once(self, message: discord.Message, text: str) -> None:
        """A line for who wrote a message, gone after a while; not more than one meanwhile."""
        if not self._lines.takes(message.author.id):
            return
        send = partial(message.channel.send, text, delete_after=SECONDS_SHOWN, nonce=message.id)
        with suppress(Withdrawn, *FAULTS):
            await deliver(partial(send_below, message, send))
