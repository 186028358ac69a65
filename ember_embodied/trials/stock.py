"""What the vendor's software does with sound: the behaviour of its direction-of-arrival example.

Twice a second it asks for the direction of sound. If speech is flagged and the angle has changed
by more than 0.004 rad since it last moved, it looks there for half a second along a minimum-jerk
path, as if the sound came from the front, level, and blind to everything else meanwhile;
otherwise it waits half a second. The body follows only where the head would be turned too far
against it. No camera, no memory, no touch. (examples/sound_doa.py of reachy_mini 1.10: the angle
a gives the direction [sin a, cos a, 0] in the head's axes; look_at_world with a duration of
0.5 s; automatic body yaw.)

Two things are kinder here than there: the angle is turned into the base frame with the head's
pose at the moment of capture, not with the pose at which it is asked for; and the body follows
from the angle on that this project's kinematics allow, not from 65 degrees, where the head of
a usual unit falls.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ember_embodied.command_space import COMMAND_LIMIT_RAD
from ember_embodied.runtime import State, Step
from ember_embodied.sense_vector import wrap
from ember_embodied.trials.senses import Array, Felt, plain_step
from firmware_bridge.kinematics import HEAD_TO_BODY_LIMIT_RAD

LOOK_S: Final = 0.5
"""How long a look takes, and how long a moment without news is waited for."""
CHANGE_RAD: Final = 0.004
ANTENNA_RAD: Final = 0.1745
NEVER_RAD: Final = -10.0
"""An angle that no array gives: nothing was looked at yet."""


class Stock:
    """The vendor's example.

    State [1, 6]: yaw at the start of a look and its goal, time into the look or the wait, whether
    it looks, the last angle, body yaw.
    """

    def initial_state(self) -> State:
        """Ahead, about to ask."""
        return (np.array([[0.0, 0.0, LOOK_S, 0.0, NEVER_RAD, 0.0]], dtype=np.float32),)

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:
        """One tick of the example."""
        start, goal, since_s, looking, last, body = map(float, state[0][0])
        felt = Felt(senses, mask)
        since_s += dt_s
        if since_s >= LOOK_S:
            since_s = since_s % LOOK_S
            start = goal if looking else start
            looking, goal = 0.0, start
            angle = felt["doa.front_from_head"]
            if felt.there("doa") and felt["doa.speech"] > 0.0 and abs(angle - last) > CHANGE_RAD:
                looking, last = 1.0, angle
                goal = wrap(felt["doa.front"])
        share = min(1.0, since_s / LOOK_S)
        share = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
        yaw = start + share * (goal - start)
        body = min(max(body, yaw - HEAD_TO_BODY_LIMIT_RAD), yaw + HEAD_TO_BODY_LIMIT_RAD)
        command = np.array([yaw, 0.0, ANTENNA_RAD, -ANTENNA_RAD, body], dtype=np.float32)
        limit = np.array(COMMAND_LIMIT_RAD, dtype=np.float32)
        after = np.array([[start, goal, since_s, looking, last, body]], dtype=np.float32)
        return plain_step(np.clip(command, -limit, limit), (after,))
