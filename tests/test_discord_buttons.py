"""Buttons below an answer, pressed after a restart of the bot."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from bot.discord_bot.memory import DAY, KEPT_DAYS, ServerSettings
from tests.conftest import IndexOf
from tests.discord_fixtures import (
    ANSWER,
    QUESTION,
    UNANSWERED,
    House,
    OpenHouse,
    Place,
    button_id,
    buttons,
    labels,
    playing,
    texts,
)

POWERS = ("electric", "political", "economic")
ESSAY = "\n\n".join(f"Before. Energy imperialism is {each} power. After." for each in POWERS)
FORGOTTEN = "That answer is too old"


@asynccontextmanager
async def restarted(
    house: House, question: str = QUESTION, **options: Any
) -> AsyncIterator[tuple[Place, Any]]:
    """An answer of an earlier start of the bot."""
    async with playing(house) as place:
        answer = await place.asker.slash(place.channel, "ask", question=question, **options)
        await place.env.restart_bot(house.client())
        yield place, answer.response


async def press(person: MemberActor, message: Any, action: str) -> InteractionResult:
    return await person.click(message, custom_id=button_id(message, action))


async def test_passages_are_shown_one_by_one_to_who_asks_for_them(
    open_house: OpenHouse, index_of: IndexOf
) -> None:
    house = open_house(index_dir=index_of(power=ESSAY))
    async with restarted(house) as (place, answer):
        reader = place.join("reader")
        page = (await press(reader, answer, "passages")).response
        assert page
        assert page.ephemeral
        shown = [page.content]
        while "Next" in labels(page):
            page = (await reader.click(page, label="Next")).response
            assert page
            shown.append(page.content)
        assert labels(page) == ["Previous"]
        assert len(shown) == len(POWERS)
        for number, (power, content) in enumerate(zip(POWERS, shown, strict=True), start=1):
            assert content.startswith(f"\\[{number}\\] **")
            assert f"Before. **Energy imperialism is {power} power.** After." in content
        again = (await reader.click(page, label="Previous")).response
        assert again
        assert again.content == shown[-2]


async def test_a_changed_essay_shows_no_passage_that_is_not_there(
    open_house: OpenHouse, index_of: IndexOf
) -> None:
    house = open_house(index_dir=index_of(power=ESSAY))
    async with restarted(house) as (place, answer):
        index_of(power="Another essay on energy.")
        (text,) = texts(await press(place.asker, answer, "passages"))
        assert text.endswith("That essay has changed since; ask again.")


async def test_passages_of_a_lost_index_are_a_sentence(
    open_house: OpenHouse, index_of: IndexOf
) -> None:
    index = index_of(power=ESSAY)
    async with restarted(open_house(index_dir=index)) as (place, answer):
        index.rename(index.parent / "moved")
        house = open_house(index_dir=index)
        await place.env.restart_bot(house.client())
        (text,) = texts(await press(place.asker, answer, "passages"))
        assert text.startswith("Something went wrong")


@pytest.mark.parametrize("private", [True, False])
async def test_a_question_is_asked_again_as_it_was(open_house: OpenHouse, private: bool) -> None:
    async with restarted(open_house(), private=private) as (place, answer):
        result = await press(place.asker, answer, "again")
        assert texts(result)[0].startswith(f"> {QUESTION}")
        assert ANSWER in texts(result)[0]
        assert result.response
        assert result.response.id != answer.id
        assert result.response.ephemeral is private


async def test_a_follow_up_asked_again_means_what_it_meant(open_house: OpenHouse) -> None:
    async with playing(open_house(discord_person_a_minute=60)) as place:
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        answer = place.said()[-1]
        await place.asker.send(place.channel, f"{place.me} And why?", reply_to=answer)
        again = await press(place.asker, place.said()[-1], "again")
        assert ANSWER in texts(again)[0]
        await place.asker.send_dm(QUESTION)
        for question in ("And why?", UNANSWERED):
            await place.asker.user.slash("ask", question=question)
        follow_up = place.said(place.asker.user.dm_channel)[1]
        id = button_id(follow_up, "again")
        assert ANSWER in texts(await place.asker.user.click(follow_up, custom_id=id))[0]


async def test_thumbs_and_reasons_are_kept_each_persons_last(open_house: OpenHouse) -> None:
    house = open_house()
    async with restarted(house) as (place, answer):
        id = button_id(answer, "good").split(":")[2]
        assert texts(await press(place.asker, answer, "good")) == ["Thank you, that is noted."]
        asked = await press(place.asker, answer, "bad")
        at_once = await press(place.admin, answer, "bad")
        assert asked.modal
        await place.asker.submit_modal(asked, {"reason": "It left out the grid."})
        noted = await place.admin.submit_modal(at_once, {"reason": ""})
        assert noted.ephemeral
        assert await house.memory.feedback(id) == [
            ("good", ""),
            ("bad", "It left out the grid."),
            ("bad", ""),
        ]


async def test_a_private_answer_is_shared_once(open_house: OpenHouse) -> None:
    async with restarted(open_house(), private=True) as (place, answer):
        old = [dict(each) for each in buttons(answer)]
        (shared,) = (await press(place.asker, answer, "share")).followups
        assert not shared.ephemeral
        assert shared.content.startswith(f"> {QUESTION}")
        assert ANSWER in shared.content
        (share,) = [each for each in buttons(answer) if each.get("label") == "Shared"]
        assert share["disabled"]
        stored = place.env.backend.get_message(answer.channel_id, answer.id)
        stored.components = [{"type": 1, "components": old}]  # as someone still sees it
        assert not (await press(place.asker, answer, "share")).followups
        assert ANSWER in texts(await press(place.asker, answer, "again"))[0]


async def test_a_public_answer_has_nothing_to_share(open_house: OpenHouse) -> None:
    async with restarted(open_house()) as (_, answer):
        assert "Share" not in labels(answer)


async def test_a_reason_that_cannot_be_noted_is_a_sentence(open_house: OpenHouse) -> None:
    async with restarted(open_house()) as (place, answer):
        asked = await press(place.asker, answer, "bad")
        place.env.inject_error("POST", "/interactions/*", status=500)
        result = await place.asker.submit_modal(asked, {"reason": "It left out the grid."})
        assert texts(result)[0].startswith("Something went wrong")
        assert place.env.errors


async def test_moderators_are_told_once_what_the_essays_do_not_say(open_house: OpenHouse) -> None:
    house = open_house()
    async with restarted(house, UNANSWERED) as (place, answer):
        reports = place.guild.create_text_channel("reports")
        await house.memory.keep_server(place.guild.id, ServerSettings(report_channel=reports.id))
        for person in (place.asker, place.admin):
            result = await press(person, answer, "missing")
            assert texts(result) == ["The moderators were told that this is missing."]
            assert result.ephemeral
        (report,) = place.said(reports)
        assert report.content.endswith(UNANSWERED)


async def test_without_a_channel_for_reports_one_is_asked_for_and_used_later(
    open_house: OpenHouse,
) -> None:
    house = open_house()
    async with restarted(house, UNANSWERED) as (place, answer):
        noted = "Noted. This server has no channel for such reports"
        assert texts(await press(place.asker, answer, "missing"))[0].startswith(noted)
        closed = place.guild.create_text_channel(
            "closed",
            overwrites={place.guild.default_role: discord.PermissionOverwrite(send_messages=False)},
        )
        await house.memory.keep_server(place.guild.id, ServerSettings(report_channel=closed.id))
        assert texts(await press(place.asker, answer, "missing"))[0].startswith(noted)
        settings = ServerSettings(report_channel=place.channel.id)
        await house.memory.keep_server(place.guild.id, settings)
        assert "were told" in texts(await press(place.asker, answer, "missing"))[0]
        assert place.said()[-1].content.endswith(UNANSWERED)


async def test_who_may_ask_is_checked_when_a_button_is_pressed(open_house: OpenHouse) -> None:
    house = open_house()
    async with restarted(house) as (place, answer):
        role = place.guild.create_role("readers")
        await house.memory.keep_server(place.guild.id, ServerSettings(ask_roles=(role.id,)))
        reader = place.join("reader", role)
        for action in ("passages", "again", "good", "bad"):
            refused = await press(place.asker, answer, action)
            assert texts(refused)[0].startswith("On this server only some roles")
            assert refused.ephemeral
            admitted = await press(reader, answer, action)
            assert admitted.modal or "only some roles" not in texts(admitted)[0]


async def test_a_private_answers_buttons_are_its_askers(open_house: OpenHouse) -> None:
    """Discord shows them to no one else; a client made for it may try."""
    async with restarted(open_house(), private=True) as (place, answer):
        other = await place.admin.slash(place.channel, "ask", question=QUESTION, private=True)
        assert other.response
        stored = place.env.backend.get_message(place.channel.id, other.response.id)
        stored.components = [{"type": 1, "components": buttons(answer)}]
        for action in ("passages", "share", "again", "bad"):
            refused = await press(place.admin, other.response, action)
            assert [each[: len(FORGOTTEN)] for each in texts(refused)][-1] == FORGOTTEN


async def test_old_and_deleted_answers_are_forgotten(open_house: OpenHouse) -> None:
    house = open_house()
    async with restarted(house) as (place, answer):
        found = await house.memory.find(button_id(answer, "good").split(":")[2])
        assert found
        asked, kept = found
        old = replace(asked, created=time.time() - (KEPT_DAYS * DAY + 60))
        await house.memory.open(old)
        await house.memory.close(old, kept)
        for action in ("passages", "again", "good", "bad"):
            assert texts(await press(place.asker, answer, action))[0].startswith(FORGOTTEN)
        newer = await place.asker.slash(place.channel, "ask", question=QUESTION)
        await place.asker.slash(place.channel, "forget-me")
        assert texts(await press(place.asker, newer.response, "passages"))[0].startswith(FORGOTTEN)
