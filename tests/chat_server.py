"""A chat model's server on this machine, to test the real clients against what servers do to them.

It speaks as OpenAI's does below `openai_url` and as Ollama's does at `ollama_url`. What it says is
up to the test; how it fails is a `Fault`.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from math import inf
from select import select
from socket import MSG_PEEK
from typing import Any, Self

from tests.chat_wires import WIRES, Body, Messages, Wire, chunk, pieces

REFUSAL = "I'm sorry, I can't help with that."
CHINESE = "文章认为，资本正在通过垄断电力来控制计算资源。"
LOGIN_PAGE = b"<!DOCTYPE html><html><title>Sign in</title><body>Please sign in.</body></html>"
JSON = "application/json"
BUSY_REQUESTS = 2
GLANCE = 0.01  # seconds between two looks at whether the client is still there


class Fault(Enum):
    """What the server does wrong. Where nothing is streamed, what never ends sends nothing."""

    NONE = auto()
    SLOW = auto()  # takes the request and sends nothing
    STALLS = auto()  # sends half of the answer, then nothing
    EMPTY = auto()  # a well-formed answer without text
    ENDLESS = auto()  # the answer again and again, whatever limit was asked for
    REFUSES_WORK = auto()
    GARBLED = auto()  # half of the answer, then broken JSON
    CUT_OFF = auto()  # ends within a word, and says that the limit was reached
    HANGS_UP = auto()  # half of the answer, then the connection is closed
    ERROR = auto()
    BUSY = auto()  # for the first two requests, then answers
    UNAUTHORIZED = auto()
    NO_MODEL = auto()
    NOT_JSON = auto()  # the page of a proxy that wants a login
    WRONG_LANGUAGE = auto()


NEVER_END = (Fault.SLOW, Fault.STALLS, Fault.ENDLESS)
BREAK_HALFWAY = (Fault.STALLS, Fault.GARBLED, Fault.HANGS_UP)
FINISHES = {Fault.CUT_OFF: "length", Fault.REFUSES_WORK: "content_filter"}
STATUSES = {
    Fault.ERROR: (500, "The server had an error while processing your request."),
    Fault.BUSY: (429, "Rate limit reached."),
    Fault.UNAUTHORIZED: (401, "Incorrect API key provided."),
    Fault.NO_MODEL: (404, "model '{model}' not found"),
}


def words_to_send(text: str, fault: Fault) -> Iterable[str]:
    if fault is Fault.ENDLESS:
        return cycle(pieces(text + " "))
    words = pieces(text)
    return words[: (len(words) + 1) // 2] if fault in BREAK_HALFWAY else words


def spoken(answer: str, fault: Fault) -> str:
    """What is said in place of an answer."""
    if fault is Fault.CUT_OFF:
        return cut_within_a_word(answer)
    instead = {Fault.EMPTY: "", Fault.REFUSES_WORK: REFUSAL, Fault.WRONG_LANGUAGE: CHINESE}
    return instead.get(fault, answer)


def cut_within_a_word(text: str) -> str:
    end = len(text) // 2
    while end > 1 and not text[end - 1 : end + 1].isalpha():
        end -= 1
    return text[:end]


class ServerClosed(Exception):
    """The test is over while a request was being answered."""


class Exchange(BaseHTTPRequestHandler):
    """One request and its answer."""

    server: "ChatServer"
    wire: Wire
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = self.server.note_request({"path": self.path, **body})
        self.wire = WIRES[self.path](body)
        over_busy = self.server.fault is Fault.BUSY and number > BUSY_REQUESTS
        try:
            self._reply(Fault.NONE if over_busy else self.server.fault)
        except ConnectionError:
            self.server.note_cancelled()
        except ServerClosed:
            self.close_connection = True

    def _reply(self, fault: Fault) -> None:
        if fault in STATUSES:
            status, message = STATUSES[fault]
            message = message.format(model=self.wire.request["model"])
            self._send(json.dumps(self.wire.error(message, status)).encode(), status)
        elif fault is Fault.NOT_JSON:
            self._send(LOGIN_PAGE, kind="text/html")
        elif fault is Fault.SLOW or (fault in NEVER_END and not self.wire.streams):
            self._rest(inf)
        else:
            text = spoken(self.server.answer(self.wire.messages), fault)
            (self._stream if self.wire.streams else self._send_whole)(text, fault)

    def _stream(self, text: str, fault: Fault) -> None:
        self._head(200, self.wire.streamed_type, "Transfer-Encoding", "chunked")
        pause = max(self.server.seconds_a_token, 0.001 if fault is Fault.ENDLESS else 0)
        for word in words_to_send(text, fault):
            self._rest(pause)
            self.wfile.write(chunk(self.wire.piece(word)))
            self.server.note_tokens(1)
        if fault is Fault.STALLS:
            self._rest(inf)
        elif fault is Fault.GARBLED:
            self.wfile.write(chunk(self.wire.garbled) + chunk(b""))
        elif fault is not Fault.HANGS_UP:
            end = self.wire.end(FINISHES.get(fault, "stop"), len(pieces(text)))
            self.wfile.write(chunk(end) + chunk(b""))  # at once: some clients leave at the end

    def _send_whole(self, text: str, fault: Fault) -> None:
        tokens = len(pieces(text))
        self._rest(self.server.seconds_a_token * tokens)
        whole = self.wire.whole(text, FINISHES.get(fault, "stop"), tokens)
        body = json.dumps(whole).encode()
        sent = body[: len(body) // 2] if fault in BREAK_HALFWAY else body
        self._send(sent, size=len(body) if fault is Fault.HANGS_UP else 0)
        self.server.note_tokens(tokens)

    def _send(self, body: bytes, status: int = 200, kind: str = JSON, size: int = 0) -> None:
        self._head(status, kind, "Content-Length", str(size or len(body)))
        self.wfile.write(body)

    def _head(self, status: int, kind: str, length: str, value: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header(length, value)
        self.send_header("Connection", "close")
        if status == 429:
            self.send_header("Retry-After", self.server.retry_after)
        self.end_headers()

    def _rest(self, seconds: float) -> None:
        """Waits, unless the client leaves or the server closes."""
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            if self.server.closing.wait(min(max(left, 0), GLANCE)):
                raise ServerClosed
            readable, _, _ = select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, MSG_PEEK):
                raise ConnectionAbortedError("The client left.")
            if left <= GLANCE:
                return

    def log_message(self, *_: Any, **__: Any) -> None:
        """Nothing on the screen of whoever runs the tests."""


class ChatServer(ThreadingHTTPServer):
    """Answers chats while it is open; what it saw stays to be looked at."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        answer: Callable[[Messages], str],
        fault: Fault = Fault.NONE,
        seconds_a_token: float = 0.0,
    ) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.answer, self.fault, self.seconds_a_token = answer, fault, seconds_a_token
        self.ollama_url = f"http://127.0.0.1:{self.server_port}"
        self.openai_url = f"{self.ollama_url}/v1"
        self.retry_after = "0"  # told to a client while the server is busy
        self.requests: list[Body] = []
        self.cancelled = threading.Event()  # a client left before its answer ended
        self.cancellations = 0
        self.tokens_sent = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def note_request(self, request: Body) -> int:
        """How many there were, with this one."""
        with self._lock:
            self.requests.append(request)
            return len(self.requests)

    def note_tokens(self, tokens: int) -> None:
        with self._lock:
            self.tokens_sent += tokens

    def note_cancelled(self) -> None:
        with self._lock:
            self.cancellations += 1
        self.cancelled.set()
