"""How Discord writes messages and attachments as JSON, and what it withholds of them."""

from datetime import UTC, datetime

from tests.discord_payloads import bare_member_json, thread_json, timestamp, user_json
from tests.discord_records import Attachment, Interaction, Json, Message
from tests.discord_world import EPOCH, World


def attachment_json(attachment: Attachment, world: World) -> Json:
    url = f"{world.url}/attachments/{attachment.id}/{attachment.filename}"
    return {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": attachment.size,
        "url": url,
        "proxy_url": url,
        "content_type": attachment.content_type,
    }


def message_json(message: Message, world: World, *, with_reference: bool = True) -> Json:
    channel = message.channel
    payload: Json = {
        "id": str(message.id),
        "channel_id": str(channel.id),
        "author": user_json(message.author),
        "content": message.content,
        "timestamp": timestamp(message.id),
        "edited_timestamp": edited_timestamp(message),
        "tts": False,
        "mention_everyone": message.pings_everyone,
        "mentions": [user_json(user) for user in message.pings],
        "mention_roles": [],
        "attachments": [attachment_json(each, world) for each in message.attachments],
        "embeds": message.embeds,
        "components": message.components,
        "pinned": False,
        "type": message.type,
        "flags": message.flags,
    }
    if message.nonce is not None:
        payload["nonce"] = message.nonce
    if message.thread:
        payload["thread"] = thread_json(message.thread)
    if message.interaction:
        payload |= _interaction_origin(message, message.interaction, world)
    if message.reference:
        payload |= _reference(message.reference, world, whole=with_reference)
    return payload


def _reference(referred: Message, world: World, *, whole: bool) -> Json:
    channel = referred.channel
    reference = {"type": 0, "message_id": str(referred.id), "channel_id": str(channel.id)}
    if channel.guild:
        reference["guild_id"] = str(channel.guild.id)
    if not whole:
        return {"message_reference": reference}
    shown = None if referred.deleted else message_json(referred, world, with_reference=False)
    return {"message_reference": reference, "referenced_message": shown}


def _interaction_origin(message: Message, interaction: Interaction, world: World) -> Json:
    metadata: Json = {
        "id": str(interaction.id),
        "type": interaction.type,
        "user": user_json(interaction.user),
        "authorizing_integration_owners": {},
    }
    if interaction.response and interaction.response is not message:
        metadata["original_response_message_id"] = str(interaction.response.id)
    own = str(world.me.id)
    return {"application_id": own, "webhook_id": own, "interaction_metadata": metadata}


def message_event_json(message: Message, world: World) -> Json:
    """A message as the gateway tells it: with the guild and the author's membership."""
    payload = message_json(message, world)
    guild = message.channel.guild
    if guild:
        payload["guild_id"] = str(guild.id)
        member = guild.members.get(message.author.id)
        if member:
            payload["member"] = bare_member_json(member)
    return payload


def without_content(payload: Json) -> Json:
    """What remains for a bot without the privilege to read messages."""
    return payload | {"content": "", "embeds": [], "attachments": [], "components": []}


def edited_timestamp(message: Message) -> str | None:
    if not message.edits:
        return None
    passed = message.edits[-1].at - message.versions[0].at
    created = datetime.fromtimestamp(((message.id >> 22) + EPOCH) / 1000 + passed, UTC)
    return created.isoformat()
