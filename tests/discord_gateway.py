"""The gateway: identify, heartbeat, events to the right shard, and missed ones after a resume."""

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord_compression import compressor
from tests.discord_faults import hang_up
from tests.discord_payloads import guild_json, member_json, user_json
from tests.discord_records import Guild, Json
from tests.discord_sessions import (
    HEARTBEAT,
    HEARTBEAT_ACK,
    HELLO,
    IDENTIFY,
    INVALID_SESSION,
    MEMBERS,
    MESSAGE_CONTENT,
    OPERATIONS,
    PRESENCES,
    RECONNECT,
    REQUEST_MEMBERS,
    RESUME,
    Connection,
    GatewayEvent,
    Session,
)
from tests.discord_world import World

HEARTBEAT_INTERVAL = 41250  # milliseconds
CLOSING = 0.5  # seconds that a bot has to say goodbye
UNKNOWN_OPERATION, WRONG_TOKEN, WRONG_SHARD, NOT_APPROVED = 4001, 4004, 4010, 4014
PRIVILEGED = MEMBERS | PRESENCES | MESSAGE_CONTENT


class Gateway:
    """All connections of all bots."""

    def __init__(self, world: World, events: list[GatewayEvent]) -> None:
        self.world, self.events = world, events
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.accepts = True

    def dispatch(
        self, event: str, payload: Json, guild: Guild | None = None, *, bare: Json | None = None
    ) -> None:
        """Tell every bot that asked for such events; `bare` is for those that may not read."""
        for session in self.sessions.values():
            if session.wants(event, guild):
                readable = bare is None or session.intents & MESSAGE_CONTENT
                self._push(session, event, payload if readable else bare or {})

    def drop(self, resumable: bool, politely: bool, shard: int | None) -> None:
        for session in list(self.sessions.values()):
            if session.connection and shard in (None, session.shard):
                self._part(session.connection, politely=politely)
                if not resumable:
                    del self.sessions[session.id]

    def _part(self, connection: Connection, *, politely: bool) -> None:
        if politely:
            self._say(connection, RECONNECT, None)
        else:
            hang_up(connection.request)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if not self.accepts:
            hang_up(request)
            return web.Response()
        socket = web.WebSocketResponse(timeout=CLOSING, compress=False, max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(request, socket, compressor(request.query.get("compress")))
        self.connections.append(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await self._listen(connection)
        finally:
            writer.cancel()
            self.connections.remove(connection)
            self._forget(connection)
        return socket

    async def _listen(self, connection: Connection) -> None:
        self._say(connection, HELLO, {"heartbeat_interval": HEARTBEAT_INTERVAL})
        async for message in connection.socket:
            if message.type is WSMsgType.TEXT:
                await self._hear(connection, json.loads(message.data))

    async def _hear(self, connection: Connection, said: Json) -> None:
        operation, data = said["op"], said["d"]
        self._note(OPERATIONS.get(operation, str(operation)), data, connection, sent=False)
        if operation == HEARTBEAT:
            self._say(connection, HEARTBEAT_ACK, None)
        elif operation == IDENTIFY:
            await self._identify(connection, data)
        elif operation == RESUME:
            self._resume(connection, data)
        elif operation == REQUEST_MEMBERS:
            self._tell_members(connection, data)
        elif operation not in OPERATIONS:
            await connection.socket.close(code=UNKNOWN_OPERATION)

    async def _identify(self, connection: Connection, data: Json) -> None:
        shard, shards = data.get("shard") or (0, 1)
        if data["token"] != self.world.token:
            await connection.socket.close(code=WRONG_TOKEN, message=b"Authentication failed.")
        elif shard >= shards:
            await connection.socket.close(code=WRONG_SHARD, message=b"Invalid shard.")
        elif data["intents"] & PRIVILEGED & ~self.world.approved_intents:
            await connection.socket.close(code=NOT_APPROVED, message=b"Disallowed intent(s).")
        else:
            session = Session(shard, shards, data["intents"], connection)
            self.sessions[session.id] = session
            self._welcome(session)

    def _welcome(self, session: Session) -> None:
        guilds = [guild for guild in self.world.guilds if session.wants("GUILD_CREATE", guild)]
        ready = {
            "v": 10,
            "user": user_json(self.world.me),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": f"ws{self.world.url.removeprefix('http')}/gateway",
            "shard": [session.shard, session.shards],
            "application": {
                "id": str(self.world.me.id),
                "flags": self.world.application_flags,
            },
        }
        self._push(session, "READY", ready)
        for guild in guilds:
            self._push(session, "GUILD_CREATE", guild_json(guild, self.world))

    def _resume(self, connection: Connection, data: Json) -> None:
        session = self.sessions.get(data["session_id"])
        if session is None or data["token"] != self.world.token:
            self._say(connection, INVALID_SESSION, False)
            return
        session.connection = connection
        for sequence, text in session.sent:
            if sequence > data["seq"]:
                connection.queue.put_nowait(text)
        self._push(session, "RESUMED", {})

    def _tell_members(self, connection: Connection, asked: Json) -> None:
        session = self._session(connection)
        guild = next((g for g in self.world.guilds if str(g.id) == str(asked["guild_id"])), None)
        if session is None or guild is None:
            return
        ids = asked.get("user_ids")
        wanted = {str(id) for id in (ids if isinstance(ids, list) else [ids])} if ids else None
        start = asked.get("query", "")
        members = [
            member_json(member)
            for member in guild.members.values()
            if (wanted is None or str(member.user.id) in wanted)
            and member.user.name.startswith(start)
        ]
        chunk = {"guild_id": str(guild.id), "members": members, "chunk_index": 0, "chunk_count": 1}
        self._push(session, "GUILD_MEMBERS_CHUNK", chunk | {"nonce": asked.get("nonce")})

    def _forget(self, connection: Connection) -> None:
        """A connection that was closed in order is not resumed."""
        session = self._session(connection)
        if session:
            session.connection = None
            if connection.socket.close_code in (1000, 1001):
                self.sessions.pop(session.id, None)

    def _session(self, connection: Connection) -> Session | None:
        return next((s for s in self.sessions.values() if s.connection is connection), None)

    def _push(self, session: Session, event: str, payload: Json) -> None:
        self.events.append(GatewayEvent(event, payload, True, session.shard))
        session.push(event, payload)

    def _say(self, connection: Connection, operation: int, data: Any) -> None:
        self._note(OPERATIONS[operation], data, connection, sent=True)
        connection.queue.put_nowait(json.dumps({"op": operation, "d": data, "s": None, "t": None}))

    def _note(self, name: str, data: Any, connection: Connection, *, sent: bool) -> None:
        session = self._session(connection)
        asked = data.get("shard") if isinstance(data, dict) else None
        shard = session.shard if session else (asked or [0])[0]
        self.events.append(GatewayEvent(name, data, sent, shard))
