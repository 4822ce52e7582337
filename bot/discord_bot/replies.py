"""Where an answer goes: as a reply to a message, or to an interaction; drafts, then the answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

import discord
from discord.ext import commands

from bot.discord_bot.delivery import FAULTS, Pace, deliver
from bot.discord_bot.memory import Asked
from bot.discord_bot.phrases import say

NO_REPLIES = {400, 403}  # HTTP states where a reply is refused, and a message may not be
NOT_FOUND = 404
LOOKED_AT = 20  # messages of a channel
ARCHIVED = 50083  # code where a thread is closed: a new message opens it, and an edit does not
UNKNOWN = "message_reference: Unknown message"  # in the text of what Discord says of a deleted one
GONE = {401, 404}  # HTTP states where its token expired, or the message or interaction is unknown
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Withdrawn(Exception):
    """Who asked deleted the question, and so wants no answer."""


class Reply(Protocol):
    """One place for one answer. `asked` tells which messages carry it by now."""

    asked: Asked
    finished: bool  # whether the person has the answer, or a sentence in its place

    async def draft(self, render: Callable[[], str]) -> None:
        """Show a draft, unless one was shown just now; a draft that cannot be shown is dropped."""

    async def finish(self, parts: Sequence[str], view: discord.ui.View | None) -> None:
        """Show the answer in place of the draft, the buttons below its last part.

        Raises Withdrawn, as `draft` does too.
        """

    async def withdraw(self) -> None:
        """Take away what was shown, as far as that can be done."""


@dataclass(frozen=True)
class Means:
    """What replies are sent with; `keep` remembers which messages carry an answer."""

    client: commands.AutoShardedBot
    pace: Pace
    keep: Callable[[Asked], Awaitable[None]]


def reply_to(asked: Asked, means: Means) -> Reply:
    """The reply for a question, be it just asked or left over by a bot that was stopped."""
    return InteractionReply(asked, means) if asked.token else MessageReply(asked, means)


class MessageReply:
    """A reply to someone's message."""

    def __init__(self, asked: Asked, means: Means) -> None:
        self.asked, self.finished = asked, False
        self._channel = means.client.get_partial_messageable(asked.channel)
        self._pace, self._keep = means.pace, means.keep
        self._deleted = 0  # messages that carried the answer

    async def draft(self, render: Callable[[], str]) -> None:
        """As `Reply.draft`."""
        if not self._pace.takes(self.asked.channel):
            return
        with suppress(*FAULTS):
            await self._put(0, render(), None)

    async def finish(self, parts: Sequence[str], view: discord.ui.View | None) -> None:
        """As `Reply.finish`."""
        if self.asked.replies:
            await self._pace.rest(self.asked.channel)
        for place, part in enumerate(parts):
            last = view if place == len(parts) - 1 else None
            await deliver(partial(self._put, place, part, last))
        self.finished = True
        if view:  # nothing is to follow in the place of what a longer answer left
            await self._delete(self.asked.replies[len(parts) :])

    async def withdraw(self) -> None:
        """As `Reply.withdraw`."""
        await self._delete(self.asked.replies)

    async def _delete(self, messages: Sequence[int]) -> None:
        for id in messages:
            with suppress(*FAULTS):
                await deliver(self._channel.get_partial_message(id).delete)

    async def _put(self, place: int, text: str, view: discord.ui.View | None) -> None:
        """Show a part: in the message that carries it, else in a new one."""
        if place < len(self.asked.replies):
            try:
                message = self._channel.get_partial_message(self.asked.replies[place])
                await message.edit(content=text, view=view)
                return
            except discord.HTTPException as error:
                if error.status != NOT_FOUND and error.code != ARCHIVED:
                    raise
                self._replace(place, None)  # someone deleted it, or closed its thread
                self._deleted += 1
        message = await self._send(place, text, view)
        self._replace(place, message)
        await self._keep(self.asked)
        if message.content != text:  # it is a draft, which Discord took although sending it failed
            await self._put(place, text, view)

    def _replace(self, place: int, message: discord.Message | None) -> None:
        others = self.asked.replies[:place]
        replies = (*others, message.id, *self.asked.replies[place + 1 :]) if message else others
        self.asked = replace(self.asked, replies=replies)

    async def _send(self, place: int, text: str, view: discord.ui.View | None) -> discord.Message:
        send = partial(
            self._channel.send,
            text,
            suppress_embeds=True,
            view=view or discord.utils.MISSING,
            # Sent twice, Discord takes it once; but one that was deleted must come anew.
            nonce=f"{self.asked.message or self.asked.id}-{place}-{self._deleted}",
        )
        question = self._question()
        return await (send_below(question, send) if question else send())

    def _question(self) -> discord.MessageReference | None:
        """What the answer replies to; a command is no message."""
        if not self.asked.message:
            return None
        return discord.MessageReference(
            message_id=self.asked.message, channel_id=self.asked.channel
        )


class InteractionReply:
    """The reply to an interaction that was deferred; by its token, which outlives a restart."""

    def __init__(self, asked: Asked, means: Means) -> None:
        self.asked, self.finished = asked, False
        self._means, self._pace = means, means.pace
        self._webhook = discord.Webhook.partial(asked.application, asked.token, client=means.client)
        self._webhook.type = discord.WebhookType.application
        self._sent: set[str] = set()  # follow-ups that may have come although sending failed

    async def draft(self, render: Callable[[], str]) -> None:
        """As `Reply.draft`."""
        if not self._pace.takes(self.asked.id):
            return
        with suppress(*FAULTS):
            await self._edit(render(), None)

    async def finish(self, parts: Sequence[str], view: discord.ui.View | None) -> None:
        """As `Reply.finish`."""
        await self._pace.rest(self.asked.id)
        first, *others = parts
        try:
            await deliver(lambda: self._edit(first, None if others else view))
            for place, part in enumerate(others, start=1):
                last = view if place == len(others) else None
                await deliver(partial(self._follow, place, part, last))
        except discord.HTTPException as error:
            if error.status not in GONE:
                raise
            await self._post(parts, view)
        self.finished = True

    async def withdraw(self) -> None:
        """As `Reply.withdraw`; a command is no message that could be deleted."""

    async def _edit(self, text: str, view: discord.ui.View | None) -> None:
        first: int = "@original"  # type: ignore[assignment]  # as discord.py itself does
        if self.asked.replies:
            first = self.asked.replies[0]
        await self._webhook.edit_message(first, content=text, view=view)

    async def _follow(self, place: int, text: str, view: discord.ui.View | None) -> None:
        """Show a further part: in the message that carries it, else in a new one."""
        if place < len(self.asked.replies):
            await self._webhook.edit_message(self.asked.replies[place], content=text, view=view)
            return
        id = await self._find(text) if text in self._sent else 0
        self._sent.add(text)
        if not id:
            message = await self._webhook.send(
                text,
                ephemeral=self.asked.private,
                suppress_embeds=True,
                view=view or discord.utils.MISSING,
                wait=True,
            )
            id = message.id
        if self.asked.replies:  # else the first is not known, and a place among them means nothing
            self.asked = replace(self.asked, replies=(*self.asked.replies, id))
            await self._means.keep(self.asked)

    async def _find(self, text: str) -> int:
        """A public follow-up that Discord took although sending it failed; 0 if there is none."""
        channel = self._means.client.get_partial_messageable(self.asked.channel)
        after = discord.Object(self.asked.replies[0]) if self.asked.replies else None
        with suppress(*FAULTS):
            async for each in channel.history(limit=LOOKED_AT, after=after, oldest_first=False):
                if each.content == text and each.author == self._means.client.user:
                    return each.id
        return 0

    async def _post(self, parts: Sequence[str], view: discord.ui.View | None) -> None:
        """To the channel, since the interaction takes no answer any more; never what is private."""
        if self.asked.private:
            parts, view = [say(self.asked.language, "private_too_late")], None
        asked = replace(self.asked, token="")
        if self.asked.private:
            asked = replace(asked, replies=())
        message = MessageReply(asked, self._means)
        await message.finish(parts, view)


async def send_below(
    question: discord.MessageReference | discord.Message, send: Callable[..., Awaitable[T]]
) -> T:
    """Send as a reply; where the bot may not read what was said, and so not reply to it, without.

    Raises Withdrawn.
    """
    try:
        return await send(reference=question, mention_author=False)
    except discord.HTTPException as error:
        if UNKNOWN in error.text:
            raise Withdrawn from error
        if error.status not in NO_REPLIES:
            raise
        return await send()


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
