"""What is known of a robot's motion before it moves: two small networks, fitted by a tool.

``tools/fit_forward_prior.py`` lives untouched simulated lives of many servo units, fits the
networks to what the joints and the IMU did next, and writes them beside this module as snapshots
with a checksum, one for each period of the loop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from cerebellum import snapshot

Array = NDArray[np.float64]
Stored = NDArray[np.float32]
"""Weights of a prior: fitted to no more than this, and half the size."""

PERIODS_S: Final = (0.1, 0.02)
"""Periods of the loop that priors are fitted for."""
FOLDER: Final = Path(__file__).parent / "priors"
State = TypeVar("State", bound=snapshot.PartState)


@dataclass(frozen=True, slots=True)
class Net:
    """``last tanh(second tanh(first x)) + straight x``, each with its bias."""

    first: Stored
    """[H, n]."""
    first_bias: Stored
    second: Stored
    """[H, H]."""
    second_bias: Stored
    last: Stored
    """[2 m, H]: m means, then m inputs of the softplus that gives their deviations."""
    last_bias: Stored
    straight: Stored
    """[m, n]: of the means alone."""


@dataclass(frozen=True, slots=True)
class ForwardPrior:
    """For one period of the loop."""

    KIND: ClassVar[str] = "forward_prior"
    VERSION: ClassVar[int] = 1
    period_s: float
    joints: Net
    """From what was felt and sent before to the lags of the nine joints."""
    imu: Net
    """From that, and from what the joints did, to what the IMU feels beyond ``reafference``."""
    current: Stored
    """[3, 9]: A per pulse of lag, per rad/s of velocity, and A."""


def double(weights: Stored) -> Array:
    """As they are computed with."""
    return weights.astype(np.float64)


def nearest_period(period_s: float) -> float:
    """The period next to this one that priors are fitted for, s."""
    return min(PERIODS_S, key=lambda fitted_s: abs(math.log(fitted_s / period_s)))


def file_of(part: str, period_s: float) -> Path:
    """Where the prior of a part is kept, for one of ``PERIODS_S``."""
    return FOLDER / f"{part}_{round(period_s * 1e3)}ms{snapshot.SUFFIX}"


@lru_cache(maxsize=8)
def read_prior(kind: type[State], period_s: float) -> State:
    """The prior of a loop with a period next to this one.

    Raises ``snapshot.SnapshotError`` where the file that belongs to the package is damaged.
    """
    return snapshot.from_bytes(file_of(kind.KIND, nearest_period(period_s)).read_bytes(), kind)
