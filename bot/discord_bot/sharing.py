"""Answer identical questions that are under way once, and few at a time."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing

from bot.answering import Found
from bot.answers import Answer
from bot.errors import TooManyQuestions
from bot.writing import Draft

AT_ONCE = 8  # answers being made
MOST_WAITING = 200  # others; who comes then is asked to come again

Event = Found | Draft | Answer
Begin = Callable[[], AsyncGenerator[Event]]


class SharedAnswers:
    """Answers by key, each made once however many follow it."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[Hashable, _Broadcast] = {}

    async def follow(self, key: Hashable, begin: Begin) -> AsyncGenerator[Event]:
        """What comes of `begin`, or of what another began with this key; the last is the answer.

        Events that come faster than they are taken are passed over. The answer is no longer made
        when the last follower leaves. Raises TooManyQuestions and what `begin` raises.
        """
        broadcast = self._under_way.get(key)
        if broadcast is None:
            if len(self._under_way) >= AT_ONCE + MOST_WAITING:
                raise TooManyQuestions("Too many questions wait at the moment.")
            broadcast = self._under_way[key] = _Broadcast(begin, self._places)
        broadcast.followers += 1
        try:
            async with aclosing(broadcast.follow()) as events:
                async for event in events:
                    yield event
        finally:
            broadcast.followers -= 1
            if not broadcast.followers:
                del self._under_way[key]
                broadcast.task.cancel()


class _Broadcast:
    """One answer being made; followers see its latest event."""

    def __init__(self, begin: Begin, places: asyncio.Semaphore) -> None:
        self._latest: Event | None = None
        self._changed = asyncio.Event()
        self.followers = 0
        self.task = asyncio.create_task(self._run(begin, places))
        self.task.add_done_callback(lambda _: self._changed.set())

    async def _run(self, begin: Begin, places: asyncio.Semaphore) -> None:
        async with places, aclosing(begin()) as events:
            async for event in events:
                self._latest = event
                self._changed.set()
                self._changed = asyncio.Event()

    async def follow(self) -> AsyncGenerator[Event]:
        seen = None
        while True:
            changed = self._changed
            if self._latest is not None and self._latest is not seen:
                seen = self._latest
                yield seen
            elif self.task.done():
                self.task.result()  # raises what went wrong
                return
            else:
                await changed.wait()
