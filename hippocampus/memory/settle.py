"""The second stage: a cue settles among the few candidates that share most with it.

The update of a modern Hopfield network, ``state <- X^T softmax(beta X state)`` (Ramsauer et al.,
Hopfield Networks is All You Need, 2021, eq. 3), with the candidates as the stored patterns X. With
one memory clearly nearest it ends there; with equals it ends between them, and says so in their
weights.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

BETA: Final = np.float32(24.0)
"""Sharpness for directions of length 1: a cosine of 0.1 more has eleven times the weight."""
STEPS: Final = 3
_SHORTEST: Final = np.float32(1e-6)
"""A state shorter than this has no direction: the patterns cancel."""
SETTLED: Final = 1e-3
"""Largest change of a weight after which nothing more is expected."""

Floats = NDArray[np.float32]


def softmax(values: Floats) -> Floats:
    """Weights [n] that sum to 1."""
    grown = np.exp(values - values.max())
    weights: Floats = grown / grown.sum()
    return weights


def settle(patterns: Floats, cue: Floats) -> Floats:
    """Weights [n] of patterns [n, width] of length 1 after a cue [width] of length 1 settled."""
    weights = softmax(BETA * (patterns @ cue))
    for _ in range(STEPS - 1):
        state = weights @ patterns
        length = float(np.sqrt(state @ state))
        after = (
            softmax(BETA * (patterns @ (state / np.float32(length)))) if length > 0.0 else weights
        )
        change = float(np.abs(after - weights).max())
        weights = after
        if change < SETTLED:
            break
    return weights
