"""A Discord in memory: who is there, where, and what was said. Knows nothing of the wire."""

import time
from collections.abc import Iterable
from itertools import count

from tests.discord_records import (
    EVERYTHING,
    NOTHING,
    ORDINARY,
    Attachment,
    Channel,
    Guild,
    Interaction,
    Json,
    Kind,
    Member,
    Message,
    Permission,
    Role,
    User,
)

EPOCH = 1420070400000  # milliseconds: the year in which Discord's ids begin
GUILD_SERIES = 10**11  # guild number n belongs to shard n % shards
TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAw.tokens.of-the-tests"


class World:
    """All there is. It outlives bots and their connections."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.url = ""
        self.shards = 1  # how many Discord recommends
        self.clock_offset = 0.0  # seconds by which interactions seem older
        self.approved_intents = 0  # of the privileged ones
        self.application_flags = 0
        self.attachment_size_limit = 10 * 1024 * 1024
        self.guilds: list[Guild] = []
        self.users: dict[int, User] = {}
        self.channels: dict[int, Channel] = {}
        self.attachments: dict[int, Attachment] = {}
        self.interactions: dict[int, Interaction] = {}
        self.commands: dict[int | None, list[Json]] = {}  # by guild; None is everywhere
        self._last_id = 0
        self._guild_numbers = count()
        self.me = self.add_user("essay-bot", bot=True)

    def new_id(self) -> int:
        now = int(time.time() * 1000) - EPOCH
        self._last_id = max(now << 22, self._last_id + 1)
        return self._last_id

    def new_message_id(self, channel: Channel) -> int:
        """The first message of a forum's post has the id of the post."""
        begins_post = channel.parent and channel.parent.kind is Kind.FORUM and not channel.messages
        return channel.id if begins_post else self.new_id()

    def add_user(self, name: str, *, bot: bool = False) -> User:
        user = User(self.new_id(), name, bot)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str = "Library") -> Guild:
        id = GUILD_SERIES + next(self._guild_numbers) << 22
        everyone = Role(id, "@everyone", ORDINARY)
        guild = Guild(id, name, self.add_user(f"owner of {name}"), everyone, [everyone])
        self.guilds.append(guild)
        self.join(guild.owner, guild)
        self.join(self.me, guild)
        return guild

    def join(self, user: User, guild: Guild, permissions: Permission = NOTHING) -> Member:
        """The user is in the guild from now on, with these permissions beside everyone's."""
        role = Role(self.new_id(), user.name, permissions)
        guild.roles.append(role)
        guild.members[user.id] = member = Member(user, [role])
        return member

    def user(self, name: str) -> User:
        return next(user for user in self.users.values() if user.name == name)

    def channel(self, name: str) -> Channel:
        return next(channel for channel in self.channels.values() if channel.name == name)

    def add_channel(
        self,
        guild: Guild,
        name: str,
        kind: Kind = Kind.TEXT,
        *,
        deny_bot: Permission = NOTHING,
        tags: Iterable[str] = (),
        requires_tag: bool = False,
    ) -> Channel:
        channel = Channel(self.new_id(), kind, name, guild, requires_tag=requires_tag)
        channel.tags = {tag: self.new_id() for tag in tags}
        if deny_bot:
            channel.denied[self.me.id] = deny_bot
        guild.channels.append(channel)
        self.channels[channel.id] = channel
        return channel

    def add_thread(
        self, parent: Channel, name: str, owner: User, *, starter: Message | None = None
    ) -> Channel:
        id = starter.id if starter else self.new_id()
        thread = Channel(id, Kind.PUBLIC_THREAD, name, parent.guild, parent, owner=owner)
        self.channels[id] = thread
        if starter:
            starter.thread = thread
            starter.flags |= 1 << 5
        return thread

    def direct_channel(self, user: User) -> Channel:
        for channel in self.channels.values():
            if channel.kind is Kind.DM and channel.recipient is user:
                return channel
        channel = Channel(self.new_id(), Kind.DM, recipient=user)
        self.channels[channel.id] = channel
        return channel

    def add_attachment(
        self, filename: str, content: bytes, size: int | None = None, content_type: str = ""
    ) -> Attachment:
        told = len(content) if size is None else size
        made = Attachment(self.new_id(), filename, content, told, content_type or None)
        self.attachments[made.id] = made
        return made

    def permissions(self, user: User, channel: Channel) -> Permission:
        if channel.guild is None:
            return ORDINARY
        member = channel.guild.members[user.id]
        granted = channel.guild.everyone.permissions
        for role in member.roles:
            granted |= role.permissions
        if user is channel.guild.owner or granted & Permission.ADMINISTRATOR:
            return EVERYTHING
        denied = (channel.parent or channel).denied
        for id in (user.id, channel.guild.everyone.id):
            granted &= ~denied.get(id, NOTHING)
        return granted

    def sees(self, user: User, channel: Channel) -> bool:
        return bool(self.permissions(user, channel) & Permission.VIEW_CHANNEL)


def small_world() -> World:
    """One guild with one channel, `world.channel("questions")`, and one person, "ada"."""
    world = World()
    guild = world.add_guild()
    world.add_channel(guild, "questions")
    world.join(world.add_user("ada"), guild)
    return world
