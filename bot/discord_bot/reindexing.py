"""Reindex in a process of its own while answers go on; at most one at a time for each library."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from tempfile import TemporaryFile
from typing import IO

from bot.discord_bot.libraries import Library
from bot.display import plain_line
from bot.errors import ReindexFailed
from ingest.sync import SyncReport

AT_ONCE = 2  # processes; each is waited for in one of the few threads that answers are made in
TOLD_EVERY = 2.5  # seconds between two lines of progress
FOR_PEOPLE = "essay-bot: "  # begins what a process says to people
LAST_WORDS = 300  # characters of what a process that failed said last
DIGEST_BYTES = 8
DIGEST = rf"[0-9a-f]{{{2 * DIGEST_BYTES}}}"  # a pattern, of what `digest_of` gives
_log = logging.getLogger(__name__)

Tell = Callable[[str], Awaitable[None]]


@dataclass
class _Child:
    """A process of `essay-bot ingest`, and the latest line it said."""

    process: "subprocess.Popen[str]"
    output: IO[str]  # a file: a pipe that nobody reads holds the process up when it is full
    hidden: dict[str, str]  # folders of whoever runs the bot, and what to call them
    line: str = ""


class Reindexer:
    """Runs `essay-bot ingest`: Chroma holds up every thread of a process while it writes."""

    def __init__(self) -> None:
        self.stopping = False
        self._running: dict[str, _Child | None] = {}  # by library; None before it has begun
        self._places = asyncio.Semaphore(AT_ONCE)

    @contextmanager
    def turn(self, library: Library) -> Iterator[bool]:
        """Whether a library is free to be reindexed; if so, it is taken until the block ends."""
        free = library.name not in self._running
        if not free:
            yield False
            return
        self._running[library.name] = None
        try:
            yield True
        finally:
            del self._running[library.name]

    async def plan(self, library: Library) -> SyncReport:
        """What a reindex would do. Raises ReindexFailed."""
        async with self._places:
            return await asyncio.to_thread(_wait, _start(library, "--dry-run"))

    async def run(self, library: Library, tell: Tell) -> SyncReport:
        """Reindex within a `turn`, with a line of progress now and then. Raises ReindexFailed.

        Removals are allowed, since whoever starts it saw the plan.
        """
        async with self._places:
            return await self._run(library, tell)

    async def _run(self, library: Library, tell: Tell) -> SyncReport:
        if self.stopping:
            raise ReindexFailed("the bot is being stopped")
        child = self._running[library.name] = _start(library, "--allow-removals")
        waiting = asyncio.create_task(asyncio.to_thread(_wait, child))
        told = ""
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=TOLD_EVERY)
            if child.line != told and not waiting.done():
                told = child.line
                await tell(told)
        return waiting.result()

    def stop(self) -> None:
        """End what runs, and begin nothing more; the index stays as it was."""
        self.stopping = True
        for child in filter(None, self._running.values()):
            child.process.terminate()


def digest_of(plan: SyncReport) -> str:
    """What tells a plan from another one."""
    lists = json.dumps([plan.added, plan.updated, plan.removed])
    return blake2b(lists.encode(), digest_size=DIGEST_BYTES).hexdigest()


def _start(library: Library, option: str) -> _Child:
    essays, index = str(library.essays.resolve()), str(library.index.resolve())
    command = [sys.executable, "-m", "bot", "ingest", essays, "--index", index, "--json", option]
    output = TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - _wait's
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C is the bot's, which then ends it
        )
    except OSError as error:
        output.close()
        raise ReindexFailed(f"it could not be started ({error.strerror})") from error
    return _Child(process, output, {essays: "the essays folder", index: "the index folder"})


def _wait(child: _Child) -> SyncReport:
    """Follow a process to its end; what it prints at last is its report."""
    process = child.process
    assert process.stderr
    with process, child.output:
        for line in process.stderr:
            child.line = plain_line(line.strip()) or child.line
        process.wait()
        child.output.seek(0)
        said = child.output.read()
    try:
        return SyncReport(**json.loads(said.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        raise ReindexFailed(_reason(child)) from None


def _reason(child: _Child) -> str:
    """What a process that failed said last, if it was meant for a person."""
    if not child.line.startswith(FOR_PEOPLE):
        _log.error("A reindex ended with code %s: %s", child.process.returncode, child.line)
        return f"it ended with code {child.process.returncode}"
    reason = child.line.removeprefix(FOR_PEOPLE)
    for folder, name in child.hidden.items():
        reason = reason.replace(folder, name)
    return reason[:LAST_WORDS]
