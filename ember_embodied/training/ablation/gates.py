"""What gates and attention did: from their values on held-out lives to a few numbers a layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ember_embodied.training.ablation.task import LayerGates, Outcome

GATE_COLUMNS: Final = (
    "entropy",
    "support",
    "fire_rate",
    "threshold",
    "never_open",
    "never_close",
)
WHERE_TO_LOOK: Final = "where to look"
"""The layer that points at a place: it has weights, but no gate."""
OPEN: Final = 0.5
"""A gate whose firing stays below this never opens; one that stays above it never closes."""

Floats = NDArray[np.floating]


def with_attention(layer: LayerGates, weights: Floats) -> LayerGates:
    """``layer`` with its attention weights [..., tokens], each row a distribution."""
    share = weights / weights.sum(axis=-1, keepdims=True)
    entropy = -(share * np.log(np.maximum(share, np.finfo(np.float32).tiny))).sum(axis=-1)
    return msgspec.structs.replace(
        layer, entropy=float(entropy.mean()), support=float(np.exp(entropy).mean())
    )


def with_firing(layer: LayerGates, firing: Floats, threshold: float | None) -> LayerGates:
    """``layer`` with its gates: their firing (0 to 1) [..., gates] over all ticks of all lives."""
    by_gate = firing.reshape(-1, firing.shape[-1])
    return msgspec.structs.replace(
        layer,
        fire_rate=float(by_gate.mean()),
        threshold=threshold,
        never_open=float((by_gate.max(axis=0) < OPEN).mean()),
        never_close=float((by_gate.min(axis=0) > OPEN).mean()),
    )


def mean_gates(outcomes: Iterable[Outcome]) -> list[LayerGates]:
    """Each layer's numbers, means over seeds, by depth."""
    by_layer: dict[tuple[int, str], list[LayerGates]] = {}
    for outcome in outcomes:
        for gates in outcome.gates:
            by_layer.setdefault((gates.depth, gates.layer), []).append(gates)
    return [
        LayerGates(layer, depth, **{c: _mean(found, c) for c in GATE_COLUMNS})
        for (depth, layer), found in sorted(by_layer.items())
    ]


def _mean(found: Iterable[LayerGates], column: str) -> float | None:
    known = [value for gates in found if (value := getattr(gates, column)) is not None]
    return float(np.mean(known)) if known else None
