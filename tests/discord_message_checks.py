"""What Discord takes as a message, and whom the message notifies."""

import re
from collections.abc import Mapping

from tests.discord_exchange import DiscordError, invalid
from tests.discord_records import Json, Message, walk
from tests.discord_world import World

Files = Mapping[str, tuple[str, bytes]]
COMPONENTS_V2 = 1 << 15
TOO_LONG = "BASE_TYPE_MAX_LENGTH"
EMBED_LIMITS = {"title": 256, "description": 4096}


def check_body(body: Json, files: Files) -> None:
    content, embeds = body.get("content") or "", body.get("embeds") or []
    components = body.get("components") or []
    if len(content) > 2000:
        raise invalid("content", TOO_LONG, "Must be 2000 or fewer in length.")
    if (body.get("flags") or 0) & COMPONENTS_V2:
        if content or embeds:
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            raise invalid("content", code, "The field cannot be used with components.")
        if len(list(walk(components))) > 40:
            raise invalid("components", TOO_LONG, "Must be 40 or fewer in length.")
    elif len(components) > 5:
        raise invalid("components", TOO_LONG, "Must be 5 or fewer in length.")
    _check_embeds(embeds)
    if not (content.strip() or embeds or components or files or body.get("attachments")):
        raise DiscordError(400, 50006, "Cannot send an empty message")


def _check_embeds(embeds: list[Json]) -> None:
    if len(embeds) > 10:
        raise invalid("embeds", TOO_LONG, "Must be 10 or fewer in length.")
    for embed in embeds:
        for name, limit in EMBED_LIMITS.items():
            if len(embed.get(name) or "") > limit:
                raise invalid("embeds", TOO_LONG, f"Must be {limit} or fewer in length.")
        if len(embed.get("fields") or []) > 25:
            raise invalid("embeds", TOO_LONG, "Must be 25 or fewer in length.")
    if sum(map(_embed_length, embeds)) > 6000:
        raise invalid("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size")


def _embed_length(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description"), embed.get("footer", {}).get("text")]
    texts += [embed.get("author", {}).get("name")]
    texts += [text for each in embed.get("fields") or [] for text in (each["name"], each["value"])]
    return sum(len(text or "") for text in texts)


def check_sizes(files: Files, limit: int) -> None:
    if sum(len(content) for _, content in files.values()) > limit:
        raise DiscordError(413, 40005, "Request entity too large")


def set_pings(message: Message, world: World, allowed: Json | None) -> None:
    """Whom the message notifies; without a word on it, whomever it names."""
    parse = ["users", "everyone"] if allowed is None else allowed.get("parse") or []
    ids = {str(id) for id in (allowed or {}).get("users") or []}
    named = re.findall(r"<@!?(\d+)>", message.content)
    pinged = [id for id in named if "users" in parse or id in ids]
    if message.reference and (allowed is None or allowed.get("replied_user")):
        pinged.append(str(message.reference.author.id))
    users = {id: world.users[int(id)] for id in pinged if int(id) in world.users}
    message.pings = list(users.values())
    calls_all = re.search("@everyone|@here", message.content)
    message.pings_everyone = "everyone" in parse and calls_all is not None
