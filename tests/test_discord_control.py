"""What the admins of a server set, and what a person is told of what is kept."""

from typing import Any

import pytest
from simcord import interactions
from simcord.actors import MemberActor

from bot.discord_bot.memory import ServerSettings
from tests.conftest import ESSAYS
from tests.discord_fixtures import (
    ANSWER,
    QUESTION,
    UNANSWERED,
    OpenHouse,
    Place,
    buttons,
    labels,
    open_place,
    playing,
    texts,
)


async def settings_of(place: Place, person: MemberActor | None = None) -> Any:
    """The message with the controls."""
    result = await (person or place.admin).slash(place.channel, "settings")
    assert result.response
    assert result.response.ephemeral
    return result.response


def chosen(message: Any, custom_id: str) -> list[str]:
    """What a select shows as chosen."""
    (select,) = [
        each
        for row in message.components
        for each in row["components"]
        if each["custom_id"] == custom_id
    ]
    return [str(each["id"]) for each in select.get("default_values", [])]


async def test_every_setting_is_kept_shown_and_there_after_a_restart(
    open_house: OpenHouse,
) -> None:
    house = open_house(discord_message_content=True)
    async with playing(house) as place:
        readers, editors = place.guild.create_role("readers"), place.guild.create_role("editors")
        forum = place.guild.create_forum_channel("questions")
        message = await settings_of(place)
        await place.env.restart_bot(house.client())
        selections: dict[str, list[Any]] = {
            "channels": [place.channel, forum],
            "ask_roles": [readers],
            "edit_roles": [readers, editors],
            "report_channel": [place.channel],
        }
        for name, values in selections.items():
            await place.admin.select(message, values, custom_id=f"settings:{name}")
            assert chosen(message, f"settings:{name}") == [str(each.id) for each in values]
        for _ in range(2):
            await place.admin.click(message, custom_id="settings:language")
        await place.admin.click(message, custom_id="settings:private")
        assert "Private Antworten: an" in labels(message)
        expected = ServerSettings(
            channels=(place.channel.id, forum.id),
            ask_roles=(readers.id,),
            edit_roles=(readers.id, editors.id),
            report_channel=place.channel.id,
            private=True,
            language="de",
        )
        again = open_house(discord_message_content=True)  # another start of the program
        assert again.memory.server(place.guild.id) == expected
        await place.env.restart_bot(again.client())
        message = await settings_of(place)
        assert chosen(message, "settings:channels") == [str(place.channel.id), str(forum.id)]
        for name in selections:
            await place.admin.select(message, [], custom_id=f"settings:{name}")
        await place.admin.click(message, custom_id="settings:language")
        await place.admin.click(message, custom_id="settings:private")
        assert again.memory.server(place.guild.id) == ServerSettings()


async def test_one_view_serves_all_settings_that_are_shown(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        for _ in range(2):
            message = await settings_of(place)
            await place.admin.click(message, custom_id="settings:private")
        assert "Private answers: off" in labels(message)
        assert len(place.client.persistent_views) == 1


async def test_settings_are_one_servers_own(open_house: OpenHouse) -> None:
    house = open_house()
    async with playing(house) as place:
        other = open_place(place.env, "Others")
        await place.env.settle()
        await place.admin.click(await settings_of(place), custom_id="settings:private")
        assert house.memory.server(place.guild.id).private
        assert not house.memory.server(other.guild.id).private


async def test_only_admins_may_set_even_where_the_command_was_opened_to_all(
    open_house: OpenHouse,
) -> None:
    house = open_house()
    async with playing(house) as place:
        assert "settings" not in place.asker.available_commands(place.channel)
        (command,) = [
            each for each in await place.client.tree.fetch_commands() if each.name == "settings"
        ]
        place.guild.set_command_permissions(command.id, {place.guild.default_role: True})
        result = await place.asker.slash(place.channel, "settings")
        assert texts(result)[0].startswith("Only people who may manage this server")
        message = await settings_of(place)
        for button in buttons(message):
            place.press(place.asker, message, button["custom_id"])
        await place.env.settle()
        assert house.memory.server(place.guild.id) == ServerSettings()


async def test_a_setting_that_cannot_be_shown_is_a_sentence(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        message = await settings_of(place)
        place.env.inject_error("POST", "/interactions/*", status=500)
        result = await place.admin.click(message, custom_id="settings:private")
        assert texts(result)[0].startswith("Something went wrong")
        assert place.env.errors


@pytest.mark.parametrize("content", [True, False])
async def test_a_named_channel_needs_no_mention_if_the_bot_may_read_there(
    open_house: OpenHouse, content: bool
) -> None:
    async with playing(open_house(discord_message_content=content)) as place:
        message = await settings_of(place)
        await place.admin.select(message, [place.channel], custom_id="settings:channels")
        assert ("DISCORD_MESSAGE_CONTENT" in message.content) is not content
        await place.asker.send(place.channel, QUESTION)
        assert [ANSWER in each.content for each in place.said()] == [True] * content
        begun = await place.admin.send(place.channel, "<@1> in between")
        thread = await place.start_thread(place.asker, place.channel, begun)
        await place.asker.send(thread, QUESTION)
        assert len(place.said(thread)) == content
        elsewhere = place.guild.create_text_channel("elsewhere")
        await place.asker.send(elsewhere, QUESTION)
        assert not place.said(elsewhere)


async def test_only_named_roles_may_ask_and_others_are_told(open_house: OpenHouse) -> None:
    house = open_house()
    async with playing(house) as place:
        role = place.guild.create_role("readers")
        reader = place.join("reader", role)
        await house.memory.keep_server(place.guild.id, ServerSettings(ask_roles=(role.id,)))
        refused = await place.asker.slash(place.channel, "ask", question=QUESTION)
        assert refused.ephemeral
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        told = [*texts(refused), place.said()[-1].content]
        assert all(each.startswith("On this server only some roles may ask") for each in told)
        for person in (reader, place.admin):
            result = await person.slash(place.channel, "ask", question=QUESTION)
            assert ANSWER in texts(result)[0]


@pytest.mark.parametrize("options", [{}, {"private": False}, {"private": True}])
async def test_answers_are_private_where_that_is_set_unless_asked_otherwise(
    open_house: OpenHouse, options: dict[str, Any]
) -> None:
    house = open_house()
    async with playing(house) as place:
        await house.memory.keep_server(place.guild.id, ServerSettings(private=True))
        result = await place.asker.slash(place.channel, "ask", question=QUESTION, **options)
        assert result.response
        assert result.response.ephemeral is options.get("private", True)


async def test_a_servers_language_is_used_for_all_that_the_bot_says_of_itself(
    open_house: OpenHouse,
) -> None:
    house = open_house()
    async with playing(house) as place:
        await house.memory.keep_server(place.guild.id, ServerSettings(language="de"))
        await place.asker.send(place.channel, f"{place.me} {UNANSWERED}")
        assert place.said()[-1].content.startswith("Das sagen die Essays nicht.")
        result = await place.asker.slash(place.channel, "ask", question=QUESTION)
        assert "Stellen zeigen" in labels(result.response)


async def test_without_a_language_each_person_has_their_own(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_german(*args: Any, **kwargs: Any) -> Any:
        record, payload = original(*args, **kwargs)
        return record, {**payload, "locale": "de"}

    original = interactions.base_payload
    monkeypatch.setattr(interactions, "base_payload", in_german)
    async with playing(open_house()) as place:
        german = open_place(place.env, "Leser", preferred_locale="de")
        await place.env.settle()
        result = await place.asker.slash(place.channel, "ask", question=UNANSWERED)
        assert "Das sagen die Essays nicht." in texts(result)[0]
        await german.asker.send(german.channel, f"{place.me} {UNANSWERED}")
        assert german.said()[-1].content.startswith("Das sagen die Essays nicht.")
        await place.asker.send(place.channel, f"{place.me} {UNANSWERED}")
        assert place.said()[-1].content.startswith("The essays do not say.")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, ["Nothing: answers are made where I run.", "Messages that mention or answer me"]),
        ({"chat_model": "openai:m"}, ["go to the chat model openai:m."]),
        ({"discord_message_content": True}, ["in channels the admins named"]),
    ],
)
async def test_everyone_may_read_what_is_kept_and_what_leaves(
    open_house: OpenHouse, settings: dict[str, Any], told: list[str]
) -> None:
    async with playing(open_house(**settings)) as place:
        for result in (
            await place.asker.slash(place.channel, "privacy"),
            await place.asker.user.slash("privacy"),
        ):
            (text,) = texts(result)
            assert result.ephemeral
            assert all(each in text for each in ["for 30 days", "`/forget-me`", *told])
            assert str(ESSAYS) not in text


async def test_what_is_kept_of_a_person_can_be_deleted_by_them(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        for person in (place.asker, place.admin):
            answer = await person.slash(place.channel, "ask", question=QUESTION)
            good = next(each for each in buttons(answer.response) if ":good:" in each["custom_id"])
            assert answer.response
            await person.click(answer.response, custom_id=good["custom_id"])
        result = await place.asker.slash(place.channel, "forget-me")
        assert result.ephemeral
        assert texts(result)[0].startswith("Done: 2 records of you were deleted.")
        nothing = await place.asker.slash(place.channel, "forget-me")
        assert texts(nothing) == ["There is nothing of you here."]
        result = await place.admin.slash(place.channel, "forget-me")
        assert texts(result)[0].startswith("Done: 2 records")
