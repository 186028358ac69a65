"""A life drawn from a seed: people come, walk, talk in turns, make noise and touch the robot."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from firmware_bridge.simulation.scenario import (
    Hand,
    Person,
    RandomLife,
    Scenario,
    Sound,
    Speech,
    Walk,
)

NEAR_M: Final = 0.6
FAR_M: Final = 2.5
FRONT_DEG: Final = 100.0
"""People stay within this bearing for three walks out of four, behind the robot for the fourth."""
FRONT_SHARE: Final = 0.75
SPEECH_TURN_S: Final = 4.0
"""Mean length of a turn of speech; pauses follow from the share of talk."""
TOUCHES: Final = ("tap", "stroke", "push", "hold")
PLACES: Final = ("head", "left_antenna", "right_antenna", "body")
GRIPS: Final = ("lift", "tilt", "bump", "turn")


def _times(generator: np.random.Generator, per_minute: float, seconds: float) -> list[float]:
    """Moments of a Poisson process, at least a second after the start."""
    times: list[float] = []
    now = 1.0
    while per_minute > 0.0:
        now += float(generator.exponential(60.0 / per_minute))
        if now >= seconds:
            break
        times.append(now)
    return times


def _bearing(generator: np.random.Generator) -> float:
    ahead = generator.random() < FRONT_SHARE
    return float(
        generator.uniform(-FRONT_DEG, FRONT_DEG) if ahead else generator.uniform(-180, 180)
    )


def _person(name: str, life: RandomLife, generator: np.random.Generator) -> Person:
    walks = tuple(
        Walk(
            at_s=moment,
            bearing_deg=_bearing(generator),
            distance_m=float(generator.uniform(NEAR_M, FAR_M)),
            speed_m_s=float(generator.uniform(0.3, 1.1)),
        )
        for moment in _times(generator, life.walks_per_minute, life.seconds)
    )
    return Person(
        name=name,
        bearing_deg=_bearing(generator),
        distance_m=float(generator.uniform(NEAR_M, FAR_M)),
        height_m=float(generator.uniform(0.2, 0.8)),
        walks=walks,
    )


def _speech(
    names: tuple[str, ...], life: RandomLife, generator: np.random.Generator
) -> list[Speech]:
    """One speaker at a time; the next turn is mostly somebody else's."""
    turns: list[Speech] = []
    now = float(generator.uniform(0.5, 3.0))
    speaker = 0
    while names and life.talk_share > 0.0 and now < life.seconds:
        length = 0.6 + float(generator.exponential(SPEECH_TURN_S))
        if generator.random() < 0.7:
            speaker = (speaker + int(generator.integers(1, len(names) + 1))) % len(names)
        level = float(generator.uniform(0.35, 0.9))
        turns.append(Speech(who=names[speaker], at_s=now, seconds=length, level=level))
        now += length + float(generator.exponential(SPEECH_TURN_S * (1.0 / life.talk_share - 1.0)))
    return turns


def _touch(moment: float, generator: np.random.Generator) -> Hand:
    kind: Literal["tap", "stroke", "push", "hold"] = TOUCHES[
        int(generator.choice(4, p=(0.4, 0.3, 0.2, 0.1)))
    ]
    place: Literal["head", "left_antenna", "right_antenna", "body"] = PLACES[
        int(generator.choice(4, p=(0.5, 0.2, 0.2, 0.1)))
    ]
    antenna = place.endswith("antenna")
    seconds = 0.15 if kind == "tap" else float(generator.uniform(0.8, 3.0))
    return Hand(
        at_s=moment,
        seconds=seconds,
        kind=kind,
        place=place,
        force_n=float(generator.uniform(0.3, 1.0) if antenna else generator.uniform(1.0, 4.0)),
        azimuth_deg=float(generator.uniform(-180.0, 180.0)),
        elevation_deg=float(
            generator.uniform(-20.0, 20.0) if antenna else generator.uniform(-90.0, -20.0)
        ),
    )


def _grip(moment: float, generator: np.random.Generator) -> Hand:
    kind: Literal["lift", "tilt", "bump", "turn"] = GRIPS[int(generator.integers(4))]
    return Hand(
        at_s=moment,
        seconds=0.15 if kind == "bump" else float(generator.uniform(1.5, 5.0)),
        kind=kind,
        force_n=float(generator.uniform(5.0, 20.0)),
        azimuth_deg=float(generator.uniform(-180.0, 180.0)),
        height_m=float(generator.uniform(0.05, 0.25)),
        angle_deg=float(generator.uniform(8.0, 35.0)) * float(generator.choice((-1.0, 1.0))),
    )


def draw_life(life: RandomLife, generator: np.random.Generator) -> Scenario:
    """Draw a life; the same generator state draws the same one."""
    names = tuple(f"person_{number}" for number in range(1, life.people + 1))
    sounds = tuple(
        Sound(
            at_s=moment,
            seconds=float(generator.uniform(0.1, 0.8)),
            bearing_deg=float(generator.uniform(-180.0, 180.0)),
            distance_m=float(generator.uniform(0.5, 4.0)),
            level=float(generator.uniform(0.3, 1.0)),
        )
        for moment in _times(generator, life.sounds_per_minute, life.seconds)
    )
    touches = [
        _touch(at, generator) for at in _times(generator, life.touches_per_minute, life.seconds)
    ]
    grips = [_grip(at, generator) for at in _times(generator, life.grips_per_minute, life.seconds)]
    return Scenario(
        people=tuple(_person(name, life, generator) for name in names),
        speech=tuple(_speech(names, life, generator)),
        sounds=sounds,
        hands=tuple(touches + grips),
    )
