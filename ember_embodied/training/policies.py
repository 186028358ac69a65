"""Who may drive the robot in a rollout: the network, the teacher, and what they are measured by.

Each has the two verbs of ``Runtime``, so all of them go through the same loop, failsafe,
kinematics and gate.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.command_space import COMMAND_LIMIT_RAD
from ember_embodied.runtime import Policy, State, Step
from ember_embodied.sense_vector import INDEX, PREDICTED, SENSES
from ember_embodied.training.teacher import BODY_SHARE

Array = NDArray[np.float32]


def plain_step(command: Array, state: State = ()) -> Step:
    """A step of a policy that foretells nothing and has no gates."""
    nothing = np.zeros(len(PREDICTED), dtype=np.float32)
    return Step(command, nothing, 1.0, np.zeros(0, dtype=np.float32), state)


class Idle:
    """Looks straight ahead and does nothing: the floor."""

    def initial_state(self) -> State:
        """Nothing to remember."""
        return ()

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:  # noqa: ARG002
        """Straight ahead, antennas at rest."""
        return plain_step(np.array([0.0, 0.0, 0.17, -0.17, 0.0], dtype=np.float32))


GAZE_RATE_HZ: Final = 6.0
TOUCH_LAG_RAD: Final = 0.06
"""Four times what an antenna that nobody touches shows."""
ANSWER_RAD: Final = 0.9
ANSWER_S: Final = 1.0
REST_S: Final = 0.5
"""For so long after an answer the way back does not count as a touch."""


class Reactive:
    """The obvious rules, with no memory but the last target and the running answer.

    A seen face draws the gaze; else a voice does, always as if it came from the front. An antenna
    that is pushed off its command is thrown outwards for a second.
    """

    def initial_state(self) -> State:
        """Gaze (yaw, pitch) rad, and seconds left of each antenna's answer (left, right)."""
        calm = np.full((1, 2), -REST_S, dtype=np.float32)
        return (np.zeros((1, 2), dtype=np.float32), calm)

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:  # noqa: ARG002
        """One tick of the rules."""

        def value(name: str) -> float:
            return float(senses[INDEX[name]]) * SENSES[INDEX[name]].scale

        gaze, answer = state[0][0].copy(), state[1][0].copy()
        target: tuple[float, float] | None = None
        if value("camera.confidence") > 0.0:
            target = value("camera.yaw"), value("camera.pitch")
        elif value("doa.speech") > 0.0:
            target = value("doa.front"), 0.0
        if target is not None:
            gaze += (1.0 - exp(-GAZE_RATE_HZ * dt_s)) * (np.array(target, dtype=np.float32) - gaze)
        lags = (value("command.antenna_left_lag"), value("command.antenna_right_lag"))
        pushed = [abs(lag) > TOUCH_LAG_RAD for lag in lags]
        answer = np.where((answer <= -REST_S) & pushed, ANSWER_S, answer - dt_s).astype(np.float32)
        left, right = (ANSWER_RAD if left_s > 0.0 else 0.17 for left_s in answer)
        limit = np.array(COMMAND_LIMIT_RAD, dtype=np.float32)
        command = np.array([gaze[0], gaze[1], left, -right, BODY_SHARE * gaze[0]], dtype=np.float32)
        return plain_step(np.clip(command, -limit, limit), (gaze[np.newaxis], answer[np.newaxis]))


BASELINES: Final[dict[str, Callable[[], Policy]]] = {"idle": Idle, "reactive": Reactive}
