"""The real model and a real index of the user's essay, made once for the whole run."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
# where the model is exported to, whatever a test makes HOME
os.environ.setdefault("XDG_CACHE_HOME", str(Path("~/.cache").expanduser()))

from bot.answering import Answerer
from bot.settings import Settings
from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.reading import PublishedIndex
from ingest.sync import sync

if TYPE_CHECKING:
    from tests.discord_fixtures import House, OpenHouse

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
ESSAYS = Path(__file__).parent.parent / "essays"
SEED = "energy-imperialism.txt"

WriteEssays = Callable[..., Path]
IndexOf = Callable[..., Path]


@pytest.fixture(scope="session")
def embeddings() -> SentenceEmbeddings:
    loaded = SentenceEmbeddings()
    loaded.load()
    return loaded


@pytest.fixture(scope="session")
def seed_index(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Path:
    index = tmp_path_factory.mktemp("seed") / "index"
    sync(ESSAYS, FolderStore(index), embeddings)
    return index


@pytest.fixture(scope="session")
def answerer(seed_index: Path, embeddings: SentenceEmbeddings) -> Iterator[Answerer]:
    published = PublishedIndex(FolderStore(seed_index), embeddings.identity)
    yield Answerer(published, embeddings)
    published.close()


@pytest.fixture
def essays(tmp_path: Path) -> WriteEssays:
    """Writes files below a folder of essays, by name, and gives the folder."""
    folder = tmp_path / "essays"
    folder.mkdir()

    def write(**files: str | bytes) -> Path:
        for stem, content in files.items():
            path = folder / f"{stem}.txt"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write


@pytest.fixture
def index_of(essays: WriteEssays, tmp_path: Path, embeddings: SentenceEmbeddings) -> IndexOf:
    """Makes an index of essays given by name, and gives its folder."""

    def make(**files: str | bytes) -> Path:
        sync(essays(**files), FolderStore(tmp_path / "index"), embeddings)
        return tmp_path / "index"

    return make


@pytest.fixture
def open_house(answerer: Answerer, seed_index: Path, tmp_path: Path) -> "Iterator[OpenHouse]":
    """Opens what a Discord bot needs, over the seed's index unless settings say otherwise."""
    from tests.discord_fixtures import House  # discord is slow to import

    houses: list[House] = []

    def open_one(models: Answerer = answerer, **settings: Any) -> "House":
        places = {"essays_dir": ESSAYS, "index_dir": seed_index, "data_dir": tmp_path / "data"}
        houses.append(House(models, Settings.model_construct(**(places | settings))))
        return houses[-1]

    yield open_one
    for house in houses:
        house.close()
