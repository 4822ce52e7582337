"""Reindex in a process of its own while answers go on; at most one at a time for each library."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
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
LONGEST_PLAN = 12 * 60.0  # seconds, its turn waited for: Discord takes what comes of it for 15 min
LONGEST_SILENCE = 2 * 3600.0  # seconds; the larger an index, the longer between two lines
ENDS_WITHIN = 5.0  # seconds; what waits for a broken disk cannot even be killed
FOR_PEOPLE = "essay-bot: "  # begins what a process says to people
LAST_WORDS = 300  # characters of what a process that failed said last
DIGEST_BYTES = 8
DIGEST = rf"[0-9a-f]{{{2 * DIGEST_BYTES}}}"  # a pattern, of what `digest_of` gives
_log = logging.getLogger(__name__)

Tell = Callable[[str], Awaitable[None]]


@dataclass(eq=False)
class _Child:
    """A process of `essay-bot ingest`, and the latest line it said."""

    process: "subprocess.Popen[str]"
    output: IO[str]  # a file: a pipe that nobody reads holds the process up when it is full
    hidden: dict[str, str]  # folders of whoever runs the bot, and what to call them
    line: str = ""

    def end(self) -> None:
        """Kill it, and what it has begun, unless it has ended; what it was building is aside."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Reindexer:
    """Runs `essay-bot ingest`: Chroma holds up every thread of a process while it writes."""

    def __init__(self) -> None:
        self.stopping = False
        self._taken: set[str] = set()  # libraries
        self._children: set[_Child] = set()
        self._places = asyncio.Semaphore(AT_ONCE)

    @contextmanager
    def turn(self, library: Library) -> Iterator[bool]:
        """Whether a library is free to be reindexed; if so, it is taken until the block ends."""
        if library.name in self._taken:
            yield False
            return
        self._taken.add(library.name)
        try:
            yield True
        finally:
            self._taken.remove(library.name)

    async def plan(self, library: Library) -> SyncReport:
        """What a reindex would do. Raises ReindexFailed, as where that takes too long to tell."""
        begun = False
        try:
            async with asyncio.timeout(LONGEST_PLAN), self._places:
                begun = True
                return await self._process(library, "--dry-run", _tell_nobody)
        except TimeoutError:
            what = "looking through the essays" if begun else "waiting for other reindexes"
            raise _too_long(what, LONGEST_PLAN) from None

    async def run(self, library: Library, tell: Tell) -> SyncReport:
        """Reindex within a `turn`, with a line of progress now and then. Raises ReindexFailed.

        Removals are allowed, since whoever starts it saw the plan. It may take long, but not be
        silent for long.
        """
        async with self._places:
            try:
                return await self._process(library, "--allow-removals", tell)
            except TimeoutError:
                raise _too_long("a step of it", LONGEST_SILENCE) from None

    async def _process(self, library: Library, option: str, tell: Tell) -> SyncReport:
        """What a process reports, which does not outlive this. Raises TimeoutError if it hangs."""
        if self.stopping:
            raise ReindexFailed("the bot is being stopped")
        child = _start(library, option)
        self._children.add(child)
        waiting = asyncio.create_task(asyncio.to_thread(_wait, child))
        try:
            await _follow(child, waiting, tell)
            return waiting.result()
        finally:
            self._children.remove(child)
            child.end()
            await asyncio.wait({waiting}, timeout=ENDS_WITHIN)
            if waiting.done() and not waiting.cancelled():
                waiting.exception()  # what it says of its end is of no interest

    def stop(self) -> None:
        """End what runs, and begin nothing more; the index stays as it was."""
        self.stopping = True
        for child in self._children:
            child.end()


async def _tell_nobody(line: str) -> None:
    """A plan has no progress."""


async def _follow(child: _Child, waiting: "asyncio.Task[SyncReport]", tell: Tell) -> None:
    """Tell what a process says until it has ended. Raises TimeoutError where it is silent."""
    told, now = "", asyncio.get_running_loop().time
    async with asyncio.timeout(LONGEST_SILENCE) as patience:
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=TOLD_EVERY)
            if child.line != told and not waiting.done():
                patience.reschedule(now() + LONGEST_SILENCE)
                told = child.line
                await tell(told)


def digest_of(plan: SyncReport) -> str:
    """What tells a plan from another one."""
    lists = json.dumps([plan.added, plan.updated, plan.removed])
    return blake2b(lists.encode(), digest_size=DIGEST_BYTES).hexdigest()


def _too_long(what: str, seconds: float) -> ReindexFailed:
    return ReindexFailed(
        f"{what} took more than {seconds / 60:.0f} minutes, so it was ended; try again later, or "
        "have whoever runs the bot run: essay-bot ingest"
    )


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
