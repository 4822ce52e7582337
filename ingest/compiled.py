"""A model compiled by OpenVINO for this processor, from files; needs no torch and starts at once.

The only file that knows OpenVINO and tokenizers; what the files hold is told by a Recipe.
"""

import os
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ingest.models import Role, TokenEmbeddings, Vectors, normalised

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

    from ingest.reference import Blueprint

GRAPH, TOKENIZER = "model.xml", "tokenizer.json"
BATCH_TOKENS = 768  # more is no faster
LENGTHS = 4  # rows are padded to a multiple of it: odd lengths are slow, and each new one once
MOST_STREAMS = 8  # batches at a time; each needs memory of its own
MOST_STARTED = 32  # batches of one call, whose results lie in memory until they are fetched
REMEMBERED = 16  # texts read alone: a question is searched by and compared with sentences


@dataclass(frozen=True)
class Recipe:
    """How texts become vectors, apart from the network."""

    max_length: int  # tokens, special ones included
    pad: int  # the token that fills up a row
    prompts: Mapping[str, str]  # by role


class CompiledModel:
    """An EmbeddingModel from a folder that `write_files` wrote; computes in `precision`."""

    def __init__(self, folder: Path, recipe: Recipe, precision: str) -> None:
        from tokenizers import Tokenizer

        self.precision = precision
        self._recipe = recipe
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(recipe.max_length)
        self._network = _Network(folder / GRAPH, recipe, precision)
        self._read_alone = lru_cache(REMEMBERED)(lambda text: self._read([text]))

    @cached_property
    def _endless(self) -> "Tokenizer":
        """The tokenizer, cutting no text."""
        from tokenizers import Tokenizer

        endless = Tokenizer.from_str(self._tokenizer.to_str())
        endless.no_truncation()
        return endless

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text the model reads, its special tokens left out."""
        return self._recipe.max_length - int(self._tokenizer.num_special_tokens_to_add(False))

    def token_starts(self, text: str) -> list[int]:
        """The character offset at which each token of `text` begins, however long the text is."""
        return [start for start, _ in self._endless.encode(text, add_special_tokens=False).offsets]

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """(texts, dimensions), of length 1; with the prefix the model wants for a role, if any."""
        return self.begin(texts, role)()

    def begin(self, texts: Sequence[str], role: Role) -> Callable[[], Vectors]:
        """Begin to `embed`; calling what it gives waits for the vectors.

        The network computes meanwhile even where Python is held up, as it is while Chroma writes.
        """
        prompted = [self._recipe.prompts[role] + text for text in texts]
        if len(prompted) == 1:
            _, inference = self._read_alone(prompted[0])
        else:  # without offsets, which take a seventh of the time
            encodings = self._tokenizer.encode_batch_fast(prompted)
            inference = _Inference(self._network, [each.ids for each in encodings])
        return lambda: normalised(np.array([each.pooled for each in inference.outputs()]))

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """A vector for each token of each text, as far as the model reads."""
        read = self._read_alone(texts[0]) if len(texts) == 1 else self._read(texts)
        encodings, inference = read
        pairs = zip(encodings, inference.outputs(), strict=True)
        return [_own_tokens(encoding, output.tokens) for encoding, output in pairs]

    def _read(self, texts: Sequence[str]) -> "tuple[list[Encoding], _Inference]":
        """The texts in tokens that know their offsets, and the inference of all their vectors."""
        encodings = self._tokenizer.encode_batch(list(texts))
        rows = [each.ids for each in encodings]
        return encodings, _Inference(self._network, rows, keep_tokens=True)


class _Network:
    """The compiled network, and requests to it that may be used again; for several threads."""

    def __init__(self, graph: Path, recipe: Recipe, precision: str) -> None:
        self.streams = min(cores(), MOST_STREAMS)
        core = load_openvino().Core()
        self._compiled = core.compile_model(
            core.read_model(graph),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": precision,
                "NUM_STREAMS": self.streams,
                "INFERENCE_NUM_THREADS": cores(),
            },
        )
        self._recipe = recipe
        self._idle: deque[Any] = deque(maxlen=MOST_STARTED)

    def take_request(self) -> Any:
        """One that is not in use: its memory is there already, which saves a question .4 ms."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._compiled.create_infer_request()

    def give_back(self, requests: Sequence[Any]) -> None:
        """Let others use these requests; what their last run gave is lost by that."""
        self._idle.extend(requests)

    def padded(self, rows: Sequence[Sequence[int]]) -> list[Any]:
        """Its inputs, token ids and attention mask, both (rows, longest or more), longest first."""
        longest = min(-(-len(rows[0]) // LENGTHS) * LENGTHS, self._recipe.max_length)
        ids = np.full((len(rows), longest), self._recipe.pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
            mask[place, : len(row)] = 1
        return [ids, mask]


class _Output(NamedTuple):
    """What the network makes of one text."""

    tokens: Vectors  # (tokens, padding included, dimensions); none where they are not kept
    pooled: Vectors  # (dimensions,)


class _Inference:
    """Rows of token ids on their way through the network, which begins when this is made.

    Up to MOST_STARTED batches are handed to OpenVINO at once, the longest rows first; it computes
    as many at a time as there are streams, whoever else asks, and needs no Python for it.
    """

    def __init__(
        self, network: _Network, rows: Sequence[Sequence[int]], *, keep_tokens: bool = False
    ) -> None:
        self._network = network
        self._rows = rows
        self._keep_tokens = keep_tokens
        self._batches = list(_batches([len(row) for row in rows], network.streams))
        self._requests = [network.take_request() for _ in self._batches[:MOST_STARTED]]
        self._lock = threading.Lock()
        self._outputs: list[_Output] | None = None
        for number in range(len(self._requests)):
            self._start(number)

    def outputs(self) -> list[_Output]:
        """Of each row, in order: the first call waits for them, and any thread may call again."""
        with self._lock:
            if self._outputs is None:
                self._outputs = self._fetch()
                self._network.give_back(self._requests)
                self._requests = []
            return self._outputs

    def _start(self, number: int) -> None:
        rows = [self._rows[place] for place in self._batches[number]]
        self._requests[number % MOST_STARTED].start_async(self._network.padded(rows))

    def _fetch(self) -> list[_Output]:
        found = {}
        for number, batch in enumerate(self._batches):
            request = self._requests[number % MOST_STARTED]
            request.wait()
            tokens, pooled = (request.get_output_tensor(output).data for output in range(2))
            for row, place in enumerate(batch):
                kept = tokens[row] if self._keep_tokens else tokens[row, :0]
                found[place] = _Output(kept.copy(), pooled[row].copy())
            if number + MOST_STARTED < len(self._batches):
                self._start(number + MOST_STARTED)
        return [found[place] for place in range(len(self._rows))]


def _batches(lengths: Sequence[int], streams: int) -> Iterator[list[int]]:
    """Places of rows of these lengths that are read together, so that each stream has work."""
    most = min(BATCH_TOKENS, sum(lengths) // streams)
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > most:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def write_files(blueprint: "Blueprint", folder: Path, precision: str) -> Recipe:
    """Write what a CompiledModel reads; takes seconds, and raises whatever the network does.

    Weights are kept in 16 bits where the precision has no more: half the memory, half the start.
    """
    openvino = load_openvino()
    network, inputs = blueprint.network, _inputs(blueprint)
    if precision == "bf16":  # since files of fp16 would round it before bf16 does
        from ingest.rounding import rounded

        network = rounded(network, inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of branches not taken: the check is made afterwards
        graph = openvino.convert_model(
            network, example_input={name: each[:2] for name, each in inputs.items()}
        )
    openvino.save_model(graph, folder / GRAPH, compress_to_fp16=precision != "f32")
    (folder / TOKENIZER).write_text(blueprint.tokenizer, "utf-8")
    return Recipe(blueprint.max_length, blueprint.pad, blueprint.prompts)


def precisions() -> list[str]:
    """Those that the processor computes in, the fastest first."""
    units = load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ["bf16", "f32"] if "BF16" in units else ["f32"]  # of 8 bits, too few neighbours remain


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def version() -> str:
    """Of OpenVINO: another one may read other files and compute otherwise."""
    return str(load_openvino().__version__)


def load_openvino() -> Any:
    """The library, which tells nobody that it is used, ready for several threads."""
    # It would tell Google Analytics of each import, and leave a folder ~/intel.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    # It makes its table of types when first asked; two threads that ask at once wait for ever.
    openvino.Type.i64.to_dtype()
    return openvino


def _inputs(blueprint: "Blueprint") -> dict[str, Any]:
    return {name: blueprint.example[name] for name in ("input_ids", "attention_mask")}


def _own_tokens(encoding: "Encoding", vectors: Vectors) -> TokenEmbeddings:
    """The text's own tokens, out of all that the network was given."""
    own = np.flatnonzero(np.array(encoding.special_tokens_mask) == 0)
    return TokenEmbeddings(np.array(encoding.offsets)[own], normalised(vectors[own]))
