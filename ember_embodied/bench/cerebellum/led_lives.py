"""An antenna that a hand leads in its own rhythm, and one whose motor dies in balance.

The antenna sways on command, and a hand sways it in the same rhythm, as a firm partner that leads
it where it goes anyway; with a live motor and with a dead one. Or a motor dies while its antenna
stands balanced. Everything matches there.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, degrees, hypot, pi, sin
from typing import Final

import numpy as np

from ember_embodied.bench.cerebellum.disturbed_lives import (
    BODY,
    LEFT,
    Disturbance,
    Plan,
    Segment,
)
from ember_embodied.bench.cerebellum.judged_lives import RATES_HZ, judge
from firmware_bridge.command import MotorCommand
from firmware_bridge.joints import LEFT_ANTENNA
from firmware_bridge.simulation.scenario import Failure, Hand, Scenario

LED_SECONDS: Final = 46.0
LED_FROM_S: Final = 6.0
ALONE_SECONDS: Final = 14.0
LED_N: Final = 8.0
LED_PERIOD_S: Final = (2.0, 3.0)
LED_RAD: Final = (0.25, 0.4)


def led_plan(seed: int, case: str, rhythm: tuple[float, float] | None = None) -> Swaying:
    """An antenna that sways ("alone", "led", "led, dead") or stands "balanced"; see the module.

    ``rhythm``: amplitude, rad, and delay, s, of the hand that leads it.
    """
    rng = np.random.default_rng([seed, 9])
    period_s, angle = float(rng.uniform(*LED_PERIOD_S)), float(rng.uniform(*LED_RAD))
    sways = 0.0 if case == "balanced" else angle
    loss_s = LED_FROM_S + float(rng.uniform(0.0, 2.0))
    hands: tuple[Hand, ...] = ()
    failures: tuple[Failure, ...] = ()
    if rhythm is not None:
        hand_rad, late_s = rhythm
        hands = (
            Hand(
                at_s=LED_FROM_S + late_s,
                seconds=LED_SECONDS - LED_FROM_S,
                kind="swing",
                place="left_antenna",
                force_n=LED_N,
                angle_deg=degrees(hand_rad),
                rhythm_s=period_s,
            ),
        )
    if case in ("led, dead", "balanced"):
        failures = (Failure(loss_s, LED_SECONDS, "left_antenna", "torque_silent"),)
    truth = "push" if case == "led" else "loss"
    since_s = LED_FROM_S + 0.5 if case == "led" else loss_s
    one = Disturbance(truth, "left_antenna", LEFT, LEFT_ANTENNA, since_s, LED_SECONDS - since_s)
    turns = round((LED_SECONDS - LED_FROM_S) / period_s) + 1
    sway = Segment(LED_FROM_S, turns * period_s, 0.0, sways, turns)
    still: tuple[Segment, ...] = ()
    channels = tuple((sway,) if channel == LEFT else still for channel in range(BODY + 1))
    return Swaying(channels, (one,), Scenario(hands=hands, failures=failures), period_s, sways)


@dataclass(frozen=True, slots=True)
class Swaying(Plan):
    """A plan whose left antenna sways evenly from ``LED_FROM_S`` on, and all else rests."""

    period_s: float
    angle_rad: float

    def command(self, t_s: float) -> MotorCommand:
        """The command of this moment."""
        swing = sin(2.0 * pi * max(0.0, t_s - LED_FROM_S) / self.period_s)
        return MotorCommand(0.0, 0.0, self.angle_rad * swing, -0.17, 0.0)


def own_rhythm(seed: int) -> tuple[float, float]:
    """Amplitude, rad, and delay, s, with which this robot's antenna sways when it is left alone."""
    plan = led_plan(seed, "alone")
    life = judge(plan, seed, RATES_HZ[0], ALONE_SECONDS, probing=False)
    t_s = np.array(life.t_s)
    settled = t_s > LED_FROM_S + plan.period_s
    phase = 2.0 * pi * (t_s[settled] - LED_FROM_S) / plan.period_s
    angles = np.array(life.true_rad)[settled, LEFT_ANTENNA]
    (a, b), *_ = np.linalg.lstsq(np.stack([np.sin(phase), np.cos(phase)], axis=1), angles)
    return hypot(a, b), -atan2(b, a) * plan.period_s / (2.0 * pi)
