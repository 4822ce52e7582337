"""The things a bot needs, looked at one by one; each tells what was found and what to do."""

import asyncio
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal, NamedTuple

from bot.answering import Answerer
from bot.chat_model import Meter
from bot.discord_bot.token import bot_id
from bot.errors import ChatModelFailed
from bot.settings import Settings
from ingest.errors import EssayUnreadable, ModelUnavailable
from ingest.essays import find_essays, read_essay
from ingest.readers import SUFFIXES
from ingest.store import Store
from ingest.sync import SyncReport, sync
from prompts import read_prompt

State = Literal["ok", "warning", "problem"]
NEWEST_PYTHON = (3, 13)
NAMED = 3  # of many files; the others are counted


class Result(NamedTuple):
    """How a thing is, and a sentence that says so, and what to do where something is wrong."""

    state: State
    told: str


@dataclass(frozen=True)
class Setup:
    """What is checked: the settings and what they lead to; `online` allows to ask servers."""

    settings: Settings
    index: Path
    store: Store
    answerer: Answerer
    online: bool


def look_at_python() -> Result:
    """Whether the bot was tested with it."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] > NEWEST_PYTHON:
        newest = ".".join(map(str, NEWEST_PYTHON))
        return Result("warning", f"{version} is newer than the bot was tested with; take {newest}.")
    return Result("ok", f"{version}.")


def look_at_settings() -> Result:
    """Where they come from; that they can be read is known."""
    places = "the environment and .env" if Path(".env").is_file() else "the environment"
    return Result("ok", f"Read from {places}; .env.example explains each.")


def look_at_essays(setup: Setup) -> Result:
    """Whether there are any that can be read. Raises EssaysMissing."""
    folder = setup.settings.essays_dir
    found = find_essays(folder)
    if not found.paths and not found.failed:
        suffixes = ", ".join(sorted(SUFFIXES))
        return Result("problem", f"There are no essays in {folder}; put {suffixes} files there.")
    failed = dict(found.failed)
    for path in found.paths.values():  # up to the first one that can be read
        try:
            read_essay(folder, Path(path))
        except EssayUnreadable as error:
            failed[Path(path).name] = str(error)
        else:
            break
    else:
        return Result("problem", f"Nothing in {folder} can be read: {_some(failed)}.")
    if failed:
        told = f"Mend or remove what cannot be read in {folder}: {_some(failed)}."
        return Result("warning", told)
    return Result("ok", f"{len(found.paths)} in {folder}.")


def look_at_index(setup: Setup) -> Result:
    """Whether it is there, whole, and made with the model in use. Raises what opening it raises."""
    name = setup.store.published()
    manifest = setup.store.manifest(name)
    manifest.check(setup.answerer.embeddings.identity, str(setup.store))
    with closing(setup.store.open(name)):  # which compares sizes and counts
        return Result(
            "ok",
            f"Generation {name}, {len(manifest.essays)} essays and {manifest.passages} passages "
            f"made with {manifest.model}, lacks nothing; `essay-bot index verify` reads it all.",
        )


def compare_with_folder(setup: Setup) -> Result:
    """Whether the index holds what the folder does. Raises EssaysMissing."""
    folder = setup.settings.essays_dir
    report = sync(folder, setup.store, setup.answerer.embeddings, dry_run=True)
    told = [_changes(report, setup)] if report.changes else []
    if report.failed:
        told.append(f"Mend or remove what cannot be read: {_some(report.failed)}.")
    if told:
        return Result("warning", " ".join(told))
    return Result("ok", f"It holds just the essays in {folder}.")


def _changes(report: SyncReport, setup: Setup) -> str:
    chosen = setup.index != setup.settings.index_dir
    command = f"essay-bot ingest --index {setup.index}" if chosen else "essay-bot ingest"
    return (
        f"Of the essays {len(report.added)} are new, {len(report.updated)} changed and "
        f"{len(report.removed)} gone since the last ingest; run: {command}"
    )


def _some(reasons: dict[str, str]) -> str:
    told = "; ".join(f"{place} ({reason})" for place, reason in list(reasons.items())[:NAMED])
    return f"{told}; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else told


def load_embeddings(setup: Setup) -> Result:
    """Whether the embedding model works. Raises WeightsDamaged and ModelUnavailable."""
    embeddings = setup.answerer.embeddings
    try:
        vector = embeddings.embed_query("essay")
    except ModelUnavailable as error:
        return _absent(error, setup)
    return Result("ok", f"{embeddings.name} turns a text into {len(vector)} numbers.")


def load_reranker(setup: Setup) -> Result:
    """Whether the reranking model works, if one is set."""
    reranker = setup.answerer.reranker
    if reranker is None:
        return Result("ok", "None is set, and none is needed.")
    try:
        reranker.load()
    except ModelUnavailable as error:
        return _absent(error, setup)
    return Result("ok", f"{reranker.name} can be loaded.")


def _absent(error: ModelUnavailable, setup: Setup) -> Result:
    download = (
        "" if setup.online else " A model on the hub is downloaded by: essay-bot doctor --online"
    )
    return Result("problem", f"{error}{download}")


def look_at_chat_model(setup: Setup) -> Result:
    """Whether it is set up; online, whether it answers. Raises ChatModelUnusable."""
    writer = setup.answerer.writer
    if writer is None:
        return Result("ok", "None is set (CHAT_MODEL): answers are the essays' own sentences.")
    writer.model.load()
    if not setup.online:
        told = f"{writer.model.name} is set up; to have it answer once: essay-bot doctor --online"
        return Result("ok", told)
    if not writer.spending.allows():
        return Result(
            "warning", "It has had its tokens for today (CHAT_TOKENS_A_DAY), so answers are quoted."
        )
    meter = Meter()
    words = read_prompt("roll_call")
    try:
        said = asyncio.run(writer.model.ask_whole(words, words, meter))
    except ChatModelFailed as error:
        told = f"{error}; see CHAT_MODEL, CHAT_BASE_URL and its key. Until then answers are quoted."
        return Result("problem", told)
    writer.spending.add(meter)
    if not said.strip():
        return Result("warning", f"{writer.model.name} answers, but says nothing; try another.")
    return Result("ok", f"{writer.model.name} answers.")


def look_at_data(setup: Setup) -> Result:
    """Whether its folder can be written, or made."""
    folder = setup.settings.data_dir
    try:
        place = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        with TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Result(
            "problem",
            f"{folder} cannot be written ({error.strerror}); change its permissions, or set "
            "DATA_DIR to a folder that can be.",
        )
    return Result("ok", f"{folder} can be {'written' if place == folder else 'made'}.")


def look_at_token(setup: Setup) -> Result:
    """Whether there is one that may be a token. Raises TokenInvalid."""
    token = setup.settings.discord_token.get_secret_value()
    if not token:
        return Result("warning", "DISCORD_TOKEN is not set; only essay-bot discord needs it.")
    return Result("ok", f"DISCORD_TOKEN is that of the bot {bot_id(token)}.")
