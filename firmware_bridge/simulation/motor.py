"""What is inside the servos: motor, gearbox, heat; and how one unit differs from the next.

Friction, resistance and rotor inertia of the XL330-M288 are the identified model m4 of Rhoban/bam
(Apache-2.0; Duclusaud et al., "Extended friction models for the physics simulation of servo
actuators", 2024). Torque constant and back-EMF constant are solved from the ROBOTIS table (stall
torque, stall current and no-load speed at 5 V), so that a stalled and a free servo agree with it.
Everything is at the output shaft.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import BODY_YAW, JOINTS, ServoModel

Array = NDArray[np.float64]

TABLE_VOLTAGE_V: Final = 5.0
RPM_RAD_S: Final = 2.0 * math.pi / 60.0
M288_GEAR_RATIO: Final = 288.4

# bam, XL330, model m4
BAM_FRICTION_BASE_N_M: Final = 0.008758627618365112
BAM_LOAD_FRICTION: Final = 0.06803357334088644
BAM_LOAD_FRICTION_STRIBECK: Final = 0.07381180834784251
BAM_STRIBECK_VELOCITY_RAD_S: Final = 2.5577016869227474
_PER_STRIBECK_S: Final = 1.0 / BAM_STRIBECK_VELOCITY_RAD_S
BAM_STRIBECK_EXPONENT: Final = 0.7601158768377835
BAM_VISCOUS_N_M_S: Final = 0.004621034970462603
BAM_ARMATURE_KG_M2: Final = 0.0018954552619850965

BODY_BEARING_FRICTION_N_M: Final = 0.11
"""Dry friction of the printed bearing under the body: this project's estimate, set so that the
body lands 2 to 8 degrees short with P = 200 and I = 0, as owners measured."""
GEAR_BACKLASH_RAD: Final = math.radians(0.25)
ANTENNA_BACKLASH_RAD: Final = math.radians(0.5)
"""Play of the gears: the manual gives 0.25 degrees (15 arcmin) for this family. Owners see the
antennas shake in it, so theirs is taken to be twice that: this project's estimate."""
LOOSE_SHARE: Final = 0.15
"""Part of a gearbox's dry friction that is left in the middle of the play, where only the output
shaft turns: this project's estimate."""


@dataclass(frozen=True, slots=True)
class Motor:
    """One servo model: the maker's table at 5 V and what follows from it."""

    gear_ratio: float
    stall_torque_n_m: float
    stall_current_a: float
    no_load_speed_rad_s: float

    @property
    def _ratio(self) -> float:
        return self.gear_ratio / M288_GEAR_RATIO

    @property
    def resistance_ohm(self) -> float:
        """Winding and driver: all of the voltage at stall."""
        return TABLE_VOLTAGE_V / self.stall_current_a

    @property
    def friction_base_n_m(self) -> float:
        """Friction of the motor side, seen through the gears."""
        return BAM_FRICTION_BASE_N_M * self._ratio

    @property
    def viscous_n_m_s(self) -> float:
        """Viscous friction of the motor side, through the gears squared."""
        return BAM_VISCOUS_N_M_S * self._ratio**2

    @property
    def armature_kg_m2(self) -> float:
        """Inertia of the rotor, through the gears squared."""
        return BAM_ARMATURE_KG_M2 * self._ratio**2

    @property
    def torque_constant_n_m_a(self) -> float:
        """From stall: kt I (1 - load friction at rest) - base friction = stall torque."""
        share = 1.0 - BAM_LOAD_FRICTION - BAM_LOAD_FRICTION_STRIBECK
        return (self.stall_torque_n_m + self.friction_base_n_m) / (self.stall_current_a * share)

    @property
    def back_emf_v_s(self) -> float:
        """From no-load speed w: V = ke w + R friction(w) / kt."""
        speed = self.no_load_speed_rad_s
        stribeck = math.exp(-((speed / BAM_STRIBECK_VELOCITY_RAD_S) ** BAM_STRIBECK_EXPONENT))
        share = 1.0 - BAM_LOAD_FRICTION - stribeck * BAM_LOAD_FRICTION_STRIBECK
        torque = (self.friction_base_n_m + self.viscous_n_m_s * speed) / share
        drop = self.resistance_ohm * torque / self.torque_constant_n_m_a
        return (TABLE_VOLTAGE_V - drop) / speed


MOTORS: Final[dict[ServoModel, Motor]] = {
    ServoModel.XL330_M288: Motor(M288_GEAR_RATIO, 0.52, 1.47, 103 * RPM_RAD_S),
    ServoModel.XL330_M077: Motor(77.5, 0.215, 1.47, 383 * RPM_RAD_S),
    ServoModel.XC330_M288: Motor(288.35, 0.93, 1.80, 81 * RPM_RAD_S),
}
"""The M077's stall torque is more than an ideal motor of its no-load speed would give; both rows
of the maker's table are kept, so its torque constant is greater than its back-EMF constant."""

_NINE: Final = tuple(MOTORS[joint.model] for joint in JOINTS)
RESISTANCE_OHM: Final = np.array([motor.resistance_ohm for motor in _NINE])
TORQUE_CONSTANT_N_M_A: Final = np.array([motor.torque_constant_n_m_a for motor in _NINE])
BACK_EMF_V_S: Final = np.array([motor.back_emf_v_s for motor in _NINE])
ARMATURE_KG_M2: Final = np.array([motor.armature_kg_m2 for motor in _NINE])
VISCOUS_N_M_S: Final = np.array([motor.viscous_n_m_s for motor in _NINE])
BEARING_FRICTION_N_M: Final = np.array(
    [BODY_BEARING_FRICTION_N_M if index == BODY_YAW else 0.0 for index in range(len(_NINE))]
)
FRICTION_BASE_N_M: Final = BEARING_FRICTION_N_M + [motor.friction_base_n_m for motor in _NINE]
LOOSE_FRICTION_N_M: Final = BEARING_FRICTION_N_M + LOOSE_SHARE * (
    FRICTION_BASE_N_M - BEARING_FRICTION_N_M
)
BACKLASH_RAD: Final = np.array(
    [
        ANTENNA_BACKLASH_RAD if joint.model is ServoModel.XL330_M077 else GEAR_BACKLASH_RAD
        for joint in JOINTS
    ]
)

AMBIENT_C: Final = 25.0
THERMAL_RESISTANCE_K_W: Final = 12.0
HEAT_CAPACITY_J_K: Final = 16.0
STANDBY_POWER_W: Final = 0.3
"""Heat: 18 g of plastic, copper and steel in still air; this project's estimate. A servo stalled
at 5 V (7.4 W) passes 70 degrees after about two minutes."""
STANDBY_CURRENT_A: Final = 0.017
SUPPLY_RESISTANCE_OHM: Final = 0.12
"""Battery, cable and connectors: this project's estimate for two LiFePO4 cells."""


def dry_friction(torque_n_m: Array, velocity_rad_s: Array, base_n_m: Array) -> Array:
    """Greatest dry friction of the nine gearboxes, N m (model m4 of bam).

    f = f0 + |tau| (l + ls exp(-(|w| / ws)^a)). The torque through the gearbox is taken to be the
    motor's own; bam adds the load's, which for a held load doubles the term. With that, legs that
    swing past their goal would stay 7 degrees away from it, which no owner reports.
    """
    friction: Array = np.abs(velocity_rad_s)
    friction *= _PER_STRIBECK_S
    friction **= BAM_STRIBECK_EXPONENT
    np.negative(friction, out=friction)
    np.exp(friction, out=friction)
    friction *= BAM_LOAD_FRICTION_STRIBECK
    friction += BAM_LOAD_FRICTION
    friction *= np.abs(torque_n_m)
    friction += base_n_m
    return friction


@dataclass(frozen=True, slots=True)
class ServoUnits:
    """How nine real servos differ from the table: one number of each kind per joint."""

    torque_scale: Array
    friction_scale: Array
    offset_pulses: Array
    """Angle by which the encoder or the horn is mounted wrong."""
    backlash_rad: Array
    voltage_scale: Array
    """Error of the servo's own voltage reading."""
    ambient_c: Array
    supply_ohm: float = SUPPLY_RESISTANCE_OHM
    """Of battery, cable and connectors together: how far the voltage sags under load."""

    @staticmethod
    def nominal() -> ServoUnits:
        """Nine servos as in the table."""
        return ServoUnits(
            np.ones(9),
            np.ones(9),
            np.zeros(9),
            BACKLASH_RAD.copy(),
            np.ones(9),
            np.full(9, AMBIENT_C),
        )

    @staticmethod
    def draw(generator: np.random.Generator, spread: float = 1.0) -> ServoUnits:
        """Nine servos off the shelf; ``spread`` 0 is nominal, 1 a usual batch."""
        if not 0.0 <= spread <= 3.0:
            raise ValueError(f"spread must be 0 to 3, got {spread}")
        draws = generator.standard_normal((6, 9)) * spread
        return ServoUnits(
            np.clip(1.0 + 0.05 * draws[0], 0.7, 1.3),
            np.clip(np.exp(0.25 * draws[1]), 0.6, 1.75),
            6.0 * draws[2],
            BACKLASH_RAD * np.clip(np.exp(0.4 * draws[3]), 0.3, 3.0),
            1.0 + 0.01 * draws[4],
            AMBIENT_C + 2.0 * draws[5],
            SUPPLY_RESISTANCE_OHM * float(np.exp(0.3 * spread * generator.standard_normal())),
        )
