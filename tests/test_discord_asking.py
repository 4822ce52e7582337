"""Every way of asking in Discord: mention, reply, thread, forum, direct message, command, menu."""

import asyncio
from typing import Any

import discord
import pytest

from bot.conversation import Turn
from bot.discord_bot.memory import Asked, ServerSettings
from tests.conftest import SEED, IndexOf
from tests.discord_fixtures import (
    ANSWER,
    QUESTION,
    UNANSWERED,
    OpenHouse,
    Place,
    labels,
    playing,
    texts,
)

STONES = ("amber", "hazel")
FOLLOW_UP = "And why?"  # means nothing without what came before
TITLE = "Monopoly on Computing Resources"


async def ask(place: Place, text: str = QUESTION) -> discord.Message:
    """The answer to a mention."""
    await place.asker.send(place.channel, f"{place.me} {text}")
    return place.said()[-1]


async def test_a_mention_is_answered_by_a_reply_with_its_source_and_without_a_ping(
    open_house: OpenHouse,
) -> None:
    async with playing(open_house()) as place:
        question = await place.asker.send(place.channel, f"What is energy imperialism, {place.me}?")
        (answer,) = place.said()
        assert ANSWER in answer.content
        assert f"-# \\[1\\] {TITLE}" in answer.content
        assert answer.reference
        assert answer.reference.message_id == question.id
        assert not answer.mentions
        assert labels(answer) == ["Show passages", "Ask again", "👍", "👎"]


@pytest.mark.parametrize("content", [True, False])
async def test_a_mention_of_the_bots_own_role_is_one(open_house: OpenHouse, content: bool) -> None:
    """Discord hands over its text only with the setting; else the hint says how to ask."""
    async with playing(open_house(discord_message_content=content)) as place:
        role = place.guild.create_role("Essay Bot", mentionable=True)
        guild = place.client.get_guild(place.guild.id)
        assert guild
        assert place.client.user
        cached = guild.get_role(role.id)
        assert cached
        cached.tags = discord.RoleTags({"bot_id": str(place.client.user.id)})
        await place.asker.send(place.channel, f"{role.mention} {QUESTION}")
        assert (ANSWER if content else "Ask me something") in place.said()[0].content
        other = place.guild.create_role("readers", mentionable=True)
        await place.asker.send(place.channel, f"{other.mention} {QUESTION}")
        assert len(place.said()) == 1


async def test_a_mention_alone_is_told_how_to_ask_for_a_moment(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        await place.asker.send(place.channel, place.me)
        (hint,) = place.said()
        assert "Ask me something about the essays" in hint.content
        await place.env.advance_time(16)
        assert not place.said()


@pytest.mark.parametrize("content", [QUESTION, "<@1> what is energy imperialism?", "@everyone hi"])
async def test_what_does_not_speak_to_the_bot_is_left_alone(
    open_house: OpenHouse, content: str
) -> None:
    async with playing(open_house(discord_message_content=True)) as place:
        await place.asker.send(place.channel, content)
        assert not place.said()


async def test_bots_webhooks_and_the_bot_itself_are_not_answered(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        other = place.guild.add_member(place.env.create_user("other-bot", bot=True))
        await other.send(place.channel, f"{place.me} {QUESTION}")
        webhook = place.guild.create_webhook(place.channel)
        await webhook.send(f"{place.me} {QUESTION}")
        channel = place.client.get_channel(place.channel.id)
        assert isinstance(channel, discord.TextChannel)
        await channel.send(f"{place.me} {QUESTION}")
        await place.env.settle()
        assert len(place.said()) == 1


@pytest.mark.parametrize("ping", [True, False])
async def test_a_reply_to_an_answer_goes_on_from_it(open_house: OpenHouse, ping: bool) -> None:
    """Without a ping the text of a message comes only with the setting."""
    async with playing(open_house(discord_message_content=not ping)) as place:
        answer = await ask(place)
        await place.reply(place.asker, answer, FOLLOW_UP, ping=ping)
        assert len(place.said()) == 2
        assert ANSWER in place.said()[-1].content


async def test_a_follow_up_alone_means_nothing(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        assert ANSWER not in (await ask(place, FOLLOW_UP)).content


async def test_a_chain_of_replies_is_followed_to_its_begin(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        answer = await ask(place)
        for _ in range(2):
            await place.asker.send(place.channel, f"{place.me} {FOLLOW_UP}", reply_to=answer)
            answer = place.said()[-1]
        assert len(place.said()) == 3
        assert ANSWER in answer.content


async def test_a_reply_to_someone_else_is_not_for_the_bot(open_house: OpenHouse) -> None:
    house = open_house(discord_message_content=True)
    async with playing(house) as place:
        settings = ServerSettings(channels=(place.channel.id,))
        await house.memory.keep_server(place.guild.id, settings)  # where no mention is needed
        other = await place.join("other").send(place.channel, place.asker.mention)
        assert not place.said()
        for ping in (True, False):
            await place.reply(place.asker, other, QUESTION, ping=ping)
        assert not place.said()
        await place.asker.send(place.channel, QUESTION)
        assert place.said()


@pytest.mark.parametrize("by_command", [True, False])
async def test_a_thread_from_an_answer_goes_on_without_a_mention(
    open_house: OpenHouse, by_command: bool
) -> None:
    async with playing(open_house(discord_message_content=True)) as place:
        if by_command:
            await place.asker.slash(place.channel, "ask", question=QUESTION)
        else:
            await ask(place)
        thread = await place.start_thread(place.asker, place.channel, place.said()[-1])
        await place.asker.send(thread, FOLLOW_UP)
        await place.asker.send(thread, FOLLOW_UP)
        first, second = place.said(thread)
        assert ANSWER in first.content
        assert ANSWER in second.content


async def test_without_the_setting_a_thread_needs_a_mention(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        thread = await place.start_thread(place.asker, place.channel, await ask(place))
        await place.asker.send(thread, FOLLOW_UP)
        assert not place.said(thread)
        await place.asker.send(thread, f"{place.me} {FOLLOW_UP}")
        assert ANSWER in place.said(thread)[0].content


async def test_a_thread_of_others_needs_a_mention(open_house: OpenHouse) -> None:
    async with playing(open_house(discord_message_content=True)) as place:
        begun = await place.admin.send(place.channel, "Let us talk")
        thread = await place.start_thread(place.asker, place.channel, begun)
        await place.asker.send(thread, QUESTION)
        assert not place.said(thread)


async def test_a_forum_post_is_answered_in_it_and_goes_on(open_house: OpenHouse) -> None:
    async with playing(open_house(discord_message_content=True)) as place:
        post = await place.start_thread(
            place.asker, place.guild.create_forum_channel("essays-forum")
        )
        await place.asker.send(post, f"{place.me} {QUESTION}")
        assert place.client.user
        place.env.backend.add_thread_member(post.id, place.client.user.id)  # Discord: who posts
        await place.env.settle()
        await place.asker.send(post, FOLLOW_UP)
        first, second = place.said(post)
        assert ANSWER in first.content
        assert ANSWER in second.content


async def test_a_command_in_a_thread_knows_what_was_said_there(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        thread = await place.start_thread(place.asker, place.channel, await ask(place))
        answer = await place.asker.slash(thread, "ask", question=FOLLOW_UP)
        assert ANSWER in texts(answer)[0]


async def test_direct_messages_need_no_mention_and_remember_what_was_said(
    open_house: OpenHouse,
) -> None:
    async with playing(open_house()) as place:
        for text in (QUESTION, FOLLOW_UP):
            await place.asker.send_dm(text)
        first, second = place.said(place.asker.user.dm_channel)
        assert ANSWER in first.content
        assert ANSWER in second.content


async def test_the_command_works_in_direct_messages(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        answer = await place.asker.user.slash("ask", question=QUESTION)
        assert ANSWER in texts(answer)[0]
        again = await place.asker.user.slash("ask", question=FOLLOW_UP)
        assert ANSWER in texts(again)[0]


@pytest.mark.parametrize("options", [{}, {"essay": SEED}, {"private": True}, {"private": False}])
async def test_the_command_answers_below_the_question(
    open_house: OpenHouse, options: dict[str, Any]
) -> None:
    async with playing(open_house()) as place:
        result = await place.asker.slash(place.channel, "ask", question=QUESTION, **options)
        assert result.response
        assert result.response.content.startswith(f"> {QUESTION}\n\n")
        assert ANSWER in result.response.content
        assert result.response.ephemeral is bool(options.get("private"))
        assert ("Share" in labels(result.response)) is bool(options.get("private"))


async def test_essays_are_completed_by_title_and_file(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        for typed in ("", "monopoly", "ENERGY"):
            (choice,) = await place.asker.autocomplete(place.channel, "ask", "essay", typed)
            assert choice["value"] == SEED
            assert choice["name"].startswith(TITLE)
        assert not await place.asker.autocomplete(place.channel, "ask", "essay", "nothing")


async def test_a_message_can_be_asked_by_its_menu(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        message = await place.admin.send(place.channel, QUESTION)
        result = await place.asker.context_menu(place.channel, "Ask the essays", message)
        assert ANSWER in texts(result)[0]
        empty = await place.admin.send(place.channel, attachments=[("a.png", b"x")])
        result = await place.asker.context_menu(place.channel, "Ask the essays", empty)
        assert result.ephemeral
        assert "no text in that message" in texts(result)[0]


async def test_what_the_essays_do_not_say_is_said_with_the_nearest_passage(
    open_house: OpenHouse,
) -> None:
    async with playing(open_house()) as place:
        answer = await ask(place, UNANSWERED)
        assert answer.content.startswith("The essays do not say. The nearest passage is in **")
        assert TITLE in answer.content
        assert labels(answer) == ["Tell the moderators", "Ask again", "👍", "👎"]


@pytest.mark.parametrize(
    ("question", "others"),
    [
        ("What is power?", [{"essay": "one.txt"}, {"essay": "two.txt"}]),
        ("And why?", [{"history": (Turn(f"What is {each}?", "So."),)} for each in STONES]),
    ],
)
async def test_the_same_words_at_once_are_two_questions_of_two_essays_or_after_two_others(
    open_house: OpenHouse, index_of: IndexOf, question: str, others: list[dict[str, Any]]
) -> None:
    async def nothing_before() -> tuple[()]:
        return ()

    index = index_of(**dict(zip(("one", "two"), map("Power is {}.".format, STONES), strict=True)))
    async with playing(open_house(index_dir=index)) as place:
        asked = [Asked(question, "x", place.channel.id, place.guild.id, **each) for each in others]
        await asyncio.gather(*(place.client.desk.ask(each, nothing_before) for each in asked))
        said = "".join(each.content for each in place.said())
    assert all(f"Power is {each}." in said for each in STONES)
