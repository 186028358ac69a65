"""Where every part of the robot sits and what it weighs: the kinematic tree, without meshes.

Numbers read from the vendor's public model (Apache-2.0); lengths in m, masses in kg, inertia in
kg m^2 about the centre of mass along its own principal axes, quaternions w x y z. The tree hangs
the head on the sixth rod; the other five rods are closed by ``LOOP_CLOSURES``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class BodyGeometry:
    """One rigid part, placed in its parent's frame, with the joint at its origin (axis z)."""

    name: str
    parent: str
    position_m: Vector3
    quaternion_wxyz: Quaternion
    mass_kg: float
    centre_of_mass_m: Vector3
    inertia_quaternion_wxyz: Quaternion
    inertia_kg_m2: Vector3
    joint: str | None
    joint_kind: Literal["hinge", "ball"] | None


@dataclass(frozen=True, slots=True)
class SiteGeometry:
    """A named frame on a part."""

    name: str
    body: str
    position_m: Vector3
    quaternion_wxyz: Quaternion


BODIES: Final[tuple[BodyGeometry, ...]] = (
    BodyGeometry(
        "foot",
        "world",
        (0.0, 0.0, 0.0),
        (1.0, 0.0, 0.0, 0.0),
        0.0617881,
        (0.0029022, 0.0001126, 0.0132607),
        (0.5054136, 0.4939248, -0.5063148, 0.4942071),
        (0.000110345, 6.91567e-05, 6.07277e-05),
        None,
        None,
    ),
    BodyGeometry(
        "torso",
        "foot",
        (-2e-07, 0.0, 0.0348),
        (0.7071068, 0.0, 0.0, -0.7071068),
        0.78209,
        (2.2e-06, 0.0006205, 0.0201687),
        (0.4621418, 0.5348437, -0.5348252, 0.462957),
        (0.00255074, 0.00233791, 0.00223808),
        "body_yaw",
        "hinge",
    ),
    BodyGeometry(
        "horn_1",
        "torso",
        (-0.0328112, 0.0304906, 0.0418333),
        (0.6123725, 0.6123725, 0.3535533, 0.3535533),
        0.0036667,
        (0.0237505, 0.0, 0.0033584),
        (0.0, 0.649022, 0.0, 0.7607697),
        (1.29627e-06, 1.28019e-06, 5.48965e-08),
        "stewart_1",
        "hinge",
    ),
    BodyGeometry(
        "rod_1",
        "horn_1",
        (0.04, 0.0, 0.007),
        (0.4970328, 0.0041418, -0.0814283, 0.8638927),
        0.0050342,
        (0.0425001, 0.0, 0.0),
        (0.0, 0.7071068, 0.0, 0.7071068),
        (3.66473e-06, 3.65211e-06, 2.63976e-08),
        "passive_1",
        "ball",
    ),
    BodyGeometry(
        "horn_2",
        "torso",
        (-0.0428112, 0.01317, 0.0418333),
        (0.3535533, -0.3535533, 0.6123725, -0.6123725),
        0.0036667,
        (0.0237505, 0.0, 0.0033584),
        (0.0, 0.649022, 0.0, 0.7607697),
        (1.29627e-06, 1.28019e-06, 5.48965e-08),
        "stewart_2",
        "hinge",
    ),
    BodyGeometry(
        "rod_2",
        "horn_2",
        (0.04, 0.0, 0.007),
        (0.0, 0.0, 1.0, 0.0),
        0.0050342,
        (0.0214999, -0.0364688, -0.0037443),
        (0.3126186, 0.6262022, -0.389771, 0.598514),
        (3.66473e-06, 3.65212e-06, 2.63974e-08),
        "passive_2",
        "ball",
    ),
    BodyGeometry(
        "horn_3",
        "torso",
        (-0.01, -0.0436606, 0.0418333),
        (0.0, 0.0, 0.7071068, 0.7071068),
        0.0036667,
        (0.0237505, 0.0, 0.0033584),
        (0.0, 0.649022, 0.0, 0.7607697),
        (1.29627e-06, 1.28019e-06, 5.48965e-08),
        "stewart_3",
        "hinge",
    ),
    BodyGeometry(
        "rod_3",
        "horn_3",
        (0.04, 0.0, 0.007),
        (0.8482964, 0.1825771, -0.0544081, -0.4940633),
        0.0050342,
        (-0.0424999, 0.0, 0.0),
        (0.0, 0.7071068, 0.0, 0.7071068),
        (3.66473e-06, 3.65211e-06, 2.63976e-08),
        "passive_3",
        "ball",
    ),
    BodyGeometry(
        "horn_4",
        "torso",
        (0.01, -0.0436606, 0.0418333),
        (0.7071068, -0.7071068, 0.0, 0.0),
        0.0036667,
        (0.0237505, 0.0, 0.0033584),
        (0.0, 0.649022, 0.0, 0.7607697),
        (1.29627e-06, 1.28019e-06, 5.48965e-08),
        "stewart_4",
        "hinge",
    ),
    BodyGeometry(
        "rod_4",
        "horn_4",
        (0.04, 0.0, 0.007),
        (0.8657016, -0.0591779, 0.0169265, 0.4967618),
        0.0050342,
        (-0.0424999, 0.0, 0.0),
        (0.0, 0.7071068, 0.0, 0.7071068),
        (3.66473e-06, 3.65211e-06, 2.63976e-08),
        "passive_4",
        "ball",
    ),
    BodyGeometry(
        "horn_5",
        "torso",
        (0.0428112, 0.01317, 0.0418333),
        (0.6123725, 0.6123725, -0.3535533, -0.3535533),
        0.0036667,
        (0.0237505, 0.0, 0.0033584),
        (0.0, 0.649022, 0.0, 0.7607697),
        (1.29627e-06, 1.28019e-06, 5.48965e-08),
        "stewart_5",
        "hinge",
    ),
    BodyGeometry(
        "rod_5",
        "horn_5",
        (0.04, 0.0, 0.007),
        (0.8644252, 0.0755679, 0.0075124, -0.4969931),
        0.0050342,
        (-0.0424999, 0.0, 0.0),
        (0.0, 0.7071068, 0.0, 0.7071068),
        (3.66473e-06, 3.65211e-06, 2.63976e-08),
        "passive_5",
        "ball",
    ),
    BodyGeometry(
        "horn_6",
        "torso",
        (0.0328112, 0.0304906, 0.0418333),
        (0.3535533, -0.3535533, -0.6123725, 0.6123725),
        0.0036667,
        (0.0237505, 0.0, 0.0033584),
        (0.0, 0.649022, 0.0, 0.7607697),
        (1.29627e-06, 1.28019e-06, 5.48965e-08),
        "stewart_6",
        "hinge",
    ),
    BodyGeometry(
        "rod_6",
        "horn_6",
        (0.04, 0.0, 0.007),
        (0.0566689, 0.8658692, 0.4967111, -0.018366),
        0.0050342,
        (-0.0424999, 0.0, 0.0),
        (0.0, 0.7071068, 0.0, 0.7071068),
        (3.66473e-06, 3.65211e-06, 2.63976e-08),
        "passive_6",
        "ball",
    ),
    BodyGeometry(
        "head",
        "rod_6",
        (-0.085, 0.0, 0.0),
        (0.0, 1.0, 0.0, 0.0),
        0.259259,
        (-0.0487051, -0.0237648, 0.020658),
        (0.8930578, 0.2577663, -0.0178367, 0.3683559),
        (0.000660595, 0.000616616, 0.000405509),
        "passive_7",
        "ball",
    ),
    BodyGeometry(
        "right_antenna",
        "head",
        (-0.0948524, 0.0197779, -0.0044579),
        (0.6529961, 0.376401, 0.603671, -0.259807),
        0.0105926,
        (2.1e-05, -0.0378463, -0.0086647),
        (0.698231, 0.7158504, -0.0040007, 0.0039606),
        (2.69314e-05, 2.69041e-05, 2.81676e-07),
        "right_antenna",
        "hinge",
    ),
    BodyGeometry(
        "left_antenna",
        "head",
        (-0.0764135, -0.0324475, 0.0840224),
        (0.2663589, 0.4557579, 0.8484547, -0.0382396),
        0.0105926,
        (2.1e-05, -0.0378463, -0.0086647),
        (0.698231, 0.7158504, -0.0040007, 0.0039606),
        (2.69314e-05, 2.69041e-05, 2.81676e-07),
        "left_antenna",
        "hinge",
    ),
)

SITES: Final[tuple[SiteGeometry, ...]] = (
    SiteGeometry("rod_end_1", "rod_1", (0.085, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)),
    SiteGeometry(
        "rod_end_2",
        "rod_2",
        (0.043, -0.0729378, -0.0074886),
        (0.0195742, -0.4966648, -0.8660046, -0.0545625),
    ),
    SiteGeometry("rod_end_3", "rod_3", (-0.085, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)),
    SiteGeometry("rod_end_4", "rod_4", (-0.085, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)),
    SiteGeometry("rod_end_5", "rod_5", (-0.085, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)),
    SiteGeometry(
        "socket_1",
        "head",
        (0.0076888, -0.0217774, 0.0368953),
        (0.297432, -0.7590479, 0.40183, 0.417029),
    ),
    SiteGeometry(
        "socket_2",
        "head",
        (0.0030795, -0.0167102, 0.049105),
        (0.297432, -0.7590479, 0.40183, 0.417029),
    ),
    SiteGeometry(
        "socket_3",
        "head",
        (-0.0189403, 0.0208215, 0.050171),
        (0.1992789, 0.7406818, -0.4584989, 0.4488399),
    ),
    SiteGeometry(
        "socket_4",
        "head",
        (-0.0214133, 0.0278259, 0.0383042),
        (0.1992789, 0.7406818, -0.4584989, 0.4488399),
    ),
    SiteGeometry(
        "socket_5",
        "head",
        (-0.0070824, 0.0120716, 0.0003429),
        (0.0270842, -0.9634896, -0.2610349, -0.0530577),
    ),
    SiteGeometry(
        "camera_optical",
        "head",
        (-0.0321159, -0.05047, 0.0025788),
        (0.4488399, 0.4584989, 0.7406818, -0.1992789),
    ),
    SiteGeometry(
        "head",
        "head",
        (-0.0061113, 0.0037052, 0.0291364),
        (0.4651511, 0.7243711, -0.182968, -0.4748091),
    ),
)

LOOP_CLOSURES: Final[tuple[tuple[str, str], ...]] = tuple(
    (f"rod_end_{number}", f"socket_{number}") for number in range(1, 6)
)
"""Pairs of sites that a ball joint holds together: rods 1 to 5 and the head."""

HEAD_HEIGHT_M: Final = 0.177
"""Height of the site ``head`` above the foot's base frame in the neutral pose."""
