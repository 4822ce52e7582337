"""Any sentence-transformers model, run by torch in 32 bits: what other backends are compared with.

The only file that knows sentence-transformers; loading it takes seconds, and imports torch.
"""

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from ingest.errors import ModelUnavailable, first_line
from ingest.models import Role, TokenEmbeddings, Vectors, normalised

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

BATCH_SIZE = 16  # texts; more is slower on a processor
POOLINGS = ("mean", "cls")


class Blueprint(NamedTuple):
    """All that is needed to run a model elsewhere."""

    # (input_ids, attention_mask), both (texts, tokens)
    # -> token vectors, (texts, tokens, dimensions), and pooled ones, (texts, dimensions)
    network: "torch.nn.Module"
    example: "dict[str, torch.Tensor]"  # of its input
    tokenizer: str  # as JSON of the tokenizers library
    max_length: int  # tokens, special ones included
    pad: int  # the token that fills up a row
    prompts: dict[str, str]  # by role


class ReferenceModel:
    """A sentence-transformers model by its hub name or folder. Raises ModelUnavailable."""

    precision = "f32"

    def __init__(self, name: str, place: str | Path) -> None:
        self._model = _load(name, place)
        # The tokenizer is set to cut and fill up texts or not to, at each call, for all threads.
        self._lock = threading.Lock()

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text the model reads, its special tokens left out."""
        special = int(self._model.tokenizer.num_special_tokens_to_add())
        return (self._model.max_seq_length or 512) - special

    def token_starts(self, text: str) -> list[int]:
        """The character offset at which each token of `text` begins, however long the text is."""
        with self._lock:
            encoding = self._model.tokenizer(
                text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
            )
        return [start for start, _ in encoding["offset_mapping"]]

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """(texts, dimensions), of length 1; with the prefix the model wants for a role, if any."""
        encode = self._model.encode_query if role == "query" else self._model.encode_document
        with self._lock:
            vectors = encode(
                list(texts),
                batch_size=BATCH_SIZE,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return cast(Vectors, vectors)

    def begin(self, texts: Sequence[str], role: Role) -> Callable[[], Vectors]:
        """`embed`, deferred until what it gives is called: torch and Python hold each other up."""
        return partial(self.embed, texts, role)

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """A vector for each token of each text, as far as the model reads."""
        with self._lock:
            vectors = self._model.encode(
                list(texts),
                batch_size=BATCH_SIZE,
                output_value="token_embeddings",
                show_progress_bar=False,
            )
            encodings = self._model.tokenizer(
                list(texts),
                truncation=True,
                max_length=self._model.max_seq_length,
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

    def blueprint(self, texts: Sequence[str]) -> Blueprint | None:
        """How to run the model elsewhere, with `texts` as its example of input.

        None where it is more than a transformer, pooling and normalisation.
        """
        import transformers

        transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        model, tokenizer = self._model, self._model.tokenizer
        if not _is_plain(model):
            return None
        max_length = self.max_tokens + int(tokenizer.num_special_tokens_to_add())
        return Blueprint(
            network=_pooled(model[0].auto_model, str(model[1].pooling_mode)),
            example=dict(
                tokenizer(
                    list(texts),
                    return_tensors="pt",
                    padding=True,
                    truncation=True,
                    max_length=max_length,
                )
            ),
            tokenizer=tokenizer.backend_tokenizer.to_str(),
            max_length=max_length,
            pad=int(tokenizer.pad_token_id),
            prompts={role: model.prompts.get(role) or "" for role in ("query", "document")},
        )


def _is_plain(model: "SentenceTransformer") -> bool:
    """Whether it is transformer, pooling and normalisation, each of a kind that can be exported."""
    from sentence_transformers.sentence_transformer.modules import Pooling

    kinds = [type(module).__name__ for module in model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    pooling, tokenizer = model[1], model.tokenizer
    return (
        isinstance(pooling, Pooling)
        and pooling.pooling_mode in POOLINGS
        and (pooling.include_prompt or not any(model.prompts.values()))
        and model.default_prompt_name is None
        and model.truncate_dim is None
        and tokenizer.is_fast
        and tokenizer.truncation_side == "right"
        and tokenizer.pad_token_id is not None
    )


def _pooled(transformer: Any, pooling: str) -> "torch.nn.Module":
    """The network of a Blueprint, with fewer steps where `fold` knows the transformer."""
    import torch

    from ingest.folding import fold

    folded = fold(transformer)

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = folded or transformer

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
            found = self.network(input_ids=input_ids, attention_mask=attention_mask)
            vectors = found if folded else found.last_hidden_state
            if pooling == "cls":
                return vectors, vectors[:, 0]
            counts = attention_mask.to(vectors.dtype).unsqueeze(-1)
            return vectors, (vectors * counts).sum(1) / counts.sum(1)

    return Pooled().eval()


def _own_tokens(
    vectors: "torch.Tensor", places: list[tuple[int, int]], special: list[int]
) -> TokenEmbeddings:
    own = np.array(special) == 0
    return TokenEmbeddings(np.array(places)[own], normalised(vectors.float().cpu().numpy()[own]))


def _load(name: str, place: str | Path) -> "SentenceTransformer":
    # Threads that wait by spinning ruin each other on shared cores; read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import transformers
    from sentence_transformers import SentenceTransformer

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(str(place), local_files_only=isinstance(place, Path))
    except Exception as error:  # of the hub, of file formats, of models: no common root
        raise ModelUnavailable(
            f"The embedding model {name} could not be loaded ({first_line(error)}); "
            "set EMBEDDING_MODEL to a sentence-transformers model on the hub or to its folder, "
            "or leave it empty for the default."
        ) from error
