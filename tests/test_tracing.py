"""What a chat model is asked goes to nobody else, unless tracing is set."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.chat_server import ChatServer

ASK = """
import asyncio, sys
from bot.chat_model import ChatModel, Meter
from langchain_core.tracers.langchain import wait_for_all_tracers
print(asyncio.run(ChatModel("openai:m", sys.argv[1]).ask_whole("Be brief.", "A secret?", Meter())))
wait_for_all_tracers()
"""


class Tracing(ThreadingHTTPServer):
    """Takes whatever is sent to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.taken = b""


class Taking(BaseHTTPRequestHandler):
    server: Tracing

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.server.taken += self.rfile.read(int(self.headers.get("Content-Length") or 0)) + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing on the screen of whoever runs the tests."""


@pytest.fixture
def tracing() -> Iterator[Tracing]:
    with Tracing() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("switched_on", [False, True])
def test_a_trace_is_sent_only_when_it_was_switched_on(tracing: Tracing, switched_on: bool) -> None:
    with ChatServer(lambda _: "Yes.") as chat:
        done = subprocess.run(
            [sys.executable, "-c", ASK, chat.openai_url],
            env={
                **{key: value for key, value in os.environ.items() if "LANG" not in key},
                "OPENAI_API_KEY": "unused",
                "LANGSMITH_ENDPOINT": tracing.url,
                "LANGSMITH_API_KEY": "unused",
                "LANGSMITH_DISABLE_RUN_COMPRESSION": "true",
                **({"LANGSMITH_TRACING": "true"} if switched_on else {}),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert done.stdout == "Yes.\n"
    assert (b"A secret?" in tracing.taken) == switched_on
    assert switched_on or not tracing.taken
