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
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.discord_exchange import Request
from tests.discord_faults import Fault
from tests.discord_gateway import Gateway, GatewayEvent
from tests.discord_interactions import Options
from tests.discord_listener import BASE, Listener
from tests.discord_people import People
from tests.discord_records import Attachment, Channel, Interaction, Message, User
from tests.discord_world import World, small_world

T = TypeVar("T")
GLANCE = 0.01  # seconds between two looks at whether something has happened
PATIENCE = 10.0  # seconds that the server may take for anything it does itself


def point_discord_at(port: int) -> None:
    """The two lines that lead discord.py to this machine, in whatever process runs them."""
    Route.BASE = f"http://127.0.0.1:{port}{BASE}"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{port}/gateway")


class DiscordServer:
    """Serves a world while it is open; both stay to be looked at."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or small_world()
        self.gateway_events: list[GatewayEvent] = []
        self._gateway = Gateway(self.world, self.gateway_events)
        self._listener = Listener(self.world, self._gateway)
        self._people = People(self.world, self._gateway)
        self.requests = self._listener.requests
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(
            self._listener.application(), access_log=None, shutdown_timeout=0.1
        )
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

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

    def do(self, act: Callable[..., T], *arguments: Any) -> T:
        """Call something in the server's thread, such as a method of the world."""
        done: Future[T] = Future()

        def call() -> None:
            try:
                done.set_result(act(*arguments))
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        return done.result(PATIENCE)

    # What people do

    def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        *,
        mentions_bot: bool = False,
        reply_to: Message | None = None,
        pings: bool = True,
        attachments: list[Attachment] | None = None,
    ) -> Message:
        """Write; the answers to it gather in the message's `replies`."""
        text = f"<@{self.world.me.id}> {text}" if mentions_bot else text
        return self.do(self._people.say, user, channel, text, reply_to, pings, attachments or [])

    def edit(self, message: Message, text: str) -> None:
        self.do(self._people.edit, message, text)

    def delete(self, message: Message) -> None:
        self.do(self._people.delete, message)

    def open_thread(
        self,
        user: User,
        parent: Channel,
        name: str,
        *,
        starter: Message | None = None,
        tags: list[str] | None = None,
    ) -> Channel:
        """A thread, or the post of a forum, whose text is then the first that is said in it."""
        return self.do(self._people.open_thread, user, parent, name, starter, tags or [])

    def close_thread(self, thread: Channel, *, locked: bool = False) -> None:
        self.do(self._people.close_thread, thread, locked)

    def slash(
        self,
        user: User,
        channel: Channel,
        name: str,
        options: Options | None = None,
        *,
        locale: str = "en-US",
    ) -> Interaction:
        """Use a command, `"group command"` too. A file, person or channel may be an option."""
        return self.do(self._people.slash, user, channel, name, options or {}, locale)

    def complete(
        self, user: User, channel: Channel, name: str, options: Options, focused: str
    ) -> Interaction:
        """Type in an option that completes itself; what is offered are the `choices`."""
        return self.do(self._people.complete, user, channel, name, options, focused)

    def context_menu(
        self, user: User, target: Message, name: str, *, locale: str = "en-US"
    ) -> Interaction:
        return self.do(self._people.use_menu, user, target.channel, target, name, locale)

    def click(
        self, user: User, message: Message, custom_id: str, *, locale: str = "en-US"
    ) -> Interaction:
        return self.do(self._people.press, user, message, custom_id, None, locale)

    def select(
        self,
        user: User,
        message: Message,
        custom_id: str,
        values: list[str],
        *,
        locale: str = "en-US",
    ) -> Interaction:
        return self.do(self._people.press, user, message, custom_id, values, locale)

    def submit_modal(
        self, user: User, shown: Interaction, custom_id: str, fields: Options
    ) -> Interaction:
        """Fill in the form which is the answer to `shown`; what isn't named stays empty."""
        return self.do(self._people.submit, user, shown, custom_id, fields)

    # What goes wrong

    def fail(
        self,
        status: int,
        method: str = "*",
        path: str = "*",
        *,
        times: int = 1,
        retry_after: float = 1.0,
    ) -> None:
        """Answer the next requests of this kind with a status."""
        self._add(Fault(method, path, times, status=status, retry_after=retry_after))

    def reset(
        self, method: str = "*", path: str = "*", *, times: int = 1, applied: bool = False
    ) -> None:
        """Reset the connection of the next requests of this kind."""
        self._add(Fault(method, path, times, resets=True, applied=applied))

    def slow(self, seconds: float, method: str = "*", path: str = "*", *, times: int = 1) -> None:
        """Apply the next requests of this kind at once, and answer later."""
        self._add(Fault(method, path, times, seconds=seconds))

    def _add(self, fault: Fault) -> None:
        self.do(self._listener.faults.append, fault)

    def drop_gateway(
        self, *, resumable: bool = True, politely: bool = False, shard: int | None = None
    ) -> None:
        """Break the bots' connections, or, politely, ask them to connect anew."""
        self.do(self._gateway.drop, resumable, politely, shard)

    def close_gateway(self) -> None:
        """Refuse connections to the gateway; those that stand stay."""
        self._gateway.accepts = False

    def open_gateway(self) -> None:
        self._gateway.accepts = True

    # What came of it

    @property
    def rate_limited(self) -> list[Request]:
        """The requests that went over a limit, without those refused on purpose."""
        return [each for each in self.requests if each.status == 429 and not each.on_purpose]

    @property
    def connected(self) -> bool:
        """Whether a bot is connected to the gateway and has been told of its guilds."""
        return any(session.connection for session in list(self._gateway.sessions.values()))

    async def wait_until(self, predicate: Callable[[], T], seconds: float = 5.0) -> T:
        """What the predicate gives, as soon as that is something."""
        until = time.monotonic() + seconds
        while not (found := predicate()):
            if time.monotonic() > until:
                last = "\n".join(map(str, self.requests[-10:]))
                raise TimeoutError(f"waited for {seconds} s; the last requests:\n{last}")
            await asyncio.sleep(GLANCE)
        return found
