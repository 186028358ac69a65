"""From a scenario's tables to the list of world changes, and from changes back to a scenario."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import msgspec

from firmware_bridge.senses import ModeRequest
from firmware_bridge.simulation.scenario import (
    Hand,
    Person,
    Robot,
    Room,
    Scenario,
    WorldChange,
    WorldRow,
)

NS: Final = 1_000_000_000


def timeline(scenario: Scenario) -> tuple[WorldChange, ...]:
    """Every change of the world in order of time, from time zero; ties keep the file's order."""
    return tuple(sorted(_written(scenario), key=lambda change: change.t_mono_ns))


def _change(at_s: float, kind: str, who: str, *values: float) -> WorldChange:
    return WorldChange(round(at_s * NS), kind, who, tuple(float(value) for value in values))


def _written(scenario: Scenario) -> Iterator[WorldChange]:
    for person in scenario.people:
        yield from _person(person)
    for speech in scenario.speech:
        yield _change(speech.at_s, "speech", speech.who, speech.seconds, speech.level)
    for sound in scenario.sounds:
        bearing = math.radians(sound.bearing_deg)
        kind = "radio" if sound.speech else "sound"
        yield _change(
            sound.at_s, kind, "room", sound.seconds, sound.level, bearing, sound.distance_m
        )
    for hand in scenario.hands:
        yield _hand(hand)
    for intent in scenario.intents:
        yield _change(
            intent.at_s,
            "intent",
            "cortex",
            intent.seconds,
            math.radians(intent.gaze_yaw_deg),
            math.radians(intent.gaze_pitch_deg),
            intent.gaze_weight,
            intent.arousal,
            ModeRequest[intent.request.upper()],
        )
    for failure in scenario.failures:
        yield _change(failure.at_s, f"failure_{failure.kind}", failure.who, failure.seconds)
    for row in scenario.world:
        yield WorldChange(row.t_ns, row.kind, row.who, row.values)


def _person(person: Person) -> Iterator[WorldChange]:
    bearing = math.radians(person.bearing_deg)
    yield _change(person.from_s, "person", person.name, bearing, person.distance_m, person.height_m)
    for walk in person.walks:
        bearing = math.radians(walk.bearing_deg)
        yield _change(walk.at_s, "walk", person.name, bearing, walk.distance_m, walk.speed_m_s)
    for rise in person.rises:
        yield _change(rise.at_s, "rise", person.name, rise.seconds, rise.height_m)
    for look in person.looks:
        yield _change(look.at_s, "look", person.name, math.radians(look.turned_deg))
    if person.until_s is not None:
        yield _change(person.until_s, "leave", person.name)


def _hand(hand: Hand) -> WorldChange:
    azimuth, elevation = math.radians(hand.azimuth_deg), math.radians(hand.elevation_deg)
    angle = math.radians(hand.angle_deg)
    values: dict[str, tuple[float, ...]] = {
        "lift": (hand.height_m,),
        "tilt": (angle, azimuth),
        "bump": (hand.force_n, azimuth),
        "turn": (angle,),
    }
    touched = hand.kind not in values
    led = (angle, hand.rhythm_s) if hand.kind == "swing" else ()
    return _change(
        hand.at_s,
        hand.kind,
        hand.place if touched else "foot",
        hand.seconds,
        *((hand.force_n, azimuth, elevation, *led) if touched else values[hand.kind]),
    )


def scenario_from_world(
    changes: Iterable[WorldChange], scenario: Scenario | None = None, start_ns: int = 0
) -> Scenario:
    """A scenario that plays ``changes`` again, in the robot and room of ``scenario``.

    ``start_ns`` is the monotonic time at which that life began.
    """
    before = Scenario() if scenario is None else scenario
    return Scenario(
        robot=before.robot,
        room=before.room,
        world=tuple(
            WorldRow(max(0, change.t_mono_ns - start_ns), change.kind, change.who, change.values)
            for change in changes
        ),
    )


def shifted(change: WorldChange, start_ns: int) -> WorldChange:
    """The same change in a life that begins at ``start_ns``."""
    return replace(change, t_mono_ns=change.t_mono_ns + start_ns)


def scenario_to_toml(scenario: Scenario) -> str:
    """The scenario as TOML that ``parse_scenario`` reads back equal; defaults are left out."""
    lines: list[str] = []
    for field in msgspec.structs.fields(Scenario):
        value = getattr(scenario, field.name)
        if isinstance(value, tuple):
            for row in value:
                lines += [f"[[{field.name}]]", *_keys(row), ""]
        elif isinstance(value, msgspec.Struct) and value not in (Robot(), Room()):
            lines += [f"[{field.name}]", *_keys(value), ""]
    return "\n".join(lines)


def _keys(table: msgspec.Struct) -> Iterator[str]:
    for field in msgspec.structs.fields(type(table)):
        value = getattr(table, field.name)
        if value != field.default:
            yield f"{field.name} = {_literal(value)}"


def _literal(value: object) -> str:
    """A TOML literal; floats by ``repr``, which reads back exactly."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, msgspec.Struct):
        return "{ " + ", ".join(_keys(value)) + " }"
    return repr(value)
