"""Run the Discord bot: connect, connect again, say plainly what is wrong, stop without a loss."""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

import aiohttp
import discord
from filelock import FileLock, Timeout

from bot.answering import open_answerer
from bot.discord_bot.assembly import make_client
from bot.discord_bot.client import EssayClient
from bot.discord_bot.delivery import OWN_FAULT, TOO_MANY
from bot.discord_bot.libraries import Libraries
from bot.discord_bot.memory import Memory, unusable
from bot.discord_bot.token import PORTAL, bot_id
from bot.errors import DiscordRefused, SettingsInvalid
from bot.settings import Settings
from ingest.store import open_store

PAUSES = (1, 2, 5, 10, 20, 40)  # seconds between attempts to connect; from then on LONGEST_PAUSE
LONGEST_PAUSE = 60
CANCELLED_EVERY = 1.0  # seconds
LOCK = "discord.lock"  # in DATA_DIR
_log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Answer in Discord until SIGTERM or Ctrl-C.

    Raises SettingsInvalid without a token, or where another bot has this DATA_DIR; TokenInvalid
    where it can be none, DiscordRefused where Discord takes it not, and what loading the models
    raises.
    """
    token = settings.discord_token.get_secret_value().strip()  # as discord.py takes it
    if not token:
        raise SettingsInvalid(
            f"DISCORD_TOKEN is empty; make a bot at {PORTAL} and put its token into .env."
        )
    bot_id(token)  # known to be wrong without a network, for which a bot would wait
    discord.utils.setup_logging()
    with _alone(settings.data_dir):
        _serve(settings)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold DATA_DIR: of two bots on one, each would answer what the other is answering."""
    try:
        lock = FileLock(folder / LOCK).acquire(blocking=False)
    except Timeout as error:
        raise SettingsInvalid(
            f"Another bot is running with DATA_DIR={folder}; stop that one first, or set DATA_DIR "
            "to a folder of this bot's own."
        ) from error
    except OSError as error:
        raise unusable(folder / LOCK, error) from error
    with lock:
        yield


def _serve(settings: Settings) -> None:
    memory = Memory(settings.data_dir)
    models = open_answerer(open_store(settings.index_dir, settings.chroma_url), settings)
    libraries = Libraries(settings, models)
    try:
        asyncio.run(_run(Start(settings, libraries, memory, models.load_models)))
    finally:
        memory.shut()
        libraries.close()
        models.close()


@dataclass(frozen=True)
class Start:
    """What every new start of the client needs."""

    settings: Settings
    libraries: Libraries
    memory: Memory
    load: Callable[[], None]  # the models


async def _run(start: Start) -> None:
    """Stay connected until a signal comes, however often it takes a new start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    for pause in chain(PAUSES, repeat(LONGEST_PAUSE)):
        try:
            await _connect(start, stop)
        except (aiohttp.ClientError, OSError, RecursionError, discord.DiscordException) as error:
            _log.warning("%s Trying again in %s s.", _passing(error), pause)
        if await _stopped_within(stop, pause):
            return


async def _connect(start: Start, stop: asyncio.Event) -> None:
    """One client, until it ends or is to end."""
    async with make_client(start.settings, start.libraries, start.memory) as client:
        running = asyncio.create_task(_log_in(client, start))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if running.done():
            await client.wind_down()
            running.result()
            return
        _log.info("Stopping: finishing what is under way.")
        await client.wind_down()
        await end(running)  # while the gateway is down, it would try on for ever


async def end(task: "asyncio.Task[None]") -> None:
    """Cancel a task until it ends, however it does.

    discord.py takes a connection that fails at that moment for its end, and tries again.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCELLED_EVERY)
    if not task.cancelled():
        task.exception()  # of a client that is closed


async def _log_in(client: EssayClient, start: Start) -> None:
    """Connect, the models loaded before; a wrong token is told before that."""
    await client.login(start.settings.discord_token.get_secret_value())
    _log.info("Loading the models.")
    await asyncio.to_thread(start.load)
    await client.connect()


def _passing(error: Exception) -> str:
    """What is wrong, if it may pass. Raises DiscordRefused else."""
    if isinstance(error, discord.LoginFailure):
        raise DiscordRefused(
            f"Discord does not take DISCORD_TOKEN; copy it again from {PORTAL}, under Bot, Reset "
            "Token."
        ) from error
    if isinstance(error, discord.PrivilegedIntentsRequired):
        raise DiscordRefused(
            f"Discord gives this bot no message content; switch on Message Content Intent at "
            f"{PORTAL}, under Bot, or set DISCORD_MESSAGE_CONTENT=false."
        ) from error
    if isinstance(error, discord.HTTPException) and not (
        error.status >= OWN_FAULT or error.status == TOO_MANY
    ):
        raise DiscordRefused(f"Discord refused the bot ({error}).") from error
    return f"Discord cannot be reached ({error})."


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
