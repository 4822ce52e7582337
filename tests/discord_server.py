"""A Discord on this machine, to test an unmodified discord.py client against.

It runs in a thread with a loop of its own: its clock goes on while a bot blocks the test's loop,
and bots may live in any thread or process. What a test calls here returns when it is done there.

    async with DiscordServer() as server:
        with server.redirect():
            ...  # start a bot with the token `server.world.token`
        asked = server.slash(ada, channel, "ask", {"question": "Who?"})
        await server.wait_until(lambda: asked.response and asked.response.edits, 5)
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self, TypeVar

import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.discord_actions import Actions
from tests.discord_exchange import Request
from tests.discord_listener import BASE
from tests.discord_world import World, small_world

T = TypeVar("T")
GLANCE = 0.01  # seconds between two looks at whether something has happened


def point_discord_at(port: int) -> None:
    """The two lines that lead discord.py to this machine, in whatever process runs them."""
    Route.BASE = f"http://127.0.0.1:{port}{BASE}"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{port}/gateway")


class DiscordServer(Actions):
    """Serves a world while it is open; both stay to be looked at."""

    def __init__(self, world: World | None = None) -> None:
        super().__init__(world or small_world())
        self.requests = self._listener.requests
        self.downloads = self._listener.downloads
        self.errors = self._listener.errors
        self.port = 0
        self._runner = web.AppRunner(
            self._listener.application(), access_log=None, shutdown_timeout=0.1
        )

    def __enter__(self) -> Self:
        self._thread.start()
        self._thread.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.run(self._close())
        self._thread.stop()
        if self.errors:
            raise ExceptionGroup("the server itself failed", self.errors)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.__exit__)

    async def _open(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.world.url = f"http://127.0.0.1:{self.port}"

    async def _close(self) -> None:
        for connection in list(self._gateway.connections):
            await connection.socket.close(code=1001)
        await self._runner.cleanup()

    @contextmanager
    def redirect(self) -> Iterator[None]:
        """Within it, discord.py takes this server for Discord."""
        base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
        point_discord_at(self.port)
        try:
            yield
        finally:
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway

    @property
    def rate_limited(self) -> list[Request]:
        """The requests that went over a limit, without those refused on purpose."""
        return [each for each in self.requests if each.status == 429 and not each.on_purpose]

    @property
    def connected(self) -> bool:
        """Whether a bot is connected to the gateway and has been told of its guilds."""
        return any(session.connection for session in list(self._gateway.sessions.values()))

    async def wait_until(self, predicate: Callable[[], T | None], seconds: float = 5.0) -> T:
        """What the predicate gives, as soon as that is something."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := predicate():
                return found
            await asyncio.sleep(GLANCE)
        last = "\n".join(map(str, self.requests[-10:]))
        raise TimeoutError(f"waited for {seconds} s; the last requests:\n{last}")
