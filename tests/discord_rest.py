"""Discord's REST side: which path is answered by what, and the small answers."""

from collections.abc import Callable
from typing import Any

from tests import discord_channels as channels
from tests import discord_webhooks as webhooks
from tests.discord_exchange import Exchange, unknown
from tests.discord_payloads import channel_json, guild_json, member_json, role_json, user_json
from tests.discord_records import Guild, Json

Answer = Callable[[Exchange], Any]  # what is to be sent as JSON; None is an empty 204


def read_gateway(exchange: Exchange) -> Json:
    limits = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
    url = f"ws{exchange.world.url.removeprefix('http')}/gateway"
    return {"url": url, "shards": exchange.world.shards, "session_start_limit": limits}


def read_own_user(exchange: Exchange) -> Json:
    return user_json(exchange.world.me) | {"verified": True, "mfa_enabled": True, "locale": "en-US"}


def read_application(exchange: Exchange) -> Json:
    world = exchange.world
    return {
        "id": str(world.me.id),
        "name": world.me.name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": world.application_flags,
        "owner": user_json(world.guilds[0].owner) if world.guilds else user_json(world.me),
        "team": None,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "approximate_guild_count": len(world.guilds),
    }


def read_user(exchange: Exchange) -> Json:
    user = exchange.world.users.get(exchange.id("user_id"))
    if user is None:
        raise unknown("User", 10013)
    return user_json(user)


def _guild(exchange: Exchange) -> Guild:
    id = exchange.id("guild_id")
    for guild in exchange.world.guilds:
        if guild.id == id:
            return guild
    raise unknown("Guild", 10004)


def read_guild(exchange: Exchange) -> Json:
    return guild_json(_guild(exchange), exchange.world)


def read_guild_channels(exchange: Exchange) -> list[Json]:
    return [channel_json(channel) for channel in _guild(exchange).channels]


def read_roles(exchange: Exchange) -> list[Json]:
    return [role_json(role) for role in _guild(exchange).roles]


def read_member(exchange: Exchange) -> Json:
    member = _guild(exchange).members.get(exchange.id("user_id"))
    if member is None:
        raise unknown("Member", 10007)
    return member_json(member)


def _commands_of(exchange: Exchange) -> int | None:
    return _guild(exchange).id if "guild_id" in exchange.values else None


def read_commands(exchange: Exchange) -> list[Json]:
    return exchange.world.commands.get(_commands_of(exchange), [])


def replace_commands(exchange: Exchange) -> list[Json]:
    place = _commands_of(exchange)
    commands = [_command(exchange, body, place) for body in exchange.body or []]
    exchange.world.commands[place] = commands
    return commands


def _command(exchange: Exchange, body: Json, place: int | None) -> Json:
    """What Discord makes of a command; one of the same name and type keeps its id."""
    type = body.get("type", 1)
    known = exchange.world.commands.get(place, [])
    same = [each for each in known if (each["name"], each["type"]) == (body["name"], type)]
    id = same[0]["id"] if same else str(exchange.world.new_id())
    own = {"id": id, "application_id": str(exchange.world.me.id), "version": id, "type": type}
    if place is not None:
        own["guild_id"] = str(place)
    return {"description": "", "default_member_permissions": None, **body, **own}


CHANNEL = "/channels/{channel_id}"
MESSAGE = CHANNEL + "/messages/{message_id}"
GUILD = "/guilds/{guild_id}"
COMMANDS = "/applications/{application_id}/commands"
GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = WEBHOOK + "/messages/@original"
REPLY = WEBHOOK + "/messages/{message_id}"

# In this order: what is literal before what has a placeholder in the same place.
ROUTES: list[tuple[str, str, Answer]] = [
    ("GET", "/gateway/bot", read_gateway),
    ("GET", "/users/@me", read_own_user),
    ("POST", "/users/@me/channels", channels.open_direct_channel),
    ("GET", "/users/{user_id}", read_user),
    ("GET", "/applications/@me", read_application),
    ("GET", "/oauth2/applications/@me", read_application),
    ("GET", COMMANDS, read_commands),
    ("PUT", COMMANDS, replace_commands),
    ("GET", GUILD_COMMANDS, read_commands),
    ("PUT", GUILD_COMMANDS, replace_commands),
    ("GET", GUILD, read_guild),
    ("GET", GUILD + "/channels", read_guild_channels),
    ("GET", GUILD + "/roles", read_roles),
    ("GET", GUILD + "/members/{user_id}", read_member),
    ("GET", CHANNEL, channels.read_channel),
    ("PATCH", CHANNEL, channels.change_channel),
    ("POST", CHANNEL + "/typing", channels.show_typing),
    ("POST", CHANNEL + "/threads", channels.start_thread),
    ("PUT", CHANNEL + "/thread-members/@me", channels.join_thread),
    ("GET", CHANNEL + "/messages", channels.read_messages),
    ("POST", CHANNEL + "/messages", channels.send_message),
    ("GET", MESSAGE, channels.read_message),
    ("PATCH", MESSAGE, channels.edit_message),
    ("DELETE", MESSAGE, channels.delete_message),
    ("POST", MESSAGE + "/threads", channels.start_thread_at_message),
    ("PUT", MESSAGE + "/reactions/{emoji_name}/@me", channels.add_reaction),
    (
        "POST",
        "/interactions/{interaction_id}/{interaction_token}/callback",
        webhooks.acknowledge,
    ),
    ("POST", WEBHOOK, webhooks.follow_up),
    ("GET", ORIGINAL, webhooks.read_reply),
    ("PATCH", ORIGINAL, webhooks.edit_reply),
    ("DELETE", ORIGINAL, webhooks.delete_reply),
    ("GET", REPLY, webhooks.read_reply),
    ("PATCH", REPLY, webhooks.edit_reply),
    ("DELETE", REPLY, webhooks.delete_reply),
]
