"""What a stopped bot left is taken up by the next one; commands are synced when they changed."""

from dataclasses import replace

import pytest
from simcord.backend.models import AllowedMentions

from bot.discord_bot import sharing
from bot.discord_bot.desk import MOST_ATTEMPTS
from bot.discord_bot.memory import Asked
from bot.discord_bot.sharing import AT_ONCE
from tests.discord_fixtures import ANSWER, QUESTION, House, OpenHouse, Place, labels, playing, texts

FOLLOW_UP = "And why?"


async def left_over(house: House, place: Place, text: str = QUESTION, reply_to: int = 0) -> Asked:
    """A message that a bot had taken when it was killed."""
    reference = {"message_id": str(reply_to), "channel_id": str(place.channel.id)}
    author = place.guild.add_member(place.env.create_user(f"asker-{reply_to}", bot=True))
    message = place.env.backend.create_message(
        place.channel.id,
        author.id,  # a bot's, so that the bot of this test leaves it alone
        text,
        reference=reference if reply_to else None,
        allowed_mentions=AllowedMentions(replied_user=False),
    )
    asker = house.memory.hash_user(place.asker.id)
    asked = Asked(text, asker, place.channel.id, place.guild.id, message.id)
    await house.memory.open(asked)
    return asked


async def test_a_question_left_over_is_answered_where_it_was_asked(open_house: OpenHouse) -> None:
    house = open_house()
    async with playing(house) as place:
        asked = await left_over(house, place)
        await place.env.restart_bot(house.client())
        await place.env.settle()
        (answer,) = place.said()
        assert ANSWER in answer.content
        assert answer.reference
        assert answer.reference.message_id == asked.message
        assert not await house.memory.unfinished()


async def test_a_follow_up_left_over_still_knows_what_came_before(open_house: OpenHouse) -> None:
    house = open_house()
    async with playing(house) as place:
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        await left_over(house, place, FOLLOW_UP, reply_to=place.said()[0].id)
        await place.env.restart_bot(house.client())
        await place.env.settle()
        assert [ANSWER in each.content for each in place.said()] == [True, True]


async def test_a_draft_left_over_becomes_the_answer(open_house: OpenHouse) -> None:
    house = open_house()
    async with playing(house) as place:
        asked = await left_over(house, place)
        channel = place.client.get_partial_messageable(place.channel.id)
        draft = await channel.send("*Draft, not yet checked:* Capital")
        await house.memory.open(replace(asked, replies=(draft.id,)))
        await place.env.restart_bot(house.client())
        await place.env.settle()
        (answer,) = place.said()
        assert answer.id == draft.id
        assert ANSWER in answer.content
        assert "Show passages" in labels(answer)


async def test_further_parts_of_a_longer_answer_go_when_a_shorter_one_takes_its_place(
    open_house: OpenHouse,
) -> None:
    house = open_house()
    async with playing(house) as place:
        asked = await left_over(house, place)
        channel = place.client.get_partial_messageable(place.channel.id)
        parts = [await channel.send(f"Part {number}") for number in (1, 2, 3)]
        await house.memory.open(replace(asked, replies=tuple(each.id for each in parts)))
        await place.env.restart_bot(house.client())
        await place.env.settle()
        (answer,) = place.said()
        assert answer.id == parts[0].id
        assert ANSWER in answer.content


@pytest.mark.parametrize("private", [True, False])
async def test_a_command_left_over_is_answered_by_its_token(
    open_house: OpenHouse, private: bool
) -> None:
    house = open_house()
    async with playing(house) as place:
        first = await place.asker.slash(place.channel, "ask", question="x" * 50, private=private)
        assert first.response
        interaction = first._interaction
        asked = Asked(
            QUESTION,
            house.memory.hash_user(place.asker.id),
            place.channel.id,
            place.guild.id,
            application=place.env.backend.application_id,
            token=interaction.token,
            private=private,
            replies=(first.response.id,),
        )
        await house.memory.open(asked)
        await place.env.restart_bot(house.client())
        await place.env.settle()
        assert ANSWER in texts(first)[0]
        assert not await house.memory.unfinished()


async def test_a_question_that_stops_every_bot_is_given_up(open_house: OpenHouse) -> None:
    house = open_house()
    async with playing(house) as place:
        asked = await left_over(house, place)
        await house.memory.open(replace(asked, attempts=MOST_ATTEMPTS))
        await place.env.restart_bot(house.client())
        await place.env.settle()
        (told,) = place.said()
        assert told.content.startswith("I was stopped several times while answering this")
        assert not await house.memory.unfinished()


async def test_more_questions_than_wait_at_once_are_all_answered(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MOST_WAITING", 0)
    house, many = open_house(), AT_ONCE + 4
    async with playing(house) as place:
        for number in range(many):
            await left_over(house, place, QUESTION + number * "?")
        await place.env.restart_bot(house.client())
        await place.env.settle()
        assert len(place.said()) == many
        assert all(ANSWER in each.content for each in place.said())


async def test_a_question_that_was_deleted_is_let_go_with_what_was_said_of_it(
    open_house: OpenHouse,
) -> None:
    house = open_house()
    async with playing(house) as place:
        asked = await left_over(house, place)
        marked = await place.client.get_partial_messageable(place.channel.id).send("I answer soon.")
        await house.memory.open(replace(asked, replies=(marked.id,)))
        place.env.backend.delete_message(place.channel.id, asked.message)
        await place.env.restart_bot(house.client())
        await place.env.settle()
        assert not place.said()
        assert not await house.memory.unfinished()


async def test_a_question_that_cannot_be_looked_up_is_left_to_the_next_start(
    open_house: OpenHouse,
) -> None:
    house = open_house()
    async with playing(house) as place:
        asked = await left_over(house, place)
        place.env.inject_error("GET", "/channels/*/messages/*", status=401)
        await place.env.restart_bot(house.client())
        await place.env.settle()
        assert await house.memory.unfinished() == [asked]
        await place.env.restart_bot(house.client())
        await place.env.settle()
        assert ANSWER in place.said()[0].content


async def test_commands_are_synced_when_they_changed_and_not_at_every_start(
    open_house: OpenHouse,
) -> None:
    house = open_house()
    async with playing(house) as place:
        await place.env.restart_bot(house.client())
        synced = [each for each in place.env.http_requests if each.path.endswith("/commands")]
        assert [each.method for each in synced] == ["PUT"]
        await house.memory.keep_fact(f"commands:{place.client.application_id}", "older")
        await place.env.restart_bot(house.client())
        synced = [each for each in place.env.http_requests if each.path.endswith("/commands")]
        assert [each.method for each in synced] == ["PUT", "PUT"]
