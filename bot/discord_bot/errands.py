"""What people wait for beside answers: acknowledged at once, and never left without a sentence."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import discord

from bot.discord_bot.delivery import FAULTS, deliver

PATIENCE = 5.0  # seconds for what is under way when the bot is to stop; some kill after 10
ACKNOWLEDGED = 40060  # code where an interaction was acknowledged before, noticed or not
_log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]


class Errands:
    """Commands and buttons that take a while; each is begun once and ended once."""

    def __init__(self, farewell: Callable[[Interaction], str]) -> None:
        """`farewell` says that the bot is being stopped before it is done."""
        self._farewell = farewell
        self._under_way: dict[asyncio.Task[Any], Interaction] = {}
        self._stopping = False

    async def think(self, interaction: Interaction) -> None:
        """Show to who asked for it, and to no one else, that the bot is at it."""
        await self.begin(
            interaction, partial(interaction.response.defer, ephemeral=True, thinking=True)
        )

    async def begin(
        self, interaction: Interaction, acknowledge: Callable[[], Awaitable[Any]]
    ) -> None:
        """Acknowledge an interaction; `end` is to follow in the same task."""
        try:
            await deliver(acknowledge)
        except discord.HTTPException as error:
            if error.code != ACKNOWLEDGED:  # an attempt before got through
                raise
        task = asyncio.current_task()
        assert task
        self._under_way[task] = interaction
        task.add_done_callback(lambda _: self._under_way.pop(task, None))
        if self._stopping:
            await self.end(interaction, self._farewell(interaction))
            raise asyncio.CancelledError

    async def end(
        self, interaction: Interaction, text: str, view: discord.ui.View | None = None
    ) -> None:
        """Show what came of it."""
        await deliver(partial(interaction.edit_original_response, content=text, view=view))
        task = asyncio.current_task()
        assert task
        self._under_way.pop(task, None)

    async def stop(self) -> None:
        """Finish what is under way, as far as PATIENCE goes; who still waits is told."""
        self._stopping = True
        if self._under_way:
            _, late = await asyncio.wait(set(self._under_way), timeout=PATIENCE)
            await asyncio.gather(*map(self._break_off, late))

    async def _break_off(self, task: "asyncio.Task[Any]") -> None:
        interaction = self._under_way.get(task)
        if interaction is None:  # the person has the end of it; what goes on is told elsewhere
            return
        task.cancel()
        await asyncio.wait({task}, timeout=PATIENCE)
        try:
            async with asyncio.timeout(PATIENCE):
                await self.end(interaction, self._farewell(interaction))
        except FAULTS:
            _log.warning("It could not be told that something was broken off.")


async def tell(interaction: Interaction, text: str) -> None:
    """Say something to the person alone; what a pressed button stands below stays as it is.

    Raises FAULTS.
    """
    if not interaction.response.is_done():
        try:
            await deliver(lambda: interaction.response.send_message(text, ephemeral=True))
        except discord.HTTPException as error:
            if error.code != ACKNOWLEDGED:
                raise
        else:
            return
    if interaction.type is discord.InteractionType.component:
        await interaction.followup.send(text, ephemeral=True)
    else:
        await deliver(partial(interaction.edit_original_response, content=text, view=None))
