import numpy as np

from evals.fitting import LEFT_OUT_REFUSED, Sample, fit


def samples(count: int, *, answerable: bool, left_out: bool = False) -> list[Sample]:
    """Three sentences a question; of an answerable one the first is nearer, and holds it."""
    chance = np.random.default_rng(count)
    found = []
    for _ in range(count):
        signals = chance.uniform(0, 0.6, (3, 5))
        signals[:, 4] = chance.uniform(0, 1, 3) - answerable  # against an answer: to be left out
        signals[0, :3] += 0.4 * answerable
        holds = np.array([answerable, False, False])
        found.append(Sample(signals, holds, answerable, left_out))
    return found


def test_weights_never_count_against_an_answer_and_the_border_refuses_what_is_left_out() -> None:
    out = samples(200, answerable=False, left_out=True)
    fitted = fit(samples(201, answerable=True) + samples(202, answerable=False) + out)
    for told in fitted.values():
        assert isinstance(told["signals"], dict)
        assert min(told["signals"].values()) >= 0
        assert told["signals"]["similarity"] > 0
    answer = fitted["answer"]
    assert isinstance(answer["signals"], dict)
    assert answer["signals"]["found"] == 0
    weights = np.array(list(answer["signals"].values()))
    refused = [bool(each.best @ weights + answer["bias"] <= 0) for each in out]
    assert abs(np.mean(refused) - LEFT_OUT_REFUSED) <= 0.01
