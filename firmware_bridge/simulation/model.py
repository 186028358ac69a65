"""The robot as a MuJoCo model: rigid tree, closed Stewart chain, motors, sensors, movable foot.

Built with ``mujoco.MjSpec`` from ``geometry_table``; no meshes. The foot stands on
the table by six stiff, damped springs (rubber feet); a hand that turns, tilts or lifts the robot
moves the point that these springs pull towards. This is an assumption: the robot never topples,
and the foot follows the hand with the play of the springs, as a body held in a hand does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import mujoco
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import JOINTS, STEWART
from firmware_bridge.simulation.geometry_table import (
    BODIES,
    HEAD_HEIGHT_M,
    LOOP_CLOSURES,
    SITES,
    BodyGeometry,
    SiteGeometry,
)
from firmware_bridge.simulation.motor import ARMATURE_KG_M2, VISCOUS_N_M_S

GRAVITY_M_S2: Final = 9.80665
WEIGHT_N: Final = GRAVITY_M_S2 * sum(body.mass_kg for body in BODIES)
BASE_JOINTS: Final = ("base_x", "base_y", "base_z", "base_yaw", "base_pitch", "base_roll")
FOOT_STIFFNESS_N_M: Final = 20_000.0
FOOT_DAMPING_N_S_M: Final = 120.0
FOOT_TURN_STIFFNESS_N_M: Final = 200.0
FOOT_TURN_DAMPING_N_M_S: Final = 1.2
"""Rubber feet: this project's estimate; the robot rocks at about 18 Hz and settles in 0.1 s."""
ROD_DAMPING_N_M_S: Final = 2e-4
ROD_ARMATURE_KG_M2: Final = 2e-6
"""Ball joints of the rods: nearly free; the armature keeps the spin of a thin rod well posed."""
CLOSURE_SOLREF: Final = (0.004, 1.0)
CLOSURE_SOLIMP: Final = (0.9995, 0.9999, 0.0005, 0.5, 2.0)
FRICTION_SOLIMP: Final = (0.9999, 0.9999, 0.001, 0.5, 2.0)
"""Dry friction that hardly creeps: a held joint loses under 1 % of its error in a minute."""
POSITION_SIGN: Final = np.array([1, 1, 1, 1, 1, 1, 1, -1, -1], dtype=np.float64)
"""Servo angle to model angle: the model's antennas turn the other way round."""
STOPS_RAD: Final = (
    (-2.7925268, 2.7925268),
    *((joint.lower_rad - 0.02, joint.upper_rad + 0.02) for joint in JOINTS[STEWART]),
    None,
    None,
)
"""Mechanical stops, model signs: just outside the servos' own limits."""


_HEAD: Final = next(site for site in SITES if site.name == "head")
_HALF: Final = 0.5**0.5
IMU_SITES: Final = {
    "foot": SiteGeometry("foot", "foot", (0.0, 0.0, 0.02), (1.0, 0.0, 0.0, 0.0)),
    "torso": SiteGeometry("body", "torso", (0.0, 0.0, 0.02), (_HALF, 0.0, 0.0, _HALF)),
    "head": SiteGeometry("head", "head", _HEAD.position_m, _HEAD.quaternion_wxyz),
}
"""Where an IMU may sit, with axes x forward, y left, z up of its part; the real place is not
published."""
DECK_HEIGHT_M: Final = 0.0712
"""Top of the body above its own origin, where a limp head comes to rest."""
CHIN_RADIUS_M: Final = 0.005
CHIN_RING_M: Final = 0.04
CHEEK_RING_M: Final = 0.068
CHEEK_HEIGHT_M: Final = 0.012
RING_POINTS: Final = 6
SLEEP_HEAD_HEIGHT_M: Final = 0.1323
SLEEP_HEAD_PITCH_RAD: Final = 0.428
"""The underside of the head: two rings of small spheres. In the robot's sleep pose the inner one
lies on the deck; the outer one stops a head that tips over. No pose within reach of the five
commands touches the deck. This project's estimate of the shells."""


REIN_UP_M: Final = 1.0
REINS_M: Final = (
    ("tilt", 0.0, 0.705),
    ("turn_front", 1.0, 1.15),
    ("turn_back", -1.0, 1.15),
)
"""Three reins hold the head where its shells do, instead of contacts: at 0.72 rad of tilt (the
robot's documentation allows 0.7) and at 1.2 rad of yaw against the body, less of it when tilted.
Without them a jerk, a hand or gravity can pull the soft platform through its singularity into
another way of closing. A rein goes from a point of the body to the same point of the head, here
by name, m forward of the axis (all ``REIN_UP_M`` above the head) and length, m; turning moves
such a point by its distance from the axis, so the length measures tilt, or yaw and tilt."""


@dataclass(frozen=True, slots=True)
class BodyModel:
    """The compiled model and where to find things in it."""

    model: mujoco.MjModel
    joint_qpos: NDArray[np.intp]
    """Addresses of the nine servo joints in qpos, joint order."""
    joint_dof: NDArray[np.intp]
    """Addresses of the nine servo joints in qvel."""
    base_qpos: NDArray[np.intp]
    base_dof: NDArray[np.intp]


def _add_body(spec: mujoco.MjSpec, geometry: BodyGeometry) -> None:
    parent = spec.worldbody if geometry.parent == "world" else spec.body(geometry.parent)
    body = parent.add_body(
        name=geometry.name,
        pos=geometry.position_m,
        quat=geometry.quaternion_wxyz,
        mass=geometry.mass_kg,
        ipos=geometry.centre_of_mass_m,
        iquat=geometry.inertia_quaternion_wxyz,
        inertia=geometry.inertia_kg_m2,
        explicitinertial=True,
    )
    if geometry.joint_kind == "ball":
        body.add_joint(
            name=geometry.joint,
            type=mujoco.mjtJoint.mjJNT_BALL,
            damping=ROD_DAMPING_N_M_S,
            armature=ROD_ARMATURE_KG_M2,
        )
    elif geometry.joint_kind == "hinge":
        index = next(i for i, joint in enumerate(JOINTS) if joint.name == geometry.joint)
        body.add_joint(
            name=geometry.joint,
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=[0.0, 0.0, 1.0],
            armature=float(ARMATURE_KG_M2[index]),
            damping=float(VISCOUS_N_M_S[index]),
            frictionloss=1e-3,
            solimp_friction=FRICTION_SOLIMP,
            limited=STOPS_RAD[index] is not None,
            range=STOPS_RAD[index] or (0.0, 0.0),
        )
    else:
        _add_base_joints(body)


def _add_base_joints(foot: mujoco.MjsBody) -> None:
    axes = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 1), (0, 1, 0), (1, 0, 0))
    for name, axis in zip(BASE_JOINTS, axes, strict=True):
        turns = name in BASE_JOINTS[3:]
        foot.add_joint(
            name=name,
            type=mujoco.mjtJoint.mjJNT_HINGE if turns else mujoco.mjtJoint.mjJNT_SLIDE,
            axis=axis,
            springref=WEIGHT_N / FOOT_STIFFNESS_N_M if name == "base_z" else 0.0,
            stiffness=FOOT_TURN_STIFFNESS_N_M if turns else FOOT_STIFFNESS_N_M,
            damping=FOOT_TURN_DAMPING_N_M_S if turns else FOOT_DAMPING_N_S_M,
        )


def _add_support(spec: mujoco.MjSpec) -> None:
    """What keeps a limp head from falling through the body."""
    thickness = 0.01
    deck = spec.body("torso").add_geom(
        name="deck",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(0.1, 0.1, thickness),
        pos=(0.0, 0.0, DECK_HEIGHT_M - thickness),
        contype=0,
        conaffinity=0,
    )
    torso = next(body for body in BODIES if body.name == "torso")
    lowest = torso.position_m[2] + DECK_HEIGHT_M + CHIN_RADIUS_M
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, np.array(_HEAD.quaternion_wxyz))
    for number in range(2 * RING_POINTS):
        angle = 2.0 * np.pi * number / RING_POINTS
        ring_m = CHIN_RING_M if number < RING_POINTS else CHEEK_RING_M
        forward, left, up = ring_m * np.cos(angle), ring_m * np.sin(angle), CHEEK_HEIGHT_M
        if number < RING_POINTS:
            sink = lowest - SLEEP_HEAD_HEIGHT_M + np.sin(SLEEP_HEAD_PITCH_RAD) * forward
            up = sink / np.cos(SLEEP_HEAD_PITCH_RAD)
        chin = spec.body("head").add_geom(
            name=f"chin_{number}",
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=(CHIN_RADIUS_M, 0.0, 0.0),
            pos=np.array(_HEAD.position_m) + turn.reshape(3, 3) @ np.array([forward, left, up]),
            contype=0,
            conaffinity=0,
        )
        spec.add_pair(geomname1=chin.name, geomname2=deck.name, condim=3)


def _add_reins(spec: mujoco.MjSpec) -> None:
    """What keeps the head from turning over its legs."""
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, np.array(_HEAD.quaternion_wxyz))
    torso = next(body for body in BODIES if body.name == "torso")
    height = HEAD_HEIGHT_M - torso.position_m[2] + REIN_UP_M
    for name, forward, length in REINS_M:
        there = turn.reshape(3, 3) @ np.array([forward, 0.0, REIN_UP_M])
        spec.body("torso").add_site(name=f"{name}_body", pos=(0.0, forward, height))
        spec.body("head").add_site(name=f"{name}_head", pos=np.array(_HEAD.position_m) + there)
        rein = spec.add_tendon(name=name, limited=True, range=(0.0, length))
        rein.wrap_site(f"{name}_body")
        rein.wrap_site(f"{name}_head")


def build_model(timestep_s: float) -> BodyModel:
    """Compile the model.

    Equations: MuJoCo's, with the ``implicitfast`` integrator, which takes the motors' back-EMF
    and all viscous damping implicitly.
    """
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    spec.option.timestep = timestep_s
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.gravity = [0.0, 0.0, -GRAVITY_M_S2]
    for geometry in BODIES:
        _add_body(spec, geometry)
    for site in SITES:
        spec.body(site.body).add_site(
            name=site.name, pos=site.position_m, quat=site.quaternion_wxyz
        )
    for part, site in IMU_SITES.items():
        spec.body(part).add_site(
            name=f"imu_{site.name}", pos=site.position_m, quat=site.quaternion_wxyz
        )
    _add_support(spec)
    _add_reins(spec)
    for first, second in LOOP_CLOSURES:
        spec.add_equality(
            type=mujoco.mjtEq.mjEQ_CONNECT,
            objtype=mujoco.mjtObj.mjOBJ_SITE,
            name1=first,
            name2=second,
            solref=CLOSURE_SOLREF,
            solimp=CLOSURE_SOLIMP,
        )
    for joint in JOINTS:
        spec.add_actuator(
            name=joint.name,
            target=joint.name,
            trntype=mujoco.mjtTrn.mjTRN_JOINT,
            gaintype=mujoco.mjtGain.mjGAIN_FIXED,
            biastype=mujoco.mjtBias.mjBIAS_AFFINE,
            gainprm=[1.0] + [0.0] * 9,
        )
    model = spec.compile()
    return BodyModel(
        model,
        np.array([model.joint(joint.name).qposadr[0] for joint in JOINTS], dtype=np.intp),
        np.array([model.joint(joint.name).dofadr[0] for joint in JOINTS], dtype=np.intp),
        np.array([model.joint(name).qposadr[0] for name in BASE_JOINTS], dtype=np.intp),
        np.array([model.joint(name).dofadr[0] for name in BASE_JOINTS], dtype=np.intp),
    )
