from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cerebellum import in_flight
from cerebellum.off_policy import values
from cerebellum.plasticity import Evidence, Verdict, wrapped
from cerebellum.pointing import Look, Pointing
from cerebellum.variants import CATALOGUE

SECOND_NS = 1_000_000_000
WALL_NS = 1_767_225_600 * SECOND_NS


def trial(heard_rad: float, seen_rad: float, now_ns: int) -> Evidence:
    return Evidence(
        heard_rad=heard_rad,
        heard_head_yaw_rad=0.0,
        heard_t_ns=now_ns - SECOND_NS,
        speech=True,
        energy=0.5,
        own_motion=False,
        seen_rad=seen_rad,
        seen_t_ns=now_ns,
        seen_confidence=0.9,
        seen_faces=1,
        seen_spread_rad=0.0,
        head_speed_rad_s=0.0,
    )


def live(pointing: Pointing, looks: int, bias_rad: float, seed: int = 5) -> list[Look]:
    draw = np.random.default_rng(seed)
    found = []
    for number in range(looks):
        now_ns = (number + 1) * 10 * SECOND_NS
        seen = draw.uniform(-1.0, 1.0)
        heard = seen + bias_rad + math.radians(3.0) * draw.standard_normal()
        found.append(pointing.learn(trial(heard, seen, now_ns), now_ns, WALL_NS + now_ns))
    return found


def anew(seed: int = 1) -> Pointing:
    return Pointing.anew(np.random.default_rng(seed), 0.05)


def test_a_bias_is_corrected_after_some_looks_and_most_of_it() -> None:
    pointing = anew()
    assert pointing.correct(0.3, 0.0, WALL_NS) == 0.0, "it knows nothing"
    live(pointing, 30, math.radians(15.0))
    now_ns = WALL_NS + 301 * SECOND_NS
    left = [
        math.degrees(wrapped(seen + math.radians(15.0) - seen) + correction)
        for seen in np.linspace(-0.8, 0.8, 9).tolist()
        if (correction := pointing.correct(seen + math.radians(15.0), 0.0, now_ns)) is not None
    ]
    assert max(map(abs, left)) < 5.0
    assert np.median(np.abs(left)) < 3.0


def test_a_robot_that_hears_well_is_left_alone() -> None:
    pointing = anew()
    live(pointing, 30, 0.0)
    added = [pointing.correct(a, 0.0, WALL_NS) for a in np.linspace(-1.0, 1.0, 21).tolist()]
    assert max(map(abs, added)) < math.radians(3.0)


def test_refused_trials_change_nothing() -> None:
    pointing = anew()
    live(pointing, 5, 0.2)
    before, now_ns = in_flight.to_bytes(pointing), 60 * SECOND_NS
    good = trial(0.4, 0.2, now_ns)
    bad = [
        replace(good, heard_rad=math.nan),
        replace(good, heard_head_yaw_rad=math.inf),
        replace(good, seen_rad=math.nan),
        replace(good, heard_t_ns=now_ns - 10 * SECOND_NS),
        replace(good, seen_rad=2.5),
        replace(good, own_motion=True),
        replace(good, valid=False),
    ]
    for one in bad:
        assert pointing.learn(one, now_ns, WALL_NS).verdict >= Verdict.NOT_FINITE
        assert in_flight.to_bytes(pointing) == before
    pointing.table.frozen = True
    assert pointing.learn(good, now_ns, WALL_NS).verdict is Verdict.FROZEN
    pointing.table.frozen = False
    assert in_flight.to_bytes(pointing) == before
    for wild in (math.nan, math.inf, -math.inf):
        assert pointing.correct(wild, 0.0, WALL_NS) == 0.0
        assert math.isfinite(pointing.correct(0.4, wild, WALL_NS))


def test_the_log_of_choices_tells_what_the_others_would_have_been_worth() -> None:
    pointing = Pointing.anew(np.random.default_rng(2), 0.4)
    looks = live(pointing, 500, math.radians(12.0))
    told = values(((look.choice, look.reward) for look in looks), len(CATALOGUE))
    nothing, everything = CATALOGUE[0], CATALOGUE[4]
    assert (nothing.name, everything.name) == ("blend 0", "blend 1")
    worth = {one.variant: one.snips for one in told}
    assert worth[0].high < worth[4].low
    truth = {one.variant: one.mean for one in pointing.selector.statistics()}
    assert truth[0] < truth[4]
    assert worth[0].value == pytest.approx(truth[0], abs=0.1)


def test_what_is_learned_a_little_in_each_tick_is_the_same_in_the_end() -> None:
    at_once, slowly = anew(), anew()
    for pointing in (at_once, slowly):
        live(pointing, 12, math.radians(12.0))
    now_ns = 500 * SECOND_NS
    looked = trial(0.5, 0.3, now_ns)
    before = slowly.correct(0.4, 0.0, WALL_NS)
    look = at_once.learn(looked, now_ns, WALL_NS)
    assert slowly.take(looked, now_ns, WALL_NS) is None
    seen, ticks = None, 0
    while seen is None:
        assert slowly.correct(0.4, 0.0, WALL_NS) == before, "half of a lesson is not gone by"
        assert not slowly.at_rest
        seen, ticks = slowly.go_on(), ticks + 1
    assert ticks < 10, "it is done within a second"
    assert slowly.at_rest
    assert slowly.go_on() is None
    assert seen == look
    assert slowly.correct(0.4, 0.0, WALL_NS) == at_once.correct(0.4, 0.0, WALL_NS) != before
    assert in_flight.to_bytes(slowly) == in_flight.to_bytes(at_once)


def test_written_down_in_the_middle_of_a_lesson_it_goes_on_to_the_bit() -> None:
    pointing = anew()
    live(pointing, 12, math.radians(12.0))
    now_ns = 500 * SECOND_NS
    pointing.take(trial(0.5, 0.3, now_ns), now_ns, WALL_NS)
    ends = set()
    while not pointing.at_rest:
        other = in_flight.from_bytes(in_flight.to_bytes(pointing), Pointing)
        assert other.correct(0.4, 0.0, WALL_NS) == pointing.correct(0.4, 0.0, WALL_NS)
        other.finish()
        ends.add(in_flight.to_bytes(other))
        pointing.go_on()
    assert ends == {in_flight.to_bytes(pointing)}


def test_the_next_trial_waits_for_nothing() -> None:
    hasty, patient = anew(), anew()
    for number in range(1, 9):
        now_ns = number * 10 * SECOND_NS
        looked = trial(0.1 * number + 0.2, 0.1 * number, now_ns)
        hasty.take(looked, now_ns, WALL_NS)
        hasty.go_on()
        patient.learn(looked, now_ns, WALL_NS)
    assert not hasty.at_rest
    hasty.finish()
    assert in_flight.to_bytes(hasty) == in_flight.to_bytes(patient)
