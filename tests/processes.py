"""What the tests start as processes of their own: a writer to be killed, a reader that never rests.

    python -m tests.processes write ESSAYS INDEX [URL]
    python -m tests.processes read INDEX [URL]

The writer says "go" when it begins. The reader asks without pause in one thread, and answers each
line of its standard input with the essays it cites; when the input ends, it says how often it
asked, and what went wrong.
"""

import json
import os
import sys
import threading
from pathlib import Path

from bot.answering import Answerer
from ingest.embedding import SentenceEmbeddings
from ingest.reading import PublishedIndex
from ingest.store import open_store
from ingest.sync import sync
from tests.letters import LetterEmbeddings


def write(essays: str, index: str, url: str = "") -> None:
    embeddings = SentenceEmbeddings() if os.environ.get("REAL_MODEL") else LetterEmbeddings()
    embeddings.load()
    store = open_store(Path(index), url)
    print("go", flush=True)
    print(sync(Path(essays), store, embeddings, allow_removals=True))


def read(index: str, url: str = "") -> None:
    embeddings = LetterEmbeddings()
    answerer = Answerer(
        PublishedIndex(open_store(Path(index), url), embeddings.identity), embeddings
    )
    done = threading.Event()
    asked, errors = 0, []

    def ask_without_pause() -> None:
        nonlocal asked
        while not done.is_set():
            try:
                answer = answerer.answer("What is essay number zero about?")
                if answer.nearest is None and not answer.citations:
                    errors.append("an empty answer")
            except Exception as error:
                errors.append(repr(error))
            asked += 1

    thread = threading.Thread(target=ask_without_pause, daemon=True)
    thread.start()
    for line in sys.stdin:
        hits = answerer.search(line.strip(), 3)
        print(json.dumps([hit.passage.essay for hit in hits]), flush=True)
    done.set()
    thread.join()
    answerer.index.close()
    print(json.dumps({"asked": asked, "errors": errors}), flush=True)


if __name__ == "__main__":
    (write if sys.argv[1] == "write" else read)(*sys.argv[2:])
