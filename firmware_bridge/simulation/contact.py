"""The hands of a drawn life: touches on head, antennas and body, and grips of the whole robot."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from firmware_bridge.simulation.chance import (
    Chance,
    PerMinute,
    Ranges,
    Span,
    Weight,
    Weights,
)
from firmware_bridge.simulation.scenario import Hand, Share

Force = Annotated[float, msgspec.Meta(ge=0.0, le=12.0)]
AntennaForce = Annotated[float, msgspec.Meta(ge=0.0, le=4.0)]
"""More than that would break a robot of this size."""
Knock = Annotated[float, msgspec.Meta(ge=0.0, le=30.0)]
GripTime = Annotated[float, msgspec.Meta(ge=0.5, le=600.0)]
Lift = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Tilt = Annotated[float, msgspec.Meta(ge=0.0, le=90.0)]
Turn = Annotated[float, msgspec.Meta(ge=0.0, le=180.0)]
TAP_S: Final = (0.06, 0.25)
"""Contact of a tap: 0.13 s with a standard deviation of 0.08 (Asakawa et al. 2017)."""
TAPS: Final = (2, 3)
TAP_EVERY_S: Final = (0.25, 0.45)
BUMP_S: Final = (0.03, 0.15)
ANTENNA_ELEVATION_DEG: Final = (-20.0, 20.0)
DOWN_DEG: Final = (-90.0, -20.0)
GENTLE: Final = 0.5
"""A stroke presses about half as hard as a tap or a push: this project's estimate."""


class TouchKinds(Weights, frozen=True, forbid_unknown_fields=True):
    """How often each kind of touch."""

    tap: Weight = 4.0
    stroke: Weight = 3.0
    push: Weight = 2.0
    hold: Weight = 1.0


class Places(Weights, frozen=True, forbid_unknown_fields=True):
    """How often each place is touched."""

    head: Weight = 5.0
    left_antenna: Weight = 2.0
    right_antenna: Weight = 2.0
    body: Weight = 1.0


class GripKinds(Weights, frozen=True, forbid_unknown_fields=True):
    """How often each kind of grip."""

    lift: Weight = 1.0
    tilt: Weight = 1.0
    bump: Weight = 1.0
    turn: Weight = 1.0


class Touches(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[touches]``: fingers and hands on the robot."""

    per_minute: PerMinute = (0.0, 0.0)
    seconds: Span = (0.8, 3.0)
    """Of a stroke, push or hold; a tap is short by nature."""
    force_n: tuple[Force, Force] = (1.0, 4.0)
    antenna_force_n: tuple[AntennaForce, AntennaForce] = (0.3, 1.0)
    again_share: Share = 0.25
    """Of taps that come in twos and threes."""
    kinds: TouchKinds = TouchKinds()
    places: Places = Places()


class Grips(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[grips]``: the whole robot is lifted, tilted, turned, or its table is knocked."""

    per_minute: PerMinute = (0.0, 0.0)
    seconds: tuple[GripTime, GripTime] = (1.5, 5.0)
    height_m: tuple[Lift, Lift] = (0.05, 0.25)
    tilt_deg: tuple[Tilt, Tilt] = (8.0, 30.0)
    turn_deg: tuple[Turn, Turn] = (10.0, 60.0)
    bump_n: tuple[Knock, Knock] = (5.0, 20.0)
    kinds: GripKinds = GripKinds()


def draw_touches(touches: Touches, seconds: float, chance: Chance) -> tuple[Hand, ...]:
    """Every touch of a life of this length."""
    hands: list[Hand] = []
    for at_s in chance.times(touches.per_minute, seconds):
        kind, place = chance.name(touches.kinds), chance.name(touches.places)
        antenna = place.endswith("antenna")
        force = chance.between(touches.antenna_force_n if antenna else touches.force_n)
        hand = Hand(
            at_s=at_s,
            seconds=chance.between(TAP_S if kind == "tap" else touches.seconds),
            kind=kind,
            place=place,
            force_n=round(force * (GENTLE if kind == "stroke" else 1.0), 3),
            azimuth_deg=chance.between((-180.0, 180.0)),
            elevation_deg=chance.between(ANTENNA_ELEVATION_DEG if antenna else DOWN_DEG),
        )
        hands.append(hand)
        if kind == "tap" and chance.happens(touches.again_share):
            for _ in range(chance.one_of(TAPS) - 1):
                at_s = round(at_s + chance.between(TAP_EVERY_S), 3)
                hands.append(msgspec.structs.replace(hand, at_s=at_s))
    return tuple(hands)


def draw_grips(grips: Grips, seconds: float, chance: Chance) -> tuple[Hand, ...]:
    """Every grip of a life of this length."""
    hands = []
    for at_s in chance.times(grips.per_minute, seconds):
        kind = chance.name(grips.kinds)
        turn = chance.sign() * chance.between(grips.turn_deg)
        hands.append(
            Hand(
                at_s=at_s,
                seconds=chance.between(BUMP_S if kind == "bump" else grips.seconds),
                kind=kind,
                force_n=chance.between(grips.bump_n),
                azimuth_deg=chance.between((-180.0, 180.0)),
                height_m=chance.between(grips.height_m),
                angle_deg=turn if kind == "turn" else chance.between(grips.tilt_deg),
            )
        )
    return tuple(hands)
