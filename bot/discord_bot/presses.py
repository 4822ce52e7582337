"""What happens when a button below an answer is pressed, be it of this start or an earlier one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from weakref import WeakValueDictionary

import discord

from bot.conversation import Turn
from bot.discord_bot.buttons import (
    AGAIN,
    ANSWER_BUTTON,
    BAD,
    GOOD,
    MISSING,
    PAGE,
    PASSAGES,
    SHARE,
    KnownButton,
    answer_buttons,
    page_buttons,
)
from bot.discord_bot.client import EssayClient, Interaction
from bot.discord_bot.delivery import FAULTS
from bot.discord_bot.markdown import escape
from bot.discord_bot.memory import Asked, Kept
from bot.discord_bot.phrases import say
from bot.discord_bot.rendering import render_answer, render_passage
from bot.discord_bot.splitting import split

LONGEST_REASON = 1_000
REPORTED = "reported"
PATIENCE = 15 * 60.0  # seconds for a reason, as long as Discord takes one
_reporting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by question


class AnswerButton(KnownButton, template=ANSWER_BUTTON):
    """One of those below an answer."""

    async def act(self, interaction: Interaction) -> None:
        """Do what the button is for, with the answer it stands below."""
        found = await interaction.client.desk.find(self.match["id"])
        refusal = await _refusal(interaction, found[0] if found else None)
        if found is None or refusal:
            await interaction.response.send_message(refusal, ephemeral=True)
            return
        await _ACTIONS[self.match["action"]](interaction, *found, int(self.match["page"]))


async def _refusal(interaction: Interaction, asked: Asked | None) -> str:
    """Why someone may not use an answer's buttons; "" if they may."""
    client = interaction.client
    language = client.language_of(interaction)
    mine = asked and asked.asker == client.memory.hash_user(interaction.user.id)
    # Ids can be made up: an answer is reached only where it stands, a private one by its asker.
    if not asked or asked.channel != interaction.channel_id or (asked.private and not mine):
        return say(language, "forgotten")
    if not await client.may_ask(interaction.user, interaction.guild_id or 0):
        return say(language, "not_you")
    return ""


async def _show_passages(interaction: Interaction, asked: Asked, kept: Kept, page: int) -> None:
    """A citation in its paragraph, to the one who asks; buttons lead to the others."""
    errands = interaction.client.errands
    if _turns_pages(interaction):
        await errands.begin(interaction, interaction.response.defer)
    else:
        await errands.think(interaction)
    citation = kept.citations[min(page, len(kept.citations) - 1)]
    language = interaction.client.language_of(interaction)
    found = await interaction.client.surroundings(asked.guild, citation)
    await errands.end(
        interaction,
        render_passage(citation, found, language),
        page_buttons(asked, page, len(kept.citations), language),
    )


def _turns_pages(interaction: Interaction) -> bool:
    """Whether the button pressed stands below a page rather than below an answer."""
    data: Mapping[str, Any] = cast("Mapping[str, Any]", interaction.data or {})
    return str(data.get("custom_id")).startswith(f"essays:{PAGE}:")


async def _share(interaction: Interaction, asked: Asked, kept: Kept, _: int) -> None:
    """Show a private answer to everyone, once."""
    await interaction.response.edit_message(view=answer_buttons(asked, kept, shared=True))
    memory = interaction.client.memory
    if not await memory.note_first(asked.id, asked.asker, SHARE):
        return
    try:
        for part in render_answer(asked, kept, header=True):
            await interaction.followup.send(part, suppress_embeds=True)
    except FAULTS:
        await memory.unnote(asked.id, asked.asker, SHARE)
        await interaction.edit_original_response(view=answer_buttons(asked, kept))
        raise


async def _ask_again(interaction: Interaction, asked: Asked, _: Kept, __: int) -> None:
    """The same question, after the same turns."""

    async def before() -> tuple[Turn, ...]:
        return asked.history

    await interaction.client.take(
        interaction, asked.question, essay=asked.essay, private=asked.private, history=before
    )


async def _praise(interaction: Interaction, asked: Asked, _: Kept, __: int) -> None:
    await _note(interaction, asked, GOOD)


async def _blame(interaction: Interaction, asked: Asked, _: Kept, __: int) -> None:
    """Ask for a reason; what is sent without one counts as well."""
    await interaction.response.send_modal(
        Reason(asked, interaction.id, interaction.client.language_of(interaction))
    )


class Reason(discord.ui.Modal):
    """What is wrong with an answer."""

    def __init__(self, asked: Asked, press: int, language: str) -> None:
        """`press` tells it from those that others have open at the same time."""
        super().__init__(
            title=say(language, "why"),
            custom_id=f"essays:why:{asked.id}:{press}",
            timeout=PATIENCE,
        )
        self._asked = asked
        self.reason: discord.ui.TextInput[Reason] = discord.ui.TextInput(
            label=say(language, "reason"),
            style=discord.TextStyle.paragraph,
            required=False,
            max_length=LONGEST_REASON,
            custom_id="reason",
        )
        self.add_item(self.reason)

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        """Remember it."""
        await _note(interaction, self._asked, BAD, self.reason.value)

    async def on_error(  # type: ignore[override]  # as discord.py's own does
        self, interaction: discord.Interaction[Any], error: Exception, /
    ) -> None:
        """Whatever fails, the person gets a sentence."""
        await interaction.client.tell_failure(interaction, error)


async def _note(interaction: Interaction, asked: Asked, kind: str, reason: str = "") -> None:
    client = interaction.client
    await client.memory.note(asked.id, client.memory.hash_user(interaction.user.id), kind, reason)
    await interaction.response.send_message(
        say(client.language_of(interaction), "thanks"), ephemeral=True
    )


async def _report(interaction: Interaction, asked: Asked, _: Kept, __: int) -> None:
    """Tell the moderators what the essays do not say, each question once."""
    client = interaction.client
    language = client.language_of(interaction)
    await client.errands.think(interaction)
    async with _reporting.setdefault(asked.id, asyncio.Lock()):
        told = any(kind == REPORTED for kind, _ in await client.memory.feedback(asked.id))
        if not told:
            told = await _tell_moderators(client, asked)
            asker = client.memory.hash_user(interaction.user.id)
            await client.memory.note(asked.id, asker, REPORTED if told else MISSING)
    answer = say(language, "reported" if told else "report_noted")
    await client.errands.end(interaction, answer)


async def _tell_moderators(client: EssayClient, asked: Asked) -> bool:
    """Whether they could be told."""
    server = client.memory.server(asked.guild)
    if not server.report_channel:
        return False
    channel = client.get_partial_messageable(server.report_channel)
    text = say(server.language, "report", question=escape(asked.question))
    return await client.post(channel, split(text)[0]) is not None


_ACTIONS: dict[str, Callable[[Interaction, Asked, Kept, int], Awaitable[None]]] = {
    PASSAGES: _show_passages,
    PAGE: _show_passages,
    SHARE: _share,
    AGAIN: _ask_again,
    GOOD: _praise,
    BAD: _blame,
    MISSING: _report,
}
