"""What Discord sends when a person uses a command, a button or a form, checked as Discord does."""

from typing import Any

from tests.discord_message_payloads import attachment_json, message_json
from tests.discord_payloads import channel_json, member_json, role_json, user_json
from tests.discord_records import (
    EVERYTHING,
    Attachment,
    Channel,
    Interaction,
    Json,
    Message,
    Role,
    User,
)
from tests.discord_world import World

SLASH, MESSAGE_MENU = 1, 3
IN_GUILD, IN_DM = 0, 1
LABEL = 18
Options = dict[str, Any]


class NotOffered(LookupError):
    """A person can't do that: Discord shows no such command, button or form."""


def slash_data(
    world: World, channel: Channel, name: str, given: Options, focused: str | None = None
) -> Json:
    """A command with its options; with a focused one, the person is still typing that."""
    top, *inner = name.split()
    command = level = _command(world, channel, top, SLASH)
    path = []
    for part in inner:
        level = _option(level, part)
        path.append(level)
    resolved: Json = {}
    options = [_given_option(level, *item, resolved, world) for item in given.items()]
    if focused is None:
        _check_required(level, given)
    else:
        next(each for each in options if each["name"] == focused)["focused"] = True
    for each in reversed(path):
        options = [{"name": each["name"], "type": each["type"], "options": options}]
    data = {"id": command["id"], "name": top, "type": SLASH, "options": options}
    return data | ({"resolved": resolved} if resolved else {})


def _command(world: World, channel: Channel, name: str, kind: int) -> Json:
    places = [channel.guild.id, None] if channel.guild else [None]
    context = IN_GUILD if channel.guild else IN_DM
    for command in [each for place in places for each in world.commands.get(place, [])]:
        contexts = command.get("contexts")
        offered = contexts is None or context in contexts
        if offered and (command["name"], command["type"]) == (name, kind):
            return command
    raise NotOffered(f"there is no command {name!r} here; synced are {world.commands}")


def _option(command: Json, name: str) -> Json:
    for option in command.get("options") or []:
        if option["name"] == name:
            found: Json = option
            return found
    raise NotOffered(f"{command['name']!r} has no option {name!r}")


def _check_required(command: Json, given: Options) -> None:
    for option in command.get("options") or []:
        if option.get("required") and option["name"] not in given:
            raise NotOffered(f"Discord sends no {command['name']!r} without {option['name']!r}")


def _given_option(command: Json, name: str, value: Any, resolved: Json, world: World) -> Json:
    if not isinstance(value, str | int | float):
        _resolve(value, resolved, world)
        value = str(value.id)
    return {"name": name, "type": _option(command, name)["type"], "value": value}


def _resolve(value: Any, resolved: Json, world: World) -> None:
    """What an option only names is described beside the options."""
    if isinstance(value, Attachment):
        kind, shown = "attachments", attachment_json(value, world)
    elif isinstance(value, User):
        kind, shown = "users", user_json(value)
    elif isinstance(value, Role):
        kind, shown = "roles", role_json(value)
    elif isinstance(value, Channel):
        kind, shown = "channels", channel_json(value) | {"permissions": str(int(EVERYTHING))}
    else:
        raise TypeError(f"no option takes {value!r}")
    resolved.setdefault(kind, {})[str(value.id)] = shown


def menu_data(world: World, target: Message, name: str) -> Json:
    """A command of the menu at a message, whose text comes with it."""
    command, id = _command(world, target.channel, name, MESSAGE_MENU), str(target.id)
    data = {"id": command["id"], "name": name, "type": MESSAGE_MENU, "target_id": id}
    return data | {"resolved": {"messages": {id: message_json(target, world)}}}


def control_data(message: Message, custom_id: str, values: list[str] | None) -> Json:
    """A button pressed, or, with values, a select used."""
    for control in message.controls:
        if control["custom_id"] == custom_id and not control.get("disabled"):
            data = {"custom_id": custom_id, "component_type": control["type"], "id": 1}
            return data if values is None else data | {"values": values}
    raise NotOffered(f"{custom_id!r} can't be pressed; there are {message.controls}")


def form_data(shown: Interaction, custom_id: str, fields: Options) -> Json:
    if shown.modal is None or shown.modal["custom_id"] != custom_id:
        raise NotOffered(f"the form {custom_id!r} isn't shown; what is: {shown.modal}")
    filled = [_fill_in(each, fields) for each in shown.modal["components"]]
    return {"custom_id": custom_id, "components": filled}


def _fill_in(component: Json, fields: Options) -> Json:
    if component["type"] == LABEL:
        return {"type": LABEL, "id": 1, "component": _fill_in(component["component"], fields)}
    if "components" in component:
        inner = [_fill_in(each, fields) for each in component["components"]]
        return {"type": component["type"], "id": 1, "components": inner}
    filled = {"type": component["type"], "id": 1}
    if "custom_id" in component:
        value = fields.get(component["custom_id"], "")
        kind = "values" if isinstance(value, list) else "value"
        filled |= {"custom_id": component["custom_id"], kind: value}
    return filled


def interaction_json(interaction: Interaction, world: World) -> Json:
    channel, own = interaction.channel, str(world.me.id)
    payload = {
        "id": str(interaction.id),
        "application_id": own,
        "type": interaction.type,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": channel_json(channel),
        "locale": interaction.locale,
        "app_permissions": str(int(world.permissions(world.me, channel))),
        "entitlements": [],
        "attachment_size_limit": world.attachment_size_limit,
    }
    if interaction.message:
        payload["message"] = message_json(interaction.message, world)
    return payload | _whereabouts(interaction, world)


def _whereabouts(interaction: Interaction, world: World) -> Json:
    guild, user = interaction.channel.guild, interaction.user
    if guild is None:
        owners = {"0": "0"}
        return {
            "user": user_json(user),
            "context": IN_DM,
            "authorizing_integration_owners": owners,
        }
    permissions = str(int(world.permissions(user, interaction.channel)))
    return {
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "member": member_json(guild.members[user.id]) | {"permissions": permissions},
        "context": IN_GUILD,
        "authorizing_integration_owners": {"0": str(guild.id)},
    }
