"""What a Discord consists of: guilds, channels, people, messages, interactions."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any

Json = dict[str, Any]


class Kind(IntEnum):
    """What a channel is, in Discord's numbers."""

    TEXT = 0
    DM = 1
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


THREADS = (Kind.PUBLIC_THREAD, Kind.PRIVATE_THREAD)


class Permission(IntFlag):
    """The permissions which the server checks or tells."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


NOTHING = Permission(0)
EVERYTHING = Permission(sum(Permission))
ORDINARY = EVERYTHING & ~(
    Permission.ADMINISTRATOR
    | Permission.MANAGE_CHANNELS
    | Permission.MANAGE_GUILD
    | Permission.MANAGE_MESSAGES
    | Permission.MANAGE_THREADS
)


@dataclass(eq=False)
class User:
    """Somebody, or the bot itself."""

    id: int
    name: str
    bot: bool = False
    takes_direct_messages: bool = True


@dataclass(eq=False)
class Role:
    """A role of a guild; the one with the guild's id is everyone's."""

    id: int
    name: str
    permissions: Permission = NOTHING


@dataclass(eq=False)
class Member:
    """A user in a guild."""

    user: User
    roles: list[Role] = field(default_factory=list)


@dataclass(eq=False)
class Guild:
    """A server, as people say."""

    id: int
    name: str
    owner: User
    everyone: Role
    roles: list[Role] = field(default_factory=list)
    members: dict[int, Member] = field(default_factory=dict)
    channels: list["Channel"] = field(default_factory=list)


@dataclass(eq=False)
class Channel:
    """A text channel, forum, thread or direct conversation."""

    id: int
    kind: Kind
    name: str = ""
    guild: Guild | None = None
    parent: "Channel | None" = None
    recipient: User | None = None
    owner: User | None = None
    denied: dict[int, Permission] = field(default_factory=dict)  # by the user's id
    tags: dict[str, int] = field(default_factory=dict)
    requires_tag: bool = False
    applied_tags: list[int] = field(default_factory=list)
    archived: bool = False
    locked: bool = False
    messages: dict[int, "Message"] = field(default_factory=dict)
    typing: list[float] = field(default_factory=list)  # when the bot was seen typing

    @property
    def is_thread(self) -> bool:
        return self.kind in THREADS

    def said_by(self, user: User) -> list["Message"]:
        return [message for message in list(self.messages.values()) if message.author is user]


@dataclass(eq=False)
class Attachment:
    """An uploaded file; `size` is what Discord tells, which a test may overstate."""

    id: int
    filename: str
    content: bytes
    size: int
    content_type: str | None = None


@dataclass(frozen=True)
class Version:
    """What a message said, from when on."""

    at: float
    content: str
    embeds: list[Json]
    components: list[Json]


@dataclass(eq=False)
class Message:
    """A message and all it ever said; times are those of `time.monotonic`."""

    id: int
    channel: Channel
    author: User
    content: str
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    type: int = 0
    nonce: str | None = None
    reference: "Message | None" = None
    pings: list[User] = field(default_factory=list)
    pings_everyone: bool = False
    interaction: "Interaction | None" = None
    thread: Channel | None = None
    reactions: list[tuple[str, User]] = field(default_factory=list)
    replies: list["Message"] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    deleted: bool = False

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & 1 << 6)

    @property
    def loading(self) -> bool:
        return bool(self.flags & 1 << 7)

    @property
    def edits(self) -> list[Version]:
        return self.versions[1:]

    @property
    def controls(self) -> list[Json]:
        """The buttons and selects, wherever in the message they are."""
        return [each for each in walk(self.components) if "custom_id" in each]

    def note_version(self) -> None:
        self.versions.append(Version(time.monotonic(), self.content, self.embeds, self.components))


@dataclass(eq=False)
class Interaction:
    """Something a person did with the bot, and all that the bot answered."""

    id: int
    token: str
    type: int
    user: User
    channel: Channel
    data: Json
    created_at: float
    locale: str = "en-US"
    message: Message | None = None  # whose button was pressed
    acknowledged_at: float | None = None
    callback: int | None = None  # the type of the acknowledgement, in Discord's numbers
    ephemeral: bool = False
    response: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    modal: Json | None = None

    @property
    def deferred(self) -> bool:
        return self.callback in (5, 6)

    @property
    def waits(self) -> bool:
        """Whether the person still sees "thinking"."""
        return self.callback is None or (self.response is not None and self.response.loading)


def walk(components: Iterable[Json]) -> Iterable[Json]:
    for each in components:
        yield each
        inner = [each[name] for name in ("component", "accessory") if name in each]
        yield from walk([*each.get("components", []), *inner])
