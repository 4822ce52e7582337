"""Reindexing from Discord, over the wire, by the real command in a process of its own."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.answering import Answerer
from bot.settings import Settings
from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.sync import sync
from tests.conftest import WriteEssays
from tests.discord_fixtures import House
from tests.discord_serving import serving
from tests.test_discord_index import PLAN, Ingest, ingest
from tests.test_readers import write_pdf

__all__ = ["ingest"]
ASKED = 20
THREADS = min(32, (os.cpu_count() or 1) + 4)  # as many as asyncio has
WAIT = 60.0
BEE = "The honey bee dances to tell the others where the flowers stand."
WHALE = "The blue whale sings so low that no human being can hear it."


@pytest.fixture
def folder(essays: WriteEssays, tmp_path: Path, embeddings: SentenceEmbeddings) -> Path:
    folder = essays(bees=BEE)
    sync(folder, FolderStore(tmp_path / "index"), embeddings)
    return folder


@pytest.fixture
def house(
    answerer: Answerer, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        index_dir=tmp_path / "index",
        essays_dir=folder,
        data_dir=tmp_path / "data",
        discord_person_a_minute=100,
    )
    with closing(House(answerer, settings)) as house:
        yield house


async def test_everyone_is_answered_while_a_reindex_runs_and_then_from_the_new_essay(
    house: House, essays: WriteEssays
) -> None:
    async with serving(house) as server:
        world = server.world
        ada, channel = world.user("ada"), world.channel("questions")
        moderator = world.guilds[0].owner
        essays(whales=WHALE)
        planned = server.slash(moderator, channel, "reindex")
        await server.wait_until(lambda: planned.response and planned.response.controls, WAIT)
        assert planned.response
        assert "1 added" in planned.response.content
        server.click(moderator, planned.response, planned.response.controls[0]["custom_id"])
        asked = []
        for number in range(ASKED):
            question = {"question": f"What does the bee number {number} dance for?"}
            asked.append(server.slash(ada, channel, "ask", question))
            await asyncio.sleep(0.1)
        await server.wait_until(
            lambda: all(each.response and "dances" in each.response.content for each in asked), WAIT
        )
        me = world.me
        await server.wait_until(
            lambda: any("Reindexed: 1 added" in each.content for each in channel.said_by(me)), WAIT
        )
        (report,) = [each for each in channel.said_by(me) if "Reindexed" in each.content]
        assert report.versions[0].content.startswith("Reindexing.")
        new = server.slash(ada, channel, "ask", {"question": "What does the blue whale sing?"})
        await server.wait_until(
            lambda: new.response and "so low that no human" in new.response.content, WAIT
        )


async def test_everyone_is_answered_however_many_plans_are_made(
    house: House, ingest: Ingest, tmp_path: Path
) -> None:
    done = tmp_path / "done"
    ingest("", plan=f"until [ -e {done} ]; do sleep 0.1; done; echo '{PLAN}'")
    async with serving(house) as server:
        ada, channel = server.world.user("ada"), server.world.channel("questions")
        moderator = server.world.guilds[0].owner
        plans = [server.slash(moderator, channel, "reindex") for _ in range(THREADS)]
        await server.wait_until(lambda: all(each.deferred for each in plans), WAIT)
        asked = server.slash(ada, channel, "ask", {"question": "What does the bee dance for?"})
        try:
            await server.wait_until(
                lambda: asked.response and "dances" in asked.response.content, WAIT
            )
        finally:
            done.touch()
        await server.wait_until(
            lambda: all(each.response and each.response.controls for each in plans), WAIT
        )


async def test_everyone_is_answered_however_many_essays_are_added(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, slow = tmp_path / "done", tmp_path / "slow"
    slow.write_text(
        f'#!/bin/sh\nuntil [ -e "{done}" ]; do sleep 0.1; done; exec "{sys.executable}" "$@"\n'
    )
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))  # by which PDFs are read
    async with serving(house) as server:
        ada, channel = server.world.user("ada"), server.world.channel("questions")
        moderator = server.world.guilds[0].owner
        files = [server.upload(f"{number}.pdf", write_pdf()) for number in range(THREADS)]
        added = [server.slash(moderator, channel, "essay add", {"file": f}) for f in files]
        try:
            await server.wait_until(lambda: len(server.downloads) == THREADS, WAIT)
            asked = server.slash(ada, channel, "ask", {"question": "What does the bee dance for?"})
            await server.wait_until(
                lambda: asked.response and "dances" in asked.response.content, WAIT
            )
        finally:
            done.touch()
        await server.wait_until(
            lambda: all(e.response and "Added: " in e.response.content for e in added), WAIT
        )
