"""What a command may say, for all who give one: the network, its teacher, and their rivals.

It is apart from the network so that judging one needs no torch.
"""

from __future__ import annotations

from typing import Final

COMMANDS: Final = ("head_yaw", "head_pitch", "antenna_left", "antenna_right", "body_yaw")
"""The five numbers of ``MotorCommand``, in its order."""
COMMAND_LIMIT_RAD: Final = (2.7, 0.6, 2.9, 2.9, 2.05)
"""Each command stays within +- this: inside the joint table's limits, and for the head inside
what the Stewart platform reaches; kinematics and gate have the last word."""
HEAD_LEAD_RAD: Final = 0.6
"""On a long way the head runs this far ahead of the body and waits there."""
PLACES_TOUCHED: Final = ("antenna_left", "antenna_right", "head")
"""Places whose touch is answered."""
BREATH_HZ: Final = 0.2
"""How often the robot breathes while nothing happens."""
