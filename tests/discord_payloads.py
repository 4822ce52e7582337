"""How Discord writes users, members, channels and guilds as JSON."""

from datetime import UTC, datetime

from tests.discord_records import Channel, Guild, Json, Kind, Member, Role, User
from tests.discord_world import EPOCH, World

LONG_AGO = "2020-01-01T00:00:00+00:00"


def user_json(user: User) -> Json:
    return {
        "id": str(user.id),
        "username": user.name,
        "discriminator": "0",
        "global_name": user.name,
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
    }


def role_json(role: Role) -> Json:
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(int(role.permissions)),
        "position": 0 if role.name == "@everyone" else 1,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "color": 0,
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def member_json(member: Member) -> Json:
    return {"user": user_json(member.user)} | bare_member_json(member)


def bare_member_json(member: Member) -> Json:
    """A member as in messages, where the user stands beside it."""
    return {
        "roles": [str(role.id) for role in member.roles],
        "nick": None,
        "avatar": None,
        "joined_at": LONG_AGO,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
    }


def channel_json(channel: Channel) -> Json:
    if channel.kind is Kind.DM:
        recipients = [user_json(channel.recipient)] if channel.recipient else []
        return {"id": str(channel.id), "type": 1, "flags": 0, "recipients": recipients}
    if channel.is_thread:
        return thread_json(channel)
    return _guild_channel_json(channel)


def _guild_channel_json(channel: Channel) -> Json:
    assert channel.guild
    return {
        "id": str(channel.id),
        "guild_id": str(channel.guild.id),
        "type": int(channel.kind),
        "name": channel.name,
        "position": channel.guild.channels.index(channel),
        "permission_overwrites": [
            {
                "id": str(id),
                "type": 0 if id == channel.guild.id else 1,
                "allow": "0",
                "deny": str(int(denied)),
            }
            for id, denied in channel.denied.items()
        ],
        "parent_id": None,
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "last_message_id": _last_message_id(channel),
        "flags": 1 << 4 if channel.requires_tag else 0,
        "available_tags": [
            {"id": str(id), "name": tag, "moderated": False, "emoji_id": None, "emoji_name": None}
            for tag, id in channel.tags.items()
        ],
    }


def thread_json(thread: Channel) -> Json:
    assert thread.guild
    assert thread.parent
    assert thread.owner
    return {
        "id": str(thread.id),
        "guild_id": str(thread.guild.id),
        "parent_id": str(thread.parent.id),
        "owner_id": str(thread.owner.id),
        "type": int(thread.kind),
        "name": thread.name,
        "last_message_id": _last_message_id(thread),
        "rate_limit_per_user": 0,
        "message_count": len(thread.messages),
        "total_message_sent": len(thread.messages),
        "member_count": 1,
        "flags": 0,
        "applied_tags": [str(tag) for tag in thread.applied_tags],
        "thread_metadata": {
            "archived": thread.archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": timestamp(thread.id),
            "locked": thread.locked,
            "create_timestamp": timestamp(thread.id),
        },
    }


def _last_message_id(channel: Channel) -> str | None:
    return str(max(channel.messages)) if channel.messages else None


def guild_json(guild: Guild, world: World) -> Json:
    threads = [each for each in world.channels.values() if each.is_thread and each.guild is guild]
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner.id),
        "roles": [role_json(role) for role in guild.roles],
        "emojis": [],
        "stickers": [],
        "features": ["COMMUNITY"],
        "preferred_locale": "en-US",
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "joined_at": LONG_AGO,
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_json(guild.members[world.me.id])],
        "channels": [_guild_channel_json(channel) for channel in guild.channels],
        "threads": [thread_json(thread) for thread in threads if not thread.archived],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def timestamp(snowflake: int) -> str:
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH) / 1000, UTC).isoformat()
