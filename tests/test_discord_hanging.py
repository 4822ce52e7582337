"""A process that reindexes and hangs: it is ended, told of, and in nobody's way."""

import asyncio
import os
from pathlib import Path

import pytest

from bot.discord_bot import reindexing
from bot.discord_bot.reindexing import AT_ONCE, Reindexer
from bot.errors import ReindexFailed
from tests.discord_fixtures import House
from tests.discord_server import DiscordServer
from tests.discord_serving import serving
from tests.test_discord_index import PLAN, WELL, Ingest, house, ingest

__all__ = ["house", "ingest"]
PATIENCE = 0.5  # seconds
WAIT = 30.0
LIMITS = {"plan": "LONGEST_PLAN", "command": "LONGEST_SILENCE"}


def hang(tmp_path: Path) -> str:
    """A command that hangs in a process which it began."""
    return f"sleep 300 & echo $! >> {tmp_path / 'begun'}; wait"


async def all_ended(tmp_path: Path) -> None:
    """Wait until what hung is no more."""
    for line in (tmp_path / "begun").read_text().split():
        async with asyncio.timeout(10):
            while runs(int(line)):
                await asyncio.sleep(0.05)


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]


async def test_plans_that_hang_are_ended_and_the_next_is_made(
    house: House, ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "LONGEST_PLAN", PATIENCE)
    ingest("exit 3", plan=hang(tmp_path))
    library, reindexer = house.libraries.of(0), Reindexer()
    assert library
    plans = [reindexer.plan(library) for _ in range(AT_ONCE + 1)]
    hung = await asyncio.gather(*plans, return_exceptions=True)
    assert all(isinstance(each, ReindexFailed) for each in hung)
    await all_ended(tmp_path)
    monkeypatch.undo()
    ingest("exit 3")
    assert (await reindexer.plan(library)).added == ["grid.txt"]


async def test_a_plan_waits_for_its_turn_no_longer_than_discord_for_its_answer(
    house: House, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "LONGEST_PLAN", PATIENCE)
    library, reindexer = house.libraries.of(0), Reindexer()
    assert library
    async with reindexer._places, reindexer._places:
        with pytest.raises(ReindexFailed, match=r"^waiting for other reindexes took"):
            await reindexer.plan(library)


async def reindex(server: DiscordServer, told: str) -> None:
    """Do what is planned, if anything is, until something is told."""
    moderator, channel = server.world.guilds[0].owner, server.world.channel("questions")
    planned = server.slash(moderator, channel, "reindex")
    await server.wait_until(lambda: planned.response and planned.response.content, WAIT)
    assert planned.response
    if planned.response.controls:
        server.click(moderator, planned.response, planned.response.controls[0]["custom_id"])
    await server.wait_until(
        lambda: any(told in each.content for each in channel.said_by(server.world.me)), WAIT
    )


@pytest.mark.parametrize("hangs", ["plan", "command"])
async def test_a_process_that_hangs_is_told_of_and_the_next_may_begin(
    house: House, ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: str
) -> None:
    monkeypatch.setattr(reindexing, LIMITS[hangs], PATIENCE)
    good = {"plan": f"echo '{PLAN}'", "command": f"echo '{WELL}'"}
    ingest(**good | {hangs: hang(tmp_path)})
    async with serving(house) as server:
        await reindex(server, "took more than 0 minutes, so it was ended")
        await all_ended(tmp_path)
        monkeypatch.undo()
        ingest(**good)
        await reindex(server, "Reindexed: 1 added")


async def test_a_reindex_that_goes_on_may_take_long(
    house: House, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "TOLD_EVERY", 0.1)
    monkeypatch.setattr(reindexing, "LONGEST_SILENCE", 4)
    steps = "for step in 1 2 3 4 5 6 7 8 9 10; do echo embedding $step >&2; sleep 0.5; done"
    ingest(f"{steps}; echo '{WELL}'")
    library, reindexer, told = house.libraries.of(0), Reindexer(), []
    assert library

    async def tell(line: str) -> None:
        told.append(line)

    assert (await reindexer.run(library, tell)).added == ["grid.txt"]
    assert told[-1] == "embedding 10"
