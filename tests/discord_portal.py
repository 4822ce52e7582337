"""Discord's REST interface on this machine, as far as `doctor --online` asks it."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Self

import discord
from aiohttp import web

from tests.discord_thread import LoopThread

BOT = "100000000000000001"
OWNER = "100000000000000002"
TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAx.R-abcd.not-a-secret"
HIM = {"id": BOT, "username": "essays", "discriminator": "0", "avatar": None, "bot": True}
OTHER = {"id": OWNER, "username": "owner", "discriminator": "0", "avatar": None}


@dataclass
class DiscordServer:
    """Answers while it is open; `fault` is a status to answer everything with, or "silence"."""

    guilds: dict[str, discord.Permissions] = field(default_factory=dict)  # by name
    flags: int = 0
    fault: int | str = 0
    count: int | None = None
    gone: set[str] = field(default_factory=set)  # guilds that are listed and then not found
    asked: list[str] = field(default_factory=list)
    base: str = ""

    def __enter__(self) -> Self:
        self._thread = LoopThread()
        self._thread.start()
        self.base = self._thread.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.run(self._close())
        self._thread.stop()

    async def _start(self) -> str:
        self._closing = asyncio.Event()
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0]
        return f"http://{host}:{port}"

    async def _close(self) -> None:
        self._closing.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.fault == "silence":
            await self._closing.wait()
        if self.fault == "a page":
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        if request.headers["Authorization"] != f"Bot {TOKEN}":
            return reply({"message": "401: Unauthorized", "code": 0}, 401)
        if self.fault:
            return reply({"message": "It is broken.", "code": 0}, int(self.fault))
        parts = request.path.strip("/").split("/")
        if parts[0] == "guilds":
            name = list(self.guilds)[int(parts[1]) - 1]
            if name in self.gone:
                return reply({"message": "Unknown Guild", "code": 10004}, 404)
            return reply(MEMBER if len(parts) > 2 else self._guild(name))
        limit = int(request.query.get("limit", 200))
        return reply(
            {
                "users/@me": HIM,
                "oauth2/applications/@me": self._application(),
                "users/@me/guilds": [self._guild(name) for name in self.guilds][:limit],
            }[request.path.strip("/")]
        )

    def _application(self) -> dict[str, Any]:
        count = len(self.guilds) if self.count is None else self.count
        texts = {"name": "Essays", "description": "", "icon": None, "verify_key": ""}
        switches = {"bot_public": True, "bot_require_code_grant": False}
        numbers = {"flags": self.flags, "approximate_guild_count": count}
        return {"id": BOT, "owner": OTHER, **texts, **switches, **numbers}

    def _guild(self, name: str) -> dict[str, Any]:
        number = list(self.guilds).index(name) + 1
        everyone = {"id": str(number), "name": "@everyone", "permissions": "0"}
        role = {"id": "99", "name": "essays", "permissions": str(self.guilds[name].value)}
        roles = [{**each, "position": place} for place, each in enumerate((everyone, role))]
        return {"id": str(number), "name": name, "owner_id": OWNER, "icon": None, "roles": roles}


MEMBER = {"user": HIM, "roles": ["99"], "flags": 0, "joined_at": "2026-01-01T00:00:00+00:00"}


def reply(content: Any, status: int = 200) -> web.Response:
    """As Discord does: a charset behind the content type would make its client read text."""
    body = json.dumps(content).encode()
    return web.Response(body=body, status=status, content_type="application/json")
