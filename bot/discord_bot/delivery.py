"""Send and edit messages so that a passing fault of the network loses and doubles nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

import aiohttp
import discord
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

ATTEMPTS = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0  # seconds between them, doubled and jittered
OWN_FAULT = 500  # HTTP states from here on are Discord's fault
EDIT_EVERY = 1.2  # seconds at least between two drafts in one place; Discord takes 5 edits in 5 s
FAULTS = (discord.HTTPException, aiohttp.ClientError, OSError)  # of Discord and of the network
T = TypeVar("T")


async def deliver(send: Callable[[], Awaitable[T]]) -> T:
    """What `send` gives, tried again where the network or Discord failed for a moment.

    It must do no harm to send twice. Raises what discord.py raises in the end.
    """
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential_jitter(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
        reraise=True,
    ):
        with attempt:
            return await send()
    raise AssertionError("the last attempt raises")


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status >= OWN_FAULT
    return isinstance(error, FAULTS)


class Pace:
    """Drafts, no two of them sooner after another than EDIT_EVERY; what comes sooner is dropped."""

    def __init__(self) -> None:
        self._last: dict[object, float] = {}

    def takes(self, place: object) -> bool:
        """Whether a draft may be shown in a place now; it then counts as shown."""
        now = monotonic()
        if now - self._last.get(place, -EDIT_EVERY) < EDIT_EVERY:
            return False
        self._last[place] = now
        return True

    async def rest(self, place: object) -> None:
        """Wait until the last draft is old enough for the answer to replace it."""
        left = self._last.get(place, -EDIT_EVERY) + EDIT_EVERY - monotonic()
        if left > 0:
            await asyncio.sleep(left)

    def forget(self, place: object) -> None:
        """The place needs no pace any more."""
        self._last.pop(place, None)
