"""Whether each motor obeys or is off: its current under two hypotheses, tick by tick.

A motor that obeys draws what the servo's equation asks for; one that is off draws none. The log of
the likelihood ratio is summed (Wald, Sequential tests of statistical hypotheses, 1945), held
between a least and a most, so that a motor that obeyed for hours is soon found when it no longer
does.
"""

from __future__ import annotations

from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.load import Load
from cerebellum.proprioception import Felt
from firmware_bridge.joints import JOINT_COUNT

Array = NDArray[np.float64]

EVIDENCE: Final = log(3000.0)
"""Odds at which torque counts as lost."""
EVIDENCE_LEAST: Final = -1.0
"""What a motor that was seen to obey has to lose first."""
EVIDENCE_STEP: Final = 6.0
"""Most that one reading may say, so that no single one can convict."""
READING_S: Final = 0.1
"""Errors of the current's equation last about so long: faster readings count for less each."""
CURRENT_NOISE_A: Final = (0.002, 0.015)
"""Noise of a current: the least and the most that is believed. It is learned between them."""
CURRENT_SHARE: Final = 0.2
"""Error of the equation itself: winding resistance by temperature and unit."""
CURRENT_LEARN_S: Final = 20.0
CONFIRMED_S: Final = 5.0
"""What a motor has shown fades in about so long."""
EVIDENCE_MOST: Final = 1.5 * EVIDENCE
TOLD_NS: Final = 300_000_000
"""An older current says nothing: a daemon gives them one servo at a time."""
NOISE_MOST_SHARE: Final = 9.0
"""An error counts as noise up to this many times its expected square."""


class TorqueLoss:
    """Evidence for each of nine motors, and the noise of its current, which is learned."""

    __slots__ = ("evidence", "noise_a2")

    def __init__(self, noise_a2: Array | None = None) -> None:
        """``noise_a2`` [9], A^2: as it was learned before."""
        self.noise_a2: list[float] = (
            [_NOISE_MOST] * JOINT_COUNT if noise_a2 is None else noise_a2.tolist()
        )
        """Expected square of each current's deviation from the equation, A^2."""
        self.forget()

    def forget(self) -> None:
        """Begin anew with the evidence; the noise is kept."""
        self.evidence: list[float] = [0.0] * JOINT_COUNT
        """Log odds that each is off."""

    def shown(self, joints: slice) -> float:
        """How surely every one of these was seen to obey, 0 to 1."""
        return min(1.0, max(0.0, max(self.evidence[joints]) / EVIDENCE_LEAST))

    def weigh(self, t_ns: int, felt: Felt, load: Load) -> list[bool] | None:
        """Sum the evidence at ``t_ns``; which of the nine are off, None where none is."""
        since_ns, dt_s = max(1, t_ns - TOLD_NS), load.dt_s
        share, kept = 0.5 * min(1.0, dt_s / READING_S), 1.0 - dt_s / CONFIRMED_S
        step, learnt = EVIDENCE_STEP * 2.0 * share, dt_s / CURRENT_LEARN_S
        told, noises = [], self.noise_a2
        for index, (evidence, noise, current, expected, told_ns) in enumerate(
            zip(self.evidence, noises, load.current_a, load.expected_a, felt.told_ns, strict=True)
        ):
            if told_ns >= since_ns:
                unsure, error = CURRENT_SHARE * expected, current - expected
                obeying = noise + unsure * unsure
                error *= error
                said = share * (error / obeying - current * current / noise + log(obeying / noise))
                if evidence <= 0.0:
                    evidence *= kept
                evidence += step if said > step else -step if said < -step else said
                if evidence < 0.0:
                    if evidence < EVIDENCE_LEAST:
                        evidence = EVIDENCE_LEAST
                    most = NOISE_MOST_SHARE * obeying
                    noise += learnt * ((error if error < most else most) - noise)
                    noises[index] = (
                        _NOISE_LEAST
                        if noise < _NOISE_LEAST
                        else _NOISE_MOST
                        if noise > _NOISE_MOST
                        else noise
                    )
                elif evidence > EVIDENCE_MOST:
                    evidence = EVIDENCE_MOST
            else:
                evidence *= kept
            told.append(evidence)
        self.evidence = told
        if felt.all_hold and max(told) < EVIDENCE:
            return None
        pairs = zip(told, felt.holds, strict=True)
        return [evidence >= EVIDENCE or not holds for evidence, holds in pairs]


_NOISE_LEAST, _NOISE_MOST = (bound**2 for bound in CURRENT_NOISE_A)
