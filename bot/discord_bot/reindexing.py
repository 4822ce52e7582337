"""Reindex in a process of its own while answers go on; at most one at a time for each library."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.discord_bot.libraries import Library
from bot.display import plain_line
from bot.errors import ReindexFailed
from ingest.sync import SyncReport

TOLD_EVERY = 2.5  # seconds between two lines of progress
LAST_WORDS = 300  # characters of what a process that failed said last

Tell = Callable[[str], Awaitable[None]]


@dataclass
class _Child:
    """A process of `essay-bot ingest`, and the latest line it said."""

    process: "subprocess.Popen[str]"
    line: str = ""


class Reindexer:
    """Runs `essay-bot ingest`: Chroma holds up every thread of a process while it writes."""

    def __init__(self) -> None:
        self._running: dict[str, _Child] = {}

    def is_running(self, library: Library) -> bool:
        """Whether a library is being reindexed by this bot."""
        return library.name in self._running

    async def plan(self, library: Library) -> SyncReport:
        """What a reindex would do. Raises ReindexFailed."""
        child = _start(library, "--dry-run")
        return await asyncio.to_thread(_wait, child)

    async def run(self, library: Library, tell: Tell) -> SyncReport:
        """Reindex, with a line of progress now and then. Raises ReindexFailed.

        Removals are allowed, since whoever starts it saw the plan.
        """
        child = self._running[library.name] = _start(library, "--allow-removals")
        try:
            waiting = asyncio.create_task(asyncio.to_thread(_wait, child))
            told = ""
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=TOLD_EVERY)
                if child.line != told and not waiting.done():
                    told = child.line
                    await tell(told)
            return waiting.result()
        finally:
            del self._running[library.name]

    def stop(self) -> None:
        """End what runs; the index stays as it was."""
        for child in self._running.values():
            child.process.terminate()


def _start(library: Library, option: str) -> _Child:
    place = (str(library.essays), "--index", str(library.index))
    command = [sys.executable, "-m", "bot", "ingest", *place, "--json", option]
    return _Child(
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    )


def _wait(child: _Child) -> SyncReport:
    """Follow a process to its end; what it prints at last is its report."""
    process = child.process
    assert process.stdout
    assert process.stderr
    with process:
        for line in process.stderr:
            child.line = plain_line(line.strip()) or child.line
        said = process.stdout.read()
    try:
        return SyncReport(**json.loads(said.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        reason = child.line.removeprefix("essay-bot: ")[:LAST_WORDS]
        raise ReindexFailed(reason or f"it ended with code {process.returncode}") from None
