"""Earlier turns of a conversation, read from Discord itself, so that a restart forgets nothing."""

import re
from collections.abc import Sequence
from contextlib import suppress

import discord

from bot.conversation import TURNS, Turn
from bot.discord_bot.delivery import FAULTS
from bot.discord_bot.markdown import unescape
from bot.discord_bot.rendering import QUESTION, SMALL

MOST_PARTS = 12  # messages of answers that are followed back
LOOKED_AT = 30  # messages of a thread or of direct messages
Conversation = discord.Thread | discord.DMChannel


async def turns_before(message: discord.Message | None, me: discord.abc.User) -> list[Turn]:
    """What was asked and answered before a message: along its replies, else in its thread.

    What may not be read is passed over; before no message there is nothing.
    """
    if message is None:
        return []
    if message.reference:
        return await _replied(message, me)
    return await turns_in(message.channel, me, message)


async def turns_in(
    channel: object, me: discord.abc.User, before: discord.abc.Snowflake | None = None
) -> list[Turn]:
    """The latest turns of a thread or of direct messages; none anywhere else."""
    if not isinstance(channel, Conversation):
        return []
    messages: list[discord.Message] = []
    with suppress(*FAULTS):
        messages = [each async for each in channel.history(limit=LOOKED_AT, before=before)]
    messages.reverse()
    known = {each.id: each for each in messages}
    answers = [(each, _asked(each, known, me)) for each in messages if each.author.id == me.id]
    starter = None
    with suppress(*FAULTS):
        starter = await starter_of(channel) if isinstance(channel, discord.Thread) else None
    if starter and starter.author.id == me.id:
        answers.insert(0, (starter, await _parent(starter)))  # its question stands above the thread
    return _turns(answers)


async def starter_of(thread: discord.Thread) -> discord.Message | None:
    """The message a thread was started from, which stands in the channel above it.

    Raises what discord.py raises where that cannot be told now.
    """
    if thread.starter_message:
        return thread.starter_message
    if not isinstance(thread.parent, discord.TextChannel):
        return None
    with suppress(discord.NotFound, discord.Forbidden):
        return await thread.parent.fetch_message(thread.id)
    return None


async def _replied(message: discord.Message, me: discord.abc.User) -> list[Turn]:
    """The turns along a chain of replies, back from a message.

    A further part of a long answer replies to the part before it.
    """
    answers: list[tuple[discord.Message, discord.Message | None]] = []
    answer = await _parent(message)
    while answer and answer.author.id == me.id and len(answers) < MOST_PARTS:
        asked = await _parent(answer)
        if asked and asked.author.id == me.id:
            answers.append((answer, None))
            answer = asked
        else:
            answers.append((answer, asked))
            answer = await _parent(asked) if asked else None
    return _turns(answers[::-1])


async def _parent(message: discord.Message) -> discord.Message | None:
    """The message that one replies to, if it may be read."""
    reference, command = message.reference, message.interaction_metadata
    known = reference and (reference.cached_message or reference.resolved)
    if isinstance(known, discord.Message):
        return known
    id = reference.message_id if reference else None
    id = id or (command.original_response_message_id if command else None)
    with suppress(*FAULTS):
        return await message.channel.fetch_message(id) if id else None
    return None


def _asked(
    answer: discord.Message, known: dict[int, discord.Message], me: discord.abc.User
) -> discord.Message | None:
    reference = answer.reference
    asked = known.get(reference.message_id or 0) if reference else None
    return asked if asked and asked.author.id != me.id else None


def _turns(answers: Sequence[tuple[discord.Message, discord.Message | None]]) -> list[Turn]:
    """Turns of answers and the messages they reply to; parts of one answer make one turn."""
    turns: list[Turn] = []
    for answer, asked in answers:
        question, text = read_answer(answer.content)
        question = question or (question_in(asked) if asked else "")
        if turns and question in ("", turns[-1].question):
            turns[-1] = Turn(turns[-1].question, f"{turns[-1].answer} {text}".strip())
        elif question and text:
            turns.append(Turn(question, text))
    return turns[-TURNS:]


def question_in(message: discord.Message) -> str:
    """What a message asks: its text without the mention of whom it asks."""
    text = message.content
    for each in (*message.mentions, *message.role_mentions):
        text = re.sub(f"<@[!&]?{each.id}>", " ", text)
    return " ".join(text.split())


def read_answer(content: str) -> tuple[str, str]:
    """The question that stands above an answer, or "", and the answer without its sources."""
    lines = content.splitlines()
    question = [line.removeprefix(QUESTION) for line in lines if line.startswith(QUESTION)]
    text = [line for line in lines if line.strip() and not line.startswith((QUESTION, SMALL))]
    return unescape(" ".join(question)).strip(), unescape(" ".join(text)).strip()
