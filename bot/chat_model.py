"""A chat model of any provider; the only file that knows LangChain's `init_chat_model`."""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from dotenv import load_dotenv
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exception,
    wait_exponential_jitter,
)

from bot.errors import ChatModelFailed, ChatModelUnusable
from ingest.errors import first_line

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk
    from langchain_core.messages.ai import UsageMetadata

ATTEMPTS = 3  # to begin an answer
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4.0  # seconds between them, doubled and jittered
PATIENCE_IN_ALL = 3  # times as long as a model may be silent, an answer may take
LONGEST_ANSWER = 4_000  # characters, after which a model that does not stop is stopped
LONGEST_IN_ALL = 24_000  # the same, with what it thinks aloud before
AT_ONCE = 8  # answers; who comes later waits
CHARACTERS_A_TOKEN = 4  # of English, where a server does not count
EXTRAS = {
    "anthropic": "anthropic",
    "google_genai": "google",
    "ollama": "ollama",
    "openai": "openai",
}
KEYS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "openai": "OPENAI_API_KEY",
}
OWN_FAULT = 500  # HTTP states from here on are the server's fault
PASSING = {408, 409, 429}  # others that asking again may change
REASONS = {
    400: "did not take the request",
    401: "did not take the key",
    403: "did not take the key",
    404: "is unknown to its server",
    429: "is busy, or its quota is spent",
}
_Begun = tuple["AIMessageChunk | None", AsyncGenerator["AIMessageChunk"]]
_log = logging.getLogger(__name__)


@dataclass
class Meter:
    """Tokens that models read and wrote for one answer."""

    input: int = 0
    output: int = 0

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.input or self.output)

    def add(self, tokens_in: int, tokens_out: int) -> None:
        """Count these too."""
        self.input += tokens_in
        self.output += tokens_out


class ChatModel:
    """A model by `provider:model`, loaded when first used; for one event loop.

    `base_url` is its server's address where that is not the provider's own; `patience` is how many
    seconds it may be silent.
    """

    def __init__(self, name: str, base_url: str = "", patience: float = 60.0) -> None:
        self.name = name
        self._base_url = base_url
        self._patience = patience
        self._lock = threading.Lock()
        self._loaded: BaseChatModel | None = None
        self._free = asyncio.Semaphore(AT_ONCE)

    def load(self) -> "BaseChatModel":
        """The model's client. Raises ChatModelUnusable where a package, key or name is wrong."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _open(self.name, self._base_url)
            return self._loaded

    async def ask(self, system: str, prompt: str, meter: Meter) -> AsyncGenerator[str]:
        """What the model says to `prompt` under `system`, piece by piece; `meter` counts it.

        What is said comes after what is thought aloud: see `spoken`. Raises ChatModelFailed and
        ChatModelUnusable. Closing it early stops the model.
        """
        messages = [SystemMessage(system), HumanMessage(prompt)]
        counted: UsageMetadata | None = None
        written = ""
        try:
            async with self._free, aclosing(self._chunks(messages)) as chunks:
                async for chunk in chunks:
                    counted = chunk.usage_metadata or counted
                    if text := str(chunk.text):
                        written += text
                        yield text
                    if len(spoken(written)) >= LONGEST_ANSWER or len(written) >= LONGEST_IN_ALL:
                        break
        finally:
            read = (len(system) + len(prompt)) // CHARACTERS_A_TOKEN
            meter.add(
                counted["input_tokens"] if counted else read,
                counted["output_tokens"] if counted else len(written) // CHARACTERS_A_TOKEN,
            )

    async def ask_whole(self, system: str, prompt: str, meter: Meter) -> str:
        """What it says in the end, when nobody watches."""
        async with aclosing(self.ask(system, prompt, meter)) as pieces:
            return spoken("".join([piece async for piece in pieces]))

    async def _chunks(self, messages: Sequence[BaseMessage]) -> "AsyncGenerator[AIMessageChunk]":
        """What the client streams, each of its errors as ours."""
        model = await asyncio.to_thread(self.load)
        end = asyncio.get_running_loop().time() + PATIENCE_IN_ALL * self._patience
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential_jitter(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE)
            + wait_exception(_pause_told),
            retry=retry_if_exception(
                lambda error: _may_pass(error) and _pause_told(error) <= self._patience
            ),
            reraise=True,
        )
        try:
            begun: _Begun = await retrying(self._begin, model, messages)
            chunk, rest = begun
            async with aclosing(rest):
                while chunk is not None:
                    yield chunk
                    left = end - asyncio.get_running_loop().time()
                    # wait_for would swallow a cancellation now and then on Python 3.11
                    async with asyncio.timeout(min(self._patience, left)):
                        chunk = await anext(rest, None)
        except Exception as error:  # each provider has a tree of its own
            _log.warning("chat model %s: %s: %s", self.name, type(error).__name__, error)
            raise ChatModelFailed(f"The chat model {_reason(error)}") from error

    async def _begin(self, model: "BaseChatModel", messages: Sequence[BaseMessage]) -> _Begun:
        """The first chunk, and those that follow."""
        stream = cast("AsyncGenerator[AIMessageChunk]", model.astream(list(messages)))
        try:
            async with asyncio.timeout(self._patience):
                return await anext(stream, None), stream
        except BaseException:
            await stream.aclose()
            raise


def spoken(written: str) -> str:
    """What a model writes, without the reasoning that some servers leave before it.

    Halves of a letter that came apart are joined; one alone becomes a sign that stands for it.
    """
    written = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if written.lstrip().startswith("<think>") and "</think>" not in written:
        return ""
    return written.rpartition("</think>")[2]  # some give no opening mark


def _may_pass(error: BaseException) -> bool:
    """Whether asking again may help: not after a long silence, nor where the request is wrong."""
    state = _http_state(error)
    if state:
        return state in PASSING or state >= OWN_FAULT
    return isinstance(error, Exception) and not isinstance(error, TimeoutError)


def _pause_told(error: BaseException) -> float:
    """Seconds that a busy server asks to wait; 0 where it names none, or a date."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    told = str(headers.get("retry-after", ""))
    return float(told) if told.replace(".", "", 1).isdecimal() else 0.0


def _http_state(error: BaseException) -> int | None:
    state = getattr(error, "status_code", None)
    return state if isinstance(state, int) and state > 0 else None


def _reason(error: Exception) -> str:
    """What a person may be told; the error's own words go to the log, since they may tell more."""
    if isinstance(error, TimeoutError) or "timeout" in type(error).__name__.lower():
        return "was silent too long"
    state = _http_state(error)
    if state:
        return "has a fault" if state >= OWN_FAULT else REASONS.get(state, REASONS[400])
    named = type(error).__name__.lower()
    return "cannot be reached" if "connect" in named else "answered something unreadable"


def _open(name: str, base_url: str) -> "BaseChatModel":
    from langchain.chat_models import init_chat_model

    load_dotenv(".env")  # the providers' keys stand there, and their clients look elsewhere
    provider = name.partition(":")[0]
    options: dict[str, Any] = {"max_retries": 0}  # _chunks sees to that for all alike
    if provider == "openai":  # its timeout of its own may lose a cancellation on Python 3.11
        options |= {"stream_usage": True, "stream_chunk_timeout": None}
    if base_url:
        options["base_url"] = base_url
        if provider == "openai" and "OPENAI_API_KEY" not in os.environ:
            options["api_key"] = "none"  # servers at home ask for no key, but the client does
    try:
        return cast("BaseChatModel", init_chat_model(name, **options))
    except ImportError as error:
        extra = EXTRAS.get(provider)
        package = f"essay-bot[{extra}]" if extra else (error.name or str(error))
        raise ChatModelUnusable(
            f"CHAT_MODEL={name} needs a package that is not installed; run: pip install '{package}'"
        ) from error
    except Exception as error:  # each provider has a tree of its own
        first_sentence = first_line(error).partition(". ")[0]
        raise ChatModelUnusable(
            f"CHAT_MODEL={name} cannot be used ({first_sentence}); write provider:model, "
            f"like ollama:llama3.2, and set {KEYS.get(provider, 'the key its provider wants')}."
        ) from error
