"""A bot in a Discord played in process, over the real index of the user's essay."""

import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import discord
import simcord
from simcord import Env
from simcord.actors import MemberActor
from simcord.backend.models import AllowedMentions
from simcord.backend.serializers import message_payload
from simcord.builders import ChannelHandle, GuildHandle
from simcord.components import walk_components
from simcord.enums import ComponentType, InteractionType
from simcord.http import router
from simcord.interactions import base_payload
from simcord.types import HttpLogEntry

from bot.answering import Answerer
from bot.discord_bot.assembly import make_client
from bot.discord_bot.client import EssayClient
from bot.discord_bot.libraries import Libraries
from bot.discord_bot.memory import Memory
from bot.settings import Settings
from tests.discord_exchange import Request
from tests.discord_openapi import DESCRIPTION, problems

OpenHouse = Callable[..., "House"]
QUESTION = "What is energy imperialism?"
ANSWER = "Capital now seeks to complete a de facto"
UNANSWERED = "What is the capital of Portugal?"
SETTLED_AFTER = 10.0  # seconds; less than what a hint is shown for


class House:
    """What stays while bots come and go: settings, memory, index."""

    def __init__(self, models: Answerer, settings: Settings) -> None:
        self.settings = settings
        self.memory = Memory(settings.data_dir)
        self.libraries = Libraries(settings, models)

    def client(self) -> EssayClient:
        """A bot as one start of the program makes it."""
        return make_client(self.settings, self.libraries, self.memory)

    def close(self) -> None:
        self.memory.shut()
        self.libraries.close()


@dataclass(frozen=True)
class Place:
    """A server with a channel, someone who asks there and someone who looks after it."""

    env: Env
    guild: GuildHandle
    channel: ChannelHandle
    asker: MemberActor
    admin: MemberActor

    @property
    def me(self) -> str:
        """What mentions the bot."""
        assert self.env.bot.user
        return self.env.bot.user.mention

    @property
    def client(self) -> EssayClient:
        assert isinstance(self.env.bot, EssayClient)
        return self.env.bot

    def join(self, name: str, *roles: Any) -> MemberActor:
        """Someone more."""
        return self.guild.add_member(self.env.create_user(name), roles=roles)

    async def reply(self, by: MemberActor, to: discord.Message, text: str, *, ping: bool) -> None:
        """A reply that mentions, or not, whom it replies to."""
        self.env.backend.create_message(
            to.channel.id,
            by.id,
            text,
            reference={"message_id": str(to.id), "channel_id": str(to.channel.id)},
            allowed_mentions=AllowedMentions(replied_user=ping),
        )
        await self.env.settle()

    def press(self, person: MemberActor, message: Any, custom_id: str) -> None:
        """Someone presses a button, and more happens before the bot sees it."""
        stored = self.env.backend.get_message(message.channel_id, message.id)
        interaction, payload = base_payload(
            self.env.backend,
            type=InteractionType.MESSAGE_COMPONENT,
            channel_id=stored.channel_id,
            guild_id=self.guild.id,
            user_id=person.id,
            data={"custom_id": custom_id, "component_type": ComponentType.BUTTON},
        )
        interaction.source_message_id = stored.id
        shown = dict(message_payload(self.env.backend, stored))
        self.env.backend.emit("INTERACTION_CREATE", {**payload, "message": shown})

    async def start_thread(
        self, by: MemberActor, channel: ChannelHandle, message: Any = None
    ) -> ChannelHandle:
        """A thread in a channel, or a post in a forum; from a message if one is given."""
        made = self.env.backend.create_thread(
            channel.id, "a thread", by.id, message_id=message.id if message else None
        )
        await self.env.settle()
        return next(each for each in channel.threads if each.id == made.id)

    def said(self, channel: ChannelHandle | None = None) -> list[discord.Message]:
        """What the bot said, in order."""
        assert self.env.bot.user
        history = (channel or self.channel).history()
        return [each for each in history if each.author.id == self.env.bot.user.id]


def open_place(env: Env, name: str = "Readers", **options: Any) -> Place:
    """One more server with the bot."""
    guild = env.create_guild(name, **options)
    manage = guild.create_role("admins", permissions=discord.Permissions(manage_guild=True))
    return Place(
        env,
        guild,
        guild.create_text_channel("general"),
        guild.add_member(env.create_user(f"asker-{name}")),
        guild.add_member(env.create_user(f"admin-{name}"), roles=[manage]),
    )


@asynccontextmanager
async def playing(house: House, **options: Any) -> AsyncIterator[Place]:
    """A Discord with one server, and the bot in it."""
    options = {"settle_timeout": SETTLED_AFTER, **options}
    with patch.object(router, "dispatch", partial(_dispatch, router.dispatch)):
        async with simcord.run(house.client(), shard_count=1, **options) as env:
            yield open_place(env)
    if DESCRIPTION.exists():
        assert problems(map(_request, env.http_requests)) == []


def _request(entry: HttpLogEntry) -> Request:
    """As the check against Discord's own description wants it."""
    path = entry.path.replace("@original", "1")
    found = (each for each in _templates() if re.fullmatch(each, path))
    template = _templates()[max(found, key=len)]  # the most literal one
    body = json.loads(json.dumps(entry.json))
    return Request(entry.method, entry.path, template, {}, body=body)


@cache
def _templates() -> dict[str, str]:
    """Discord's paths by what they match."""
    paths = json.loads(DESCRIPTION.read_text("utf-8"))["paths"]
    return {re.sub(r"\{\w+\}", "[^/]+", each): each for each in paths}


def _dispatch(
    dispatch: Callable[..., Any], backend: Any, method: str, path: str, **rest: Any
) -> Any:
    """Discord reads `%40` as `@`, which simcord leaves out."""
    return dispatch(backend, method, path.replace("%40", "@"), **rest)


def buttons(message: Any) -> list[dict[str, Any]]:
    """The buttons below a message, as Discord was sent them."""
    rows = message.components
    rows = [each if isinstance(each, dict) else each.to_dict() for each in rows]
    return [each for each in walk_components(rows) if each["type"] == 2]


def labels(message: Any) -> list[str]:
    """What stands on the buttons below a message."""
    return [each.get("label") or each["emoji"]["name"] for each in buttons(message)]


def button_id(message: Any, action: str) -> str:
    """The custom id of the button that does something with an answer."""
    (found,) = [
        each["custom_id"]
        for each in buttons(message)
        if each["custom_id"].startswith(f"essays:{action}:")
    ]
    return str(found)


def texts(result: Any) -> Sequence[str]:
    """What came back to an interaction, in order."""
    first = [result.response] if result.response else []
    return [each.content for each in [*first, *result.followups]]
