"""How messages and threads come to be, are changed, and are told of."""

import time
from typing import Any

from tests.discord_exchange import invalid
from tests.discord_gateway import Gateway
from tests.discord_message_checks import (
    COMPONENTS_V2,
    Files,
    check_body,
    check_sizes,
    set_pings,
)
from tests.discord_message_payloads import message_event_json, without_content
from tests.discord_payloads import channel_json
from tests.discord_records import (
    Attachment,
    Channel,
    Interaction,
    Json,
    Kind,
    Message,
    User,
)
from tests.discord_sessions import MESSAGE_CONTENT
from tests.discord_world import World

NONCE_LASTS = 5 * 60  # seconds
SUPPRESS_EMBEDS, EPHEMERAL, LOADING = 1 << 2, 1 << 6, 1 << 7
REPLY, THREAD_STARTER = 19, 21


class Board:
    """Where messages are put up, and those told who may know of them."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world, self.gateway = world, gateway

    def send(
        self,
        channel: Channel,
        author: User,
        body: Json,
        files: Files,
        *,
        kind: int = 0,
        interaction: Interaction | None = None,
        ephemeral: bool = False,
    ) -> Message:
        check_body(body, files)
        check_sizes(files, self.world.attachment_size_limit)
        again = _same_nonce(channel, author, body)
        if again:
            return again
        reference = _referred(self.world, channel, body)
        id = self.world.new_message_id(channel)
        message = Message(id, channel, author, body.get("content") or "")
        message.type = kind or (REPLY if reference else 0)
        message.interaction, message.reference = interaction, reference
        message.flags = (body.get("flags") or 0) | (EPHEMERAL if ephemeral else 0)
        message.nonce = None if body.get("nonce") is None else str(body["nonce"])
        message.attachments = self._upload(files)
        _fill(message, body)
        set_pings(message, self.world, body.get("allowed_mentions"))
        self.put_up(message)
        return message

    def put_up(self, message: Message) -> None:
        """A finished message appears in its channel."""
        message.note_version()
        self._reopen(message.channel)
        message.channel.messages[message.id] = message
        if message.reference and message.type == REPLY:
            message.reference.replies.append(message)
        self.announce(message, "MESSAGE_CREATE")

    def change(self, message: Message, body: Json, files: Files) -> None:
        check_body(_after(message, body), files)
        check_sizes(files, self.world.attachment_size_limit)
        if "attachments" in body:
            kept = {str(each["id"]) for each in body["attachments"] or []}
            message.attachments = [old for old in message.attachments if str(old.id) in kept]
        message.attachments += self._upload(files)
        _fill(message, body)
        message.flags &= ~LOADING
        set_pings(message, self.world, body.get("allowed_mentions"))
        message.note_version()
        self.announce(message, "MESSAGE_UPDATE")

    def open_thread(
        self,
        parent: Channel,
        name: str,
        owner: User,
        starter: Message | None = None,
        *,
        tags: list[int] | None = None,
    ) -> Channel:
        """A thread, and Discord's own message in it that shows where it began."""
        thread = self.world.add_thread(parent, name, owner, starter=starter)
        thread.applied_tags = tags or []
        payload = channel_json(thread) | {"newly_created": True}
        self.gateway.dispatch("THREAD_CREATE", payload, thread.guild)
        if starter:
            self.announce(starter, "MESSAGE_UPDATE")
            shown = Message(self.world.new_id(), thread, owner, "", reference=starter)
            shown.type = THREAD_STARTER
            self.put_up(shown)
        return thread

    def remove(self, message: Message) -> None:
        message.deleted = True
        message.channel.messages.pop(message.id, None)
        payload = {"id": str(message.id), "channel_id": str(message.channel.id)}
        guild = message.channel.guild
        if guild:
            payload["guild_id"] = str(guild.id)
        if not message.ephemeral:
            self.gateway.dispatch("MESSAGE_DELETE", payload, guild)

    def announce(self, message: Message, event: str) -> None:
        if message.ephemeral or not self.world.sees(self.world.me, message.channel):
            return
        payload = message_event_json(message, self.world)
        bare = limited(message, payload, self.world)
        self.gateway.dispatch(event, payload, message.channel.guild, bare=bare)

    def _reopen(self, channel: Channel) -> None:
        if channel.archived:
            channel.archived = False
            self.gateway.dispatch("THREAD_UPDATE", channel_json(channel), channel.guild)

    def _upload(self, files: Files) -> list[Attachment]:
        return [self.world.add_attachment(name, content) for name, content in files.values()]


def limited(message: Message, payload: Json, world: World) -> Json:
    """What of a message reaches a bot that may not read what isn't meant for it."""
    if not _is_for(world.me, message):
        payload = without_content(payload)
    if message.reference and payload.get("referenced_message"):
        referred = limited(message.reference, payload["referenced_message"], world)
        payload = payload | {"referenced_message": referred}
    return payload


def visible(message: Message, payload: Json, world: World) -> Json:
    """What the REST side shows of it, which depends on what was approved, not on the session."""
    approved = world.approved_intents & MESSAGE_CONTENT
    return payload if approved else limited(message, payload, world)


def _is_for(bot: User, message: Message) -> bool:
    is_direct = message.channel.kind is Kind.DM
    return is_direct or message.author is bot or bot in message.pings


def _fill(message: Message, body: Json) -> None:
    if "content" in body:
        message.content = body["content"] or ""
    if "embeds" in body:
        message.embeds = body["embeds"] or []
    if "components" in body:
        message.components = body["components"] or []
    settable = SUPPRESS_EMBEDS | COMPONENTS_V2
    if body.get("flags") is not None:
        message.flags = message.flags & ~settable | body["flags"] & settable


def _after(message: Message, body: Json) -> Json:
    """What the message would be after an edit."""
    now: dict[str, Any] = {
        "content": message.content,
        "embeds": message.embeds,
        "components": message.components,
        "attachments": message.attachments,
        "flags": message.flags,
    }
    return now | body


def _same_nonce(channel: Channel, author: User, body: Json) -> Message | None:
    nonce = body.get("nonce")
    if nonce is None or not body.get("enforce_nonce"):
        return None
    since = time.monotonic() - NONCE_LASTS
    for message in channel.messages.values():
        recent = message.author is author and message.versions[0].at > since
        if recent and message.nonce == str(nonce):
            return message
    return None


def _referred(world: World, channel: Channel, body: Json) -> Message | None:
    reference = body.get("message_reference")
    if not reference:
        return None
    place = world.channels.get(int(reference.get("channel_id") or channel.id), channel)
    found = place.messages.get(int(reference["message_id"]))
    if found is None and reference.get("fail_if_not_exists", True):
        raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    return found
