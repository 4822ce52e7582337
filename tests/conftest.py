"""The real model and a real index of the user's essay, made once for the whole run."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
# where the model is exported to, whatever a test makes HOME
os.environ.setdefault("XDG_CACHE_HOME", str(Path("~/.cache").expanduser()))

from bot.answering import Answerer
from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.reading import PublishedIndex
from ingest.sync import sync

ESSAYS = Path(__file__).parent.parent / "essays"
SEED = "energy-imperialism.txt"

WriteEssays = Callable[..., Path]


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
