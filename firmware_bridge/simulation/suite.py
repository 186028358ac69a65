"""Suites: TOML files of ranges from which whole lives are drawn, one for each seed.

A suite says how much of everything may happen; what it leaves out does not happen. A pair
``[low, high]`` is drawn evenly: a rate (``..._per_minute``) and ``talk.share`` once for a life,
everything else each time that it happens. The shipped files explain every key.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from firmware_bridge.simulation.atlas import AtlasError, load_atlas, shipped_atlases
from firmware_bridge.simulation.chance import (
    Chance,
    PerMinute,
    Ranges,
    ShareSpan,
    Span,
    Weight,
    Weights,
)
from firmware_bridge.simulation.company import Company, draw_company
from firmware_bridge.simulation.contact import Grips, Touches, draw_grips, draw_touches
from firmware_bridge.simulation.conversation import Talk, draw_talk
from firmware_bridge.simulation.scenario import (
    Degrees,
    Distance,
    Failure,
    Intent,
    Robot,
    Room,
    Scenario,
    Share,
    Sound,
)
from firmware_bridge.simulation.tables import TableError, parse_table, read_text, shipped_names

EVERYWHERE_DEG: Final = (-180.0, 180.0)
DOOR_S: Final = (0.1, 0.5)
DOOR_M: Final = (1.5, 5.0)
DOOR_LEVEL: Final = (0.6, 1.0)
CUP_S: Final = (0.05, 0.2)
CUP_M: Final = (0.3, 1.2)
CUP_LEVEL: Final = (0.15, 0.5)
RADIO_SENTENCE_S: Final = (1.0, 12.0)
RADIO_PAUSE_S: Final = (0.15, 1.5)

Rt60 = Annotated[float, msgspec.Meta(ge=0.1, le=0.8)]
Spread = Annotated[float, msgspec.Meta(ge=0.0, le=3.0)]
Volts = Annotated[float, msgspec.Meta(ge=3.0, le=12.0)]
MountedOn = Literal["foot", "body", "head"]


class SuiteError(TableError):
    """A suite cannot be read; the message is one line that names the file and the key."""


class Make(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[robot]``: how one robot differs from the next."""

    imu_share: Share = 1.0
    """Of robots that have an IMU; the others are Lite robots."""
    imu_mounted_on: tuple[MountedOn, ...] = ("body",)
    imu_mounting_deg: tuple[Degrees, Degrees] = (0.0, 0.0)
    """Roll, pitch and yaw of the chip, each."""
    spread: tuple[Spread, Spread] = (1.0, 1.0)
    """Of the servos: 0 is nine nominal ones, 1 a usual batch."""
    voltage_v: tuple[Volts, Volts] = (7.2, 7.2)


class Rooms(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[room]``: reverberation time and steady noise."""

    rt60_s: tuple[Rt60, Rt60] = (0.4, 0.4)
    noise: ShareSpan = (0.03, 0.03)


class Noises(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[sounds]``: sudden sounds that are no speech."""

    doors_per_minute: PerMinute = (0.0, 0.0)
    cups_per_minute: PerMinute = (0.0, 0.0)


class Radio(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[radio]``: speech from a fixed place with nobody there."""

    share: Share = 0.0
    """Of lives with a radio."""
    on_share: ShareSpan = (0.3, 1.0)
    """Of the life, from some moment on."""
    level: ShareSpan = (0.15, 0.5)
    distance_m: tuple[Distance, Distance] = (1.0, 4.0)


class Intents(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[intents]``: the cortex wants the robot to look somewhere."""

    per_minute: PerMinute = (0.0, 0.0)
    seconds: Span = (1.5, 5.0)
    gaze_yaw_deg: tuple[Degrees, Degrees] = (-120.0, 120.0)
    gaze_pitch_deg: tuple[Degrees, Degrees] = (-25.0, 15.0)


class Streams(Weights, frozen=True, forbid_unknown_fields=True):
    """How often each stream of senses fails."""

    joints: Weight = 0.0
    imu: Weight = 1.0
    doa: Weight = 1.0
    camera: Weight = 1.0


class FailureKinds(Weights, frozen=True, forbid_unknown_fields=True):
    """How often each kind of failure."""

    off: Weight = 1.0
    stuck: Weight = 0.0
    garbage: Weight = 0.0
    slow: Weight = 1.0
    delayed: Weight = 1.0
    intermittent: Weight = 1.0


class Failures(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[failures]``: streams of senses that lag, drop out or are missing."""

    per_minute: PerMinute = (0.0, 0.0)
    seconds: Span = (2.0, 10.0)
    missing_share: Share = 0.0
    """Of lives that lack one stream from the first moment to the last."""
    streams: Streams = Streams()
    kinds: FailureKinds = FailureKinds()


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole suite; ``atlas`` is a hearing atlas by name or path."""

    atlas: str
    seconds: Annotated[float, msgspec.Meta(ge=5.0, le=864_000.0)] = 60.0
    robot: Make = Make()
    room: Rooms = Rooms()
    people: Company = Company()
    talk: Talk = Talk()
    radio: Radio = Radio()
    sounds: Noises = Noises()
    touches: Touches = Touches()
    grips: Grips = Grips()
    intents: Intents = Intents()
    failures: Failures = Failures()


SHIPPED: Final = resources.files("firmware_bridge.simulation") / "suites"


def shipped_suites() -> tuple[str, ...]:
    """Names of the suites that come with the program."""
    return shipped_names(SHIPPED)


def load_suite(path_or_name: str | Path) -> Suite:
    """Read a suite by path, or one that ships by name. Raises ``SuiteError``.

    An atlas that a file names by a relative path lies beside that file.
    """
    try:
        suite = parse_suite(read_text(path_or_name, SHIPPED, "suite"), str(path_or_name))
    except TableError as error:
        raise SuiteError(str(error)) from None
    shipped = suite.atlas in shipped_atlases()
    atlas = suite.atlas if shipped else str(Path(path_or_name).parent / suite.atlas)
    try:
        load_atlas(atlas)
    except AtlasError as error:
        raise SuiteError(f"suite {path_or_name}: {error}") from None
    return msgspec.structs.replace(suite, atlas=atlas)


def parse_suite(text: str, source: str) -> Suite:
    """Read a suite from TOML; ``source`` names it in errors. Raises ``SuiteError``."""
    try:
        return parse_table(text, Suite, f"suite {source}")
    except TableError as error:
        raise SuiteError(str(error)) from None


def draw_scenario(suite: Suite, seed: int) -> Scenario:
    """The life of one seed, every event written out; the same seed draws the same life.

    The parts of a life are drawn apart: a change of one table leaves the others as they were.
    """
    chances = (Chance(seed, stream) for stream in range(9))
    robot, room, company, talk, noises, touches, grips, intents, failures = chances
    seconds = suite.seconds
    everybody = draw_company(suite.people, seconds, company)
    speech = draw_talk(suite.talk, everybody, seconds, talk)
    return Scenario(
        robot=_robot(suite.robot, robot),
        room=Room(
            atlas=suite.atlas,
            rt60_s=room.between(suite.room.rt60_s),
            noise=room.between(suite.room.noise),
        ),
        people=tuple(who.person() for who in everybody),
        speech=speech,
        sounds=(
            *_noises(suite.sounds, seconds, noises),
            *_radio(suite.radio, seconds, room),
        ),
        hands=(
            *draw_touches(suite.touches, seconds, touches),
            *draw_grips(suite.grips, seconds, grips),
        ),
        intents=_intents(suite.intents, seconds, intents),
        failures=_failures(suite.failures, seconds, failures),
    )


def draw_life(suite: Suite, seed: int, seconds: float | None = None) -> Scenario:
    """As ``draw_scenario``, but a life of another length: ``seconds``, where given."""
    length_s = suite.seconds if seconds is None else seconds
    return draw_scenario(msgspec.structs.replace(suite, seconds=length_s), seed)


def _robot(make: Make, chance: Chance) -> Robot:
    roll, pitch, yaw = (chance.between(make.imu_mounting_deg) for _ in range(3))
    return Robot(
        imu=chance.happens(make.imu_share),
        imu_mounted_on=chance.one_of(make.imu_mounted_on),
        imu_mounting_rpy_deg=(roll, pitch, yaw),
        spread=chance.between(make.spread),
        voltage_v=chance.between(make.voltage_v),
    )


def _noises(noises: Noises, seconds: float, chance: Chance) -> list[Sound]:
    kinds = (
        (noises.doors_per_minute, DOOR_S, DOOR_M, DOOR_LEVEL),
        (noises.cups_per_minute, CUP_S, CUP_M, CUP_LEVEL),
    )
    return [
        Sound(
            at_s=at_s,
            seconds=chance.between(length_s),
            bearing_deg=chance.between(EVERYWHERE_DEG),
            distance_m=chance.between(distance_m),
            level=chance.between(level),
        )
        for per_minute, length_s, distance_m, level in kinds
        for at_s in chance.times(per_minute, seconds)
    ]


def _radio(radio: Radio, seconds: float, chance: Chance) -> list[Sound]:
    """Sentences from one place, one after the other."""
    if not chance.happens(radio.share):
        return []
    on_s = seconds * chance.between(radio.on_share)
    now = round(chance.between((0.0, seconds - on_s)), 3)
    end_s = now + on_s
    bearing, distance_m = chance.between(EVERYWHERE_DEG), chance.between(radio.distance_m)
    level = chance.between(radio.level)
    sentences = []
    while now < end_s:
        length_s = round(min(chance.around(RADIO_SENTENCE_S), end_s - now), 3)
        sentences.append(Sound(now, length_s, bearing, distance_m, level, speech=True))
        now = round(now + length_s + chance.between(RADIO_PAUSE_S), 3)
    return sentences


def _intents(intents: Intents, seconds: float, chance: Chance) -> tuple[Intent, ...]:
    return tuple(
        Intent(
            at_s=at_s,
            seconds=chance.between(intents.seconds),
            gaze_yaw_deg=chance.between(intents.gaze_yaw_deg),
            gaze_pitch_deg=chance.between(intents.gaze_pitch_deg),
            gaze_weight=1.0,
            arousal=chance.between((0.0, 1.0)),
        )
        for at_s in chance.times(intents.per_minute, seconds)
    )


def _failures(failures: Failures, seconds: float, chance: Chance) -> tuple[Failure, ...]:
    passing = [
        Failure(
            at_s=at_s,
            seconds=chance.between(failures.seconds),
            who=chance.name(failures.streams),
            kind=chance.name(failures.kinds),
        )
        for at_s in chance.times(failures.per_minute, seconds)
    ]
    if chance.happens(failures.missing_share):
        passing.append(Failure(0.0, seconds, chance.name(failures.streams), "off"))
    return tuple(passing)
