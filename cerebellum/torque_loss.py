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
Flags = NDArray[np.bool_]

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
        noise = np.full(JOINT_COUNT, _NOISE_MOST) if noise_a2 is None else noise_a2.copy()
        self.noise_a2: Array = noise
        """[9] expected square of each current's deviation from the equation, A^2."""
        self.evidence: Array = np.zeros(JOINT_COUNT)
        """[9] log odds that each is off."""

    def forget(self) -> None:
        """Begin anew with the evidence; the noise is kept."""
        self.evidence = np.zeros(JOINT_COUNT)

    def shown(self) -> Array:
        """[9] how surely each was seen to obey, 0 to 1."""
        return np.asarray(np.minimum(np.maximum(self.evidence / EVIDENCE_LEAST, 0.0), 1.0))

    def weigh(self, joints: JointsSense, load: Load) -> Flags | None:
        """Sum the evidence; [9] which are off, None where none is."""
        since_ns, dt_s = joints.t_mono_ns - TOLD_NS, load.dt_s
        told: Flags | bool = all(0 < j.t_telemetry_ns >= since_ns for j in joints.joints)
        if not told:
            told = np.array([0 < j.t_telemetry_ns >= since_ns for j in joints.joints])
        noise = self.noise_a2
        spread = CURRENT_SHARE * load.expected_a
        obeying = spread * spread
        obeying += noise
        error = load.current_a - load.expected_a
        error *= error
        said = error / obeying
        said -= load.current_a * load.current_a / noise
        said += np.log(obeying / noise)
        said *= 0.5
        said = np.minimum(np.maximum(said, -EVIDENCE_STEP), EVIDENCE_STEP)
        said *= told * min(1.0, dt_s / READING_S)
        before = self.evidence
        said += np.where(told & (before > 0.0), before, (1.0 - dt_s / CONFIRMED_S) * before)
        self.evidence = evidence = np.minimum(np.maximum(said, EVIDENCE_LEAST), EVIDENCE_MOST)
        news = np.minimum(error, NOISE_MOST_SHARE * obeying)
        news -= noise
        news *= (dt_s / CURRENT_LEARN_S) * (told & (evidence < 0.0))
        news += noise
        self.noise_a2 = np.minimum(np.maximum(news, _NOISE_LEAST), _NOISE_MOST)
        lost = evidence >= EVIDENCE
        if not all(j.torque_enabled for j in joints.joints):
            lost |= np.array([not j.torque_enabled for j in joints.joints])
        return lost if lost.any() else None


_NOISE_LEAST, _NOISE_MOST = (bound**2 for bound in CURRENT_NOISE_A)
