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
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from ingest.models import Role, TokenEmbeddings, Vectors, normalised

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

    from ingest.reference import Blueprint

GRAPH, TOKENIZER = "model.xml", "tokenizer.json"
BATCH_TOKENS = 768  # more is no faster
LENGTHS = 4  # rows are filled up to a multiple of it: odd lengths are slow, and each new one once
MOST_STREAMS = 8  # batches at a time; each needs memory of its own
MOST_STARTED = 32  # batches of one call, whose results lie in memory until they are fetched
REMEMBERED = 16  # texts read alone: a question is searched by and compared with sentences
T = TypeVar("T")


@dataclass(frozen=True)
class Recipe:
    """How texts become vectors, apart from the network."""

    max_length: int  # tokens, special ones included
    pad: int
    prompts: Mapping[str, str]  # by role


class CompiledModel:
    """The model in a folder that `write_files` wrote, computing in a `precision`."""

    def __init__(self, folder: Path, recipe: Recipe, precision: str) -> None:
        from tokenizers import Tokenizer

        self.precision = precision
        self._recipe = recipe
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(recipe.max_length)
        streams = min(cores(), MOST_STREAMS)
        core = load_openvino().Core()
        self._compiled = core.compile_model(
            core.read_model(folder / GRAPH),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": precision,
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": cores(),
            },
        )
        self._streams = streams
        self._idle: deque[Any] = deque(maxlen=MOST_STARTED)
        self._begin_one = lru_cache(REMEMBERED)(
            lambda text: _Once(self._begin(self._tokens([text]), _all))
        )

    @cached_property
    def _endless(self) -> "Tokenizer":
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

        It goes on meanwhile even where Python is held up, as it is while Chroma writes.
        """
        prompted = [self._recipe.prompts[role] + text for text in texts]
        if len(prompted) == 1:
            begun = self._begin_one(prompted[0])
            return lambda: normalised(np.array([pooled for *_, pooled in begun()]))
        # Without places, which take a seventh of the time.
        collect = self._begin(self._tokenizer.encode_batch_fast(prompted), _pooled)
        return lambda: normalised(np.array(collect()))

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """A vector for each token of each text, as far as the model reads."""
        if len(texts) == 1:
            return [_own_tokens(*each) for each in self._begin_one(texts[0])()]
        return self._begin(self._tokens(texts), _own_tokens)()

    def _tokens(self, texts: Sequence[str]) -> "list[Encoding]":
        return self._tokenizer.encode_batch(list(texts))

    def _begin(
        self, encodings: "Sequence[Encoding]", finish: "Callable[[Encoding, Vectors, Vectors], T]"
    ) -> Callable[[], list[T]]:
        """Begin to read texts, the longest first; calling what it gives waits until that is done.

        It gives what `finish` makes of each text's tokens, their vectors and the text's own, which
        are no more there afterwards. As many batches are read at a time as there are streams,
        whichever threads ask.
        """
        batches = list(self._batches([len(encoding.ids) for encoding in encodings]))
        requests = [self._request() for _ in batches[:MOST_STARTED]]

        def start(number: int) -> None:
            if number < len(batches):
                rows = [encodings[place].ids for place in batches[number]]
                requests[number % MOST_STARTED].start_async(self._fill(rows))

        def collect() -> list[T]:
            results = {}
            for number, batch in enumerate(batches):
                request = requests[number % MOST_STARTED]
                request.wait()
                outputs = (request.get_output_tensor(output).data for output in range(2))
                for place, vectors, pooled in zip(batch, *outputs, strict=True):
                    results[place] = finish(encodings[place], vectors, pooled)
                start(number + MOST_STARTED)
            self._idle.extend(requests)
            return [results[place] for place in range(len(encodings))]

        for number in range(len(requests)):
            start(number)
        return collect

    def _request(self) -> Any:
        """One that is not in use: its memory is there already, which saves a question .4 ms."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._compiled.create_infer_request()

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Places of texts that are read together, so that all streams have something to do."""
        most = min(BATCH_TOKENS, sum(lengths) // self._streams)
        batch: list[int] = []
        for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
            if batch and (len(batch) + 1) * lengths[batch[0]] > most:
                yield batch
                batch = []
            batch.append(place)
        if batch:
            yield batch

    def _fill(self, rows: Sequence[Sequence[int]]) -> list[Any]:
        """The network's input: tokens and which of them count, both (rows, longest or more)."""
        longest = min(-(-len(rows[0]) // LENGTHS) * LENGTHS, self._recipe.max_length)
        ids = np.full((len(rows), longest), self._recipe.pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
            mask[place, : len(row)] = 1
        return [ids, mask]


class _Once(Generic[T]):
    """A call that is made once, and whose result is kept, whichever threads make it."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call: Callable[[], T] | None = call
        self._lock = threading.Lock()

    def __call__(self) -> T:
        with self._lock:
            if self._call:
                self._result = self._call()
                self._call = None
        return self._result


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


def _all(
    encoding: "Encoding", vectors: Vectors, pooled: Vectors
) -> "tuple[Encoding, Vectors, Vectors]":
    return encoding, vectors.copy(), pooled.copy()


def _pooled(_: "Encoding", __: Vectors, pooled: Vectors) -> Vectors:
    return pooled.copy()


def _own_tokens(encoding: "Encoding", vectors: Vectors, _: Vectors) -> TokenEmbeddings:
    own = np.flatnonzero(np.array(encoding.special_tokens_mask) == 0)
    return TokenEmbeddings(np.array(encoding.offsets)[own], normalised(vectors[own]))
