"""The server of chats, by the clients that the bot uses."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.chat_server import BREAK_HALFWAY, CHINESE, NEVER_END, REFUSAL, ChatServer, Fault
from tests.chat_wires import WIRES, Messages

ANSWER = "The cat sleeps.  [1]\nThe incomprehensibilities of dogs do not."
QUESTION = [("system", "Be brief."), ("user", "Who sleeps?")]
TEXTS = {
    Fault.NONE: (ANSWER, "stop"),
    Fault.EMPTY: ("", "stop"),
    Fault.REFUSES_WORK: (REFUSAL, "content_filter"),
    Fault.CUT_OFF: ("The cat sleeps.  [1]\nThe incomp", "length"),
    Fault.WRONG_LANGUAGE: (CHINESE, "stop"),
}
ERRORS = {
    Fault.SLOW: "timed out|^$",
    Fault.STALLS: "timed out|^$",
    Fault.GARBLED: "Unterminated string",
    Fault.HANGS_UP: "Connection error|peer closed connection",
    Fault.ERROR: "500",
    Fault.BUSY: "429",
    Fault.UNAUTHORIZED: "401",
    Fault.NO_MODEL: "404",
    Fault.NOT_JSON: "No generation chunks|Expecting value",
}

Connect = Callable[[ChatServer], BaseChatModel]


def patience(server: ChatServer) -> float:
    """Seconds; few only where the wait is the test, since a machine may be slow."""
    return 0.4 if server.fault in NEVER_END else 10


def openai(server: ChatServer, retries: int = 0) -> BaseChatModel:
    return ChatOpenAI(
        model="m",
        base_url=server.openai_url,
        api_key=SecretStr("unused"),
        max_retries=retries,
        timeout=patience(server),
        stream_usage=True,
        stream_chunk_timeout=None,  # with one, Python 3.11 may lose a cancellation
    )


def ollama(server: ChatServer) -> BaseChatModel:
    return ChatOllama(
        model="m", base_url=server.ollama_url, client_kwargs={"timeout": patience(server)}
    )


def post(server: ChatServer, path: str, timeout: float | None = None) -> httpx.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": "Who?"}], "stream": False}
    return httpx.post(server.ollama_url + path, json=body, timeout=timeout or patience(server))


each_path = pytest.mark.parametrize("path", WIRES)
each_client = pytest.mark.parametrize("connect", [openai, ollama])


def say(messages: Messages) -> str:
    return ANSWER


async def gather(model: BaseChatModel) -> AIMessageChunk:
    parts = [part async for part in model.astream(QUESTION)]
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    return whole


async def leave_after_a_word(model: BaseChatModel) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in model.astream(QUESTION):
            begun.set()

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


@each_client
def test_a_streamed_answer_arrives_with_its_counts(connect: Connect) -> None:
    with ChatServer(lambda messages: f"{ANSWER} {messages}") as server:
        whole = asyncio.run(gather(connect(server)))
    sent = [{"role": role, "content": content} for role, content in QUESTION]
    assert whole.content == f"{ANSWER} {sent}"
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["input_tokens"] == 4
    assert whole.usage_metadata["output_tokens"] == server.tokens_sent > 10
    (request,) = server.requests
    assert (request["path"] in WIRES, request["model"], request["stream"]) == (True, "m", True)
    assert not server.cancelled.is_set()


@each_client
@pytest.mark.parametrize("fault", TEXTS)
def test_what_is_said_and_how_it_ends(connect: Connect, fault: Fault) -> None:
    with ChatServer(say, fault) as server:
        whole = asyncio.run(gather(connect(server)))
    told = whole.response_metadata
    text, finish = TEXTS[fault]
    assert whole.content == text
    if connect is openai:
        assert told["finish_reason"] == finish
    else:
        assert told["done_reason"] == ("stop" if fault is Fault.REFUSES_WORK else finish)


@each_client
@pytest.mark.parametrize("fault", ERRORS)
def test_what_fails(connect: Connect, fault: Fault) -> None:
    with ChatServer(say, fault) as server:
        with pytest.raises(Exception, match=ERRORS[fault]):
            asyncio.run(gather(connect(server)))
        never_ends = fault in NEVER_END
        assert server.cancelled.wait(5 if never_ends else 0) == never_ends
    assert server.tokens_sent == (6 if fault in BREAK_HALFWAY else 0)


@each_client
@pytest.mark.parametrize("fault", [Fault.ENDLESS, Fault.STALLS])
def test_a_client_that_leaves_ends_the_answer(connect: Connect, fault: Fault) -> None:
    with ChatServer(say, fault) as server:
        asyncio.run(leave_after_a_word(connect(server)))
        assert server.cancelled.wait(5)
        sent = server.tokens_sent
        time.sleep(0.05)
        assert (server.tokens_sent, server.cancellations) == (sent, 1)


def test_a_busy_server_answers_the_third_request() -> None:
    with ChatServer(say, Fault.BUSY) as server:
        assert asyncio.run(gather(openai(server, retries=2))).content == ANSWER
    assert len(server.requests) == 3


def test_words_take_their_time() -> None:
    with ChatServer(say, seconds_a_token=0.02) as server:
        began = time.monotonic()
        asyncio.run(gather(ollama(server)))
    assert time.monotonic() - began >= 0.02 * server.tokens_sent


@each_path
@pytest.mark.parametrize("fault", TEXTS)
def test_an_answer_in_one_piece(path: str, fault: Fault) -> None:
    with ChatServer(say, fault) as server:
        whole = post(server, path).json()
    message = whole["message"] if "message" in whole else whole["choices"][0]["message"]
    assert message["content"] == TEXTS[fault][0]


@each_path
@pytest.mark.parametrize("fault", [*NEVER_END, Fault.GARBLED, Fault.HANGS_UP])
def test_what_fails_in_one_piece(path: str, fault: Fault) -> None:
    with ChatServer(say, fault) as server, pytest.raises((httpx.HTTPError, ValueError)):
        post(server, path).json()


def test_closing_does_not_wait_for_answers() -> None:
    with ThreadPoolExecutor() as pool:
        with ChatServer(say, Fault.SLOW) as server:
            waiting = pool.submit(post, server, "/api/chat", timeout=60)
            while not server.requests:
                time.sleep(0.01)
            began = time.monotonic()
        with pytest.raises(httpx.RemoteProtocolError):
            waiting.result()
    assert time.monotonic() - began < 1
