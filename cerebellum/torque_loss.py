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
from firmware_bridge.joints import JOINT_COUNT
from firmware_bridge.senses import JointsSense

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

    def weigh(self, joints: JointsSense, load: Load) -> list[bool] | None:
        """Sum the evidence; which of the nine are off, None where none is."""
        since_ns, dt_s = joints.t_mono_ns - TOLD_NS, load.dt_s
        share, kept = min(1.0, dt_s / READING_S), 1.0 - dt_s / CONFIRMED_S
        learnt = dt_s / CURRENT_LEARN_S
        lost, any_lost = [False] * JOINT_COUNT, False
        for index, joint in enumerate(joints.joints):
            evidence = self.evidence[index]
            if 0 < joint.t_telemetry_ns >= since_ns:
                noise, current = self.noise_a2[index], load.current_a[index]
                expected = load.expected_a[index]
                obeying = noise + (CURRENT_SHARE * expected) ** 2
                error = (current - expected) ** 2
                said = 0.5 * (error / obeying - current * current / noise + log(obeying / noise))
                said = share * min(max(said, -EVIDENCE_STEP), EVIDENCE_STEP)
                evidence = said + (evidence if evidence > 0.0 else kept * evidence)
                evidence = min(max(evidence, EVIDENCE_LEAST), EVIDENCE_MOST)
                if evidence < 0.0:
                    noise += learnt * (min(error, NOISE_MOST_SHARE * obeying) - noise)
                    self.noise_a2[index] = min(max(noise, _NOISE_LEAST), _NOISE_MOST)
            else:
                evidence *= kept
            self.evidence[index] = evidence
            if evidence >= EVIDENCE or not joint.torque_enabled:
                lost[index] = any_lost = True
        return lost if any_lost else None


_NOISE_LEAST, _NOISE_MOST = (bound**2 for bound in CURRENT_NOISE_A)
