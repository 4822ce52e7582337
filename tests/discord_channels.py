"""The REST side of channels: messages, threads, reactions, typing."""

import time
from typing import Any

from tests.discord_exchange import DiscordError, Exchange, invalid, unknown
from tests.discord_message_checks import TOO_LONG
from tests.discord_message_payloads import message_json
from tests.discord_messages import EPHEMERAL, Board, visible
from tests.discord_payloads import channel_json
from tests.discord_records import Channel, Json, Kind, Message, Permission

DEFAULT_PAGE = 50


def read_channel(exchange: Exchange) -> Json:
    """GET /channels/{channel_id}"""
    return channel_json(exchange.channel())


def change_channel(exchange: Exchange) -> Json:
    """PATCH /channels/{channel_id}: of a thread, its name and whether it is open."""
    thread = exchange.channel()
    thread.name = exchange.body.get("name", thread.name)
    thread.archived = exchange.body.get("archived", thread.archived)
    thread.locked = exchange.body.get("locked", thread.locked)
    exchange.gateway.dispatch("THREAD_UPDATE", channel_json(thread), thread.guild)
    return channel_json(thread)


def send_message(exchange: Exchange) -> Json:
    """POST /channels/{channel_id}/messages"""
    channel = exchange.channel()
    _check_sending(exchange, channel)
    board = Board(exchange.world, exchange.gateway)
    body = {**exchange.body, "flags": (exchange.body.get("flags") or 0) & ~EPHEMERAL}
    message = board.send(channel, exchange.world.me, body, exchange.request.files)
    return message_json(message, exchange.world)


def _check_sending(exchange: Exchange, channel: Channel) -> None:
    if channel.kind is Kind.FORUM:
        raise DiscordError(400, 50008, "Cannot send messages in a non-text channel")
    if channel.recipient and not channel.recipient.takes_direct_messages:
        raise DiscordError(403, 50007, "Cannot send messages to this user")
    if channel.locked and channel.archived:
        raise DiscordError(400, 50083, "Thread is archived")
    sending = Permission.SEND_MESSAGES
    exchange.channel(Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else sending)
    if exchange.request.files:
        exchange.channel(Permission.ATTACH_FILES)
    if exchange.body.get("embeds"):
        exchange.channel(Permission.EMBED_LINKS)
    granted = exchange.world.permissions(exchange.world.me, channel)
    if exchange.body.get("message_reference") and not granted & Permission.READ_MESSAGE_HISTORY:
        raise DiscordError(400, 160002, "Cannot reply without permission to read message history")


def read_messages(exchange: Exchange) -> list[Json]:
    """GET /channels/{channel_id}/messages: the newest first"""
    channel, query = exchange.channel(), exchange.request.query
    granted = exchange.world.permissions(exchange.world.me, channel)
    if not granted & Permission.READ_MESSAGE_HISTORY:
        return []
    limit = int(query.get("limit", DEFAULT_PAGE))
    if not 1 <= limit <= 100:
        raise invalid("limit", "NUMBER_TYPE_MAX", "int value should be from 1 to 100.")
    messages = sorted(channel.messages.values(), key=lambda each: -each.id)
    messages = _page([each for each in messages if not each.ephemeral], query, limit)
    return [visible(each, message_json(each, exchange.world), exchange.world) for each in messages]


def _page(newest_first: list[Message], query: dict[str, str], limit: int) -> list[Message]:
    if "before" in query:
        return [each for each in newest_first if each.id < int(query["before"])][:limit]
    if "after" in query:
        return [each for each in newest_first if each.id > int(query["after"])][-limit:]
    if "around" in query:
        middle = int(query["around"])
        later = [each for each in newest_first if each.id >= middle][-(limit // 2) - 1 :]
        earlier = [each for each in newest_first if each.id < middle][: limit // 2]
        return (later + earlier)[:limit]
    return newest_first[:limit]


def read_message(exchange: Exchange) -> Json:
    """GET /channels/{channel_id}/messages/{message_id}"""
    channel = exchange.channel(Permission.READ_MESSAGE_HISTORY)
    message = exchange.message(channel)
    return visible(message, message_json(message, exchange.world), exchange.world)


def edit_message(exchange: Exchange) -> Json:
    """PATCH /channels/{channel_id}/messages/{message_id}"""
    message = exchange.message(exchange.channel())
    if message.author is not exchange.world.me:
        raise DiscordError(403, 50005, "Cannot edit a message authored by another user")
    if message.channel.archived:
        raise DiscordError(400, 50083, "Thread is archived")
    board = Board(exchange.world, exchange.gateway)
    board.change(message, exchange.body, exchange.request.files)
    return message_json(message, exchange.world)


def delete_message(exchange: Exchange) -> None:
    """DELETE /channels/{channel_id}/messages/{message_id}"""
    message = exchange.message(exchange.channel())
    if message.author is not exchange.world.me:
        exchange.channel(Permission.MANAGE_MESSAGES)
    Board(exchange.world, exchange.gateway).remove(message)


def add_reaction(exchange: Exchange) -> None:
    """PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"""
    channel = exchange.channel(Permission.ADD_REACTIONS, Permission.READ_MESSAGE_HISTORY)
    reaction = (exchange.values["emoji_name"], exchange.world.me)
    reactions = exchange.message(channel).reactions
    if reaction not in reactions:
        reactions.append(reaction)


def show_typing(exchange: Exchange) -> None:
    """POST /channels/{channel_id}/typing"""
    exchange.channel().typing.append(time.monotonic())


def start_thread_at_message(exchange: Exchange) -> Json:
    """POST /channels/{channel_id}/messages/{message_id}/threads"""
    channel = exchange.channel(Permission.CREATE_PUBLIC_THREADS)
    message = exchange.message(channel)
    if message.thread:
        code, text = 160004, "A thread has already been created for this message"
        raise DiscordError(400, code, text)
    return channel_json(_open_thread(exchange, channel, message))


def start_thread(exchange: Exchange) -> Json:
    """POST /channels/{channel_id}/threads: in a text channel, or a post in a forum"""
    channel = exchange.channel()
    if channel.kind is Kind.FORUM:
        return _start_post(exchange, channel)
    private = exchange.body.get("type") == Kind.PRIVATE_THREAD
    exchange.channel(
        Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
    )
    thread = _open_thread(exchange, channel)
    thread.kind = Kind.PRIVATE_THREAD if private else Kind.PUBLIC_THREAD
    return channel_json(thread)


def _start_post(exchange: Exchange, forum: Channel) -> Json:
    exchange.channel(Permission.SEND_MESSAGES)
    tags = [int(tag) for tag in exchange.body.get("applied_tags") or []]
    if forum.requires_tag and not tags:
        raise DiscordError(400, 40067, "A tag is required to create a forum post in this channel")
    thread = _open_thread(exchange, forum, tags=tags)
    board = Board(exchange.world, exchange.gateway)
    body = exchange.body["message"]
    starter = board.send(thread, exchange.world.me, body, exchange.request.files)
    return channel_json(thread) | {"message": message_json(starter, exchange.world)}


def _open_thread(
    exchange: Exchange,
    parent: Channel,
    starter: Message | None = None,
    *,
    tags: list[int] | None = None,
) -> Channel:
    name, board = exchange.body["name"], Board(exchange.world, exchange.gateway)
    if not 1 <= len(name) <= 100:
        raise invalid("name", TOO_LONG, "Must be between 1 and 100 in length.")
    return board.open_thread(parent, name, exchange.world.me, starter, tags=tags)


def join_thread(exchange: Exchange) -> None:
    """PUT /channels/{channel_id}/thread-members/@me"""
    exchange.channel()


def open_direct_channel(exchange: Exchange) -> Any:
    """POST /users/@me/channels"""
    user = exchange.world.users.get(int(exchange.body["recipient_id"]))
    if user is None:
        raise unknown("User", 10013)
    return channel_json(exchange.world.direct_channel(user))
