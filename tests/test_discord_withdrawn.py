"""Who deletes a question gets no answer any more, over the wire; what was shown of it goes too."""

from pathlib import Path

import pytest

from bot.discord_bot.memory import Asked
from tests.discord_serving import serving
from tests.test_discord_outages import QUESTION, WAIT, Open, open_one, place
from tests.test_prose import Play, good, play

__all__ = ["open_one", "play"]
SLOWLY = 0.1  # seconds a token


@pytest.mark.parametrize("told", [True, False])
async def test_a_question_deleted_before_its_answer_gets_none(
    open_one: Open, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    house = open_one()
    opened, closed, remember = [], [], house.memory.open
    async with serving(house) as server:
        ada, channel = place(server)
        said = server.say(ada, channel, "No question.")

        async def open_and_delete(asked: Asked) -> None:
            await remember(asked)
            opened.append(asked)
            if told:
                server.delete(said)
            else:
                channel.messages.pop(said.id)

        async def close(asked: Asked, kept: object) -> None:
            closed.append(kept)

        monkeypatch.setattr(house.memory, "open", open_and_delete)
        monkeypatch.setattr(house.memory, "close", close)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: closed, WAIT)
        assert len(opened) == 1
        assert closed == [None]
        assert not channel.said_by(server.world.me)


async def test_what_was_shown_of_an_answer_goes_with_its_question(
    play: Play, seed_index: Path, open_one: Open
) -> None:
    scene = play(lambda messages: good(messages) * 3)
    scene.server.seconds_a_token = SLOWLY
    house = open_one(models=scene.answerer(), index=seed_index)
    async with serving(house) as server:
        ada, channel = place(server)
        said = server.say(ada, channel, QUESTION, mentions_bot=True)
        await server.wait_until(lambda: said.replies, WAIT)
        server.delete(said)
        await server.wait_until(lambda: said.replies[0].deleted, WAIT)
        assert not channel.said_by(server.world.me)
    assert not await house.memory.unfinished()
