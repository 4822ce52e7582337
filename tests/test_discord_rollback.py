"""Go back to an earlier index from Discord: to the one that was shown, or to none."""

from pathlib import Path
from typing import Any

import pytest

from bot.discord_bot.indexing import IndexCog
from ingest.publishing import FolderStore
from tests.conftest import IndexOf
from tests.discord_fixtures import House, OpenHouse, Place, buttons, labels, playing, texts

QUESTION = "What is the grid?"
GRID = "The grid is a commons that belongs to all."


@pytest.fixture
def house(open_house: OpenHouse, index_of: IndexOf) -> House:
    """One with three generations."""
    for text in ("The first one says this.", "The second one says that."):
        index_of(grid=text)
    return open_house(index_dir=index_of(grid=GRID))


async def rollback(place: Place) -> Any:
    """The message that offers it."""
    result = await place.admin.slash(place.channel, "index rollback")
    assert result.response
    return result.response


def generations(house: House) -> list[str]:
    return FolderStore(house.settings.index_dir).generations()


async def test_the_index_goes_back_and_forth(open_house: OpenHouse, index_of: IndexOf) -> None:
    index_of(grid=GRID)
    house = open_house(index_dir=index_of(grid="Nothing is said here any more."))
    async with playing(house) as place:
        for expected in (True, False):
            result = await place.admin.slash(place.channel, "index rollback")
            assert result.ephemeral
            assert texts(result)[0].startswith("The index now is ")
            await place.env.restart_bot(house.client())
            assert result.response
            await place.admin.click(result.response, label=labels(result.response)[0])
            assert "The same command takes it back." in result.response.content
            assert not labels(result.response)
            await place.asker.send(place.channel, f"{place.me} {QUESTION}")
            assert (GRID in place.said()[-1].content) is expected


@pytest.mark.parametrize("settings", [{}, {"index_dir": Path("none")}])
async def test_without_an_earlier_index_there_is_nothing_to_go_back_to(
    open_house: OpenHouse, settings: dict[str, Path]
) -> None:
    async with playing(open_house(**settings)) as place:
        result = await place.admin.slash(place.channel, "index rollback")
        assert texts(result) == ["There is no earlier index to go back to."]


async def test_a_double_click_goes_back_once(house: House) -> None:
    third, second, first = generations(house)
    async with playing(house) as place:
        offered = await rollback(place)
        for _ in range(2):
            place.press(place.admin, offered, buttons(offered)[0]["custom_id"])
        await place.env.settle()
        assert generations(house) == [second, third, first]
        assert offered.content.startswith(f"The index is {second} now.")


@pytest.mark.parametrize("published", [1, 2])
async def test_an_index_that_changed_since_is_not_touched(house: House, published: int) -> None:
    async with playing(house) as place:
        offered = await rollback(place)
        target = generations(house)[1]
        FolderStore(house.settings.index_dir).republish(generations(house)[published])
        changed = generations(house)
        await place.admin.click(offered, label=f"Go back to {target}")
        assert generations(house) == changed
        said = "The index is" if changed[0] == target else "The index has changed since"
        assert offered.content.startswith(said)


async def test_it_waits_for_a_reindex_to_end(house: House) -> None:
    before = generations(house)
    async with playing(house) as place:
        offered = await rollback(place)
        cog, library = place.client.get_cog("IndexCog"), house.libraries.of(0)
        assert isinstance(cog, IndexCog)
        assert library
        with cog._reindexer.turn(library):
            result = await place.admin.click(offered, label=labels(offered)[0])
        assert texts(result)[-1].startswith("The index is being changed at this moment.")
        assert generations(house) == before


async def test_it_waits_for_whoever_else_writes_the_index(house: House) -> None:
    before = generations(house)
    async with playing(house) as place:
        offered = await rollback(place)
        with FolderStore(house.settings.index_dir).writing():
            await place.admin.click(offered, label=labels(offered)[0])
        assert offered.content.startswith("The index is being changed at this moment.")
        assert generations(house) == before


async def test_an_earlier_index_that_is_damaged_is_told_and_nothing_changes(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    before = generations(house)
    async with playing(house) as place:
        offered = await rollback(place)
        (FolderStore(house.settings.index_dir).place(before[1]) / "manifest.json").unlink()
        await place.admin.click(offered, label=labels(offered)[0])
        told = offered.content.replace("\\", "")
        assert told.startswith(f"The index stays as it was: {before[1]} cannot be opened.")
        assert not labels(offered)
        assert generations(house) == before
        assert "manifest.json" in caplog.text
