"""What the forward model keeps over nights, and what a robot begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum import motor_current
from cerebellum.reafference import ReafferenceState, initial_reafference
from cerebellum.surprise import CHANNELS
from firmware_bridge.joints import JOINT_COUNT

OWN_TERMS: Final = 6
"""1; sign of the step; last lag, step of this tick and of the one before the last, last way."""


@dataclass(frozen=True, slots=True)
class ForwardModelState:
    """Everything learned; the last few ticks, which are only on their way, are not in it."""

    KIND: ClassVar[str] = "forward_model"
    VERSION: ClassVar[int] = 2
    period_s: float
    own_weights: NDArray[np.float64]
    """[6, 9], in units of ``forward_model.OWN_SPREAD``."""
    log_noise: NDArray[np.float64]
    """[9]: how many times louder the lags are than foreknown."""
    current_weights: NDArray[np.float64]
    """[3, 9], beyond those of the prior, in units of ``motor_current.SPREAD``."""
    current_variance: NDArray[np.float64]
    """[9] A^2."""
    own_error: NDArray[np.float64]
    """[24] as ``trust`` has them, and the next."""
    outlook_error: NDArray[np.float64]
    reafference: ReafferenceState


def initial_state(period_s: float) -> ForwardModelState:
    """What is known of every robot of this kind, for a loop of this period, s."""
    return ForwardModelState(
        period_s=period_s,
        own_weights=np.zeros((OWN_TERMS, JOINT_COUNT)),
        log_noise=np.zeros(JOINT_COUNT),
        current_weights=np.zeros((motor_current.TERMS, JOINT_COUNT)),
        current_variance=np.full(JOINT_COUNT, motor_current.FLOOR_A**2),
        own_error=np.ones(CHANNELS),
        outlook_error=np.ones(CHANNELS),
        reafference=initial_reafference(period_s),
    )
