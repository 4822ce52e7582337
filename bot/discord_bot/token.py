"""What a Discord bot's token tells by itself; asks no one, and never shows the token."""

import base64
import re

from bot.errors import TokenInvalid

PORTAL = "https://discord.com/developers/applications"
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ID = re.compile(rb"[0-9]{15,20}")


def bot_id(token: str) -> int:
    """The bot that a token is for. Raises TokenInvalid where it has not the form of a token."""
    match = _FORM.fullmatch(token)
    identity = _decoded(match[1]) if match else b""
    if not _ID.fullmatch(identity):
        raise TokenInvalid(
            "DISCORD_TOKEN has not the form of a bot's token, which is three parts with dots "
            "between, and nothing before or after; copy it from your application's page Bot at "
            f"{PORTAL} (the client secret and the public key are other things)."
        )
    return int(identity)


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return b""
