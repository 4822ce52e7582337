"""Essays that several people replace at a time, and what cannot be placed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.discord_bot.shelf import REMOVED, Shelf
from bot.errors import FileRefused


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "essays", tmp_path / "data", "en")


def test_of_many_that_replace_one_another_at_a_time_none_is_lost(shelf: Shelf) -> None:
    first, *others = [f"Version {number}. It is an essay.".encode() for number in range(60)]
    shelf.add_file("grid.txt", first, replace=False)
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda each: shelf.add_file("grid.txt", each, replace=True), others))
    kept = [shelf.essays / "grid.txt", *(shelf.data / REMOVED).iterdir()]
    assert sorted(each.read_bytes() for each in kept) == sorted([first, *others])


def test_of_a_file_that_cannot_be_placed_nothing_is_left(shelf: Shelf) -> None:
    (shelf.essays / "grid.txt").mkdir(parents=True)
    with pytest.raises(FileRefused, match="Is a directory"):
        shelf.add_file("grid.txt", b"It is an essay.", replace=True)
    assert [each.name for each in shelf.essays.iterdir()] == ["grid.txt"]
