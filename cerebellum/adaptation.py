"""Two rules that adapt coefficients online, several channels at once, bounded whatever comes."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST: Final = 1e-9
"""No weight becomes more certain than this share of its first variance."""
ROBUST: Final = 3.0
"""An error of more deviations than this counts as this many."""
NOISE_SPAN: Final = 4.0
"""No part of the noise becomes so many times more, or less, than it is known to be at first."""
NOISE_RATE: Final = 0.02
SIZE: Final = math.sqrt(math.pi / 2.0)
"""Deviation of a normal number divided by its mean size."""


def uncertainty(covariance: Array, terms: Array) -> tuple[Array, Array]:
    """What not knowing the weights adds to a prediction: ``P x`` [C, n] and ``x P x`` [C].

    ``covariance`` [C, n, n] is of the weights, ``terms`` [C, n] are x; finite.
    """
    spread: Array = np.matmul(covariance, terms[:, :, None])[:, :, 0]
    return spread, np.einsum("cn,cn->c", spread, terms)


def learn_weights(
    weights: Array,
    covariance: Array,
    unsure: tuple[Array, Array],
    error: Array,
    variance: Array,
    forgetting: float,
    most: Array,
) -> None:
    """One experience of recursive least squares, in place.

    Kalman's gain for constant weights (Ljung, System Identification, 11.2). Forgetting is bought
    with learning: the covariance grows by only as much of ``1 / forgetting`` as the experience has
    told (in the spirit of Fortescue et al., Automatica 17, 1981), so a robot that stands still
    forgets nothing and nothing winds up. No weight becomes less certain than it was at first,
    which bounds the covariance from above; every change keeps it symmetric.

    Args:
        weights: [C, n].
        covariance: [C, n, n], of the weights.
        unsure: what ``uncertainty`` said of this experience.
        error: [C], measured minus predicted; finite.
        variance: [C], of the measurement; infinite where nothing is to be learned.
        forgetting: share of the old that is kept by an experience that tells everything.
        most: [C, n], the weights' first variances.
    """
    spread, told = unsure
    total = variance + told
    weights += spread * (error / total)[:, None]
    scaled = spread / np.sqrt(total)[:, None]
    covariance -= scaled[:, :, None] * scaled[:, None, :]
    covariance *= (1.0 + (1.0 / forgetting - 1.0) * (told / total))[:, None, None]
    diagonal = np.einsum("cnn->cn", covariance)
    np.maximum(diagonal, LEAST * most, out=diagonal)
    if (diagonal > most).any():
        shrink = np.sqrt(np.minimum(1.0, most / diagonal))
        covariance *= shrink[:, :, None] * shrink[:, None, :]


def learn_noise(noise: Array, terms: Array, score: Array, first: Array, use: Bools) -> None:
    """One experience of how far off a prediction is, in place.

    The deviation ``noise @ terms`` moves towards the size of the error by exponentiated gradient
    (Kivinen and Warmuth, Information and Computation 132, 1997), each part by its share in it.

    Args:
        noise: [C, n], positive.
        terms: [C, n], at least 0, the first of them a constant.
        score: [C], error in units of the deviation.
        first: [C, n], what ``noise`` was at first.
        use: [C], which channels learn.
    """
    parts = noise * terms
    parts /= parts.sum(axis=1)[:, None]
    surplus = (SIZE * np.minimum(np.abs(score), ROBUST) - 1.0) * use
    noise *= np.exp(NOISE_RATE * surplus[:, None] * parts)
    np.maximum(noise, first / NOISE_SPAN, out=noise)
    np.minimum(noise, first * NOISE_SPAN, out=noise)
