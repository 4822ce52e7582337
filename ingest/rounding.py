"""A network whose matrices bf16 can hold, with as little lost by it as may be.

Imported to export a model; knows torch.
"""

import copy
from collections.abc import Mapping

import torch

BLOCK = 128  # columns, whose errors are made up for by those beyond them at once
DAMPING = 0.1  # of the mean square of the input: what is learnt of few texts must not be overdone


def rounded(network: torch.nn.Module, inputs: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """A copy in which each number of a Linear's matrix is one of bf16.

    Each column's error is made up for by the columns after it, as far as the `inputs`, which have
    an "attention_mask", let one column stand for another: OPTQ, Frantar et al.
    (https://arxiv.org/abs/2210.17323), whose numbers have 2 to 4 bits. Rounded one by one, they
    would cost a text twice as much of its meaning.
    """
    found = copy.deepcopy(network)
    squares = _squares(network, inputs)
    for name, module in found.named_modules():
        if name in squares:
            module.weight.data = _round(module.weight.data, squares[name])
    return found


def _squares(
    network: torch.nn.Module, inputs: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """By Linear, the inner products of what its inputs are, (columns, columns)."""
    found: dict[str, torch.Tensor] = {}
    own = inputs["attention_mask"].bool()

    def watch(name: str, module: torch.nn.Module) -> torch.utils.hooks.RemovableHandle:
        def note(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            if given[0].shape[:2] == own.shape:
                tokens = given[0][own]
                found[name] = (tokens.T @ tokens).double()

        return module.register_forward_pre_hook(note)

    handles = [
        watch(name, module)
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Linear)
    ]
    try:
        with torch.inference_mode():
            network(**inputs)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _round(matrix: torch.Tensor, squares: torch.Tensor) -> torch.Tensor:
    """`matrix`, (rows, columns), in numbers of bf16."""
    damping = DAMPING * squares.diagonal().mean() * torch.eye(len(squares))
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(squares + damping))
    shares = torch.linalg.cholesky(inverse, upper=True).float()
    left, found = matrix.clone(), torch.empty_like(matrix)
    for first in range(0, matrix.shape[1], BLOCK):
        end = min(first + BLOCK, matrix.shape[1])
        errors = torch.empty(len(matrix), end - first)
        for column in range(first, end):
            found[:, column] = left[:, column].bfloat16()
            error = (left[:, column] - found[:, column]) / shares[column, column]
            left[:, column:end] -= torch.outer(error, shares[column, column:end])
            errors[:, column - first] = error
        left[:, end:] -= errors @ shares[first:end, end:]
    return found
