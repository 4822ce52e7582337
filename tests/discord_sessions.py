"""What the gateway keeps of each connection and session, and which events a session is told."""

import asyncio
import json
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.discord_compression import Compress
from tests.discord_records import Guild, Json

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT = 0, 1, 2, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
OPERATIONS = {
    HEARTBEAT: "HEARTBEAT",
    IDENTIFY: "IDENTIFY",
    3: "PRESENCE_UPDATE",
    4: "VOICE_STATE_UPDATE",
    RESUME: "RESUME",
    RECONNECT: "RECONNECT",
    REQUEST_MEMBERS: "REQUEST_GUILD_MEMBERS",
    INVALID_SESSION: "INVALID_SESSION",
    HELLO: "HELLO",
    HEARTBEAT_ACK: "HEARTBEAT_ACK",
}
MEMBERS, PRESENCES, MESSAGE_CONTENT = 1 << 1, 1 << 8, 1 << 15
REMEMBERED = 1000  # events, to be told again after a resume

# What a bot must have asked for to be told: in a guild, and in a direct conversation.
INTENTS = {
    "MESSAGE_CREATE": (1 << 9, 1 << 12),
    "MESSAGE_UPDATE": (1 << 9, 1 << 12),
    "MESSAGE_DELETE": (1 << 9, 1 << 12),
    "MESSAGE_REACTION_ADD": (1 << 10, 1 << 13),
    "TYPING_START": (1 << 11, 1 << 14),
    "GUILD_MEMBER_ADD": (MEMBERS, 0),
    "GUILD_MEMBERS_CHUNK": (0, 0),
    "INTERACTION_CREATE": (0, 0),
    "READY": (0, 0),
    "RESUMED": (0, 0),
}
GUILDS_INTENT = (1, 0)


@dataclass(frozen=True)
class GatewayEvent:
    """One thing said over the gateway, by the server if `sent`."""

    name: str
    data: Any
    sent: bool
    shard: int
    at: float = field(default_factory=time.monotonic)


@dataclass(eq=False)
class Connection:
    """One websocket; what is sent waits in a queue, so that a slow bot stops nobody."""

    request: web.Request
    socket: web.WebSocketResponse
    compress: Compress | None
    queue: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def write(self) -> None:
        with suppress(ConnectionError):
            while True:
                text = await self.queue.get()
                if self.compress:
                    await self.socket.send_bytes(self.compress(text.encode()))
                else:
                    await self.socket.send_str(text)


@dataclass(eq=False)
class Session:
    """What the gateway remembers of a bot's shard, connected or not."""

    shard: int
    shards: int
    intents: int
    connection: Connection | None
    id: str = field(default_factory=lambda: uuid4().hex)
    sequence: int = 0
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def wants(self, event: str, guild: Guild | None) -> bool:
        needed = INTENTS.get(event, GUILDS_INTENT)[0 if guild else 1]
        on_this_shard = (guild.id >> 22) % self.shards == self.shard if guild else self.shard == 0
        return on_this_shard and (needed == 0 or bool(self.intents & needed))

    def push(self, event: str, payload: Json) -> None:
        self.sequence += 1
        text = json.dumps({"op": DISPATCH, "t": event, "s": self.sequence, "d": payload})
        self.sent.append((self.sequence, text))
        if self.connection:
            self.connection.queue.put_nowait(text)
