"""Models exported for this processor, held against sentence-transformers itself."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoTokenizer, BertConfig, BertModel

from ingest.compiled import CompiledModel
from ingest.embedding import SentenceEmbeddings
from ingest.errors import ModelUnavailable
from ingest.export import (
    NotExported,
    cache_folder,
    neighbour_overlap,
    open_export,
)
from ingest.models import (
    DEFAULT_MODEL,
    Backend,
    LocalModel,
    Role,
    Vectors,
    default_model,
    find_model,
)
from ingest.publishing import FolderStore
from ingest.reference import Blueprint, ReferenceModel
from ingest.sync import sync
from tests.conftest import WriteEssays

ODD = [
    "",
    " ",
    "\n\n\t",
    "Plain words, and a comma.",
    "  spaces   before\n\nand between\u00a0them  ",
    "na\u00efve caf\u00e9 e\u0301tude \u00c5ngstr\u00f6m \u0130stanbul stra\u00dfe",
    "\u6f22\u5b57\u3068\u304b\u306a \ud55c\uad6d\uc5b4 \u0420\u0443\u0441",
    "\u0639\u0631\u0628\u0649 \u0939\u093f\u0928\u094d\u0926\u0940",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 emoji \ufe0f",
    "zero\u200bwidth soft\u00adhyphen \ufeffmark \x00nul \x07bell",
    "[CLS] names [SEP] of [MASK] special [PAD] tokens [UNK]",
    "https://example.org/a?b=c&d=%20 user@host 3.14e-10 $1,000.00 50% #tag",
    "antidisestablishmentarianism" * 5,
    "\u201cquoted\u201d \u2014 dashes\u2026 \u00bdness \u2122 \ufb01ligature",
    "x" * 300,
    "word " * 1000,
    "\n".join(f"{number}. line" for number in range(300)),
]

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def reference() -> ReferenceModel:
    return ReferenceModel(DEFAULT_MODEL, default_model().folder)


@pytest.fixture(scope="module")
def compiled(reference: ReferenceModel) -> CompiledModel:
    return open_export(DEFAULT_MODEL, default_model(), lambda: reference)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, for this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_folder()


@pytest.fixture
def make_model(tmp_path: Path) -> Make:
    """Writes a small, untrained model to a folder, and gives the folder."""

    def make(
        pooling: str = "mean", prompts: dict[str, str] | None = None, act: str = "gelu"
    ) -> Path:
        config = BertConfig(
            hidden_act=act,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            initializer_range=0.5,  # so that texts differ
        )
        BertModel(config).save_pretrained(tmp_path / "bert")
        AutoTokenizer.from_pretrained(default_model().folder).save_pretrained(tmp_path / "bert")
        modules = [Transformer(str(tmp_path / "bert")), Pooling(32, pooling)]
        model = SentenceTransformer(modules=modules, prompts=prompts)
        model.save(str(tmp_path / "model"))
        return tmp_path / "model"

    return make


def nearness(some: Vectors, other: Vectors) -> float:
    """The lowest cosine of vectors in the same place."""
    return float((some * other).sum(axis=1).min())


def test_tokens_are_those_of_sentence_transformers_whatever_the_text(
    reference: ReferenceModel, compiled: CompiledModel
) -> None:
    assert compiled.max_tokens == reference.max_tokens
    for text in [*ODD, "\n".join(ODD)]:
        assert compiled.token_starts(text) == reference.token_starts(text), text
    pairs = zip(compiled.embed_tokens(ODD), reference.embed_tokens(ODD), ODD, strict=True)
    for ours, theirs, text in pairs:
        assert ours.places.tolist() == theirs.places.tolist(), text
        assert len(ours.vectors) == len(ours.places)
        if len(ours.places):
            assert nearness(ours.vectors, theirs.vectors) > 0.99, text


@pytest.mark.parametrize("role", ["query", "document"])
def test_vectors_are_those_of_torch_but_for_rounding(
    reference: ReferenceModel, compiled: CompiledModel, role: Role
) -> None:
    ours = compiled.embed(ODD, role)
    assert nearness(ours, reference.embed(ODD, role)) > 0.999
    assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-6)


def test_a_text_alone_has_the_vector_it_has_among_others(compiled: CompiledModel) -> None:
    together = compiled.embed(ODD, "document")
    alone = np.concatenate([compiled.embed([text], "document") for text in ODD])
    assert nearness(together, alone) > 0.9995


def test_many_threads_may_ask_at_once(compiled: CompiledModel) -> None:
    questions = [f"What is said of number {number}?" for number in range(64)]
    expected = compiled.embed(questions, "query")
    with ThreadPoolExecutor(16) as pool:
        found = np.concatenate(
            list(pool.map(lambda each: compiled.embed([each], "query"), questions))
        )
    assert nearness(expected, found) > 0.9995


def test_torch_embeds_while_another_thread_counts_tokens(reference: ReferenceModel) -> None:
    texts = ["A cat sleeps all day, and hunts. " * number for number in range(1, 17)]
    expected = reference.embed(texts, "document")
    done = threading.Event()

    def count() -> set[int]:
        counts = set()
        while not done.is_set():
            counts.add(len(reference.token_starts("It eats.")))
        return counts

    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(count)
        try:
            for _ in range(10):
                assert nearness(reference.embed(texts, "document"), expected) > 0.9999
        finally:
            done.set()
    assert counting.result() == {3}


def test_overlap_counts_the_neighbours_that_stay() -> None:
    alike = -np.abs(np.subtract.outer(np.arange(40.0), np.arange(40.0)))
    assert neighbour_overlap(alike, alike) == 1
    assert neighbour_overlap(alike, alike * 2) == 1
    assert neighbour_overlap(alike, -alike) < 0.2


def test_once_exported_a_model_starts_without_torch_and_tells_nobody(tmp_path: Path) -> None:
    SentenceEmbeddings(backend="openvino").load()
    program = (
        "import sys; from ingest.embedding import SentenceEmbeddings as S; S().embed_query('Why?');"
        "print([m for m in ('torch', 'transformers', 'sentence_transformers',"
        " 'openvino_telemetry.main') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache_folder().parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("act", ["gelu", "relu"])  # folded, and as transformers has it
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_model_of_ones_own_keeps_its_pooling_and_prompts(
    make_model: Make, cache: Path, pooling: str, act: str
) -> None:
    prompts = {"query": "Question of a reader: ", "passage": "Text: "}
    folder = make_model(pooling, prompts, act)
    ours, theirs = (SentenceEmbeddings(str(folder), backend) for backend in ("openvino", "torch"))
    for embed in ("embed_documents", "embed_query"):
        text = ["Cats hunt mice."] if embed == "embed_documents" else "Cats hunt mice."
        one, two = (np.atleast_2d(getattr(each, embed)(text)) for each in (ours, theirs))
        assert nearness(one, two) > 0.9999
    assert ours.embed_query("Cats.") != ours.embed_documents(["Cats."])[0]
    assert ours.identity == theirs.identity


def test_an_export_is_made_once_and_again_if_it_is_damaged_or_the_model_changes(
    make_model: Make, cache: Path
) -> None:
    folder = make_model()
    loads = []

    def load() -> ReferenceModel:
        loads.append(1)
        return ReferenceModel("small", folder)

    def open_() -> None:
        model = find_model(str(folder))
        assert model is not None
        open_export("small", model, load).embed(["Why?"], "query")

    open_()
    open_()
    assert len(loads) == 1
    (export,) = cache.iterdir()
    (export / "model.bin").write_bytes(b"cut")
    open_()
    assert len(loads) == 2
    assert list(cache.iterdir()) == [export]
    for name in ("model.bin", "tokenizer.json"):
        size = (export / name).stat().st_size
        (export / name).write_bytes(bytes(size))  # as a power cut may leave it
        open_()
    assert len(loads) == 4
    settings = folder / "tokenizer_config.json"
    settings.write_text(settings.read_text() + "\n")
    open_()
    assert len(loads) == 5


def test_an_export_that_none_has_read_for_long_goes_when_another_is_made(
    make_model: Make, cache: Path
) -> None:
    ages = {"0" * 24: 40, "making-killed": 40, "1" * 24: 20, "making-now": 0, "someone-else's": 40}
    for name, days in ages.items():
        (cache / name / "export").mkdir(parents=True)
        (cache / name / "export" / "model.bin").write_bytes(b"weights")
        for path in (cache / name, *(cache / name).rglob("*")):
            os.utime(path, (time.time() - days * 24 * 3600,) * 2)
    SentenceEmbeddings(str(make_model())).load()
    left = {path.name for path in cache.iterdir()}
    assert left & ages.keys() == {"1" * 24, "making-now", "someone-else's"}
    assert len(left - ages.keys()) == 1


def test_an_export_that_cannot_be_opened_leaves_the_model_to_torch(
    make_model: Make, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_model()
    SentenceEmbeddings(str(folder)).load()

    def fail(*_: object) -> None:
        raise RuntimeError("no such kernel.\nIn a file.")

    monkeypatch.setattr("ingest.export.CompiledModel", fail)
    embeddings = SentenceEmbeddings(str(folder))
    assert embeddings.embed_documents(["Cats."])
    with pytest.raises(ModelUnavailable, match=r"it cannot be opened \(no such kernel\)"):
        SentenceEmbeddings(str(folder), "openvino").load()
    assert len(list(cache.iterdir())) == 1


def test_a_model_that_openvino_cannot_run_is_left_to_torch_with_a_reason(
    make_model: Make, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_model("max")
    left = SentenceEmbeddings(str(folder))
    reference = SentenceEmbeddings(str(folder), "torch")
    assert left.embed_query("Why?") == reference.embed_query("Why?")
    assert "runs with torch" in caplog.text
    assert "EMBEDDING_BACKEND" in caplog.text
    with pytest.raises(ModelUnavailable, match="EMBEDDING_BACKEND to auto or torch"):
        SentenceEmbeddings(str(folder), "openvino").load()


class Forgetful(ReferenceModel):
    """Has other neighbours than the model that is exported from it."""

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        return np.random.default_rng(1).normal(size=(len(texts), 8)).astype(np.float32)


def test_a_model_that_loses_its_neighbours_is_left_to_torch_and_checked_once(
    make_model: Make, cache: Path
) -> None:
    folder = make_model()
    model = LocalModel(folder, "digest")
    with pytest.raises(NotExported, match="too few neighbours"):
        open_export("small", model, lambda: Forgetful("small", folder))
    with pytest.raises(NotExported, match="too few neighbours"):
        open_export("small", model, lambda: pytest.fail("was checked before"))


def test_a_cache_that_cannot_be_written_leaves_the_model_to_torch(
    make_model: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = make_model()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        assert SentenceEmbeddings(str(folder)).max_tokens == 510
    assert "XDG_CACHE_HOME" in caplog.text


class Untraceable(ReferenceModel):
    """Something that cannot be converted, as a network with a loop of its own may be."""

    def blueprint(self, texts: Sequence[str]) -> Blueprint | None:
        found = super().blueprint(texts)
        return found._replace(example={}) if found else None


def test_a_model_that_cannot_be_converted_is_left_to_torch_with_the_reason(
    make_model: Make, cache: Path
) -> None:
    folder = make_model()
    with pytest.raises(NotExported, match=r"cannot be converted \('input_ids'\)"):
        open_export("small", LocalModel(folder, "digest"), lambda: Untraceable("small", folder))


def test_a_model_of_the_hub_is_found_where_its_client_keeps_it(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--somebody--model"
    snapshot = repository / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    program = "from ingest.models import find_model; print(find_model('somebody/model'))"

    def find() -> str:
        return subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub")},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    (snapshot / "model.safetensors").write_text("weights")
    assert "None" in find()
    (snapshot / "modules.json").write_text("[]")
    assert str(snapshot) in find()


@pytest.mark.parametrize(("maker", "reader"), [("torch", "openvino"), ("openvino", "torch")])
def test_an_index_made_by_one_backend_is_kept_by_the_other(
    essays: WriteEssays, tmp_path: Path, maker: Backend, reader: Backend
) -> None:
    store = FolderStore(tmp_path / "index")
    sync(essays(one="Cats hunt mice."), store, SentenceEmbeddings(backend=maker))
    report = sync(essays(one="Cats hunt mice."), store, SentenceEmbeddings(backend=reader))
    assert (report.unchanged, report.embedded) == (["one.txt"], 0)
