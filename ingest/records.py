"""What an index is made of; knows nothing of where it is kept."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import pydantic

from ingest.errors import IndexMismatch
from ingest.passages import PASSAGE_RULES

if TYPE_CHECKING:
    from typing import Any

    import numpy as np

GENERATION = re.compile(r"(\d{6,})-[0-9a-f]{6}")  # the name of one, its number first
KEEP = 3  # generations, the published one included: a reader may still hold an older one
Vector: TypeAlias = "np.ndarray[Any, np.dtype[np.float32]]"


def now() -> str:
    """The time as ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class EssayEntry:
    """What the manifest tells of one essay."""

    title: str
    fingerprint: str  # of the file: what shapes the passages
    text: str  # digest of the text that was read from it
    passages: int
    added: str  # ISO 8601, when this text came into the index
    author: str = ""  # as its file or its byline has it; "" too in an index of an earlier version


@dataclass(frozen=True)
class Manifest:
    """What a generation holds, readable without opening its passages."""

    model: str
    essays: dict[str, EssayEntry]  # by source
    passage_rules: str = PASSAGE_RULES
    created: str = field(default_factory=now)
    deleted: int = 0  # passages deleted since its folder was last written from nothing
    files: dict[str, int] = field(default_factory=dict)  # in a folder: bytes of each, to tell loss
    rows: str = ""  # on a server: which collections hold its rows

    @property
    def passages(self) -> int:
        """How many passages the generation holds."""
        return sum(entry.passages for entry in self.essays.values())

    def editions(self) -> set[str]:
        """The editions of its essays."""
        return {edition(source, entry.fingerprint) for source, entry in self.essays.items()}

    def made_by(self, model: str) -> bool:
        """Whether this model and today's passage rules made it."""
        return (self.model, self.passage_rules) == (model, PASSAGE_RULES)

    def check(self, model: str, place: str) -> None:
        """Raises IndexMismatch unless this model and today's passage rules made it."""
        if self.model != model:
            raise IndexMismatch(
                f"The index {place} was made with the embedding model {self.model}, but {model} "
                f"is set; set EMBEDDING_MODEL back, or rebuild it with: {_rebuild(place)}"
            )
        if not self.made_by(model):
            raise IndexMismatch(
                f"The index {place} was made by another version of this program; "
                f"rebuild it with: {_rebuild(place)}"
            )


def _rebuild(place: str) -> str:
    return f"essay-bot ingest ESSAYS --index {place}"


_MANIFEST = pydantic.TypeAdapter(Manifest)


def dump_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON."""
    return _MANIFEST.dump_json(manifest)


def parse_manifest(json: str | bytes) -> Manifest:
    """The manifest of its JSON. Raises ValueError."""
    return _MANIFEST.validate_json(json)


def digest(text: str) -> str:
    """A short SHA-256 of a text, the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def next_name(names: Iterable[str]) -> str:
    """A name for the generation that comes after these, which none ever had."""
    matches = filter(None, map(GENERATION.fullmatch, names))
    number = max((int(match[1]) for match in matches), default=0) + 1
    return f"{number:06d}-{secrets.token_hex(3)}"


def with_latest(name: str, history: Sequence[str]) -> list[str]:
    """The names that stay published or within reach, the latest first."""
    return [name, *(other for other in history if other != name)][:KEEP]


def edition(source: str, fingerprint: str) -> str:
    """The name of one version of an essay's text."""
    return f"{source}#{fingerprint[:16]}"


@dataclass(frozen=True)
class IndexedPassage:
    """A passage as it stands in the index; `digest` is the same for the same text."""

    essay: str
    edition: str
    title: str
    start: int
    end: int
    text: str
    digest: str

    @property
    def id(self) -> str:
        """Its key in Chroma and in the keyword index."""
        return f"{self.edition}#{self.start}"


def edition_of(passage_id: str) -> str:
    """The edition a passage's id belongs to."""
    return passage_id.rpartition("#")[0]


def essay_of(passage_id: str) -> str:
    """The source of the essay it belongs to."""
    return edition_of(passage_id).rpartition("#")[0]


def start_of(passage_id: str) -> int:
    """The character of the essay that the passage begins with."""
    return int(passage_id.rpartition("#")[2])
