"""Pictures of the bot's real messages, for the README; Debian's chromium draws them.

pip install 'simcord[screenshot]==3.2.1'
python -m tests.pictures FOLDER
"""

import argparse
import asyncio
import functools
import importlib
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.answering import Answerer
from bot.settings import Settings
from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.reading import PublishedIndex
from ingest.sync import sync
from tests.conftest import ESSAYS
from tests.discord_fixtures import QUESTION, UNANSWERED, House, Place, button_id, playing

WIDTH = 860
FOLLOW_UP = "And who wants to stop its data centers?"


async def ask(place: Place) -> None:
    await place.asker.send(place.channel, f"{place.me} {QUESTION}")
    await place.asker.send(place.channel, FOLLOW_UP, reply_to=place.said()[-1])


async def refuse(place: Place) -> None:
    await place.asker.send(place.channel, f"{place.me} {UNANSWERED}")


async def show_passages(place: Place) -> None:
    answer = await place.asker.slash(place.channel, "ask", question=QUESTION)
    assert answer.response
    await place.asker.click(answer.response, custom_id=button_id(answer.response, "passages"))


SCENES: dict[str, tuple[Callable[[Place], Awaitable[None]], int]] = {
    "answer": (ask, 790),
    "refusal": (refuse, 330),
    "passages": (show_passages, 700),
}


def use_installed_chromium() -> None:
    """Playwright would download one of its own."""
    browser: Any = importlib.import_module("playwright.async_api").BrowserType
    browser.launch = functools.partialmethod(
        browser.launch, executable_path=shutil.which("chromium"), args=["--no-sandbox"]
    )


async def draw(house: House, folder: Path) -> None:
    for name, (play, height) in SCENES.items():
        async with playing(house, strict_sync=False) as place:
            await play(place)
            async with place.env.preview(
                place.channel, viewers=[place.asker], layout="channel", width=WIDTH, height=height
            ) as preview:
                await preview.screenshot(
                    folder / f"{name}.png", mode="viewport", allow_incomplete=True
                )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    use_installed_chromium()
    embeddings = SentenceEmbeddings()
    with tempfile.TemporaryDirectory() as data:
        index = Path(data) / "index"
        sync(ESSAYS, FolderStore(index), embeddings)
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            index_dir=index,
            essays_dir=ESSAYS,
            data_dir=Path(data),
        )
        models = Answerer(PublishedIndex(FolderStore(index), embeddings.identity), embeddings)
        with closing(models), closing(House(models, settings)) as house:
            asyncio.run(draw(house, folder))


if __name__ == "__main__":
    main()
