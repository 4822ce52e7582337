"""Settings of a server by its admins; what the bot keeps of a person, and how to delete it."""

from dataclasses import replace
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_bot.client import EssayClient, Interaction
from bot.discord_bot.memory import KEPT_DAYS, ServerSettings
from bot.discord_bot.phrases import LANGUAGES, say

MOST_CHOSEN = 25  # channels or roles
WRITTEN_IN = (discord.ChannelType.text, discord.ChannelType.public_thread)


class ControlCog(commands.Cog):
    """Settings and privacy."""

    def __init__(self, client: EssayClient) -> None:
        self._client = client

    @app_commands.command(name="settings")
    @app_commands.guild_only
    @app_commands.default_permissions(manage_guild=True)
    async def settings(self, interaction: Interaction) -> None:
        """Where and whom I answer on this server."""
        language = self._client.language_of(interaction)
        if not interaction.permissions.manage_guild:
            await interaction.response.send_message(say(language, "admins_only"), ephemeral=True)
            return
        server = self._client.memory.server(interaction.guild_id or 0)
        await interaction.response.send_message(
            _settings_text(self._client, server, language),
            view=_controls(server, language),
            ephemeral=True,
        )

    @app_commands.command(name="privacy")
    async def privacy(self, interaction: Interaction) -> None:
        """What I keep, what I read, and what leaves me."""
        language, settings = self._client.language_of(interaction), self._client.settings
        model = settings.chat_model
        text = say(
            language,
            "privacy",
            days=KEPT_DAYS,
            model=say(language, "privacy_model" if model else "privacy_local", model=model),
            content=say(
                language,
                "privacy_content" if settings.discord_message_content else "privacy_mentions",
            ),
        )
        await interaction.response.send_message(text.strip(), ephemeral=True)

    @app_commands.command(name="forget-me")
    async def forget_me(self, interaction: Interaction) -> None:
        """Delete what I keep of you."""
        await self._client.errands.think(interaction)
        memory = self._client.memory
        count = await memory.forget(memory.hash_user(interaction.user.id))
        language = self._client.language_of(interaction)
        text = say(language, "forgot" if count else "nothing_of_you", count=count)
        await self._client.errands.end(interaction, text)


def _settings_text(client: EssayClient, server: ServerSettings, language: str) -> str:
    lines = [say(language, "settings")]
    if server.channels and not client.settings.discord_message_content:
        lines.append(f"⚠️ {say(language, 'needs_content')}")
    return "\n".join(lines)


class SettingsView(discord.ui.View):
    """The settings of a server; ids are fixed, so it works after a restart."""

    def __init__(self, server: ServerSettings, language: str) -> None:
        super().__init__(timeout=None)
        for item in (
            _Channels("channels", say(language, "set_channels"), server.channels, MOST_CHOSEN),
            _Roles("ask_roles", say(language, "set_ask_roles"), server.ask_roles),
            _Roles("edit_roles", say(language, "set_edit_roles"), server.edit_roles),
            _Channels(
                "report_channel",
                say(language, "set_reports"),
                (server.report_channel,) if server.report_channel else (),
                1,
            ),
            _Private(server, language),
            _Language(server, language),
        ):
            self.add_item(item)

    async def on_error(
        self,
        interaction: discord.Interaction[Any],
        error: Exception,
        item: discord.ui.Item[Any],  # noqa: ARG002
        /,
    ) -> None:
        """Whatever fails, the person gets a sentence."""
        await interaction.client.tell_failure(interaction, error)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Only those who may manage the server."""
        if interaction.permissions.manage_guild:
            return True
        text = say(interaction.client.language_of(interaction), "admins_only")
        await interaction.response.send_message(text, ephemeral=True)
        return False


def _controls(server: ServerSettings, language: str) -> SettingsView:
    """The settings to be sent. One view listens to all, so discord.py need not remember these."""
    view = SettingsView(server, language)
    view.stop()
    return view


async def _keep(interaction: Interaction, **changes: Any) -> None:
    """Keep a change, and show how the settings are now."""
    client, guild = interaction.client, interaction.guild_id or 0
    server = replace(client.memory.server(guild), **changes)
    await client.memory.keep_server(guild, server)
    language = client.language_of(interaction)
    await interaction.response.edit_message(
        content=_settings_text(client, server, language), view=_controls(server, language)
    )


class _Channels(discord.ui.ChannelSelect[SettingsView]):
    def __init__(self, field: str, label: str, chosen: tuple[int, ...], most: int) -> None:
        super().__init__(
            custom_id=f"settings:{field}",
            placeholder=label,
            channel_types=[*WRITTEN_IN, *([discord.ChannelType.forum] if most > 1 else [])],
            min_values=0,
            max_values=most,
            default_values=[
                discord.SelectDefaultValue(id=id, type=discord.SelectDefaultValueType.channel)
                for id in chosen
            ],
        )
        self._field, self._most = field, most

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]
        chosen = tuple(each.id for each in self.values)
        await _keep(
            interaction, **{self._field: chosen if self._most > 1 else next(iter(chosen), 0)}
        )


class _Roles(discord.ui.RoleSelect[SettingsView]):
    def __init__(self, field: str, label: str, chosen: tuple[int, ...]) -> None:
        super().__init__(
            custom_id=f"settings:{field}",
            placeholder=label,
            min_values=0,
            max_values=MOST_CHOSEN,
            default_values=[
                discord.SelectDefaultValue(id=id, type=discord.SelectDefaultValueType.role)
                for id in chosen
            ],
        )
        self._field = field

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]
        await _keep(interaction, **{self._field: tuple(each.id for each in self.values)})


class _Private(discord.ui.Button[SettingsView]):
    def __init__(self, server: ServerSettings, language: str) -> None:
        state = say(language, "on" if server.private else "off")
        label = say(language, "set_private", state=state)
        super().__init__(label=label, custom_id="settings:private")

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]
        private = interaction.client.memory.server(interaction.guild_id or 0).private
        await _keep(interaction, private=not private)


class _Language(discord.ui.Button[SettingsView]):
    """Goes through the languages; "" is each person's own."""

    def __init__(self, server: ServerSettings, language: str) -> None:
        label = say(language, "set_language", language=server.language or say(language, "each_own"))
        super().__init__(label=label, custom_id="settings:language")

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]
        known = ("", *LANGUAGES)
        now = interaction.client.memory.server(interaction.guild_id or 0).language
        await _keep(interaction, language=known[(known.index(now) + 1) % len(known)])
