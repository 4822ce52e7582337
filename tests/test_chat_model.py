"""The real clients against a server on this machine that fails in every way."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from bot.chat_model import LONGEST_ANSWER, LONGEST_IN_ALL, ChatModel, Meter, spoken
from bot.errors import ChatModelFailed, ChatModelUnusable
from tests.chat_server import CHINESE, REFUSAL, ChatServer, Fault
from tests.chat_wires import Messages

SAID = "Rivers were the first roads. [1]"
REASONS = {
    Fault.SLOW: "silent too long",
    Fault.STALLS: "silent too long",
    Fault.GARBLED: "unreadable",
    Fault.HANGS_UP: "cannot be reached|unreadable",
    Fault.ERROR: "has a fault",
    Fault.UNAUTHORIZED: "did not take the key",
    Fault.NO_MODEL: "unknown to its server",
    Fault.NOT_JSON: "unreadable",
}
TEXTS = {
    Fault.NONE: SAID,
    Fault.BUSY: SAID,  # after two refusals
    Fault.EMPTY: "",
    Fault.REFUSES_WORK: REFUSAL,
    Fault.WRONG_LANGUAGE: CHINESE,
    Fault.CUT_OFF: "Rivers were th",
}
each_provider = pytest.mark.parametrize("provider", ["openai", "ollama"])


def answer(messages: Messages) -> str:
    assert [each["role"] for each in messages] == ["system", "user"]
    return SAID


def connect(provider: str, server: ChatServer, patience: float = 20) -> ChatModel:
    url = {"openai": server.openai_url, "ollama": server.ollama_url}[provider]
    return ChatModel(f"{provider}:m", url, patience)


def ask(model: ChatModel, meter: Meter | None = None) -> str:
    return asyncio.run(model.ask_whole("Be brief.", "What were rivers?", meter or Meter()))


@each_provider
@pytest.mark.parametrize("fault", TEXTS)
def test_what_a_model_says_is_read_and_counted(provider: str, fault: Fault) -> None:
    meter = Meter()
    with ChatServer(answer, fault) as server:
        assert ask(connect(provider, server), meter).startswith(TEXTS[fault])
    assert meter.input > 0
    assert bool(meter.output) == (fault is not Fault.EMPTY)


@each_provider
@pytest.mark.parametrize("fault", REASONS)
def test_a_model_that_fails_is_told_in_words_of_ours(provider: str, fault: Fault) -> None:
    with (
        ChatServer(answer, fault) as server,
        pytest.raises(ChatModelFailed, match=REASONS[fault]) as failure,
    ):
        ask(connect(provider, server, patience=0.5))
    assert "Incorrect API key" not in str(failure.value)


def test_a_busy_server_is_asked_again_when_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("asyncio.sleep", note)
    with ChatServer(answer, Fault.BUSY) as server:
        server.retry_after = "15"
        assert ask(connect("openai", server)) == SAID
    assert [pause // 15 for pause in pauses] == [1, 1]


@pytest.mark.parametrize("seconds", ["21", "86400"])
def test_a_server_that_is_busy_for_long_is_not_waited_for(seconds: str) -> None:
    with ChatServer(answer, Fault.BUSY) as server:
        server.retry_after = seconds
        with pytest.raises(ChatModelFailed, match="is busy"):
            ask(connect("openai", server, patience=20))
    assert len(server.requests) == 1


def test_a_pause_that_is_told_as_a_date_is_chosen_by_ourselves() -> None:
    with ChatServer(answer, Fault.BUSY) as server:
        server.retry_after = "Wed, 21 Oct 2015 07:28:00 GMT"
        assert ask(connect("openai", server)) == SAID


@each_provider
def test_a_server_that_is_down_is_told(provider: str) -> None:
    with ChatServer(answer) as server:
        model = connect(provider, server)
    with pytest.raises(ChatModelFailed, match="cannot be reached"):
        ask(model)


@each_provider
def test_a_model_that_never_ends_is_stopped(provider: str) -> None:
    meter = Meter()
    with ChatServer(answer, Fault.ENDLESS) as server:
        said = ask(connect(provider, server), meter)
        assert server.cancelled.wait(5)
    assert LONGEST_ANSWER <= len(said) < LONGEST_ANSWER + 100
    assert meter.output >= LONGEST_ANSWER // 4


@each_provider
@pytest.mark.parametrize("opening", ["<think>\n", ""])
def test_what_a_model_thinks_aloud_is_not_what_it_says(provider: str, opening: str) -> None:
    thought = "Hmm. " * (LONGEST_ANSWER // 5 if opening else 9)
    with ChatServer(lambda _: f"{opening}{thought}\n</think>\n\n{SAID}") as server:
        assert ask(connect(provider, server)).strip() == SAID


def test_halves_of_a_letter_that_come_apart_are_joined() -> None:
    assert spoken("".join(["A \ud83d", "\ude00 b"])) == "A 😀 b"
    assert spoken("A \ud83d b").encode() == "A \ufffd b".encode()


@each_provider
def test_a_model_that_thinks_without_end_is_stopped(provider: str) -> None:
    meter = Meter()
    with ChatServer(lambda _: f"<think> {'Hmm. ' * LONGEST_IN_ALL}") as server:
        assert ask(connect(provider, server), meter) == ""
    assert LONGEST_IN_ALL <= meter.output * 4 < LONGEST_IN_ALL + 100


@each_provider
def test_cancelling_stops_the_model_and_counts_what_it_wrote(provider: str) -> None:
    meter = Meter()

    async def leave(model: ChatModel) -> None:
        async with aclosing(model.ask("Be brief.", "Go on.", meter)) as pieces:
            async for _ in pieces:
                break

    with ChatServer(answer, Fault.ENDLESS, seconds_a_token=0.01) as server:
        asyncio.run(leave(connect(provider, server)))
        assert server.cancelled.wait(5)
    assert meter.input > 0


@each_provider
def test_a_cancelled_task_stops_the_model(provider: str) -> None:
    async def cancel(model: ChatModel, server: ChatServer) -> None:
        task = asyncio.create_task(model.ask_whole("Be brief.", "Go on.", Meter()))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with ChatServer(answer, Fault.STALLS) as server:
        asyncio.run(cancel(connect(provider, server), server))
        assert server.cancelled.wait(5)


@each_provider
def test_no_cancellation_is_lost_while_words_arrive(provider: str) -> None:
    async def cancel_often(model: ChatModel) -> None:
        for number in range(100):
            task = asyncio.create_task(model.ask_whole("Be brief.", "Go on.", Meter()))
            await asyncio.sleep(0.01 + number / 2000)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(task), 5)

    with ChatServer(answer, Fault.ENDLESS) as server:
        asyncio.run(cancel_often(connect(provider, server)))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cohere:command", "pip install"),
        ("llama3", "provider:model"),
        ("nobody:model", "provider:model"),
        ("openai:gpt-4o", "OPENAI_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_used_is_told_with_what_to_do(
    name: str, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ChatModelUnusable, match=told) as failure:
        ask(ChatModel(name))
    assert "\n" not in str(failure.value)


def test_a_key_is_read_from_the_settings_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.delenv("OPENAI_API_KEY")
    (tmp_path / ".env").write_text("OPENAI_API_KEY=from-the-file\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    ChatModel("openai:gpt-4o").load()
