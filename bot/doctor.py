"""Is everything there that the bot needs? Goes through it in order, and asks Discord if it may."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot import checkup
from bot.answering import open_answerer
from bot.checkup import Result, Setup, State
from bot.errors import SettingsInvalid
from bot.settings import Settings, read_settings
from ingest.errors import EssayBotError
from ingest.store import open_store

if TYPE_CHECKING:
    from bot.discord_bot.inspection import Application


@dataclass(frozen=True)
class Finding:
    """How the thing of this name is, and what to do where something is wrong."""

    name: str
    state: State
    told: str


def examine(index: Path | None = None, online: bool = False) -> Iterator[Finding]:
    """Findings, as they are made; what cannot be looked at is a finding, never an error."""
    if not online:
        os.environ["HF_HUB_OFFLINE"] = "1"  # libraries read it when they are first imported
    yield Finding("Python", *checkup.look_at_python())
    try:
        settings = read_settings()
    except SettingsInvalid as error:
        yield Finding("settings", "problem", str(error))
        return
    yield Finding("settings", *checkup.look_at_settings())
    yield from _examine(_set_up(settings, index or settings.index_dir, online))


def _set_up(settings: Settings, index: Path, online: bool) -> Setup:
    store = open_store(index, settings.chroma_url)
    return Setup(settings, index, store, open_answerer(store, settings), online)


def _examine(setup: Setup) -> Iterator[Finding]:
    yield _look("essays", checkup.look_at_essays, setup)
    index = _look("index", checkup.look_at_index, setup)
    yield index
    if index.state == "ok":
        yield _look("index and essays", checkup.compare_with_folder, setup)
    yield _look("embedding model", checkup.load_embeddings, setup)
    yield _look("reranking model", checkup.load_reranker, setup)
    yield _look("chat model", checkup.look_at_chat_model, setup)
    yield _look("data folder", checkup.look_at_data, setup)
    token = _look("Discord token", checkup.look_at_token, setup)
    yield token
    if setup.online and token.state == "ok":
        yield from _ask_discord(setup.settings)


def _look(name: str, check: Callable[[Setup], Result], setup: Setup) -> Finding:
    try:
        return Finding(name, *check(setup))
    except EssayBotError as error:
        return Finding(name, "problem", str(error))


def _ask_discord(settings: Settings) -> Iterator[Finding]:
    from bot.discord_bot.inspection import inspect

    try:
        application = asyncio.run(inspect(settings.discord_token.get_secret_value()))
    except EssayBotError as error:
        yield Finding("Discord", "problem", str(error))
        return
    yield Finding("Discord", "ok", f"It takes the token; the bot is {application.name}.")
    yield Finding("message content", *_message_content(application, settings))
    yield Finding("servers", *_servers(application))
    for server in application.examined:
        if server.missing:
            yield Finding(f"server {server.name}", "warning", _missing(server.missing))


def _message_content(application: "Application", settings: Settings) -> Result:
    if not settings.discord_message_content:
        return Result(
            "ok", "Not asked for: the bot reads what mentions it (DISCORD_MESSAGE_CONTENT)."
        )
    if application.message_content:
        return Result("ok", "The bot may read messages that do not mention it.")
    return Result(
        "problem",
        f"DISCORD_MESSAGE_CONTENT is true, so turn on Message Content Intent at {application.page}",
    )


def _servers(application: "Application") -> Result:
    if not application.servers:
        return Result("warning", f"The bot is in none yet; invite it: {application.invitation}")
    return Result(
        "ok", f"The bot is in {application.servers}; into another: {application.invitation}"
    )


def _missing(permissions: list[str]) -> str:
    return (
        f"The bot's roles lack {', '.join(permissions)}; allow them in the server's settings, "
        "on the page Roles."
    )
