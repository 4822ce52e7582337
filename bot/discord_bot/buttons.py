"""Buttons; each carries all it needs in its id, so that any bot can tell what was pressed."""

import re
from typing import Any, Self

import discord

from bot.discord_bot.memory import Asked, Kept
from bot.discord_bot.phrases import say

GOOD, BAD, MISSING = "good", "bad", "missing"
PASSAGES, PAGE, SHARE, AGAIN = "passages", "page", "share", "again"
ANSWER_BUTTON = r"essays:(?P<action>[a-z]+):(?P<id>[0-9a-f]{16}):(?P<page>\d{1,6})"
LONGEST_LABEL = 80


class KnownButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template="",  # each kind of button has its own
):
    """A button that is known by its id alone, whichever start of the bot has sent it."""

    def __init__(self, item: discord.ui.Button[discord.ui.View], match: re.Match[str]) -> None:
        super().__init__(item)
        self.match = match

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,  # noqa: ARG003
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        """The button of this id, which `match` is of."""
        assert isinstance(item, discord.ui.Button)
        return cls(item, match)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what it is for; whatever fails, the person gets a sentence."""
        try:
            await self.act(interaction)
        except Exception as error:  # which discord.py would only log
            await interaction.client.tell_failure(interaction, error)

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """What this kind of button is for."""
        raise NotImplementedError


def answer_buttons(asked: Asked, kept: Kept, *, shared: bool = False) -> discord.ui.View:
    """What stands below an answer."""
    language, id = asked.language, asked.id
    buttons = [
        answer_button(AGAIN, id, say(language, "again")),
        answer_button(GOOD, id, emoji="👍"),
        answer_button(BAD, id, emoji="👎"),
    ]
    if asked.private:
        share = answer_button(SHARE, id, say(language, "shared" if shared else "share"))
        share.disabled = shared
        buttons.insert(0, share)
    if kept.refused:
        buttons.insert(0, answer_button(MISSING, id, say(language, "missing")))
    if kept.citations:
        passages = answer_button(PASSAGES, id, say(language, "passages"))
        passages.style = discord.ButtonStyle.primary
        buttons.insert(0, passages)
    return row_of(*buttons)


def answer_button(
    action: str, id: str, label: str | None = None, *, emoji: str | None = None, page: int = 0
) -> discord.ui.Button[discord.ui.View]:
    """A button that does something with the answer of this id."""
    custom_id = f"essays:{action}:{id}:{page}"
    return discord.ui.Button(label=label, emoji=emoji, custom_id=custom_id)


def page_buttons(asked: Asked, page: int, pages: int, language: str) -> discord.ui.View:
    """Those that lead from one passage of an answer to the others."""
    buttons = []
    if page > 0:
        buttons.append(answer_button(PAGE, asked.id, say(language, "previous"), page=page - 1))
    if page < pages - 1:
        buttons.append(answer_button(PAGE, asked.id, say(language, "next"), page=page + 1))
    return row_of(*buttons)


def command_button(command: str, label: str, page: int = 0) -> discord.ui.Button[discord.ui.View]:
    """A button that goes on with a command."""
    return discord.ui.Button(label=label[:LONGEST_LABEL], custom_id=f"{command}:{page}")


def row_of(*buttons: discord.ui.Button[discord.ui.View]) -> discord.ui.View:
    """Buttons to be sent. They are known by their ids, so discord.py need not remember them."""
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    view.stop()
    return view
