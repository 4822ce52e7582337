"""Commands and buttons beside questions, over the wire: they end in a sentence, come what may."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.answering import Answerer
from bot.discord_bot import delivery, errands
from bot.settings import Settings
from tests.conftest import WriteEssays
from tests.discord_bots import running
from tests.discord_fixtures import House
from tests.discord_records import Interaction, Message
from tests.discord_server import DiscordServer
from tests.discord_serving import quick, serving
from tests.test_discord_hanging import all_ended, hang
from tests.test_discord_index import WELL, Ingest, ingest
from tests.test_discord_outages import only_bot
from tests.test_readers import write_pdf

__all__ = ["ingest"]
WAIT = 30.0
STOPPED = "I am being restarted, and did not see this through."


@pytest.fixture
def house(answerer: Answerer, essays: WriteEssays, tmp_path: Path) -> Iterator[House]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        index_dir=tmp_path / "index",
        essays_dir=essays(grid="The grid is a commons that belongs to all."),
        data_dir=tmp_path / "data",
    )
    with closing(House(answerer, settings)) as house:
        yield house


def use(server: DiscordServer, command: str, **options: object) -> Interaction:
    moderator, channel = server.world.guilds[0].owner, server.world.channel("questions")
    return server.slash(moderator, channel, command, options)


async def told(server: DiscordServer, asked: Interaction) -> str:
    await server.wait_until(lambda: asked.response and not asked.waits, WAIT)
    assert asked.response
    return asked.response.content


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize(
    "request_", [("POST", "/interactions/*"), ("PATCH", "/webhooks/*")], ids=["begin", "end"]
)
async def test_a_connection_that_breaks_costs_no_command(
    house: House, request_: tuple[str, str], applied: bool
) -> None:
    async with serving(house) as server:
        server.reset(*request_, applied=applied)
        assert await told(server, use(server, "essay remove", name="grid.txt")) == (
            "Removed: grid.txt. It is kept in the folder removed of whoever runs me.\n"
            "Reindex now to have them answered from."
        )


async def test_a_failure_is_told_though_the_acknowledgement_went_unnoticed(house: House) -> None:
    async with serving(house) as server:
        server.reset("POST", "/interactions/*", applied=True)
        server.fail(400, "PATCH", "/webhooks/*")
        assert (await told(server, use(server, "essays"))).startswith("Something went wrong here")


async def test_what_a_stop_breaks_off_is_told(
    house: House, ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "PATIENCE", 0.3)
    bot = only_bot(house, monkeypatch)
    ingest("exit 3")
    async with serving(house) as server:
        planned = use(server, "reindex")
        await told(server, planned)
        assert planned.response
        button = planned.response.controls[0]["custom_id"]
        done = tmp_path / "done"  # a PDF is read by the same program
        ingest(f"until [ -e {done} ]; do sleep 0.1; done; exit 3", plan=hang(tmp_path))
        pressed = server.click(server.world.guilds[0].owner, planned.response, button)
        file = server.upload("slow.pdf", write_pdf())
        broken = [use(server, "reindex"), use(server, "essay add", file=file), pressed]
        await server.wait_until(lambda: all(each.callback for each in broken), WAIT)
        await server.wait_until((tmp_path / "begun").exists, WAIT)
        await bot.wind_down()
        done.touch()
        assert [(await told(server, each))[: len(STOPPED)] for each in broken] == [STOPPED] * 3
        await all_ended(tmp_path)


async def test_what_comes_while_the_bot_stops_is_told_to_come_again(
    house: House, ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "PATIENCE", 3.0)
    bot = only_bot(house, monkeypatch)
    ingest("exit 3", plan=hang(tmp_path))
    async with serving(house) as server:
        planned = use(server, "reindex")
        await server.wait_until(lambda: planned.deferred, WAIT)
        stopping = asyncio.create_task(bot.wind_down())
        await asyncio.sleep(0)
        assert (await told(server, use(server, "essays"))).startswith(STOPPED)
        await stopping
        assert (await told(server, planned)).startswith(STOPPED)


async def begin_reindex(server: DiscordServer) -> Message:
    """The message that announces it to everyone."""
    planned, me = use(server, "reindex"), server.world.me
    await told(server, planned)
    assert planned.response
    button = planned.response.controls[0]["custom_id"]
    server.click(server.world.guilds[0].owner, planned.response, button)
    said = server.world.channel("questions").said_by
    return await server.wait_until(
        lambda: next((each for each in said(me) if not each.ephemeral), None), WAIT
    )


async def test_a_report_whose_announcement_was_deleted_comes_anew(
    house: House, ingest: Ingest, tmp_path: Path
) -> None:
    done = tmp_path / "done"
    ingest(f"until [ -e {done} ]; do sleep 0.1; done; echo '{WELL}'")
    async with serving(house) as server:
        announced = await begin_reindex(server)
        server.delete(announced)
        done.touch()
        said, me = server.world.channel("questions").said_by, server.world.me
        await server.wait_until(lambda: any("Reindexed: 1" in e.content for e in said(me)), WAIT)


async def test_a_report_outlives_an_outage(
    house: House, ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "OUTAGE_PAUSES", (0.01,) * 4)
    monkeypatch.setattr(delivery, "ATTEMPTS", 1)
    done = tmp_path / "done"
    ingest(f"until [ -e {done} ]; do sleep 0.1; done; echo '{WELL}'")
    async with serving(house) as server:
        announced = await begin_reindex(server)
        server.fail(503, "PATCH", "/channels/*", times=3)
        done.touch()
        await server.wait_until(lambda: "Reindexed: 1" in announced.content, WAIT)


async def test_that_a_reindex_was_broken_off_is_told_though_discord_is_away_at_the_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "OUTAGE_PAUSES", (0.01,) * 4)
    monkeypatch.setattr(delivery, "ATTEMPTS", 1)
    async with DiscordServer() as server:
        channel = server.world.channel("questions")
        left = server.say(server.world.me, channel, "Reindexing.")
        where = {"channel": channel.id, "message": left.id, "link": "", "language": "en"}
        await house.memory.keep_fact("reindex:", json.dumps(where))
        server.fail(503, "PATCH", "/channels/*", times=3)
        async with running(server, quick(house.client())):
            await server.wait_until(lambda: left.content.startswith("I was restarted"), WAIT)


async def test_a_reindex_that_was_begun_is_told_by_the_next_start_alone(
    house: House, ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "PATIENCE", 0.3)
    bot = only_bot(house, monkeypatch)
    ingest(hang(tmp_path))
    async with serving(house) as server:
        planned = use(server, "reindex")
        await told(server, planned)
        assert planned.response
        button = planned.response.controls[0]["custom_id"]
        server.click(server.world.guilds[0].owner, planned.response, button)
        await server.wait_until((tmp_path / "begun").exists, WAIT)
        await bot.wind_down()
        assert planned.response.content.startswith("Reindexing.")
        await all_ended(tmp_path)
    assert await house.memory.facts("reindex:")
