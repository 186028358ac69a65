"""A claim: one measured number, the bound it must keep, and how sure the number is."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

_CONFIDENCE: Final = 0.95
_COMPARE: Final = {"<=": operator.le, ">=": operator.ge, "==": operator.eq}


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of a benchmark.

    ``bound`` reads "<= 50", ">= 20" or "== 0"; None where a figure is only reported. ``holds`` is
    None then. ``interval`` is a 95 % interval of the value, None where it is exact or a count.
    """

    name: str
    value: float
    unit: str
    bound: str | None
    holds: bool | None
    n: int
    interval: tuple[float, float] | None


def claim(
    name: str,
    value: float,
    unit: str,
    bound: str | None = None,
    *,
    n: int = 1,
    interval: tuple[float, float] | None = None,
) -> Claim:
    """Make a claim and judge it. Raises ``ValueError`` on a bound that cannot be read."""
    holds = None
    if bound is not None:
        comparison, _, limit = bound.partition(" ")
        if comparison not in _COMPARE:
            raise ValueError(f"bound {bound!r}: expected one of {sorted(_COMPARE)} and a number")
        holds = bool(_COMPARE[comparison](value, float(limit)))
    return Claim(name, float(value), unit, bound, holds, n, interval)


def quantile_claim(
    name: str, samples: Sequence[float], quantile: float, unit: str, bound: str | None = None
) -> Claim:
    """Claim a quantile (0 to 1) of the samples, with its distribution-free interval.

    The interval comes from the binomial order statistics around the quantile (Conover, Practical
    Nonparametric Statistics, 3.2), in its normal approximation.
    """
    ordered = np.sort(np.asarray(samples, dtype=np.float64))
    count = len(ordered)
    if count == 0:
        raise ValueError(f"{name}: no samples")
    half_width = 1.959964 * float(np.sqrt(count * quantile * (1.0 - quantile)))
    low = max(0, int(np.floor(count * quantile - half_width)))
    high = min(count - 1, int(np.ceil(count * quantile + half_width)))
    return claim(
        name,
        float(np.quantile(ordered, quantile)),
        unit,
        bound,
        n=count,
        interval=(float(ordered[low]), float(ordered[high])),
    )


def mean_claim(name: str, samples: Sequence[float], unit: str, bound: str | None = None) -> Claim:
    """Claim a mean with a percentile-bootstrap interval (fixed seed, 2,000 resamples)."""
    values = np.asarray(samples, dtype=np.float64)
    if len(values) == 0:
        raise ValueError(f"{name}: no samples")
    draws = np.random.default_rng(0).choice(values, size=(2000, len(values)))
    tail = (1.0 - _CONFIDENCE) / 2.0
    low, high = np.quantile(draws.mean(axis=1), (tail, 1.0 - tail))
    return claim(
        name, float(values.mean()), unit, bound, n=len(values), interval=(float(low), float(high))
    )
