"""How soon a draft is shown, and whether memory grows; a program, not a test.

    python -m tests.drafting [--answers N]

The chat model is a server in a process of its own that says the same each time, 5 ms a token. The
delay is from the first token the client hands over to the first draft; memory is the resident set.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

from bot.answering import Answerer, Writer
from bot.chat_model import ChatModel, Meter
from bot.spending import Spending
from bot.writing import Draft
from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.reading import PublishedIndex
from ingest.sync import sync
from tests.chat_server import ChatServer
from tests.test_prose import QUESTION, good

WARM_UP = 50  # answers
SECONDS_A_TOKEN = 0.005


class Timed(ChatModel):
    """A chat model that tells when its first token came."""

    first = 0.0

    async def ask(self, system: str, prompt: str, meter: Meter) -> AsyncGenerator[str]:
        """As every chat model."""
        self.first = 0.0
        async for piece in super().ask(system, prompt, meter):
            self.first = self.first or time.perf_counter()
            yield piece


async def measure(answerer: Answerer, model: Timed, answers: int) -> None:
    """Print the delays, and the memory after a warm-up and at the end."""
    delays = []
    for number in range(WARM_UP + answers):
        drafts = 0
        async for event in answerer.astream(QUESTION):
            if isinstance(event, Draft) and not drafts:
                drafts = 1
                delays.append(time.perf_counter() - model.first)
        if number == WARM_UP - 1:
            before = resident()
            print(f"after {WARM_UP} answers   {before:6.0f} MB", flush=True)
    print(f"after {WARM_UP + answers} answers {resident():6.0f} MB")
    middle, late = statistics.median(delays), statistics.quantiles(delays, n=100)[-1]
    print(f"first token to first draft: median {middle * 1000:.1f} ms, 99 % {late * 1000:.1f} ms")


def resident() -> float:
    """Megabytes this process holds (Linux)."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    """Measure with the user's essay."""
    parser = argparse.ArgumentParser(prog="python -m tests.drafting", description=__doc__)
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        with ChatServer(good, seconds_a_token=SECONDS_A_TOKEN) as server:
            print(server.openai_url, flush=True)
            sys.stdin.read()
        return
    command = [sys.executable, "-m", "tests.drafting", "--serve"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        assert server.stdout
        store, embeddings = FolderStore(Path(folder) / "index"), SentenceEmbeddings()
        sync(Path("essays"), store, embeddings)
        model = Timed("openai:m", server.stdout.readline().strip())
        writer = Writer(model, Spending(Path(folder) / "spending.sqlite"))
        index = PublishedIndex(store, embeddings.identity)
        with closing(Answerer(index, embeddings, writer=writer)) as answerer:
            asyncio.run(measure(answerer, model, options.answers))


if __name__ == "__main__":
    main()
