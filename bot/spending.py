"""Tokens and money spent on chat models, a row a day, kept in a file that outlives the bot."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.chat_model import Meter
from bot.errors import SettingsInvalid

MILLION = 1_000_000
_TABLE = """create table if not exists spending (
    day text primary key, input integer not null, output integer not null, cost real not null)"""


@dataclass(frozen=True)
class Prices:
    """Money for a million tokens read, and written."""

    input: float = 0.0
    output: float = 0.0

    def cost(self, meter: Meter) -> float:
        """What these tokens cost."""
        return (meter.input * self.input + meter.output * self.output) / MILLION


class Spending:
    """What was spent; days begin at midnight UTC. `limit` is of tokens a day, 0 for none."""

    def __init__(self, file: Path, limit: int = 0, prices: Prices | None = None) -> None:
        self._file = file
        self._limit = limit
        self.prices = prices or Prices()

    def allows(self) -> bool:
        """Whether some of today's tokens are left. Raises SettingsInvalid."""
        self.add(Meter())  # even without a limit, to fail before money is spent
        today = self.of_day(_today())
        return not self._limit or today.input + today.output < self._limit

    def add(self, meter: Meter) -> None:
        """Count what an answer took. Raises SettingsInvalid."""
        with self._open() as database:
            database.execute(
                "insert into spending values (?, ?, ?, ?) on conflict (day) do update set "
                "input = input + excluded.input, output = output + excluded.output, "
                "cost = cost + excluded.cost",
                (_today(), meter.input, meter.output, self.prices.cost(meter)),
            )

    def of_day(self, day: str) -> Meter:
        """The tokens of a day, written YYYY-MM-DD. Raises SettingsInvalid."""
        with self._open() as database:
            query = "select input, output from spending where day = ?"
            row = database.execute(query, (day,)).fetchone()
        return Meter(*row) if row else Meter()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._file)) as database, database:
                database.execute(_TABLE)
                yield database
        except (OSError, sqlite3.Error) as error:
            raise SettingsInvalid(
                f"What was spent cannot be kept in {self._file} ({error}); set DATA_DIR to a "
                "folder that can be written."
            ) from error


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
