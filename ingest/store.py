"""What every place an index is kept at can do, be it a folder or a server."""

from collections.abc import Set
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ingest.publishing import FolderStore
from ingest.records import Manifest, Vector

if TYPE_CHECKING:
    from ingest.index import Generation, Rows


class Draft(Protocol):
    """The next generation, being built; readers see nothing of it before `publish`."""

    previous: "Generation | None"  # what is published now
    rows: "Rows"  # to add to, after `keep`

    def keep(self, editions: Set[str]) -> dict[str, Vector]:
        """Begin with these editions of the previous generation, and nothing else.

        Gives the vectors, by digest, of its other passages: their text may come again.
        """

    def publish(self, manifest: Manifest) -> str:
        """Make it the generation that is read, in one step; gives its name."""


class Store(Protocol):
    """Generations of one index, and which of them is published.

    Each method raises IndexUnreachable where the index is on a server that does not answer.
    """

    def published(self) -> str:
        """The name of the published generation. Raises IndexMissing."""

    def generations(self) -> list[str]:
        """The names of those that are kept, the published one first, then back in time."""

    def manifest(self, name: str) -> Manifest:
        """What a generation holds. Raises IndexDamaged, and IndexUnwritable."""

    def open(self, name: str) -> "Generation":
        """Open a generation for reading. Raises IndexDamaged and IndexUnwritable."""

    def republish(self, name: str) -> None:
        """Make a generation that is kept the published one.

        Raises IndexMissing, IndexBusy, IndexDamaged and IndexUnwritable.
        """

    def writing(self) -> AbstractContextManager[Draft]:
        """Hold the index for one writer. Raises IndexBusy and IndexUnwritable."""


def open_store(index: Path, url: str = "") -> Store:
    """The store of the index in this folder, or of that name on the Chroma server at `url`.

    Nothing is opened or asked yet.
    """
    if not url:
        return FolderStore(index)
    from ingest.server import ServerStore

    return ServerStore(url, index.name)
