"""`essay-bot discord` as a process: how it starts, stops, and is killed in mid-answer."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot.discord_bot.running import end
from tests.discord_records import Channel, Interaction, Message, User
from tests.discord_server import DiscordServer
from tests.discord_world import TOKEN
from tests.test_prose import QUESTION, SENTENCE, Play, Scene, good, play

__all__ = ["play"]
START = 60.0  # seconds until a process has loaded its model and is connected
WAIT = 30.0
SLOWLY = 0.03  # seconds a token, so that an answer takes some
NEVER = 30.0


@pytest.fixture
def environment(seed_index: Path, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DISCORD_TOKEN": TOKEN,
        "INDEX_DIR": str(seed_index),
        "DATA_DIR": str(tmp_path / "bot"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONWARNINGS": "ignore",
    }


@pytest.fixture
def scene(play: Play, environment: dict[str, str]) -> Scene:
    """A chat model that takes its time, known to the process."""
    scene = play(lambda messages: good(messages) * 3)
    scene.server.seconds_a_token = SLOWLY
    environment |= {
        "CHAT_MODEL": "openai:m",
        "CHAT_BASE_URL": scene.server.openai_url,
        "OPENAI_API_KEY": "unused",
    }
    return scene


def start(server: DiscordServer, environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.discord_child", str(server.port), "discord"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


@asynccontextmanager
async def bot(
    server: DiscordServer, environment: dict[str, str]
) -> AsyncIterator["subprocess.Popen[str]"]:
    """The process, connected; killed at the end unless it ended itself."""
    child = start(server, environment)
    try:
        await server.wait_until(lambda: server.connected, START)
        yield child
    finally:
        child.kill()
        child.communicate()


def ask_both_ways(server: DiscordServer) -> tuple[Message, Interaction]:
    ada, channel = place(server)
    said = server.say(ada, channel, QUESTION, mentions_bot=True)
    return said, server.slash(ada, channel, "ask", {"question": f"{QUESTION} Please."})


def place(server: DiscordServer) -> tuple[User, Channel]:
    return server.world.user("ada"), server.world.channel("questions")


def texts(server: DiscordServer) -> list[str]:
    _, channel = place(server)
    return [each.content for each in channel.said_by(server.world.me)]


async def test_a_bot_killed_in_mid_answer_answers_when_it_is_started_again(
    scene: Scene, environment: dict[str, str]
) -> None:
    async with DiscordServer() as server:
        async with bot(server, environment) as child:
            said, asked = ask_both_ways(server)
            await server.wait_until(lambda: said.replies and asked.response, WAIT)
            await server.wait_until(lambda: "Draft" in texts(server)[0], WAIT)
            child.kill()
        await server.wait_until(lambda: not server.connected)
        scene.server.seconds_a_token = 0
        async with bot(server, environment):
            await server.wait_until(
                lambda: all(SENTENCE in each and "Draft" not in each for each in texts(server)),
                WAIT,
            )
    assert len(texts(server)) == 2
    assert not asked.waits


async def test_a_bot_that_is_asked_to_stop_finishes_its_answers_first(
    scene: Scene, environment: dict[str, str]
) -> None:
    async with DiscordServer() as server, bot(server, environment) as child:
        said, asked = ask_both_ways(server)
        await server.wait_until(lambda: said.replies and asked.response, WAIT)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=WAIT)
        assert child.returncode == 0
        assert all(SENTENCE in each and "Draft" not in each for each in texts(server))
        assert not asked.waits


async def test_what_takes_too_long_at_the_end_is_marked_and_answered_after_the_restart(
    scene: Scene, environment: dict[str, str]
) -> None:
    scene.server.seconds_a_token = NEVER
    async with DiscordServer() as server:
        async with bot(server, environment) as child:
            _, asked = ask_both_ways(server)
            await server.wait_until(lambda: asked.deferred, WAIT)
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=WAIT)
        assert all("restarted" in each for each in texts(server))
        assert len(texts(server)) == 2
        scene.server.seconds_a_token = 0
        async with bot(server, environment):
            await server.wait_until(lambda: all(SENTENCE in each for each in texts(server)), WAIT)
    assert len(texts(server)) == 2


async def test_a_wrong_token_is_said_in_a_sentence(environment: dict[str, str]) -> None:
    async with DiscordServer() as server:
        child = start(server, environment | {"DISCORD_TOKEN": TOKEN[:-1]})
        _, errors = child.communicate(timeout=START)
    assert child.returncode == 1
    assert "Discord does not take DISCORD_TOKEN" in errors.splitlines()[-1]
    assert "Traceback" not in errors


async def test_what_is_no_token_is_said_without_asking_discord(environment: dict[str, str]) -> None:
    async with DiscordServer() as server:
        child = start(server, environment | {"DISCORD_TOKEN": "wrong"})
        _, errors = child.communicate(timeout=START)
        assert not server.requests
    assert child.returncode == 1
    assert errors.startswith("essay-bot: DISCORD_TOKEN has not the form of a bot's token")


async def test_a_missing_token_is_said_in_a_sentence(environment: dict[str, str]) -> None:
    async with DiscordServer() as server:
        child = start(server, environment | {"DISCORD_TOKEN": ""})
        _, errors = child.communicate(timeout=START)
    assert child.returncode == 1
    assert errors.startswith("essay-bot: DISCORD_TOKEN is empty")


async def test_a_second_bot_on_the_same_data_is_refused_in_a_sentence(
    environment: dict[str, str],
) -> None:
    async with DiscordServer() as server, bot(server, environment):
        second = start(server, environment)
        try:
            _, errors = second.communicate(timeout=START)
        finally:
            second.kill()
        assert second.returncode == 1
        assert errors.startswith("essay-bot: Another bot is running with DATA_DIR=")
        assert server.connected


async def test_a_data_folder_that_cannot_be_is_said_in_a_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    async with DiscordServer() as server:
        child = start(server, environment | {"DATA_DIR": str(tmp_path / "file" / "data")})
        _, errors = child.communicate(timeout=START)
    assert child.returncode == 1
    assert errors.startswith("essay-bot: What the bot must remember cannot be kept in ")


async def test_a_missing_intent_is_said_in_a_sentence(environment: dict[str, str]) -> None:
    async with DiscordServer() as server:
        child = start(server, environment | {"DISCORD_MESSAGE_CONTENT": "true"})
        _, errors = child.communicate(timeout=START)
    assert child.returncode == 1
    assert "Message Content Intent" in errors.splitlines()[-1]


async def test_a_gateway_that_is_down_at_the_start_is_tried_again(
    environment: dict[str, str],
) -> None:
    async with DiscordServer() as server:
        server.fail(503, "GET", "/gateway/bot", times=6)
        server.close_gateway()
        child = start(server, environment)
        try:
            await server.wait_until(
                lambda: len([each for each in server.requests if "gateway" in each.path]) > 1, START
            )
            server.mend()
            server.open_gateway()
            await server.wait_until(lambda: server.connected, START)
        finally:
            child.kill()
            child.communicate()


@pytest.mark.parametrize("error", [None, RuntimeError("Session is closed")])
async def test_a_connection_that_misses_its_cancelling_is_cancelled_again(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        try:
            await asyncio.sleep(60)
        finally:
            if error:
                raise error

    monkeypatch.setattr("bot.discord_bot.running.CANCELLED_EVERY", 0.01)
    task = asyncio.create_task(connect())
    await asyncio.sleep(0)
    async with asyncio.timeout(WAIT):
        await end(task)
    assert task.done()


async def test_a_bot_that_waits_for_the_gateway_stops_when_it_is_asked_to(
    environment: dict[str, str],
) -> None:
    async with DiscordServer() as server:
        server.close_gateway()
        child = start(server, environment)
        try:
            await server.wait_until(
                lambda: any(each.path.endswith("/gateway/bot") for each in server.requests), START
            )
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=WAIT)
            assert child.returncode == 0
        finally:
            child.kill()
            child.communicate()
