"""What the benchmarks of speed count, on processes whose cost is known."""

import sys
from collections.abc import Iterator

import pytest

from evals.speed import TOKENS, make_passages, operations_of
from evals.turns import Run, by_turns, own_account, whole_process
from ingest.embedding import SentenceEmbeddings

MB = 1_000_000


def test_passages_are_the_same_at_each_run_and_of_the_length_they_are_said_to_have(
    embeddings: SentenceEmbeddings,
) -> None:
    passages = make_passages(50)
    assert passages == make_passages(50)
    assert len(set(passages)) == 50
    lengths = [len(embeddings.token_starts(each)) for each in passages]
    assert sum(lengths) / len(lengths) == pytest.approx(TOKENS, rel=0.05)
    assert max(lengths) <= embeddings.max_tokens


def test_operations_are_those_of_the_network() -> None:
    a_token = 6 * 2 * (4 * 384 * 384 + 2 * 384 * 1536)
    assert operations_of(["a b"]) == 4 * a_token + 6 * 2 * (4 * 4 * 384) * 2
    assert operations_of(["a b", "a b"]) == 2 * operations_of(["a b"])
    assert operations_of(["word " * 300]) == operations_of(["word " * 254])  # it reads no more


def test_the_ways_take_turns_and_the_median_of_each_is_told() -> None:
    called = []

    def way(name: str, *walls: float) -> Iterator[Run]:
        for wall in walls:
            called.append(name)
            yield Run(wall, 2 * wall, 10)

    one, two = way("one", 1, 9, 2), way("two", 5, 5, 5)
    found = by_turns({"one": lambda: next(one), "two": lambda: next(two)}, 3)
    assert called == ["one", "two"] * 3
    assert found == {"one": Run(2, 4, 10), "two": Run(5, 10, 10)}


def test_a_process_is_charged_for_its_own_time_and_memory_only() -> None:
    ballast = b"x" * (400 * MB)
    busy = whole_process([sys.executable, "-c", "sum(range(20_000_000))"])
    idle = whole_process([sys.executable, "-c", "import time; time.sleep(.5)"])
    big = whole_process([sys.executable, "-c", "b = b'x' * 200_000_000"])
    assert idle.wall > 0.5
    assert idle.processor < busy.processor
    assert idle.memory < 100
    assert 190 < big.memory < len(ballast) / MB


def test_a_process_tells_its_times_and_one_that_fails_ends_the_benchmark() -> None:
    line = '{"wall": 1.5, "processor": 2.5, "precision": "bf16"}'
    told = own_account([sys.executable, "-c", f"print('loading'); print('{line}')"])
    assert (told.wall, told.processor, told.precision) == (1.5, 2.5, "bf16")
    with pytest.raises(SystemExit, match="failed"):
        whole_process([sys.executable, "-c", "raise SystemExit(3)"])
