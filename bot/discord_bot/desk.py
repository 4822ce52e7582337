"""Take a question, answer it where it was asked; whatever happens, the person gets a sentence.

The life of a question. This file leads it, replies.py shows it, memory.py keeps it as `Asked`.

is          the person sees             memory has             and then
received    (a command: "thinking")     nothing                `ask`: it is remembered, or told
                                                               that it cannot be
remembered  "typing" or "thinking"      Asked                  `_serve`: drafts, or the answer
drafted     "Draft ..."                 Asked with `replies`,  `_follow`: each draft replaces the
                                        the messages so far    one before, the answer the last
shown       the answer, its buttons     the same               `_close`; till then `find` knows it
answered    the same                    Asked and Kept         buttons, for KEPT_DAYS, or /forget-me

Or it ends, or waits, otherwise:
told        a sentence, no answer       nothing                the end: refused, failed, or given up
                                                               after MOST_ATTEMPTS starts
withdrawn   nothing                     nothing                the end: the question was deleted
marked      "I am being restarted"      Asked                  `stop`; the next start: `resume`
killed      what was there              Asked                  the same
away        what was there              Asked                  `outlast` tries again, Discord being
                                                               out of reach; at last the next start
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial

import discord
from discord.ext import commands

from bot.answers import Answer
from bot.conversation import Turn
from bot.discord_bot.buttons import answer_buttons
from bot.discord_bot.delivery import Pace, Undelivered, outlast
from bot.discord_bot.libraries import Libraries, Library
from bot.discord_bot.markdown import escape
from bot.discord_bot.memory import Asked, Kept, Memory
from bot.discord_bot.phrases import say
from bot.discord_bot.rendering import keep, render_answer, render_draft
from bot.discord_bot.replies import Means, Reply, Typing, Withdrawn, reply_to
from bot.discord_bot.sharing import SharedAnswers
from bot.errors import (
    EssayUnknown,
    LibraryMissing,
    QuestionInvalid,
    SettingsInvalid,
    TooManyQuestions,
)
from bot.writing import Draft
from ingest.errors import IndexMissing

MOST_ATTEMPTS = 3  # at a question that a bot was stopped over, before it is left
UNAUTHORIZED = 401
PATIENCE = 5.0  # seconds for what is under way when the bot is to stop; some kill after 10
History = Callable[[], Awaitable[Sequence[Turn]]]  # reads the turns before a question
Begin = Callable[[Reply], Awaitable[bool]]  # whether a question is to be answered
_log = logging.getLogger(__name__)


class Desk:
    """Every way of asking ends here."""

    def __init__(
        self, client: commands.AutoShardedBot, libraries: Libraries, memory: Memory
    ) -> None:
        self._client = client
        self._libraries = libraries
        self._memory = memory
        self._answers = SharedAnswers()
        self._pace = Pace()
        self._typing = Typing()
        self._serving: set[asyncio.Task[None]] = set()
        self._asking: set[int] = set()  # messages whose questions are being answered
        self._deleted: set[int] = set()  # those of them that are no more
        self._shown: dict[str, tuple[Asked, Kept]] = {}  # until they are remembered
        self._stopping = False

    async def find(self, id: str) -> tuple[Asked, Kept] | None:
        """A question and its answer, be it just shown or long ago; None if they are forgotten."""
        return self._shown.get(id) or await self._memory.find(id)

    async def ask(self, asked: Asked, history: History) -> None:
        """Answer a question that was admitted; it survives a kill and an outage from here on."""
        await self._attend(self._reply(asked), history, self._open)

    async def resume(self, asked: Asked, history: History) -> None:
        """Answer a question that was left over when the bot was stopped."""
        if asked.attempts >= MOST_ATTEMPTS:
            await self._finish(self._reply(asked), say(asked.language, "gave_up"))
        else:
            again = replace(asked, attempts=asked.attempts + 1)
            await self._attend(self._reply(again), history, self._open_again)

    def withdraw(self, message: int) -> None:
        """Give no answer to a message, since it was deleted."""
        if message in self._asking:
            self._deleted.add(message)

    async def drop(self, asked: Asked) -> None:
        """Forget a question that was withdrawn, and take away what was shown of its answer."""
        await self._reply(asked).withdraw()
        await self._close(asked, None)

    async def _attend(self, reply: Reply, history: History, begin: Begin) -> None:
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        self._asking.add(reply.asked.message)
        try:
            if await begin(reply):
                await outlast(partial(self._serve, reply, history))
        except Withdrawn:
            await self.drop(reply.asked)
        except Undelivered:
            _log.error("A question was not answered, since Discord was out of reach.")
        except asyncio.CancelledError:
            await self._mark(reply)
            raise
        finally:
            self._serving.discard(task)
            self._asking.discard(reply.asked.message)
            self._deleted.discard(reply.asked.message)

    async def _open(self, reply: Reply) -> bool:
        """Whether a question is remembered; where it cannot be, the person is told."""
        try:
            await self._memory.open(reply.asked)
        except SettingsInvalid:
            _log.exception("A question was not answered.")
            text = say(reply.asked.language, "failed")
            await outlast(partial(self._finish, reply, text))
            return False
        return True

    async def _open_again(self, reply: Reply) -> bool:
        """Whether a question is remembered still."""
        return await self._memory.keep(reply.asked)

    async def _serve(self, reply: Reply, history: History) -> None:
        """Raises Undelivered while the person does not know how it ended, and Withdrawn."""
        language = reply.asked.language
        self._begin_typing(reply.asked)
        try:
            if self._stopping:
                raise asyncio.CancelledError
            await self._answer(reply, await self._turns(reply, history))
        except (Undelivered, Withdrawn):
            raise
        except Exception as error:
            reason = _reason(error, language)
            if reason is None:
                _log.exception("A question was not answered.")
            await self._finish(reply, reason or say(language, "failed"))
        finally:
            self._end_typing(reply.asked)

    async def _turns(self, reply: Reply, history: History) -> tuple[Turn, ...]:
        """What went before, read once and then remembered with the question."""
        if not reply.asked.history and (turns := tuple(await history())):
            reply.asked = replace(reply.asked, history=turns)
            await self._note(reply.asked)
        return reply.asked.history

    async def _answer(self, reply: Reply, history: Sequence[Turn]) -> None:
        asked = reply.asked
        library = self._libraries.of(asked.guild)
        if library is None:
            raise LibraryMissing("Direct messages have no essays.")
        kept = await self._follow(library, reply, history)
        parts = render_answer(asked, kept, header=not asked.message)
        self._shown[asked.id] = asked, kept  # its buttons may be pressed before Discord has replied
        try:
            await reply.finish(parts, answer_buttons(asked, kept))
            await self._close(reply.asked, kept)
        finally:
            del self._shown[asked.id]

    async def _follow(self, library: Library, reply: Reply, history: Sequence[Turn]) -> Kept:
        """The answer, drafts shown while it grows."""
        asked = reply.asked
        key = (library.name, " ".join(asked.question.split()), asked.essay, tuple(history))
        stream = self._answers.follow(
            key, lambda: library.answerer.astream(asked.question, history, asked.essay)
        )
        async with aclosing(stream) as events:
            async for event in events:
                if asked.message in self._deleted:
                    raise Withdrawn
                if isinstance(event, Draft):
                    await reply.draft(partial(render_draft, event.text, asked.language))
                elif isinstance(event, Answer):
                    return keep(event)
        raise AssertionError("an answer comes last")

    async def _finish(self, reply: Reply, text: str) -> None:
        """Say why there is no answer; raises Undelivered and Withdrawn."""
        try:
            await reply.finish([text], None)
        except (Undelivered, Withdrawn):
            raise
        except Exception as error:
            _log.exception("A reply could not be delivered.")
            if self._client.is_closed() or _is_of_the_token(error):
                return  # the next start answers it
        await self._close(reply.asked, None)

    async def _note(self, asked: Asked) -> None:
        """Remember how far a question is; where that fails, it is answered all the same."""
        try:
            await self._memory.keep(asked)
        except SettingsInvalid:
            _log.exception("A question could not be remembered.")

    async def _close(self, asked: Asked, kept: Kept | None) -> None:
        """Remember how it ended; where that fails, it is answered once more after a restart."""
        try:
            await self._memory.close(asked, kept)
        except SettingsInvalid:
            _log.exception("An answer could not be remembered.")

    async def _mark(self, reply: Reply) -> None:
        """Say that the answer comes after a restart; the question stays in memory."""
        if reply.finished:
            return
        with suppress(Exception):  # who asked gets the answer even so, from the next start
            await reply.finish([say(reply.asked.language, "restarting")], None)

    def _reply(self, asked: Asked) -> Reply:
        return reply_to(asked, Means(self._client, self._pace, self._note))

    def _begin_typing(self, asked: Asked) -> None:
        if asked.message:
            self._typing.begin(self._client.get_partial_messageable(asked.channel), asked.channel)

    def _end_typing(self, asked: Asked) -> None:
        if asked.message:
            self._typing.end(asked.channel)

    async def stop(self) -> None:
        """Finish what is under way, as far as PATIENCE goes; mark the rest."""
        self._stopping = True
        serving = set(self._serving)
        if not serving:
            return
        _, late = await asyncio.wait(serving, timeout=PATIENCE)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=PATIENCE)


def _is_of_the_token(error: Exception) -> bool:
    """Whether it was the bot itself that Discord refused, as it does when its token was reset."""
    return isinstance(error, discord.HTTPException) and error.status == UNAUTHORIZED


def _reason(error: Exception, language: str) -> str | None:
    """What went wrong, if it is for the person who asked; what is for the operator is not."""
    if isinstance(error, TooManyQuestions):
        return say(language, "busy")
    if isinstance(error, IndexMissing):
        return say(language, "no_index")
    if isinstance(error, LibraryMissing):
        return say(language, "no_library")
    if isinstance(error, QuestionInvalid | EssayUnknown):
        return escape(str(error))
    return None
