"""Networks made for this processor, held against those they are made from, in 32 bits."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from ingest.folding import fold
from ingest.rounding import rounded

SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": 100,
}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        yield


def bert(**settings: Any) -> Any:
    """Untrained, but with every scale, shift and bias its own."""
    model: Any = BertModel(BertConfig(**SMALL | settings))
    model.eval()
    for parameter in model.parameters():
        parameter.data.normal_(1 if parameter.ndim == 1 else 0, 0.3)
    return model


def texts(count: int, longest: int) -> dict[str, torch.Tensor]:
    """Tokens of texts of all lengths."""
    lengths = torch.linspace(1, longest, count).round()
    mask = (torch.arange(longest) < lengths.unsqueeze(1)).long()
    return {"input_ids": torch.randint(0, 100, (count, longest)) * mask, "attention_mask": mask}


@pytest.mark.parametrize(("count", "longest"), [(1, 1), (1, 7), (5, 12), (9, 64)])
def test_a_folded_network_gives_the_vectors_of_the_whole_one(count: int, longest: int) -> None:
    model, given = bert(), texts(count, longest)
    folded = fold(model)
    assert folded is not None
    with torch.inference_mode():
        ours, theirs = folded(**given), model(**given).last_hidden_state
    own = given["attention_mask"].bool()
    assert torch.allclose(ours[own], theirs[own], atol=1e-4)


def test_what_fills_a_row_up_changes_nothing() -> None:
    folded = fold(bert())
    assert folded is not None
    given = texts(6, 20)
    filled = {name: torch.nn.functional.pad(each, (0, 9)) for name, each in given.items()}
    filled["input_ids"][:, 20:] = 7
    with torch.inference_mode():
        found = folded(**filled)[:, :20]
        own = given["attention_mask"].bool()
        assert torch.allclose(folded(**given)[own], found[own], atol=1e-5)


def test_a_network_of_another_kind_is_not_folded() -> None:
    class Own(BertModel):  # type: ignore[no-untyped-call]
        pass

    assert fold(bert(hidden_act="relu")) is None
    assert fold(bert(is_decoder=True)) is None
    assert fold(Own(BertConfig(**SMALL))) is None
    assert fold(RobertaModel(RobertaConfig(**SMALL))) is None


def test_folding_leaves_the_model_as_it_was() -> None:
    model = bert()
    before = copy.deepcopy(model.state_dict())
    fold(model)
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())


def linears(network: torch.nn.Module) -> list[torch.nn.Linear]:
    return [each for each in network.modules() if isinstance(each, torch.nn.Linear)]


def test_rounded_matrices_are_of_bf16_and_cost_less_than_if_rounded_one_by_one() -> None:
    network = fold(bert())
    assert network is not None
    before = copy.deepcopy(network.state_dict())
    ours = rounded(network, texts(64, 32))
    simple = copy.deepcopy(network)
    for module in linears(simple):
        module.weight.data = module.weight.data.bfloat16().float()

    def error(other: torch.nn.Module) -> float:
        given = texts(48, 24)
        with torch.inference_mode():
            return float((other(**given) - network(**given)).square().mean())

    for one, two in zip(linears(ours), linears(network), strict=True):
        assert torch.equal(one.weight, one.weight.bfloat16().float())
        assert not torch.equal(one.weight, two.weight)
    assert error(ours) < 0.8 * error(simple)
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())
