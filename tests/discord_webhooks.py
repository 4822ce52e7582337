"""The REST side of interactions: acknowledging them, and what follows through their webhook."""

import time
from typing import Any

from tests.discord_exchange import DiscordError, Exchange, invalid, unknown
from tests.discord_message_payloads import message_json
from tests.discord_messages import EPHEMERAL, LOADING, Board
from tests.discord_records import Interaction, Json, Message

SECONDS_TO_ACKNOWLEDGE, SECONDS_A_TOKEN_LIVES = 3, 15 * 60
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, SHOW_MODAL = 4, 5, 6, 7, 8, 9
REPLY_TYPES = {1: 20, 2: 23, 3: 23}  # of messages, by the type of command
ORDINARY_REPLY = 19
ALLOWED = {
    COMMAND: (MESSAGE, DEFERRED, SHOW_MODAL),
    COMPONENT: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, SHOW_MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE),
}


def acknowledge(exchange: Exchange) -> Any:
    """POST /interactions/{interaction_id}/{interaction_token}/callback"""
    interaction = _fresh(exchange)
    callback, data = exchange.body["type"], exchange.body.get("data") or {}
    if callback not in ALLOWED[interaction.type]:
        raise invalid("type", "BASE_TYPE_CHOICES", "Value must be one of the allowed types.")
    _answer(exchange, interaction, callback, data)
    interaction.callback = callback
    interaction.acknowledged_at = time.monotonic()
    return _told(exchange, interaction) if exchange.request.query.get("with_response") else None


def _answer(exchange: Exchange, interaction: Interaction, callback: int, data: Json) -> None:
    board = Board(exchange.world, exchange.gateway)
    if callback == MESSAGE:
        interaction.response = _reply(exchange, interaction, data)
        interaction.ephemeral = interaction.response.ephemeral
    elif callback == DEFERRED:
        interaction.ephemeral = bool((data.get("flags") or 0) & EPHEMERAL)
        interaction.response = _thinking(exchange, interaction)
    elif callback in (UPDATE, DEFERRED_UPDATE):
        interaction.response = interaction.message
        if callback == UPDATE and interaction.message:
            board.change(interaction.message, data, exchange.request.files)
    elif callback == CHOICES:
        interaction.choices = data["choices"]
    else:
        interaction.modal = data


def _reply(exchange: Exchange, interaction: Interaction, body: Json) -> Message:
    return Board(exchange.world, exchange.gateway).send(
        interaction.channel,
        exchange.world.me,
        body,
        exchange.request.files,
        kind=_reply_type(interaction),
        interaction=interaction,
    )


def _thinking(exchange: Exchange, interaction: Interaction) -> Message:
    message = Message(
        exchange.world.new_id(), interaction.channel, exchange.world.me, "", interaction=interaction
    )
    message.type = _reply_type(interaction)
    message.flags = LOADING | (EPHEMERAL if interaction.ephemeral else 0)
    Board(exchange.world, exchange.gateway).put_up(message)
    return message


def _reply_type(interaction: Interaction) -> int:
    if interaction.type == COMMAND:
        return REPLY_TYPES[interaction.data["type"]]
    return ORDINARY_REPLY if interaction.message else 0


def _fresh(exchange: Exchange) -> Interaction:
    interaction = exchange.world.interactions.get(exchange.id("interaction_id"))
    if interaction is None or interaction.token != exchange.values["interaction_token"]:
        raise unknown("interaction", 10062)
    if interaction.callback is not None:
        raise DiscordError(400, 40060, "Interaction has already been acknowledged.")
    if _age(exchange, interaction) > SECONDS_TO_ACKNOWLEDGE:
        raise unknown("interaction", 10062)
    return interaction


def _age(exchange: Exchange, interaction: Interaction) -> float:
    return time.monotonic() + exchange.world.clock_offset - interaction.created_at


def _told(exchange: Exchange, interaction: Interaction) -> Json:
    response = interaction.response
    about: Json = {"id": str(interaction.id), "type": interaction.type}
    resource: Json = {"type": interaction.callback}
    if response:
        about |= {
            "response_message_id": str(response.id),
            "response_message_loading": response.loading,
            "response_message_ephemeral": response.ephemeral,
        }
        if interaction.callback != DEFERRED_UPDATE:
            resource["message"] = message_json(response, exchange.world)
    return {"interaction": about, "resource": resource}


def follow_up(exchange: Exchange) -> Json:
    """POST /webhooks/{webhook_id}/{webhook_token}"""
    interaction = _acknowledged(exchange)
    response = interaction.response
    if response and response.loading and not response.deleted:
        # The first follow-up takes the place of "thinking", and is as public as that was.
        return _changed(exchange, response)
    message = _reply(exchange, interaction, exchange.body)
    interaction.followups.append(message)
    return message_json(message, exchange.world)


def read_reply(exchange: Exchange) -> Json:
    """GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}, or @original"""
    return message_json(_replied(exchange), exchange.world)


def edit_reply(exchange: Exchange) -> Json:
    """PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}, or @original"""
    return _changed(exchange, _replied(exchange))


def _changed(exchange: Exchange, message: Message) -> Json:
    board = Board(exchange.world, exchange.gateway)
    board.change(message, exchange.body, exchange.request.files)
    return message_json(message, exchange.world)


def delete_reply(exchange: Exchange) -> None:
    """DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}, or @original"""
    Board(exchange.world, exchange.gateway).remove(_replied(exchange))


def _replied(exchange: Exchange) -> Message:
    interaction = _acknowledged(exchange)
    id = exchange.values.get("message_id")
    whole = [interaction.response, *interaction.followups, interaction.message]
    for message in whole if id else [interaction.response]:
        if message and not message.deleted and id in (None, str(message.id)):
            return message
    raise unknown("Message", 10008)


def _acknowledged(exchange: Exchange) -> Interaction:
    token = exchange.values["webhook_token"]
    for interaction in exchange.world.interactions.values():
        if interaction.token == token and interaction.callback is not None:
            if _age(exchange, interaction) > SECONDS_A_TOKEN_LIVES:
                raise DiscordError(401, 50027, "Invalid Webhook Token")
            return interaction
    raise unknown("Webhook", 10015)
