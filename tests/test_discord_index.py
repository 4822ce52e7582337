"""Reindex from Discord: plan, button, progress, report, and what goes wrong."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.discord_bot.memory import ServerSettings
from bot.discord_bot.reindexing import TOLD_EVERY, Reindexer
from tests.conftest import WriteEssays
from tests.discord_fixtures import House, OpenHouse, Place, buttons, labels, playing, texts

QUESTION = "What is the grid?"
GRID = "The grid is a commons that belongs to all."
REAL = 120.0  # seconds that a real process may take
WELL = '{"added": ["grid.txt"], "passages": 3, "embedded": 3}'
PLAN = '{"added": ["grid.txt"], "dry_run": true}'
Ingest = Callable[..., None]


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """Puts a process in the place of `essay-bot ingest` that plans well, and then does this."""

    def pretend(command: str, plan: str = f"echo '{PLAN}'") -> None:
        program = tmp_path / "ingest"
        program.write_text(
            f'#!/bin/sh\ncase "$*" in *--dry-run*) {plan};; *) {command};; esac\n', "utf-8"
        )
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return pretend


@pytest.fixture
def house(open_house: OpenHouse, essays: WriteEssays, tmp_path: Path) -> House:
    return open_house(essays_dir=essays(grid=GRID), index_dir=tmp_path / "index")


async def plan(place: Place) -> Any:
    result = await place.admin.slash(place.channel, "reindex")
    assert result.response
    assert result.response.ephemeral
    return result.response


def confirm_id(planned: Any) -> str:
    """That of the button below a plan."""
    return str(buttons(planned)[0]["custom_id"])


async def reindex(place: Place) -> str:
    """What stands in the channel at the end."""
    await place.admin.click(await plan(place), label="Reindex")
    return place.said()[-1].content


async def test_an_added_essay_is_answered_from_after_the_plan_was_confirmed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    async with playing(house, settle_timeout=REAL) as place:
        planned = await plan(place)
        assert planned.content.startswith("This would be done: Would be: 1 added")
        assert labels(planned) == ["Reindex"]
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        assert "There are no essays yet" in place.said()[-1].content
        await place.admin.click(planned, label="Reindex")
        report = place.said()[-1]
        assert report.content.startswith("Reindexed: 1 added")
        assert planned.content.startswith("Reindexing.")
        assert not labels(planned)
        assert not await house.memory.facts("reindex:")
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        assert GRID in place.said()[-1].content
        done = await plan(place)
        assert done.content.startswith("Nothing to do")
        assert not labels(done)


async def test_a_folder_without_essays_is_told_without_its_path(
    house: House, tmp_path: Path
) -> None:
    (house.settings.essays_dir / "grid.txt").unlink()
    async with playing(house, settle_timeout=REAL) as place:
        told = await plan(place)
        assert told.content.startswith("Reindexing failed, and the index is as it was: There are ")
        assert "the essays folder" in told.content
        assert str(tmp_path) not in told.content


async def test_what_is_left_out_is_named_in_the_plan(house: House, ingest: Ingest) -> None:
    failed = json.dumps({"added": ["a.txt"], "failed": {"b_c.pdf": "it is *damaged*"}})
    ingest("exit 3", plan=f"echo '{failed}'; exit 1")
    async with playing(house) as place:
        told = (await plan(place)).content
        assert told.endswith("\nLeft out: b\\_c.pdf (it is \\*damaged\\*)")


async def test_progress_is_told_while_it_runs(house: House, ingest: Ingest) -> None:
    """Without simcord, whose clock waits for the process."""
    ingest(f"echo 'embedding 1 of 2' >&2; sleep {TOLD_EVERY + 0.3}; echo '{WELL}'")
    library = house.libraries.of(0)
    assert library
    told = []

    async def tell(line: str) -> None:
        told.append(line)

    reindexer = Reindexer()
    with reindexer.turn(library) as free:
        assert free
        report = await reindexer.run(library, tell)
    assert report.added == ["grid.txt"]
    assert told == ["embedding 1 of 2"]


async def test_only_one_reindex_runs_at_a_time(house: House, ingest: Ingest) -> None:
    ingest(f"sleep 1; echo '{WELL}'")
    async with playing(house) as place:
        first, second = await plan(place), await plan(place)
        for each in (first, second, first):
            place.press(place.admin, each, confirm_id(each))
        await place.env.settle()
        (report,) = place.said()
        assert report.content.startswith("Reindexed: ")
        requests = place.env.http_requests
        busy = [each for each in requests if "being changed at this moment" in str(each.json)]
        assert len(busy) == 2


async def test_a_button_that_comes_without_a_plan_shows_it(house: House, ingest: Ingest) -> None:
    ingest(f"echo '{WELL}'")
    async with playing(house) as place:
        added = await place.admin.slash(place.channel, "essay add", file=("b.txt", GRID.encode()))
        assert added.response
        shown = (await place.admin.click(added.response, label="Reindex")).response
        assert shown
        assert shown.content.startswith("This would be done: Would be: 1 added")
        assert not place.said()
        await place.admin.click(shown, label="Reindex")
        assert place.said()[-1].content.startswith("Reindexed: ")


async def test_a_plan_that_no_longer_holds_is_shown_anew_instead_of_done(
    house: House, ingest: Ingest
) -> None:
    ingest(f"echo '{WELL}'")
    async with playing(house) as place:
        planned = await plan(place)
        ingest(f"echo '{WELL}'", plan='echo \'{"removed": ["grid.txt"], "dry_run": true}\'')
        await place.admin.click(planned, label="Reindex")
        assert planned.content.startswith("The essays have changed since that plan; here is")
        assert "1 removed" in planned.content
        assert not place.said()
        await place.admin.click(planned, label="Reindex")
        assert place.said()[-1].content.startswith("Reindexed: ")


async def test_a_report_is_sent_again_where_the_network_fails(house: House, ingest: Ingest) -> None:
    ingest(f"echo '{WELL}'")
    async with playing(house) as place:
        planned = await plan(place)
        place.env.inject_error("PATCH", "/channels/*/messages/*", status=503)
        await place.admin.click(planned, label="Reindex")
        assert place.said()[-1].content.startswith("Reindexed: ")
        assert not await house.memory.facts("reindex:")


async def test_a_reindex_that_is_stopped_is_told_by_the_next_start(
    house: House, ingest: Ingest
) -> None:
    ingest("exec sleep 60")
    async with playing(house) as place:
        planned = await plan(place)
        place.press(place.admin, planned, confirm_id(planned))
        async with asyncio.timeout(10):
            while not await house.memory.facts("reindex:"):
                await asyncio.sleep(0.05)
        await place.client.remove_cog("IndexCog")  # what closing a client does first
        await place.env.settle()
        assert place.said()[-1].content.startswith("Reindexing.")
        await place.env.restart_bot(house.client())
        assert place.said()[-1].content.startswith("I was restarted while reindexing.")


async def test_one_that_fails_says_why_without_folders_and_the_next_may_begin(
    house: House, ingest: Ingest
) -> None:
    index = house.settings.index_dir
    ingest(f"echo 'essay-bot: The index folder {index} cannot be written.' >&2; exit 1")
    async with playing(house) as place:
        report = await reindex(place)
        assert report == (
            "Reindexing failed, and the index is as it was: "
            "The index folder the index folder cannot be written."
        )
        ingest(f"echo '{WELL}'")
        assert (await reindex(place)).startswith("Reindexed: ")


async def test_one_that_crashes_shows_no_traceback(
    house: House, ingest: Ingest, caplog: pytest.LogCaptureFixture
) -> None:
    ingest("echo 'OSError: /home/operator/secret' >&2; exit 7")
    async with playing(house) as place:
        assert (await reindex(place)).endswith("the index is as it was: it ended with code 7")
        assert "/home/operator/secret" in caplog.text


async def test_a_report_of_thousands_of_essays_is_read_to_its_end(
    house: House, ingest: Ingest, tmp_path: Path
) -> None:
    many = {"added": [f"essay-{number:08}.txt" for number in range(20_000)]}
    (tmp_path / "report").write_text(json.dumps(many))
    ingest(f"cat {tmp_path / 'report'}")
    async with playing(house) as place:
        assert (await reindex(place)).startswith("Reindexed: 20000 added")


async def test_a_program_that_is_missing_is_a_sentence(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/home/operator/none")
    async with playing(house) as place:
        told = (await plan(place)).content
        assert told.endswith("it could not be started \\(No such file or directory\\)")


async def test_where_nothing_may_be_posted_the_report_is_for_who_asked(
    house: House, ingest: Ingest
) -> None:
    ingest(f"echo '{WELL}'")
    async with playing(house) as place:
        planned = await plan(place)
        place.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=None)
        result = await place.admin.click(planned, label="Reindex")
        (report,) = result.followups
        assert report.ephemeral
        assert report.content.startswith("Reindexed: ")


async def test_a_reindex_that_a_restart_broke_off_is_told_there(
    house: House, ingest: Ingest
) -> None:
    async with playing(house) as place:
        channel = place.client.get_channel(place.channel.id)
        message = await channel.send("Reindexing.")  # type: ignore[union-attr]
        left = {"channel": place.channel.id, "message": message.id, "link": "", "language": "de"}
        await house.memory.keep_fact("reindex:", json.dumps(left))
        await place.env.restart_bot(house.client())
        assert place.said()[-1].content.startswith("Ich wurde beim Einlesen neu gestartet.")
        assert not await house.memory.facts("reindex:")


async def test_who_may_is_checked_when_a_button_is_pressed(house: House, ingest: Ingest) -> None:
    ingest(f"echo '{WELL}'")
    async with playing(house) as place:
        role = place.guild.create_role("editors")
        await house.memory.keep_server(place.guild.id, ServerSettings(edit_roles=(role.id,)))
        editor = place.join("editor", role)
        result = await editor.slash(place.channel, "reindex")
        assert result.response
        await house.memory.keep_server(place.guild.id, ServerSettings())
        refused = await editor.click(result.response, label="Reindex")
        assert texts(refused)[0].startswith("Only people who may manage this server")
        assert not place.said()
