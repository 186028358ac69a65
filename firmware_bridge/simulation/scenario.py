"""What happens around the robot: a scenario as TOML, as records, and as a list of world changes.

A scenario says who is in the room, who speaks and when, which hand touches what, and what breaks.
All of it becomes one list of ``WorldChange`` in order of time, the only thing that the simulated
world plays. A log keeps the changes that came to pass, and ``scenario_from_world`` makes them a
scenario again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import msgspec

from firmware_bridge.joints import JOINTS
from firmware_bridge.simulation.atlas import AtlasError, load_atlas
from firmware_bridge.simulation.tables import TableError, parse_table, read_text, shipped_names

Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Degrees = Annotated[float, msgspec.Meta(ge=-360.0, le=360.0)]
Distance = Annotated[float, msgspec.Meta(ge=0.2, le=10.0)]
Height = Annotated[float, msgspec.Meta(ge=-1.0, le=2.0)]

FailureKind = Literal["off", "stuck", "garbage", "slow", "delayed", "intermittent"]
ServoFailureKind = Literal["overload", "torque_lost", "torque_silent", "silent"]
"""``torque_silent``: the motor gets no current, and no register tells of it."""
STREAM_NAMES: Final = ("joints", "imu", "doa", "camera")

TOUCH_VALUES: Final = ("seconds", "force_n", "azimuth_rad", "elevation_rad")
WORLD_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "person": ("bearing_rad", "distance_m", "height_m"),
    "walk": ("bearing_rad", "distance_m", "speed_m_s"),
    "rise": ("seconds", "height_m"),
    "look": ("turned_rad",),
    "leave": (),
    "speech": ("seconds", "level"),
    "sound": ("seconds", "level", "bearing_rad", "distance_m"),
    "radio": ("seconds", "level", "bearing_rad", "distance_m"),
    "tap": TOUCH_VALUES,
    "stroke": TOUCH_VALUES,
    "push": TOUCH_VALUES,
    "hold": TOUCH_VALUES,
    "block": TOUCH_VALUES,
    "swing": (*TOUCH_VALUES, "angle_rad", "rhythm_s"),
    "lift": ("seconds", "height_m"),
    "tilt": ("seconds", "angle_rad", "azimuth_rad"),
    "bump": ("seconds", "force_n", "azimuth_rad"),
    "turn": ("seconds", "angle_rad"),
    "intent": (
        "seconds",
        "gaze_yaw_rad",
        "gaze_pitch_rad",
        "gaze_weight",
        "arousal",
        "request",
    ),
    "failure_off": ("seconds",),
    "failure_stuck": ("seconds",),
    "failure_garbage": ("seconds",),
    "failure_slow": ("seconds",),
    "failure_delayed": ("seconds",),
    "failure_intermittent": ("seconds",),
    "failure_overload": ("seconds",),
    "failure_torque_lost": ("seconds",),
    "failure_torque_silent": ("seconds",),
    "failure_silent": ("seconds",),
}
"""Every kind of change and the names of its values, in order. ``who`` is a person, a place of the
robot, a stream or a servo. Bearings are from the robot's place at the start, x forward."""

PLACES: Final = ("head", "left_antenna", "right_antenna", "body")
ANTENNAS: Final = PLACES[1:3]
WHO: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("tap", "stroke", "push", "hold", "block"), PLACES),
    "swing": ANTENNAS,
    **{f"failure_{kind}": STREAM_NAMES for kind in get_args(FailureKind)},
    **{
        f"failure_{kind}": tuple(joint.name for joint in JOINTS)
        for kind in get_args(ServoFailureKind)
    },
}
"""Who a change may be about, where that is not free."""


class ScenarioError(TableError):
    """A scenario cannot be read; the message is one line that names the file and the key."""


@dataclass(frozen=True, slots=True)
class WorldChange:
    """One change of the outer world; the fields of ``hippocampus.tick_record.WorldRecord``."""

    t_mono_ns: int
    kind: str
    who: str
    values: tuple[float, ...]


class Robot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The robot's own make. ``spread`` 0 is nine nominal servos, 1 a usual batch."""

    imu: bool = True
    imu_mounted_on: Literal["foot", "body", "head"] = "body"
    imu_mounting_rpy_deg: tuple[Degrees, Degrees, Degrees] = (0.0, 0.0, 0.0)
    spread: Annotated[float, msgspec.Meta(ge=0.0, le=3.0)] = 1.0
    voltage_v: Annotated[float, msgspec.Meta(ge=3.0, le=12.0)] = 7.2


class Room(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the robot hears: ``atlas`` names a hearing atlas that ships, or is a path.

    ``rt60_s`` picks those rooms of the atlas whose sound dies away (by 60 dB) in about that time:
    0.1 is a padded booth, 0.4 a living room, 0.8 a bare hall. ``noise`` is steady: 0 silence, 1 as
    loud as speech close by.
    """

    atlas: str = "standard"
    rt60_s: Annotated[float, msgspec.Meta(ge=0.1, le=0.8)] = 0.4
    noise: Share = 0.03


class Walk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A walk round the robot to another place: bearing and distance change evenly."""

    at_s: Seconds
    bearing_deg: Degrees
    distance_m: Distance
    speed_m_s: Annotated[float, msgspec.Meta(gt=0.0, le=3.0)] = 0.6


class Rise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Getting up or sitting down: the face goes to another height."""

    at_s: Seconds
    height_m: Height
    seconds: Seconds = 1.5


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The face turns this far away from the robot: 0 looks at it, 180 shows the back of the head.

    It stays turned so while the person walks.
    """

    at_s: Seconds
    turned_deg: Annotated[float, msgspec.Meta(ge=0.0, le=180.0)] = 0.0


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody in the room; ``height_m`` is the face's height above the table."""

    name: str
    bearing_deg: Degrees
    distance_m: Distance = 1.2
    height_m: Height = 0.4
    from_s: Seconds = 0.0
    until_s: Seconds | None = None
    walks: tuple[Walk, ...] = ()
    rises: tuple[Rise, ...] = ()
    looks: tuple[Look, ...] = ()


class Speech(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody speaks; level 1 is loud speech at one metre."""

    who: str
    at_s: Seconds
    seconds: Seconds
    level: Share = 0.6


class Sound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A noise with nobody there: a door, a cup; with ``speech`` the voice of a radio."""

    at_s: Seconds
    seconds: Seconds
    bearing_deg: Degrees
    distance_m: Distance = 2.0
    level: Share = 0.5
    speech: bool = False


class Hand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finger or a hand on a place of the robot, both hands on its foot, or a knock on its table.

    ``force_n`` points to azimuth and elevation (-90: down); a lift has ``height_m``, a tilt and a
    turn ``angle_deg`` (a tilt leans towards the azimuth). A bump rings the table for a second,
    however short its ``seconds``. What blocks is firm as a wall is, and yields only to more than
    ``force_n``; a hand that swings an antenna leads it ``angle_deg`` to each side, once in
    ``rhythm_s``, with at most ``force_n``.
    """

    at_s: Seconds
    seconds: Seconds
    kind: Literal["tap", "stroke", "push", "hold", "block", "swing", "lift", "tilt", "bump", "turn"]
    place: Literal["head", "left_antenna", "right_antenna", "body"] = "head"
    force_n: Annotated[float, msgspec.Meta(ge=0.0, le=30.0)] = 2.0
    azimuth_deg: Degrees = 0.0
    elevation_deg: Degrees = -90.0
    height_m: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.12
    angle_deg: Annotated[float, msgspec.Meta(ge=-180.0, le=180.0)] = 20.0
    rhythm_s: Annotated[float, msgspec.Meta(ge=0.2, le=60.0)] = 2.0


class Intent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the cortex wants for a while."""

    at_s: Seconds
    seconds: Seconds = 2.0
    gaze_yaw_deg: Degrees = 0.0
    gaze_pitch_deg: Degrees = 0.0
    gaze_weight: Share = 0.0
    arousal: Share = 0.5
    request: Literal["none", "arm", "rest", "clear"] = "none"


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stream (joints, imu, doa, camera) or a servo (by joint name) that misbehaves."""

    at_s: Seconds
    seconds: Seconds
    who: str
    kind: FailureKind | ServoFailureKind


class WorldRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One world change as such, for scenarios that are made from a log."""

    t_ns: Annotated[int, msgspec.Meta(ge=0)]
    kind: str
    who: str
    values: tuple[float, ...] = ()


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole scenario file."""

    robot: Robot = Robot()
    room: Room = Room()
    people: tuple[Person, ...] = ()
    speech: tuple[Speech, ...] = ()
    sounds: tuple[Sound, ...] = ()
    hands: tuple[Hand, ...] = ()
    intents: tuple[Intent, ...] = ()
    failures: tuple[Failure, ...] = ()
    world: tuple[WorldRow, ...] = ()


SHIPPED: Final = resources.files("firmware_bridge.simulation") / "scenarios"


def shipped_scenarios() -> tuple[str, ...]:
    """Names of the scenarios that come with the program."""
    return shipped_names(SHIPPED)


def load_scenario(path_or_name: str | Path) -> Scenario:
    """Read a scenario by path, or one that ships by name. Raises ``ScenarioError``."""
    try:
        text = read_text(path_or_name, SHIPPED, "scenario")
    except TableError as error:
        raise ScenarioError(str(error)) from None
    return parse_scenario(text, str(path_or_name))


def parse_scenario(text: str, source: str) -> Scenario:
    """Read a scenario from TOML; ``source`` names it in errors. Raises ``ScenarioError``."""
    try:
        scenario = parse_table(text, Scenario, f"scenario {source}")
    except TableError as error:
        raise ScenarioError(str(error)) from None
    _check_references(scenario, source)
    return scenario


def _check_references(scenario: Scenario, source: str) -> None:
    try:
        load_atlas(scenario.room.atlas)
    except AtlasError as error:
        raise ScenarioError(f"scenario {source}: {error}") from None
    names = [person.name for person in scenario.people]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ScenarioError(f"scenario {source}: two people are called '{min(twice)}'")
    for number, person in enumerate(scenario.people):
        if person.until_s is not None and person.until_s <= person.from_s:
            raise ScenarioError(
                f"scenario {source}: people[{number}].until_s must be later than from_s"
            )
    for number, speech in enumerate(scenario.speech):
        if speech.who not in names:
            raise ScenarioError(
                f"scenario {source}: speech[{number}].who '{speech.who}' is nobody in [[people]]"
            )
    for number, hand in enumerate(scenario.hands):
        if hand.kind == "swing" and hand.place not in ANTENNAS:
            raise ScenarioError(
                f"scenario {source}: hands[{number}].place '{hand.place}' cannot be swung; "
                f"it must be one of {', '.join(ANTENNAS)}"
            )
    for number, failure in enumerate(scenario.failures):
        known = WHO[f"failure_{failure.kind}"]
        if failure.who not in known:
            raise ScenarioError(
                f"scenario {source}: failures[{number}].who '{failure.who}' cannot be "
                f"'{failure.kind}'; it must be one of {', '.join(known)}"
            )
    for number, row in enumerate(scenario.world):
        expected = WORLD_KINDS.get(row.kind)
        if expected is None:
            raise ScenarioError(
                f"scenario {source}: world[{number}].kind '{row.kind}' is not known"
            )
        if len(row.values) != len(expected) or not all(map(math.isfinite, row.values)):
            raise ScenarioError(
                f"scenario {source}: world[{number}] ({row.kind}) needs {len(expected)} finite "
                f"values: {', '.join(expected) or 'none'}"
            )
        allowed = WHO.get(row.kind)
        if allowed is not None and row.who not in allowed:
            raise ScenarioError(
                f"scenario {source}: world[{number}].who '{row.who}' must be one of "
                f"{', '.join(allowed)} for a {row.kind}"
            )
