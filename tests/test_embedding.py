import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ingest.embedding import SentenceEmbeddings
from ingest.errors import ModelUnavailable, WeightsDamaged
from ingest.models import Backend, check_weights
from tests.conftest import ESSAYS, SEED


def test_vectors_are_normalised_and_like_texts_are_near(embeddings: SentenceEmbeddings) -> None:
    cat, kitten, tax = np.asarray(
        embeddings.embed_documents(["A cat sleeps.", "A kitten naps.", "Taxes rose last year."])
    )
    assert cat.shape == (384,)
    assert np.linalg.norm(cat) == pytest.approx(1, abs=1e-5)
    assert cat @ kitten > cat @ tax + 0.3


def test_what_is_begun_goes_on_beside_other_work_and_comes_in_order(
    embeddings: SentenceEmbeddings,
) -> None:
    words = ("cats", "taxes", "ships", "bread", "rain")
    some, others = (
        [f"{word} {number} {word * (number % 40)}" for number in range(first, first + 90)]
        for first, word in enumerate(words[:2])
    )
    many = [f"About {word} and the number {n} of them. " * 9 for word in words for n in range(100)]
    begun = [embeddings.begin_documents(texts) for texts in (some, many, others)]
    for texts, collect in reversed(list(zip((some, many, others), begun, strict=True))):
        alone = np.asarray([embeddings.embed_documents([text])[0] for text in texts[::25]])
        together = collect()
        assert together.shape == (len(texts), 384)
        assert np.sum(alone * together[::25], axis=1) == pytest.approx(1, abs=2e-3)


def test_one_question_may_be_asked_by_many_threads_at_once(embeddings: SentenceEmbeddings) -> None:
    (expected,) = embeddings.embed_documents(["Who asks?"])
    for _ in range(20):  # each time anew: others' questions take the place of this one
        for number in range(20):
            embeddings.begin_query(f"Another question, {number}?")
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(embeddings.embed_query, ["Who asks?"] * 8))
        assert np.asarray(found) @ expected == pytest.approx(1, abs=1e-3)


def test_the_model_reads_256_tokens_two_of_them_its_own(embeddings: SentenceEmbeddings) -> None:
    assert embeddings.max_tokens == 254


def test_tokens_are_counted_beyond_what_the_model_reads(embeddings: SentenceEmbeddings) -> None:
    starts = embeddings.token_starts("word " * 1000)
    assert starts == list(range(0, 5000, 5))


def test_weights_that_are_not_the_official_ones_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    with pytest.raises(WeightsDamaged, match="force-reinstall"):
        check_weights(weights)
    weights.write_bytes(b"not the official weights")
    with pytest.raises(WeightsDamaged, match="official"):
        check_weights(weights)


def test_a_model_that_is_nowhere_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="EMBEDDING_MODEL"):
        SentenceEmbeddings(str(tmp_path / "no-such-model")).load()


def test_a_folder_with_other_weights_is_another_model(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"one")
    one = SentenceEmbeddings(str(tmp_path)).identity
    weights.write_bytes(b"two")
    assert SentenceEmbeddings(str(tmp_path)).identity != one
    assert SentenceEmbeddings().identity == SentenceEmbeddings("all-MiniLM-L6-v2").identity


def test_each_token_has_its_place_and_a_vector(embeddings: SentenceEmbeddings) -> None:
    texts = ["Cats hunt mice.", "The mice sleep."]
    one, two = embeddings.embed_tokens(texts)
    words = [texts[0][start:end] for start, end in one.places]
    assert words == ["Cats", "hunt", "mice", "."]
    assert np.allclose(np.linalg.norm(one.vectors, axis=1), 1, atol=1e-5)
    assert len(one.vectors) == len(words)
    near = (one.vectors @ two.vectors.T)[words.index("mice")]
    start, end = two.places[near.argmax()]
    assert texts[1][start:end] == "mice"


def test_tokens_beyond_what_the_model_reads_are_left_out(embeddings: SentenceEmbeddings) -> None:
    (tokens,) = embeddings.embed_tokens(["word " * 1000])
    assert len(tokens.places) == len(tokens.vectors) == embeddings.max_tokens


@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_threads_may_embed_at_once(backend: Backend) -> None:
    embeddings = SentenceEmbeddings(backend=backend)
    text = (ESSAYS / SEED).read_text("utf-8")
    passages = [text[start : start + 300 + start // 9] for start in range(0, 5000, 400)]
    alone = [embeddings.embed_tokens([passage])[0].vectors for passage in passages]

    def embed(place: int) -> bool:
        embeddings.embed_query(passages[place - 1][:40])
        found = embeddings.embed_tokens([passages[place - other] for other in range(5)])
        return all(
            np.allclose(found[other].vectors, alone[place - other], atol=2e-3) for other in range(5)
        )

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(embed, list(range(len(passages))) * 3))
    finally:
        sys.setswitchinterval(interval)


FIRST_USE = """
import faulthandler, sys, threading
faulthandler.dump_traceback_later(20, exit=True)
from ingest.compiled import load_openvino
kind = load_openvino().Type.i64
sys.setswitchinterval(1e-5)
together = threading.Barrier(4)
threads = [threading.Thread(target=lambda: (together.wait(), kind.to_dtype())) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_the_first_threads_that_compute_do_not_wait_for_each_other_for_ever() -> None:
    """One start in three would, if the library were used by several threads at once from cold."""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", FIRST_USE], check=True, timeout=60)
