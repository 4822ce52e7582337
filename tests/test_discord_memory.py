"""What the bot remembers: what its buttons need, no names, and no longer than promised."""

import logging
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.discord_bot.memory import DAY, FILE, KEPT_DAYS, KEY, Asked, Kept, Memory, ServerSettings
from bot.errors import SettingsInvalid
from tests.discord_fixtures import (
    QUESTION,
    UNANSWERED,
    OpenHouse,
    button_id,
    playing,
)

KEPT = Kept("The text.", refused=False, citations=[], nearest=None)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    memory = Memory(tmp_path)
    yield memory
    memory.shut()


async def keep(memory: Memory, asked: Asked) -> Asked:
    await memory.open(asked)
    await memory.close(asked, KEPT)
    return asked


async def test_an_answer_is_found_by_its_id_as_it_was(memory: Memory) -> None:
    asked = await keep(memory, Asked(QUESTION, "someone", channel=1, replies=(2, 3)))
    assert await memory.find(asked.id) == (asked, KEPT)
    assert await memory.find("0" * 16) is None


async def test_unfinished_questions_come_back_oldest_first(memory: Memory, tmp_path: Path) -> None:
    late = Asked("late", "someone", channel=1, token="t", created=20)
    soon = Asked("soon", "someone", channel=1, token="t", created=time.time())
    late = replace(late, created=soon.created - 10)
    for each in (soon, late, await keep(memory, Asked("done", "someone", channel=1))):
        if each.question != "done":
            await memory.open(each)
    again = Memory(tmp_path)
    assert await again.unfinished() == [late, soon]
    again.shut()


async def test_nothing_is_kept_longer_than_promised(memory: Memory, tmp_path: Path) -> None:
    old = time.time() - (KEPT_DAYS * DAY + 1)
    asked = await keep(memory, Asked("an old question", "someone", channel=1, created=old))
    young = await keep(memory, Asked("a young question", "someone", channel=1, created=old + 60))
    later = Memory(tmp_path)
    await keep(later, Asked("another", "someone", channel=1))
    later.shut()
    assert await memory.find(asked.id) is None
    assert await memory.find(young.id)
    assert b"an old question" not in (tmp_path / FILE).read_bytes()


async def test_what_is_forgotten_is_gone_from_the_file(memory: Memory, tmp_path: Path) -> None:
    asked = Asked("a secret question", memory.hash_user(7), channel=1, token="a-secret-token")
    await memory.open(asked)
    assert b"a-secret-token" in (tmp_path / FILE).read_bytes()
    await memory.close(asked, KEPT)
    await memory.note(asked.id, asked.asker, "bad", "a secret reason")
    assert b"a-secret-token" not in (tmp_path / FILE).read_bytes()
    assert await memory.forget(memory.hash_user(8)) == 0
    assert await memory.forget(asked.asker) == 2
    assert b"secret" not in (tmp_path / FILE).read_bytes()


async def test_something_is_first_once(memory: Memory) -> None:
    firsts = [await memory.note_first("id", "someone", "share") for _ in range(3)]
    assert firsts == [True, False, False]


async def test_settings_and_facts_outlive_a_restart(memory: Memory, tmp_path: Path) -> None:
    settings = ServerSettings(channels=(1, 2), language="de")
    await memory.keep_server(5, settings)
    await memory.keep_fact("reindex:a_b", "x")
    await memory.keep_fact("reindex:c", "y")
    await memory.keep_fact("reindexed", "z")
    await memory.keep_fact("reindex:c", "")
    again = Memory(tmp_path)
    assert again.server(5) == settings
    assert again.server(6) == ServerSettings()
    assert await again.facts("reindex:") == {"reindex:a_b": "x"}
    assert again.hash_user(7) == memory.hash_user(7)
    again.shut()


async def test_a_question_that_cannot_be_read_hides_no_others(
    memory: Memory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    soon, late = (Asked(QUESTION, asker, channel=1) for asker in ("someone", "someone else"))
    await memory.open(soon)
    await memory.open(late)
    with closing(sqlite3.connect(tmp_path / FILE)) as database, database:
        database.execute(
            "update asked set asked = json_set(asked, '$.channel', 'none') where id = ?", (soon.id,)
        )
    assert await memory.unfinished() == [late]
    assert "cannot be read" in caplog.text
    assert QUESTION not in caplog.text


def test_the_file_and_the_key_of_the_hashes_are_the_owners_alone(
    memory: Memory, tmp_path: Path
) -> None:
    for name in (KEY, FILE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    other = Memory(tmp_path / "other")
    assert other.hash_user(7) != memory.hash_user(7)
    other.shut()


def test_an_empty_key_hides_no_one_and_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / KEY).write_bytes(b"")
    memory = Memory(tmp_path)
    assert (tmp_path / KEY).read_bytes()
    memory.shut()


async def test_after_a_fault_the_file_is_opened_anew(memory: Memory, tmp_path: Path) -> None:
    await memory.keep_fact("one", "x")
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        database.execute("drop table facts")
    with pytest.raises(SettingsInvalid):
        await memory.keep_fact("two", "y")
    await memory.keep_fact("two", "y")
    assert await memory.fact("two") == "y"


def test_a_folder_that_cannot_be_used_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsInvalid, match="set DATA_DIR to a folder"):
        Memory(tmp_path / "file")
    (tmp_path / FILE).write_text("no database, and long enough to be seen as none" * 100)
    with pytest.raises(SettingsInvalid, match=FILE):
        Memory(tmp_path)


async def test_no_one_is_named_in_the_file_and_no_question_in_the_log(
    open_house: OpenHouse, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """A whole conversation: asked, asked on, refused, judged, reported, reindexed."""
    caplog.set_level(logging.INFO)
    caplog.handler.setLevel(logging.INFO)
    house = open_house(discord_person_a_minute=3)
    async with playing(house) as place:
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        answer = place.said()[-1]
        await place.asker.send(place.channel, f"{place.me} {UNANSWERED}", reply_to=answer)
        refused = place.said()[-1]
        for action in ("passages", "good", "again"):
            await place.asker.click(answer, custom_id=button_id(answer, action))
        await place.asker.click(refused, custom_id=button_id(refused, "missing"))
        shown = await place.asker.click(answer, custom_id=button_id(answer, "bad"))
        await place.asker.submit_modal(shown, {"reason": "because of the whales"})
        await place.asker.send(place.channel, f"{place.me} one more about whales")
        await place.asker.send_dm("what about whales?")
        place.env.inject_error("POST", "/channels/*/messages", status=403, times=None)
        await place.admin.send(place.channel, f"{place.me} whales again")
        people = {place.asker.id, place.admin.id, place.asker.name, place.admin.name}
    database = (tmp_path / "data" / FILE).read_bytes()
    assert not [each for each in people if str(each).encode() in database]
    assert not [each for each in people if str(each) in caplog.text]
    for said in (QUESTION, UNANSWERED, "whales", "Capital now seeks"):
        assert said.lower() not in caplog.text.lower()
