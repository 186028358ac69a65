"""The mechanism between the legs' servos and the head: numbers of the robot's public kinematics.

Six servos stand in a ring on the body. Each turns an arm; a rod with a ball joint at both ends
joins the arm's tip to the head plate. Frame of the body: x forward, y left, z up, m. Source: the
kinematics file that ships with the robot (Apache-2.0). Every digit is kept, since they carry the
small angles of the assembly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ARM_M: Final = 0.04
ROD_M: Final = 0.085
HEAD_HEIGHT_M: Final = 0.177
"""Height of the head's frame above the body's in the neutral pose."""

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg. At angle a the arm's tip is at ``shaft + ARM_M (cos(a) along + sin(a) across)``."""

    shaft_m: Vector
    """The servo's shaft, in the body's frame."""
    along: Vector
    """Unit vector of the arm at angle 0, in the body's frame."""
    across: Vector
    """Unit vector of the arm a quarter turn further."""
    plate_m: Vector
    """Where the rod meets the head, in the head's frame."""
    elbow: float
    """+1 or -1: which of the two arm angles that reach one pose is the one that is built."""


LEGS: Final[tuple[Leg, ...]] = (
    Leg(
        shaft_m=(0.026990578110938097, 0.02674891446010313, 0.07663325409026867),
        along=(0.8660247915798898, -0.5000010603626028, -2.298079077119539e-06),
        across=(4.490195936008854e-06, 3.1810770986818273e-06, 0.999999999984859),
        plate_m=(0.020648178337122566, 0.021763723638894568, 1.0345743467476964e-07),
        elbow=-1.0,
    ),
    Leg(
        shaft_m=(0.009669970308047816, 0.036749003794805835, 0.07663330005215435),
        along=(-0.8660211183436269, 0.5000074225224785, 2.298069723064582e-06),
        across=(-4.490219645842903e-06, -3.181063409649239e-06, -0.999999999984859),
        plate_m=(0.00852381571767217, 0.028763668526131346, 1.183437210727778e-07),
        elbow=1.0,
    ),
    Leg(
        shaft_m=(-0.03666069825622655, 0.010000116086298683, 0.07663342299448249),
        along=(6.326794896519466e-06, 0.9999999999799852, -7.0550646912150425e-12),
        across=(-1.0196153102346142e-06, 1.3505961633338446e-11, 0.9999999999994795),
        plate_m=(-0.029172011376922807, 0.0069999429399361995, 4.0290270064691214e-08),
        elbow=-1.0,
    ),
    Leg(
        shaft_m=(-0.036660771720235734, -0.009999865338437596, 0.07663342299448221),
        along=(-3.673205069955933e-06, -0.9999999999932537, -6.767968877969483e-14),
        across=(1.0196153102837198e-06, -3.6775764393585005e-12, -0.9999999999994795),
        plate_m=(-0.029172040355214434, -0.0069999960097160766, -3.1608172912367394e-08),
        elbow=1.0,
    ),
    Leg(
        shaft_m=(0.009669744869838348, -0.03674904912286438, 0.07663330005203522),
        along=(-0.8660284647694133, -0.4999946981757419, 2.298079429767357e-06),
        across=(4.490172883391843e-06, -3.1811099293773187e-06, 0.9999999999848591),
        plate_m=(0.008523809101930114, -0.028763713010385224, -1.4344916837716326e-07),
        elbow=-1.0,
    ),
    Leg(
        shaft_m=(0.02699033706640351, -0.02674913845737483, 0.07663325409038615),
        along=(0.8660247915798897, 0.5000010603626025, -2.298069644866714e-06),
        across=(-4.490196220318687e-06, 3.1810964558725514e-06, -0.9999999999848591),
        plate_m=(0.020648186722822436, -0.02176369606185343, -8.957920105689965e-08),
        elbow=1.0,
    ),
)
"""The six legs in the order of the servo ids, 11 to 16."""
