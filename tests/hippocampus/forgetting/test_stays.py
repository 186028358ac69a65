"""From a moment with a person to the stay around it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ember_embodied.bench import synthetic_life
from hippocampus.forgetting.stays import MARGIN_NS, PAUSE_NS, stays
from hippocampus.forgetting.times import Name, Stretch

NAME = Name("Anna")
PERIOD_NS = 1_000_000_000
SEEN = (range(100, 140), range(180, 200), range(300, 330))
"""Seconds with a face: the first two are one stay, with a pause, the third another."""


def life():
    for tick in synthetic_life.ticks(np.random.default_rng(2), 360, rate_hz=1.0):
        camera, doa = tick.sense.camera, tick.sense.doa
        seen = any(tick.tick in stay for stay in SEEN)
        camera = replace(camera, confidence=0.9 if seen else 0.0) if camera else None
        doa = replace(doa, speech=False) if doa else None
        yield replace(tick, sense=replace(tick.sense, camera=camera, doa=doa))


def test_the_stay_goes_on_across_a_pause_and_no_further(tmp_path):
    assert 40 * PERIOD_NS < PAUSE_NS < 100 * PERIOD_NS
    synthetic_life.record(tmp_path, life(), rate_hz=1.0)
    began_ns = synthetic_life.START_WALL_NS
    moment = Stretch(began_ns + 120 * PERIOD_NS, began_ns + 121 * PERIOD_NS)
    (stay,) = stays(tmp_path, [moment], NAME)
    assert abs(stay.start_ns + MARGIN_NS - began_ns - 100 * PERIOD_NS) < PERIOD_NS
    assert abs(stay.end_ns - MARGIN_NS - began_ns - 199 * PERIOD_NS) < PERIOD_NS


def test_a_moment_without_anybody_in_sight_stays_a_moment(tmp_path):
    synthetic_life.record(tmp_path, life(), rate_hz=1.0)
    at_ns = synthetic_life.START_WALL_NS + 20 * PERIOD_NS
    assert list(stays(tmp_path, [Stretch(at_ns, at_ns)], NAME)) == [
        Stretch(at_ns - MARGIN_NS, at_ns + MARGIN_NS)
    ]


def test_nobody_named_is_nowhere(tmp_path):
    synthetic_life.record(tmp_path, life(), rate_hz=1.0)
    assert not stays(tmp_path, [], NAME)
