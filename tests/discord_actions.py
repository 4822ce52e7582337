"""What a test does with a local Discord: it acts as people, and makes things go wrong.

Each of these is done in the server's thread, and returns when it is done there.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tests.discord_faults import Fault
from tests.discord_gateway import Gateway
from tests.discord_interactions import Options
from tests.discord_listener import Listener
from tests.discord_people import People
from tests.discord_records import Attachment, Channel, Interaction, Message, User
from tests.discord_sessions import GatewayEvent
from tests.discord_thread import LoopThread
from tests.discord_world import World

P = ParamSpec("P")
T = TypeVar("T")


class Actions:
    """The world and its parts, and what can be done with them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gateway_events: list[GatewayEvent] = []
        self._gateway = Gateway(world, self.gateway_events)
        self._listener = Listener(world, self._gateway)
        self._people = People(world, self._gateway)
        self._thread = LoopThread()

    def do(self, act: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Call something in the server's thread, such as a method of the world."""
        return self._thread.do(act, *arguments, **named)

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
        return self.do(
            self._people.say,
            user,
            channel,
            text,
            reply_to=reply_to,
            pings=pings,
            attachments=attachments or [],
        )

    def upload(
        self, filename: str, content: bytes, *, size: int | None = None, kind: str = ""
    ) -> Attachment:
        """A file to say or give to a command; its size can be told as another."""
        return self.do(self.world.add_attachment, filename, content, size, kind)

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
        return self.do(self._people.slash, user, channel, name, options or {}, locale=locale)

    def complete(
        self, user: User, channel: Channel, name: str, options: Options, focused: str
    ) -> Interaction:
        """Type in an option that completes itself; what is offered are the `choices`."""
        return self.do(self._people.complete, user, channel, name, options, focused)

    def context_menu(
        self, user: User, target: Message, name: str, *, locale: str = "en-US"
    ) -> Interaction:
        return self.do(self._people.use_menu, user, target, name, locale=locale)

    def click(
        self, user: User, message: Message, custom_id: str, *, locale: str = "en-US"
    ) -> Interaction:
        return self.do(self._people.press, user, message, custom_id, None, locale=locale)

    def select(
        self,
        user: User,
        message: Message,
        custom_id: str,
        values: list[str],
        *,
        locale: str = "en-US",
    ) -> Interaction:
        return self.do(self._people.press, user, message, custom_id, values, locale=locale)

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

    def mend(self) -> None:
        """Whatever goes wrong with requests goes right again."""
        self.do(self._listener.faults.clear)

    def _add(self, fault: Fault) -> None:
        self.do(self._listener.faults.append, fault)

    def limit(self, method: str, template: str, requests: int, seconds: float) -> None:
        """Another limit for a path, in OpenAPI's form, than Discord's."""
        self._listener.limits.of[method, template] = (requests, seconds)

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
