"""Answers that a chat model writes in Discord: drafts by edits, then the checked answer."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from time import monotonic

import pytest

from bot.answering import Answerer, Writer
from bot.chat_model import ChatModel
from bot.discord_bot.delivery import EDIT_EVERY
from bot.spending import Spending
from tests.chat_server import ChatServer, Fault
from tests.discord_fixtures import (
    ANSWER,
    QUESTION,
    OpenHouse,
    Place,
    labels,
    playing,
    texts,
)
from tests.test_prose import SENTENCE, good

DRAFT = "*Draft, not yet checked:*"
SLOW = 0.08  # seconds a token, so that there are several drafts
FOLLOW_UP = "And why?"
Write = Callable[[], AbstractAsyncContextManager[Place]]


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with ChatServer(good) as server:
        yield server


@pytest.fixture
def writing(chat: ChatServer, open_house: OpenHouse, answerer: Answerer, tmp_path: Path) -> Write:
    """Opens a Discord with a bot that has a chat model."""

    def open_one() -> AbstractAsyncContextManager[Place]:
        model = ChatModel("openai:m", chat.openai_url, patience=2)
        writer = Writer(model, Spending(tmp_path / "spending.sqlite"))
        return playing(open_house(Answerer(answerer.index, answerer.embeddings, writer=writer)))

    return open_one


def written(place: Place) -> list[str]:
    """What the bot wrote and rewrote, in order."""
    bodies = [each.json for each in place.env.http_requests if each.method in ("POST", "PATCH")]
    return [body["content"] for body in bodies if body and "content" in body]


def check_drafts(place: Place, began: float) -> None:
    *drafts, answer = written(place)
    assert 1 < len(drafts) <= (monotonic() - began) / EDIT_EVERY, "none too soon after another"
    assert all(each.startswith(DRAFT) for each in drafts)
    assert DRAFT not in answer
    assert SENTENCE in answer


async def test_drafts_grow_in_the_reply_till_the_answer_replaces_them(
    chat: ChatServer, writing: Write
) -> None:
    chat.seconds_a_token = SLOW
    async with writing() as place:
        began = monotonic()
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        check_drafts(place, began)
        (answer,) = place.said()
        assert SENTENCE in answer.content
        assert "Show passages" in labels(answer)


async def test_drafts_grow_in_the_private_reply_to_a_command_too(
    chat: ChatServer, writing: Write
) -> None:
    chat.seconds_a_token = SLOW
    async with writing() as place:
        began = monotonic()
        result = await place.asker.slash(place.channel, "ask", question=QUESTION, private=True)
        check_drafts(place, began)
        assert len(texts(result)) == 1
        assert result.response
        assert result.response.ephemeral


async def test_a_draft_that_fails_or_was_deleted_does_not_cost_the_answer(
    chat: ChatServer, writing: Write
) -> None:
    chat.seconds_a_token = SLOW
    async with writing() as place:
        place.env.inject_error("PATCH", "/channels/*/messages/*", status=500)
        place.env.inject_error("PATCH", "/channels/*/messages/*", status=404, code=10008)
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        assert SENTENCE in place.said()[-1].content
        sent = [each.json for each in place.env.http_requests if each.method == "POST"]
        nonces = [body["nonce"] for body in sent if body and "nonce" in body]
        assert len(nonces) == len(set(nonces)) == 2  # with the old one Discord would send nothing


@pytest.mark.parametrize("fault", [Fault.HANGS_UP, Fault.UNAUTHORIZED])
async def test_where_the_chat_model_fails_the_essays_are_quoted_and_a_note_says_so(
    chat: ChatServer, writing: Write, fault: Fault
) -> None:
    chat.fault = fault
    async with writing() as place:
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        *_, note = place.said()[0].content.splitlines()
        assert ANSWER in place.said()[0].content
        assert note.startswith("-# ")
        assert note.endswith("; these are the essays' own sentences.")
        assert "127.0.0.1" not in note
        assert "/" not in note


async def test_a_follow_up_is_told_to_the_chat_model_with_what_was_said(
    chat: ChatServer, writing: Write
) -> None:
    chat.answer = lambda messages: good(messages) if "<passage" in str(messages) else QUESTION
    async with writing() as place:
        await place.asker.send(place.channel, f"{place.me} {QUESTION}")
        first = len(chat.requests)
        await place.asker.send(place.channel, f"{place.me} {FOLLOW_UP}", reply_to=place.said()[0])
        told = str(chat.requests[first:])
        before, *_ = told.partition("<passage")
        assert QUESTION in told
        assert SENTENCE in told
        assert "Monopoly on Computing" not in before  # nor the small print
