"""What is known of the nine servos before anything is learned, in the order of ``joints.JOINTS``.

Resistance, torque constant and back-EMF are solved from the maker's table at 5 V (stall torque,
stall current, no-load speed; ROBOTIS e-manual, XC330-M288, XL330-M288, XL330-M077); friction and
rotor inertia are the identified model m4 of Rhoban/bam (Duclusaud et al. 2024), with what the part
adds to the inertia. The printed bearing under the body is this project's estimate. All of it is at
the output shaft. The load of the head on its legs is a plane through what nominal robots hold in
poses within reach of the five commands.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware_bridge.joints import JOINT_COUNT, JOINTS, STEWART, ServoModel

_TABLE: Final = {
    ServoModel.XC330_M288: (2.778, 0.608, 0.562, 0.0046, 0.0072, 0.119),
    ServoModel.XL330_M288: (3.401, 0.419, 0.416, 0.0046, 0.0033, 0.0088),
    ServoModel.XL330_M077: (3.401, 0.172, 0.1164, 0.00033, 0.00021, 0.0024),
}
"""Ohm, N m/A, V s, N m s, kg m^2, N m."""
_ROWS: Final = np.array([_TABLE[joint.model] for joint in JOINTS]).T
RESISTANCE_OHM, TORQUE_N_M_A, BACK_EMF_V_S, VISCOUS_N_M_S, INERTIA_KG_M2, FRICTION_N_M = _ROWS

ANTENNA_WEIGHT_N_M: Final = 0.0039
"""10.6 g whose centre is 38 mm from the shaft: torque with the antenna level."""
SCALE_LEAST_N_M: Final = np.array([0.012, *(0.0009,) * 6, 0.001, 0.001])
"""What encoder, play and this model leave at least: a pulse of error is worth 1 to 2 mN m."""

POSTURE_LOAD: Final = np.array(
    [
        (-0.056, 0.058, -0.019, 0.059, -0.049, 0.044),
        (0.046, -0.010, -0.028, 0.015, 0.031, 0.018),
        (0.006, 0.056, 0.024, 0.000, -0.004, 0.026),
        (0.000, 0.040, 0.070, -0.025, -0.026, 0.006),
        (0.003, -0.012, -0.012, 0.087, 0.037, -0.008),
        (0.030, -0.014, -0.010, 0.028, 0.067, 0.003),
        (0.011, 0.032, 0.027, -0.013, 0.001, 0.041),
    ]
)
"""[7, 6] torque on the legs, N m, by (1, leg angles in rad)."""
assert RESISTANCE_OHM.shape == (JOINT_COUNT,)
assert POSTURE_LOAD.shape[1] == STEWART.stop - STEWART.start
