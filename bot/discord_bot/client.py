"""The Discord client: who may ask, commands and buttons, start and end; one pipeline behind all."""

import asyncio
import dataclasses
import hashlib
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias, cast

import discord
from discord.ext import commands

from bot.answering import Surroundings
from bot.citations import Citation
from bot.discord_bot.delivery import FAULTS, deliver, outlast
from bot.discord_bot.desk import Desk, History
from bot.discord_bot.errands import Errands, tell
from bot.discord_bot.history import turns_before, turns_in
from bot.discord_bot.libraries import Libraries
from bot.discord_bot.limits import Limits, Rates
from bot.discord_bot.memory import Asked, Memory
from bot.discord_bot.phrases import say
from bot.discord_bot.sharing import AT_ONCE
from bot.discord_bot.translating import Translator
from bot.settings import Settings

LONGEST_WAIT = 60.0  # seconds that discord.py may wait for Discord's rate limits
_COMMANDS = "commands"  # under which the last synced definition is remembered
_log = logging.getLogger(__name__)

Person = discord.User | discord.Member


class EssayClient(commands.AutoShardedBot):
    """The bot as Discord knows it."""

    def __init__(
        self, settings: Settings, libraries: Libraries, memory: Memory, extend: "Extend"
    ) -> None:
        """`extend` adds the commands and what buttons do."""
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        intents.message_content = settings.discord_message_content
        super().__init__(
            command_prefix=(),
            help_command=None,
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=LONGEST_WAIT,
            chunk_guilds_at_startup=False,
        )
        self.settings = settings
        self.libraries = libraries
        self.memory = memory
        self.desk = Desk(self, libraries, memory)
        self.errands = Errands(lambda each: say(self.language_of(each), "stopped"))
        self.limits = Limits(
            Rates(
                settings.discord_person_a_minute,
                settings.discord_server_a_minute,
                settings.discord_overall_a_minute,
            )
        )
        self._extend = extend
        self.tree.error(self.tell_failure)
        self._resuming: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        """Commands and buttons; then what a stopped bot left over."""
        await self._extend(self)
        await self._sync_commands()
        self._resuming = asyncio.create_task(self._resume())

    async def _sync_commands(self) -> None:
        """Tell Discord of the commands if their definition has changed."""
        await self.tree.set_translator(Translator())
        translator = self.tree.translator
        assert translator
        definition = [
            await each.get_translated_payload(self.tree, translator)
            for each in self.tree.get_commands()
        ]
        found = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()
        name = f"{_COMMANDS}:{self.application_id}"
        if await self.memory.fact(name) != found:
            await self.tree.sync()
            await self.memory.keep_fact(name, found)

    async def _resume(self) -> None:
        """Answer what was asked before a restart."""
        left = await self.memory.unfinished()
        await self.wait_until_ready()
        places = asyncio.Semaphore(AT_ONCE)  # all at once, they would turn each other away
        await asyncio.gather(*(self._take_up(asked, places) for asked in left))

    async def _take_up(self, asked: Asked, places: asyncio.Semaphore) -> None:
        async with places:
            try:
                await self._answer_anew(asked)
            except Exception:
                _log.exception("A question was left to the next start.")

    async def _answer_anew(self, asked: Asked) -> None:
        message = None
        if asked.message:
            try:
                fetch = partial(self._fetch, asked.channel, asked.message)
                message = await outlast(partial(deliver, fetch))
            except discord.Forbidden:
                pass  # it may not be read, but perhaps answered
            except discord.NotFound:
                await self.desk.drop(asked)
                return
        assert self.user
        await self.desk.resume(asked, partial(turns_before, message, self.user))

    async def _fetch(self, channel: int, message: int) -> discord.Message:
        place = self.get_channel(channel) or await self.fetch_channel(channel)
        return await cast(discord.TextChannel, place).fetch_message(message)

    async def on_message(self, message: discord.Message, /) -> None:
        """Nothing here: AskingCog listens, and there are no commands with a prefix."""

    async def take(
        self,
        interaction: "Interaction",
        question: str,
        *,
        essay: str = "",
        private: bool | None = None,
        history: History | None = None,
    ) -> None:
        """Answer a question that came by an interaction; without a history, it is the channel's."""
        language = self.language_of(interaction)
        refusal = await self.refusal(interaction.user, interaction.guild_id or 0, language)
        if refusal:
            await interaction.response.send_message(refusal, ephemeral=True)
            return
        server = self.memory.server(interaction.guild_id or 0)
        hidden = server.private if private is None else private
        asked = Asked(
            question=question,
            asker=self.memory.hash_user(interaction.user.id),
            channel=interaction.channel_id or 0,
            guild=interaction.guild_id or 0,
            application=interaction.application_id,
            token=interaction.token,
            private=hidden,
            essay=essay,
            language=language,
        )
        await self.memory.open(asked)  # first, so that a kill after the next line loses nothing
        asked = await self._defer(interaction, asked)
        assert self.user
        await self.desk.ask(asked, history or partial(turns_in, interaction.channel, self.user))

    async def _defer(self, interaction: "Interaction", asked: Asked) -> Asked:
        """Show that an answer is under way; where that fails, the answer may yet be delivered."""
        try:
            reply = await deliver(
                lambda: interaction.response.defer(ephemeral=asked.private, thinking=True)
            )
        except FAULTS:
            _log.warning("A question by command could not be acknowledged.")
            return asked
        if reply and reply.message_id:
            return dataclasses.replace(asked, replies=(reply.message_id,))
        return asked

    async def refusal(self, person: Person, guild: int, language: str) -> str:
        """Why someone may not ask now; "" if they may, and then it is counted."""
        if not await self.may_ask(person, guild):
            return say(language, "not_you")
        wait = self.limits.take(person.id, guild)
        return say(language, "slow_down", seconds=int(wait) + 1) if wait else ""

    async def may_ask(self, person: Person, guild: int) -> bool:
        """Whether someone has a role that may ask, where only some may.

        In direct messages that is so if it is in the home of the essays.
        """
        home = guild or self._home
        roles = self.memory.server(home).ask_roles
        if roles and not guild:
            try:
                person = await self._member(home, person.id)
            except FAULTS:
                return False
        return not roles or has_role(person, roles) or manages(person)

    async def _member(self, guild: int, person: int) -> discord.Member:
        server = self.get_guild(guild) or await self.fetch_guild(guild)
        return server.get_member(person) or await server.fetch_member(person)

    @property
    def _home(self) -> int:
        """The server whose moderators look after essays that several share; 0 if it is not told."""
        only = self.guilds[0].id if len(self.guilds) == 1 else 0
        return 0 if self.settings.discord_separate_servers else self.settings.discord_home or only

    def may_edit(self, interaction: "Interaction") -> str:
        """Why someone may not change the essays from here; "" if they may."""
        language, guild = self.language_of(interaction), interaction.guild_id or 0
        roles = self.memory.server(guild).edit_roles
        may = interaction.permissions.manage_guild or has_role(interaction.user, roles)
        if not guild or not may:
            return say(language, "admins_only")
        if not self.settings.discord_separate_servers and guild != self._home:
            return say(language, "other_home")
        return ""

    def language_of(self, interaction: "discord.Interaction[Any]") -> str:
        """The language someone is answered in: the server's choice, else their own."""
        return self.memory.server(interaction.guild_id or 0).language or str(interaction.locale)

    async def surroundings(self, guild: int, citation: Citation) -> Surroundings | None:
        """The paragraph around a citation; None if its essay has changed."""
        library = self.libraries.of(guild)
        return await asyncio.to_thread(library.answerer.surroundings, citation) if library else None

    async def post(self, channel: discord.abc.Messageable, text: str) -> discord.Message | None:
        """Send a message; None if it may not be sent there."""
        nonce = secrets.token_hex(8)  # sent twice, Discord takes it once
        try:
            return await deliver(partial(channel.send, text, suppress_embeds=True, nonce=nonce))
        except FAULTS:
            _log.warning("A message could not be sent to a channel.")
            return None

    async def tell_failure(self, interaction: "discord.Interaction[Any]", error: Exception) -> None:
        """Whatever fails, the person gets a sentence."""
        _log.error("What someone wanted was not done.", exc_info=error)
        text = say(self.language_of(interaction), "failed")
        try:
            await tell(interaction, text)
        except FAULTS:
            _log.warning("Nor could that be told.")

    async def wind_down(self) -> None:
        """Take nothing more; finish or mark what is under way, then leave."""
        if self._resuming:
            self._resuming.cancel()
        await asyncio.gather(self.desk.stop(), self.errands.stop())
        await self.close()


def manages(person: Person) -> bool:
    """Whether someone may manage the server."""
    return isinstance(person, discord.Member) and person.guild_permissions.manage_guild


def has_role(person: Person, roles: tuple[int, ...]) -> bool:
    """Whether someone has one of these roles."""
    return isinstance(person, discord.Member) and any(each.id in roles for each in person.roles)


Interaction: TypeAlias = discord.Interaction[EssayClient]
Extend = Callable[[EssayClient], Awaitable[None]]
