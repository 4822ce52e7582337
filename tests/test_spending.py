import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from bot.chat_model import Meter
from bot.errors import SettingsInvalid
from bot.spending import Prices, Spending


def test_what_was_spent_outlives_the_bot(tmp_path: Path) -> None:
    file = tmp_path / "data" / "spending.sqlite"
    assert Spending(file, limit=100).allows()
    Spending(file).add(Meter(60, 40))
    assert not Spending(file, limit=100).allows()
    assert Spending(file, limit=101).allows()
    assert Spending(file).allows()


def test_a_day_that_is_over_does_not_count(tmp_path: Path) -> None:
    spending = Spending(tmp_path / "spending.sqlite", limit=1)
    spending.add(Meter(1, 1))
    assert spending.of_day("2020-01-01") == Meter()


def test_nothing_is_lost_when_many_count_at_once(tmp_path: Path) -> None:
    spending = Spending(tmp_path / "spending.sqlite", limit=1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: spending.add(Meter(2, 1)), range(40)))
    assert not Spending(tmp_path / "spending.sqlite", limit=120).allows()
    assert Spending(tmp_path / "spending.sqlite", limit=121).allows()


def test_tokens_cost_what_their_prices_say() -> None:
    assert Prices(2, 10).cost(Meter(1_000_000, 500_000)) == 7


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SettingsInvalid, match="DATA_DIR"):
        Spending(tmp_path / "data" / "spending.sqlite").allows()


def test_a_file_that_takes_nothing_more_is_told_before_money_is_spent(tmp_path: Path) -> None:
    spending = Spending(tmp_path / "spending.sqlite")
    assert spending.allows()
    with closing(sqlite3.connect(tmp_path / "spending.sqlite")) as database, database:
        full = "begin select raise(fail, 'database or disk is full'); end"
        database.execute(f"create trigger full before insert on spending {full}")
    with pytest.raises(SettingsInvalid, match=r"disk is full.*DATA_DIR"):
        spending.allows()
