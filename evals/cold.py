"""One answer from a cold start, its parts one after another; `evals.start` runs it.

    python -m evals.cold STARTED QUESTION

STARTED is when the process was started, in seconds since 1970. `essay-bot ask` does the same, but
opens the index and loads the model side by side.
"""

import json
import resource
import sys
import time


def main() -> None:
    """Print, for each part, its seconds, its processor-seconds and the memory by then in MB."""
    started, question = sys.argv[1:]
    parts: dict[str, list[float]] = {}
    wall, processor = float(started), 0.0

    def lap(part: str) -> None:
        nonlocal wall, processor
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        parts[part] = [time.time() - wall, time.process_time() - processor, memory]
        wall, processor = time.time(), time.process_time()

    from bot import cli, jsonl, terminal  # noqa: F401
    from bot.answering import open_answerer
    from bot.settings import read_settings
    from ingest.store import open_store

    lap("imports")
    settings = read_settings()
    answerer = open_answerer(open_store(settings.index_dir, settings.chroma_url), settings)
    with answerer.index.reading():
        lap("opening the index, Chroma's import included")
        answerer.embeddings.load()
        lap("loading the model")
        answerer.answer(question)
        lap("answering")
    print(json.dumps(parts))


if __name__ == "__main__":
    main()
