"""What Discord tells of the bot whose token is set; asked over HTTPS, so the bot stays offline."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import discord

from bot.discord_bot.token import PORTAL, bot_id
from bot.errors import DiscordFailed, DiscordUnreachable, TokenInvalid
from ingest.errors import first_line

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    read_message_history=True,
)
PATIENCE = 30.0  # seconds for all questions together
MOST_SERVERS = 10  # that are looked at
SHOWN_NAMES = {"read_messages": "view_channels"}  # where Discord shows another than its API


@dataclass(frozen=True)
class Server:
    """A server the bot is in, and the permissions its roles do not give it there."""

    name: str
    missing: list[str]


@dataclass(frozen=True)
class Application:
    """The bot as Discord knows it; `servers` counts them all, `examined` are the first of them."""

    id: int
    name: str
    message_content: bool  # whether it is allowed to read messages that do not mention it
    servers: int
    examined: list[Server]

    @property
    def page(self) -> str:
        """Where the bot's settings are changed."""
        return f"{PORTAL}/{self.id}/bot"

    @property
    def invitation(self) -> str:
        """The address that adds the bot to a server, with the permissions it needs."""
        return invitation(self.id)


def invitation(application: int) -> str:
    """The address that adds a bot to a server, with the permissions it needs and no others."""
    scopes = ("bot", "applications.commands")
    return discord.utils.oauth_url(application, permissions=NEEDED, scopes=scopes)


async def inspect(token: str, patience: float = PATIENCE) -> Application:
    """Ask Discord. Raises TokenInvalid, DiscordUnreachable and DiscordFailed."""
    client = discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=patience)
    try:
        async with asyncio.timeout(patience), client:
            await client.login(token)
            return await _read_application(client)
    except discord.LoginFailure as error:
        raise TokenInvalid(
            "Discord does not take DISCORD_TOKEN: it was reset, or copied badly; make a new one "
            f"at {PORTAL}/{bot_id(token)}/bot and set that."
        ) from error
    except TimeoutError as error:
        raise DiscordUnreachable(
            f"Discord has not answered for {patience:.0f} seconds; look at "
            "https://discordstatus.com and at this machine's network."
        ) from error
    except (OSError, aiohttp.ClientError) as error:
        raise DiscordUnreachable(
            f"Discord cannot be reached ({first_line(error)}); see that this machine's network, "
            "proxy and firewall let it open https://discord.com."
        ) from error
    except (discord.DiscordException, KeyError, TypeError, ValueError) as error:
        raise DiscordFailed(
            f"Discord answered with something else than was asked ({first_line(error)}); try again "
            "later, and see that no proxy answers in its place."
        ) from error


async def _read_application(client: discord.Client) -> Application:
    application = await client.application_info()
    flags = application.flags
    return Application(
        id=application.id,
        name=str(client.user),
        message_content=flags.gateway_message_content or flags.gateway_message_content_limited,
        servers=application.approximate_guild_count,
        examined=[server async for server in _servers(client)],
    )


async def _servers(client: discord.Client) -> AsyncIterator[Server]:
    async for found in client.fetch_guilds(limit=MOST_SERVERS):
        assert client.user  # since it is logged in
        try:
            guild = await client.fetch_guild(found.id, with_counts=False)
            member = await guild.fetch_member(client.user.id)
        except (discord.Forbidden, discord.NotFound):
            continue  # it was sent away just now
        yield Server(guild.name, _missing(member.guild_permissions))


def _missing(granted: discord.Permissions) -> list[str]:
    lacking = discord.Permissions(NEEDED.value & ~granted.value)
    return [SHOWN_NAMES.get(name, name).replace("_", " ") for name, lacks in lacking if lacks]
