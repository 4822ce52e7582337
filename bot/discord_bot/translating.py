"""Names and descriptions of commands in people's own languages, from the files of languages/."""

import discord
from discord import app_commands

from bot.discord_bot.phrases import translate


class Translator(app_commands.Translator):
    """Looks each text up by its English form."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002
    ) -> str | None:
        """The text in this language; None where it stays English."""
        return translate(str(locale), string.message)
