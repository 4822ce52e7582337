"""Send and edit messages so that a passing fault of the network loses and doubles nothing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

import aiohttp
import discord
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

ATTEMPTS = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0  # seconds between them, doubled and jittered
OWN_FAULT = 500  # HTTP states from here on are Discord's fault
TOO_MANY = 429  # one that discord.py has waited for often enough, or that came from Cloudflare
EDIT_EVERY = 1.2  # seconds at least between two drafts in one place; Discord takes 5 edits in 5 s
OUTAGE_PAUSES = (5, 15, 60, 300, 900, 3600)  # seconds between attempts while Discord is away
MOST_PLACES = 1_000  # whose last draft is remembered, before those long past are dropped
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Undelivered(Exception):
    """What was to be sent could not be, for a reason that may pass."""


# Of Discord and of the network.
FAULTS = (
    Undelivered,
    discord.HTTPException,
    discord.RateLimited,
    aiohttp.ClientError,
    OSError,
)


async def deliver(send: Callable[[], Awaitable[T]]) -> T:
    """What `send` gives, tried again where the network or Discord failed for a moment.

    It must do no harm to send twice. Raises Undelivered in the end, and at once what discord.py
    raises where trying again is of no use.
    """
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential_jitter(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
            reraise=True,
        ):
            with attempt:
                return await send()
    except FAULTS as error:
        if _may_pass(error):
            raise Undelivered(str(error)) from error
        raise
    raise AssertionError("the last attempt raises")


async def outlast(attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` gives, made again after each of OUTAGE_PAUSES while it raises Undelivered."""
    for pause in OUTAGE_PAUSES:
        try:
            return await attempt()
        except Undelivered:
            _log.warning("Discord is out of reach; trying again in %s s.", pause)
            await asyncio.sleep(pause)
    return await attempt()


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status >= OWN_FAULT or error.status == TOO_MANY
    return isinstance(error, FAULTS)


class Pace:
    """Messages in a place, no two of them within so many seconds; what comes sooner is dropped."""

    def __init__(self, seconds: float = EDIT_EVERY) -> None:
        self._seconds = seconds
        self._last: dict[object, float] = {}

    def takes(self, place: object) -> bool:
        """Whether a draft may be shown in a place now; it then counts as shown."""
        now = monotonic()
        if now - self._last.get(place, -self._seconds) < self._seconds:
            return False
        if len(self._last) > MOST_PLACES:
            self._last = {key: at for key, at in self._last.items() if now - at < self._seconds}
        self._last[place] = now
        return True

    async def rest(self, place: object) -> None:
        """Wait until the last draft is old enough for the answer to replace it."""
        left = self._last.get(place, -self._seconds) + self._seconds - monotonic()
        if left > 0:
            await asyncio.sleep(left)
