"""What must outlive a restart: questions under way, answers with buttons, settings, feedback.

Kept in SQLite below DATA_DIR. People appear only as keyed hashes of their ids.
"""

import asyncio
import json
import logging
import math
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.citations import Citation
from bot.conversation import Turn
from bot.errors import SettingsInvalid

FILE, KEY = "discord.sqlite", "discord.key"
KEPT_DAYS = 30  # of an answer, and so of its buttons
DAY = 86_400  # seconds
HASH_BYTES, KEY_BYTES = 16, 32
FORGETS_EVERY = 3_600  # seconds
_TABLES = """
pragma secure_delete = on;
pragma synchronous = normal;
create table if not exists asked (
    id text primary key, asker text not null, created real not null, asked text not null,
    answer text);
create index if not exists asked_created on asked (created);
create table if not exists feedback (
    id text not null, asker text not null, kind text not null, reason text not null,
    created real not null, primary key (id, asker, kind));
create table if not exists servers (guild integer primary key, settings text not null);
create table if not exists facts (name text primary key, value text not null);
"""
_log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """A question, and where its answer goes: to a message, or to an interaction by its token.

    `guild` is 0 in direct messages; `message` is the question's own, or 0. `replies` are the
    messages that carry the answer so far.
    """

    question: str
    asker: str
    channel: int
    guild: int = 0
    message: int = 0
    application: int = 0
    token: str = ""
    private: bool = False
    essay: str = ""
    language: str = ""
    history: tuple[Turn, ...] = ()  # what went before it
    replies: tuple[int, ...] = ()
    attempts: int = 1
    created: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True)
class Kept:
    """What an answer's buttons need of it."""

    text: str
    refused: bool
    citations: list[Citation]
    nearest: Citation | None
    note: str = ""
    quoted: bool = True  # the text is the citations' quotes, and nothing else


@dataclass(frozen=True)
class ServerSettings:
    """What the admins of one server chose; channels and roles by id, nobody excluded if empty."""

    channels: tuple[int, ...] = ()  # where no mention is needed
    ask_roles: tuple[int, ...] = ()
    edit_roles: tuple[int, ...] = ()
    report_channel: int = 0
    private: bool = False
    language: str = ""  # as each person has set Discord


_ASKED, _KEPT = TypeAdapter(Asked), TypeAdapter(Kept)
_SERVER = TypeAdapter(ServerSettings)


class Memory:
    """One thread of its own, so that noting a question never waits for another's answer.

    Every method raises SettingsInvalid where the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._pool = ThreadPoolExecutor(1, "memory")
        self._key = _read_key(folder / KEY)
        self._servers: dict[int, ServerSettings] = {}
        self._database: sqlite3.Connection | None = None  # of the pool's thread
        self._forgotten = -math.inf  # when the old was last forgotten
        self._pool.submit(self._read_servers).result()

    def _read_servers(self) -> None:
        with self._open() as database:
            for guild, settings in database.execute("select guild, settings from servers"):
                self._servers[guild] = _SERVER.validate_json(settings)

    def hash_user(self, id: int) -> str:
        """The name of a person here; it tells nothing to who has not the key."""
        return blake2b(str(id).encode(), key=self._key, digest_size=HASH_BYTES).hexdigest()

    def server(self, guild: int) -> ServerSettings:
        """The settings of a server."""
        return self._servers.get(guild, ServerSettings())

    async def keep_server(self, guild: int, settings: ServerSettings) -> None:
        """Remember a server's settings."""
        self._servers[guild] = settings
        row = (guild, json.dumps(asdict(settings)))
        await self._run(self._execute, "insert or replace into servers values (?, ?)", row)

    async def open(self, asked: Asked) -> None:
        """Remember that a question is being answered; what is too old is forgotten."""
        if time.monotonic() - self._forgotten > FORGETS_EVERY:
            self._forgotten = time.monotonic()
            await self._run(self._execute, "delete from asked where created < ?", (_oldest(),))
        row = (asked.id, asked.asker, asked.created, json.dumps(asdict(asked)))
        insert = "insert or replace into asked values (?, ?, ?, ?, null)"
        await self._run(self._execute, insert, row)

    async def keep(self, asked: Asked) -> bool:
        """Remember how far a question is; whether it is not forgotten by now."""
        row = (json.dumps(asdict(asked)), asked.id)
        update = "update asked set asked = ? where id = ? returning id"
        return bool(await self._run(self._execute, update, row))

    async def close(self, asked: Asked, kept: Kept | None) -> None:
        """Remember the answer for its buttons; None where there is none, and so no buttons."""
        if kept is None:
            await self._run(self._execute, "delete from asked where id = ?", (asked.id,))
            return
        row = (json.dumps(asdict(replace(asked, token=""))), json.dumps(asdict(kept)), asked.id)
        await self._run(self._execute, "update asked set asked = ?, answer = ? where id = ?", row)

    async def unfinished(self) -> list[Asked]:
        """The questions that a stopped bot left without an answer, oldest first."""
        query = "select asked from asked where answer is null order by created"
        left = []
        for (row,) in await self._run(self._execute, query):
            try:
                left.append(_ASKED.validate_json(row))
            except ValidationError:  # which would bring the question into the log
                _log.error("A question left over cannot be read; it stays where it is.")
        return left

    async def find(self, id: str) -> tuple[Asked, Kept] | None:
        """A question and its answer; None if they are forgotten."""
        query = "select asked, answer from asked where id = ? and answer not null and created > ?"
        for asked, kept in await self._run(self._execute, query, (id, _oldest())):
            return _ASKED.validate_json(asked), _KEPT.validate_json(kept)
        return None

    async def note(self, id: str, asker: str, kind: str, reason: str = "") -> None:
        """Remember what someone thinks of an answer."""
        row = (id, asker, kind, reason, time.time())
        insert = "insert or replace into feedback values (?, ?, ?, ?, ?)"
        await self._run(self._execute, insert, row)

    async def note_first(self, id: str, asker: str, kind: str) -> bool:
        """Remember it once; whether it was not known."""
        row = (id, asker, kind, "", time.time())
        insert = "insert or ignore into feedback values (?, ?, ?, ?, ?) returning id"
        return bool(await self._run(self._execute, insert, row))

    async def unnote(self, id: str, asker: str, kind: str) -> None:
        """Forget what was noted, since it was not done."""
        delete = "delete from feedback where id = ? and asker = ? and kind = ?"
        await self._run(self._execute, delete, (id, asker, kind))

    async def feedback(self, id: str) -> list[tuple[str, str]]:
        """Kind and reason of what was said about an answer, in order."""
        query = "select kind, reason from feedback where id = ? order by created"
        return await self._run(self._execute, query, (id,))

    async def forget(self, asker: str) -> int:
        """Delete all that is known of a person; gives how many records that were."""
        return await self._run(self._forget, asker)

    def _forget(self, asker: str) -> int:
        with self._open() as database:
            return sum(
                database.execute(f"delete from {table} where asker = ?", (asker,)).rowcount
                for table in ("asked", "feedback")
            )

    async def fact(self, name: str) -> str:
        """What was last kept under a name, or ""."""
        rows = await self._run(self._execute, "select value from facts where name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    async def facts(self, prefix: str) -> dict[str, str]:
        """All that is kept under names that begin so."""
        query = "select name, value from facts where substr(name, 1, ?) = ?"
        return dict(await self._run(self._execute, query, (len(prefix), prefix)))

    async def keep_fact(self, name: str, value: str) -> None:
        """Keep a value under a name; "" forgets it."""
        if value:
            insert = "insert or replace into facts values (?, ?)"
            await self._run(self._execute, insert, (name, value))
        else:
            await self._run(self._execute, "delete from facts where name = ?", (name,))

    def shut(self) -> None:
        """Wait until everything is written."""
        self._pool.submit(self._disconnect)
        self._pool.shutdown()

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: function(*args, **kwargs))

    def _execute(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        with self._open() as database:
            return database.execute(sql, values).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A transaction; after a fault the next one connects anew."""
        try:
            if self._database is None:
                self._database = _connect(self._file)
                self._database.executescript(_TABLES)
            with self._database:
                yield self._database
        except (OSError, sqlite3.Error) as error:
            self._disconnect()
            raise unusable(self._file, error) from error

    def _disconnect(self) -> None:
        if self._database:
            self._database.close()
        self._database = None


def _connect(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    return sqlite3.connect(file)


def _oldest() -> float:
    return time.time() - KEPT_DAYS * DAY


def _read_key(file: Path) -> bytes:
    """The key of the hashes, made at the first start."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.stat().st_size != KEY_BYTES:
            part = file.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_bytes(secrets.token_bytes(KEY_BYTES))
            part.replace(file)
        return file.read_bytes()
    except OSError as error:
        raise unusable(file, error) from error


def unusable(file: Path, error: Exception) -> SettingsInvalid:
    """A file below DATA_DIR that cannot be used, and what to do about it."""
    return SettingsInvalid(
        f"What the bot must remember cannot be kept in {file} ({error}); set DATA_DIR to a folder "
        "that can be written."
    )
