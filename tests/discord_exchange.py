"""One request to the REST side: what was asked, what is answered, and what is kept of it."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.discord_gateway import Gateway
from tests.discord_records import Channel, Json, Message, Permission
from tests.discord_world import World


@dataclass(eq=False)
class Request:
    """A request as the server got it; `template` is its path in Discord's OpenAPI description."""

    method: str
    path: str
    template: str
    query: dict[str, str]
    received: float = field(default_factory=time.monotonic)
    body: Any = None
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    status: int | None = None  # None where the connection was reset
    on_purpose: bool = False  # whether a fault was behind it

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status} {json.dumps(self.body)[:200]}"


class DiscordError(Exception):
    """An answer that says what is wrong, in Discord's codes."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, "code": code}
        if errors:
            self.body["errors"] = errors


def unknown(what: str, code: int) -> DiscordError:
    return DiscordError(404, code, f"Unknown {what}")


def invalid(field_name: str, code: str, message: str) -> DiscordError:
    """A body with a field that Discord doesn't take."""
    error = {field_name: {"_errors": [{"code": code, "message": message}]}}
    return DiscordError(400, 50035, "Invalid Form Body", error)


@dataclass(eq=False)
class Exchange:
    """A request, and the world in which it is carried out."""

    world: World
    gateway: Gateway
    request: Request
    values: dict[str, str]  # from the path

    @property
    def body(self) -> Any:
        return self.request.body or {}

    def channel(self, *needed: Permission) -> Channel:
        """The channel that the path names, if the bot has these permissions there."""
        channel = self.world.channels.get(self.id("channel_id"))
        if channel is None:
            raise unknown("Channel", 10003)
        granted = self.world.permissions(self.world.me, channel)
        if not granted & Permission.VIEW_CHANNEL:
            raise DiscordError(403, 50001, "Missing Access")
        if any(not granted & permission for permission in needed):
            raise DiscordError(403, 50013, "Missing Permissions")
        return channel

    def message(self, channel: Channel) -> Message:
        message = channel.messages.get(self.id("message_id"))
        if message is None or message.ephemeral:
            raise unknown("Message", 10008)
        return message

    def id(self, name: str) -> int:
        value = self.values[name]
        if not value.isdigit():
            raise invalid(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return int(value)


async def read_body(request: web.Request, into: Request) -> None:
    """The JSON of a request, which stands beside the files where there are some."""
    if request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            content = bytes(await part.read())
            if part.name == "payload_json":
                into.body = _parse(content)
            else:
                into.files[part.name or ""] = (part.filename or "", content)
    elif request.can_read_body:
        into.body = _parse(await request.read())


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        message = "The request body contains invalid JSON."
        raise DiscordError(400, 50109, message) from error
