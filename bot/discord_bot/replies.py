"""Where an answer goes: as a reply to a message, or to an interaction; drafts, then the answer."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

import discord
from discord.ext import commands

from bot.discord_bot.delivery import FAULTS, Pace, deliver
from bot.discord_bot.memory import Asked

GONE = {10008, 10015, 10062, 50027}  # message, webhook or interaction unknown; token expired
_log = logging.getLogger(__name__)


class Reply(Protocol):
    """One place for one answer. `asked` tells which messages carry it by now."""

    asked: Asked

    async def draft(self, text: str) -> None:
        """Show a draft, unless one was shown just now; a draft that cannot be shown is dropped."""

    async def finish(self, parts: Sequence[str], view: discord.ui.View | None) -> None:
        """Show the answer in place of the draft, the buttons below its last part."""


def reply_to(asked: Asked, client: commands.AutoShardedBot, pace: Pace) -> Reply:
    """The reply for a question, be it just asked or left over by a bot that was stopped."""
    return (
        InteractionReply(asked, client, pace) if asked.token else MessageReply(asked, client, pace)
    )


class MessageReply:
    """A reply to someone's message."""

    def __init__(self, asked: Asked, client: commands.AutoShardedBot, pace: Pace) -> None:
        self.asked = asked
        self._channel = client.get_partial_messageable(asked.channel)
        self._pace = pace
        self._deleted = 0  # messages that carried the answer

    async def draft(self, text: str) -> None:
        """As `Reply.draft`."""
        if not self._pace.takes(self.asked.channel):
            return
        with suppress(*FAULTS):
            await self._put(0, text, None)

    async def finish(self, parts: Sequence[str], view: discord.ui.View | None) -> None:
        """As `Reply.finish`."""
        if self.asked.replies:
            await self._pace.rest(self.asked.channel)
        for place, part in enumerate(parts):
            last = view if place == len(parts) - 1 else None
            await deliver(partial(self._put, place, part, last))

    async def _put(self, place: int, text: str, view: discord.ui.View | None) -> None:
        """Show a part: in the message that carries it, else in a new one."""
        if place < len(self.asked.replies):
            try:
                message = self._channel.get_partial_message(self.asked.replies[place])
                await message.edit(content=text, view=view)
                return
            except discord.NotFound:
                self._replace(place, None)  # someone deleted it
                self._deleted += 1
        self._replace(place, await self._send(place, text, view))

    def _replace(self, place: int, message: discord.Message | None) -> None:
        others = self.asked.replies[:place]
        replies = (*others, message.id, *self.asked.replies[place + 1 :]) if message else others
        self.asked = replace(self.asked, replies=replies)

    async def _send(self, place: int, text: str, view: discord.ui.View | None) -> discord.Message:
        return await self._channel.send(
            text,
            reference=self._question(),  # type: ignore[arg-type]  # None: to nothing
            mention_author=False,
            suppress_embeds=True,
            view=view or discord.utils.MISSING,
            # Sent twice, Discord takes it once; but one that was deleted must come anew.
            nonce=f"{self.asked.id}-{place}-{self._deleted}",
        )

    def _question(self) -> discord.MessageReference | None:
        """What the answer replies to; a command is no message."""
        if not self.asked.message:
            return None
        return discord.MessageReference(
            message_id=self.asked.message, channel_id=self.asked.channel, fail_if_not_exists=False
        )


class InteractionReply:
    """The reply to an interaction that was deferred; by its token, which outlives a restart."""

    def __init__(self, asked: Asked, client: commands.AutoShardedBot, pace: Pace) -> None:
        self.asked = asked
        self._client = client
        self._pace = pace
        self._webhook = discord.Webhook.partial(asked.application, asked.token, client=client)
        self._webhook.type = discord.WebhookType.application

    async def draft(self, text: str) -> None:
        """As `Reply.draft`."""
        if not self._pace.takes(self.asked.id):
            return
        with suppress(*FAULTS):
            await self._edit(text, None)

    async def finish(self, parts: Sequence[str], view: discord.ui.View | None) -> None:
        """As `Reply.finish`."""
        await self._pace.rest(self.asked.id)
        self._pace.forget(self.asked.id)
        first, *others = parts
        try:
            await deliver(lambda: self._edit(first, None if others else view))
            for place, part in enumerate(others):
                last = view if place == len(others) - 1 else None
                await deliver(partial(self._follow, part, last))
        except discord.HTTPException as error:
            if error.code not in GONE and error.status not in (401, 404):
                raise
            await self._post(parts, view)

    async def _edit(self, text: str, view: discord.ui.View | None) -> None:
        first: int = "@original"  # type: ignore[assignment]  # as discord.py itself does
        if self.asked.replies:
            first = self.asked.replies[0]
        await self._webhook.edit_message(first, content=text, view=view)

    async def _follow(self, text: str, view: discord.ui.View | None) -> None:
        await self._webhook.send(
            text,
            ephemeral=self.asked.private,
            suppress_embeds=True,
            view=view or discord.utils.MISSING,
            wait=True,
        )

    async def _post(self, parts: Sequence[str], view: discord.ui.View | None) -> None:
        """To the channel, since the interaction takes no answer any more; never what is private."""
        if self.asked.private:
            _log.warning("A private answer came too late to be delivered.")
            return
        message = MessageReply(replace(self.asked, token=""), self._client, self._pace)
        await message.finish(parts, view)


class Typing:
    """Shows in a channel that something is done, once however many wait there."""

    EVERY = 8.0  # seconds; Discord shows it for 10

    def __init__(self) -> None:
        self._waiting: dict[int, int] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def begin(self, channel: discord.abc.Messageable, id: int) -> None:
        """Someone more waits in a channel."""
        self._waiting[id] = self._waiting.get(id, 0) + 1
        if id not in self._tasks:
            self._tasks[id] = asyncio.create_task(self._show(channel))

    def end(self, id: int) -> None:
        """Someone waits no more."""
        self._waiting[id] -= 1
        if not self._waiting[id]:
            del self._waiting[id]
            self._tasks.pop(id).cancel()

    async def _show(self, channel: discord.abc.Messageable) -> None:
        while True:
            with suppress(*FAULTS):
                await channel.typing()
            await asyncio.sleep(self.EVERY)
