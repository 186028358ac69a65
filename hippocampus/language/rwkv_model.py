"""RWKV-7 "Goose" in numpy, one token at a time (Peng et al. 2025, arXiv 2503.14456, section 4).

A state of constant size takes the place of attention's growing memory: for each layer the last
input of both mixers and, for each head, a matrix S [N, N] that is steered towards k -> v:

    S' = S diag(w) - (S kappa) (a * kappa)^T + v k^T          y = S' r

with the decay w in (exp(-exp(-1/2)), 1), the removal key kappa of length 1, and the in-context
learning rate a in (0, 1). So a prompt of any length needs the same memory and time a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hippocampus.language.rwkv_weights import Block, Floats, LowRank, Weights, layer_norm

_HEADS_EPSILON: Final = 64e-5
_DECAY_SCALE: Final = np.float32(-np.exp(-0.5))
_LEAST_LENGTH: Final = np.float32(1e-12)


@dataclass(frozen=True, slots=True)
class LayerState:
    """What a layer knows of all tokens so far."""

    att_before: Floats
    """[C]: what the time mixer saw last."""
    ffn_before: Floats
    """[C]: what the channel mixer saw last."""
    memory: Floats
    """[H, N, N]: rows are values, columns keys."""


State = tuple[LayerState, ...]


def start(weights: Weights) -> State:
    """Before the first token: all zero."""
    width = weights.embedding.shape[1]
    heads, size = weights.blocks[0].r_k.shape
    zero = np.zeros(width, np.float32)
    return tuple(
        LayerState(zero, zero, np.zeros((heads, size, size), np.float32)) for _ in weights.blocks
    )


def state_bytes(state: State) -> int:
    """How much there is to keep between two tokens."""
    return sum(s.att_before.nbytes + s.ffn_before.nbytes + s.memory.nbytes for s in state)


def step(token: int, weights: Weights, state: State) -> tuple[Floats, State]:
    """One token in; the logits of the next one, [V], and the state after it."""
    x = weights.embedding[token]
    first_value: Floats | None = None
    after = []
    for block, before in zip(weights.blocks, state, strict=True):
        att_in = layer_norm(x, block.norm_att)
        mixed, memory, value = _time_mix(att_in, before, block, first_value)
        first_value = value if first_value is None else first_value
        x = x + mixed
        ffn_in = layer_norm(x, block.norm_ffn)
        hidden = block.ffn_key @ (ffn_in + block.ffn_mix * (before.ffn_before - ffn_in))
        x = x + block.ffn_value @ np.square(np.maximum(hidden, np.float32(0)))
        after.append(LayerState(att_in, ffn_in, memory))
    logits: Floats = weights.head @ layer_norm(x, weights.norm_out)
    return logits, tuple(after)


def _time_mix(
    x: Floats, before: LayerState, block: Block, first_value: Floats | None
) -> tuple[Floats, Floats, Floats]:
    """What the layer adds, [C]; its memory after the token; its values, [C]."""
    heads, size = block.r_k.shape
    x_r, x_w, x_k, x_v, x_a, x_g = x + block.mixes * (before.att_before - x)
    r = (block.receptance @ x_r).reshape(heads, size)
    decay = np.exp(
        _DECAY_SCALE * _sigmoid(_low_rank(np.tanh(block.decay.first @ x_w), block.decay))
    )
    key = block.key @ x_k
    value = block.values @ x_v
    if block.value is not None and first_value is not None:
        share = _sigmoid(_low_rank(block.value.first @ x_v, block.value))
        value = value + (first_value - value) * share
    rate = _sigmoid(_low_rank(block.rate.first @ x_a, block.rate))
    gate = _low_rank(_sigmoid(block.gate.first @ x_g), block.gate)

    removal = (key * block.k_k).reshape(heads, size)
    length = np.sqrt(np.sum(removal * removal, axis=1, keepdims=True))
    removal = removal / np.maximum(length, _LEAST_LENGTH)
    key = (key + key * (rate - 1) * block.k_a).reshape(heads, size)
    values = value.reshape(heads, size)
    found = np.matmul(before.memory, removal[:, :, None])
    memory = (
        before.memory * decay.reshape(heads, 1, size)
        - found * (removal * rate.reshape(heads, size))[:, None, :]
        + values[:, :, None] * key[:, None, :]
    )
    out = np.matmul(memory, r[:, :, None])[:, :, 0]
    centred = out - out.mean(1, keepdims=True)
    variance = np.mean(centred * centred, axis=1, keepdims=True)
    normed = (centred / np.sqrt(variance + np.float32(_HEADS_EPSILON))).ravel()
    normed = normed * block.norm_heads.weight + block.norm_heads.bias
    bonus = (np.sum(r * key * block.r_k, axis=1, keepdims=True) * values).ravel()
    return block.output @ ((normed + bonus) * gate), memory, value


def _low_rank(inner: Floats, matrices: LowRank) -> Floats:
    outer: Floats = matrices.second @ inner
    return outer if matrices.bias is None else outer + matrices.bias


def _sigmoid(x: Floats) -> Floats:
    """By tanh, which does not overflow."""
    squashed: Floats = np.float32(0.5) * (np.float32(1) + np.tanh(np.float32(0.5) * x))
    return squashed
