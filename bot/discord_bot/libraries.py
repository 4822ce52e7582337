"""Which essays a server asks: everyone's, or its own; one Answerer each over shared models."""

from dataclasses import dataclass
from pathlib import Path

from bot.answering import Answerer
from bot.settings import Settings
from ingest.reading import PublishedIndex
from ingest.store import Store, open_store


@dataclass(frozen=True)
class Library:
    """A folder of essays, the index made from it, and who answers from it."""

    name: str
    essays: Path
    index: Path
    store: Store
    answerer: Answerer


class Libraries:
    """All libraries of one bot, each opened when it is first asked, over one's models."""

    def __init__(self, settings: Settings, models: Answerer) -> None:
        self._settings = settings
        self._models = models
        self._open: dict[str, Library] = {}

    def of(self, guild: int) -> Library | None:
        """The library of a server, or of direct messages (0); None where they have none."""
        if not self._settings.discord_separate_servers:
            return self._library("", self._settings.essays_dir, self._settings.index_dir)
        if not guild:
            return None
        name = str(guild)
        index = self._settings.index_dir / name
        if self._settings.chroma_url:  # there an index is known by the last part of its name
            index = self._settings.index_dir / f"{self._settings.index_dir.name}-{name}"
        return self._library(name, self._settings.essays_dir / name, index)

    def _library(self, name: str, essays: Path, index: Path) -> Library:
        if name not in self._open:
            store = open_store(index, self._settings.chroma_url)
            published = PublishedIndex(store, self._models.embeddings.identity)
            models = self._models
            answerer = Answerer(published, models.embeddings, models.reranker, models.writer)
            self._open[name] = Library(name, essays, index, store, answerer)
        return self._open[name]

    def close(self) -> None:
        """Close every index; call it when no one asks."""
        for library in self._open.values():
            library.answerer.close()
