"""BERT in fewer steps than transformers takes, with the same result; imported to export a model.

Knows torch and transformers.
"""

from typing import Any

import torch
from torch.nn import functional
from transformers import BertModel

HIDDEN = -30_000.0  # added to a token's score so that none attends to it; 16 bits can hold it


def fold(transformer: Any) -> torch.nn.Module | None:
    """A network that does what a BertModel does; None for one of another kind.

    (input_ids, attention_mask), both (texts, tokens), to (texts, tokens, dimensions).
    """
    # A subclass may do anything.
    if type(transformer) is not BertModel or transformer.config.hidden_act != "gelu":
        return None
    if transformer.config.is_decoder:
        return None
    return FoldedBert(transformer).eval()


class FoldedBert(torch.nn.Module):
    """A BertModel whose norms are carried out by the matrices behind them.

    A norm scales and shifts what a matrix then multiplies, so it may scale and shift the matrix
    instead. The kinds of tokens, of which only the first is used, are added to the positions; the
    scores' scale is in the queries; the keys have no bias, since one adds the same to all scores of
    a query, which softmax takes out again; and that of the values is added behind the attention,
    whose weights sum up to 1.
    """

    def __init__(self, bert: Any) -> None:
        super().__init__()
        embeddings: Any = bert.embeddings
        kind = embeddings.token_type_embeddings.weight[0]
        self.words = _constant(embeddings.word_embeddings.weight)
        self.places = _constant(embeddings.position_embeddings.weight + kind)
        self.epsilon = float(bert.config.layer_norm_eps)
        self.layers = torch.nn.ModuleList()
        norm = embeddings.LayerNorm
        for layer in bert.encoder.layer:
            folded = _Layer(layer, norm, self.epsilon)
            self.layers.append(folded)
            norm = layer.output.LayerNorm
        self.scale, self.shift = _constant(norm.weight), _constant(norm.bias)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Token vectors, (texts, tokens, dimensions)."""
        hidden = (1 - attention_mask.to(torch.float32)) * HIDDEN
        hidden = hidden.unsqueeze(1).unsqueeze(1)
        places = self.places[: input_ids.shape[1]]
        vectors = _norm(functional.embedding(input_ids, self.words) + places, self.epsilon)
        for layer in self.layers:
            vectors = layer(vectors, hidden)
        return vectors * self.scale + self.shift


class _Layer(torch.nn.Module):
    """From vectors that are normed, not scaled and shifted, to such vectors."""

    def __init__(self, layer: Any, norm: torch.nn.LayerNorm, epsilon: float) -> None:
        super().__init__()
        attention, inner = layer.attention.self, layer.attention.output.LayerNorm
        self.heads = int(attention.num_attention_heads)
        self.epsilon = epsilon
        self.query = _behind(norm, attention.query, attention.attention_head_size**-0.5)
        self.key = _behind(norm, attention.key)
        self.key.register_parameter("bias", None)
        self.value = _behind(norm, attention.value)
        self.attended = _linear(layer.attention.output.dense.weight)
        self.scale = _constant(norm.weight)
        bias = layer.attention.output.dense.bias + self.attended(self.value.bias)
        self.shift = _constant(norm.bias + bias)
        self.value.register_parameter("bias", None)
        self.wide = _behind(inner, layer.intermediate.dense)
        self.narrow = _linear(layer.output.dense.weight)
        self.inner_scale = _constant(inner.weight)
        self.inner_shift = _constant(inner.bias + layer.output.dense.bias)

    def forward(self, vectors: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        texts, tokens, width = vectors.shape
        share = width // self.heads

        # Attention has four dimensions where it is hidden and three where it is multiplied, lest
        # OpenVINO fuses it all: that takes longer for lengths that are no multiples of 16.
        def split(given: torch.Tensor) -> torch.Tensor:
            parts = given.view(texts, tokens, self.heads, share).transpose(1, 2)
            return parts.reshape(texts * self.heads, tokens, share)

        scores = split(self.query(vectors)) @ split(self.key(vectors)).transpose(1, 2)
        scores = scores.view(texts, self.heads, tokens, tokens) + hidden
        weights = scores.softmax(-1).view(texts * self.heads, tokens, tokens)
        found = (weights @ split(self.value(vectors))).view(texts, self.heads, tokens, share)
        found = found.transpose(1, 2).reshape(texts, tokens, width)
        beside = vectors * self.scale + self.shift
        vectors = _norm(self.attended(found) + beside, self.epsilon)
        beside = vectors * self.inner_scale + self.inner_shift
        return _norm(self.narrow(functional.gelu(self.wide(vectors))) + beside, self.epsilon)


def _norm(vectors: torch.Tensor, epsilon: float) -> torch.Tensor:
    return functional.layer_norm(vectors, (vectors.shape[-1],), eps=epsilon)


def _constant(values: torch.Tensor) -> torch.nn.Parameter:
    return torch.nn.Parameter(values.detach().clone(), requires_grad=False)


def _behind(
    norm: torch.nn.LayerNorm, linear: torch.nn.Linear, scale: float = 1.0
) -> torch.nn.Linear:
    """`scale` times what `linear` makes of what `norm` scales and shifts."""
    bias = linear.bias + linear.weight @ norm.bias
    return _linear(linear.weight * norm.weight * scale, bias * scale)


def _linear(weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.nn.Linear:
    rows, columns = weight.shape
    linear = torch.nn.Linear(columns, rows, bias=bias is not None)
    linear.weight = _constant(weight)
    if bias is not None:
        linear.bias = _constant(bias)
    return linear
