"""What people do: write, open threads, use commands, press buttons, fill in forms."""

import time
from uuid import uuid4

from tests.discord_gateway import Gateway
from tests.discord_interactions import (
    Options,
    control_data,
    form_data,
    interaction_json,
    menu_data,
    slash_data,
)
from tests.discord_message_checks import set_pings
from tests.discord_messages import REPLY, Board
from tests.discord_payloads import channel_json
from tests.discord_records import Attachment, Channel, Interaction, Json, Message, User
from tests.discord_webhooks import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL
from tests.discord_world import World


class People:
    """Everybody who isn't the bot. To be used in the server's own thread."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world, self.gateway = world, gateway
        self.board = Board(world, gateway)

    def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        *,
        reply_to: Message | None,
        pings: bool,
        attachments: list[Attachment],
    ) -> Message:
        id = self.world.new_message_id(channel)
        message = Message(id, channel, user, text, reference=reply_to)
        message.type = REPLY if reply_to else 0
        message.attachments = attachments
        set_pings(message, self.world, {"parse": ["users"], "replied_user": pings})
        self.board.put_up(message)
        return message

    def edit(self, message: Message, text: str) -> None:
        message.content = text
        set_pings(message, self.world, None)
        message.note_version()
        self.board.announce(message, "MESSAGE_UPDATE")

    def delete(self, message: Message) -> None:
        self.board.remove(message)

    def open_thread(
        self, user: User, parent: Channel, name: str, starter: Message | None, tags: list[str]
    ) -> Channel:
        applied = [parent.tags[tag] for tag in tags]
        return self.board.open_thread(parent, name, user, starter, tags=applied)

    def close_thread(self, thread: Channel, locked: bool) -> None:
        thread.archived, thread.locked = True, locked
        self.gateway.dispatch("THREAD_UPDATE", channel_json(thread), thread.guild)

    def slash(
        self, user: User, channel: Channel, name: str, options: Options, *, locale: str
    ) -> Interaction:
        data = slash_data(self.world, channel, name, options)
        return self._act(COMMAND, user, channel, data, locale=locale)

    def complete(
        self, user: User, channel: Channel, name: str, options: Options, focused: str
    ) -> Interaction:
        data = slash_data(self.world, channel, name, options, focused)
        return self._act(AUTOCOMPLETE, user, channel, data)

    def use_menu(self, user: User, target: Message, name: str, *, locale: str) -> Interaction:
        data = menu_data(self.world, target, name)
        return self._act(COMMAND, user, target.channel, data, locale=locale)

    def press(
        self, user: User, message: Message, custom_id: str, values: list[str] | None, *, locale: str
    ) -> Interaction:
        data = control_data(message, custom_id, values)
        return self._act(COMPONENT, user, message.channel, data, locale=locale, message=message)

    def submit(
        self, user: User, shown: Interaction, custom_id: str, fields: Options
    ) -> Interaction:
        data = form_data(shown, custom_id, fields)
        return self._act(
            MODAL, user, shown.channel, data, locale=shown.locale, message=shown.message
        )

    def _act(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: Json,
        *,
        locale: str = "en-US",
        message: Message | None = None,
    ) -> Interaction:
        id, token = self.world.new_id(), uuid4().hex
        interaction = Interaction(id, token, kind, user, channel, data, time.monotonic())
        interaction.locale, interaction.message = locale, message
        self.world.interactions[id] = interaction
        payload = interaction_json(interaction, self.world)
        self.gateway.dispatch("INTERACTION_CREATE", payload, channel.guild)
        return interaction
