from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ember_embodied.arming import Arming, ArmingSettings
from ember_embodied.life import Life
from ember_embodied.loop import Mind
from firmware_bridge.body import Check
from firmware_bridge.clock import SystemClock, VirtualClock
from firmware_bridge.command import JointTargets, Mode
from firmware_bridge.replay_body import ReplayBody
from firmware_bridge.senses import IntentSense, ModeRequest
from firmware_bridge.simulation.body import SimBody
from hippocampus.reader import Log
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord

SECOND_NS = 1_000_000_000


class Checked:
    """A body of which only the checks are asked."""

    def __init__(self) -> None:
        self.passed = True

    def checks(self) -> tuple[Check, ...]:
        return (
            Check("port", self.passed, "found", "plug it in"),
            Check("latency", False, "16 ms", "set it to 1", required=False),
        )


def arming(body: Checked, **settings: object) -> Arming:
    return Arming(body, replace(ArmingSettings(), **settings))  # type: ignore[arg-type]


def test_it_arms_at_start_when_the_checks_pass() -> None:
    body = Checked()
    assert arming(body).request(Mode.OFF, ModeRequest.NONE, 0) is ModeRequest.ARM
    body.passed = False
    refused = arming(body)
    assert refused.request(Mode.OFF, ModeRequest.NONE, 0) is ModeRequest.NONE
    assert [check.name for check in refused.refusals] == ["port"]
    assert refused.request(Mode.OFF, ModeRequest.ARM, 1) is ModeRequest.NONE, "checks bind everyone"


def test_it_tries_again_a_few_times_and_then_no_more() -> None:
    wish = arming(Checked(), attempts=2, pause_s=5.0)
    armed = [
        wish.request(Mode.OFF, ModeRequest.NONE, n * SECOND_NS) is ModeRequest.ARM
        for n in range(60)
    ]
    assert armed.count(True) == 3
    assert [n for n, a in enumerate(armed) if a] == [0, 5, 10]
    assert wish.request(Mode.OFF, ModeRequest.ARM, 61 * SECOND_NS) is ModeRequest.ARM


def test_who_was_told_to_rest_rests() -> None:
    wish = arming(Checked())
    assert wish.request(Mode.RUN, ModeRequest.REST, 0) is ModeRequest.REST
    for n in range(30):
        assert wish.request(Mode.OFF, ModeRequest.NONE, n * SECOND_NS) is ModeRequest.NONE
    assert arming(Checked(), at_start=False).request(Mode.OFF, ModeRequest.NONE, 0) is (
        ModeRequest.NONE
    )


def test_a_minute_of_running_forgives() -> None:
    wish = arming(Checked(), attempts=0, forgiven_after_s=60.0)
    assert wish.request(Mode.OFF, ModeRequest.NONE, 0) is ModeRequest.ARM
    for n in range(1, 62):
        wish.request(Mode.RUN, ModeRequest.NONE, n * SECOND_NS)
    assert wish.request(Mode.OFF, ModeRequest.NONE, 70 * SECOND_NS) is ModeRequest.NONE


class Memory:
    def __init__(self) -> None:
        self.records: list[TickRecord] = []
        self.timings: list[TimingRecord] = []
        self.events: list[EventRecord] = []

    def follow(self, record: TickRecord, timing: TimingRecord, events: list[EventRecord]) -> None:
        self.records.append(record)
        self.timings.append(timing)
        self.events += events


def test_intents_of_the_wire_reach_the_tick_and_rest_ends_in_off(mind: Mind) -> None:
    body = SimBody(seed=3)
    body.open()
    memory = Memory()

    def wire() -> IntentSense | None:
        now_ns = body.clock.mono_ns()
        request = ModeRequest.REST if now_ns == 2 * SECOND_NS else ModeRequest.NONE
        return IntentSense(now_ns, 0, True, 0.3, 0.0, 1.0, 0.5, request)

    Life(
        body,
        mind,
        ArmingSettings(),
        intents=wire,
        companions=(memory,),
        stopwatch=SystemClock(),
    ).run(80)
    modes = [record.mode for record in memory.records]
    assert modes[0] is Mode.RUN
    assert modes[19] is Mode.REST
    assert modes[-1] is Mode.OFF
    assert [event.text for event in memory.events if event.name == "mode"] == [
        "OFF -> RUN",
        "RUN -> REST",
        "REST -> OFF",
    ]
    gazes = [r.sense.intent.gaze_yaw_rad for r in memory.records if r.sense.intent is not None]
    assert set(gazes[1:]) == {0.3}


def test_what_was_sent_is_what_the_body_says(mind: Mind) -> None:
    class Deaf(SimBody):
        def act(self, targets: JointTargets) -> JointTargets | None:
            return None

    body = Deaf(seed=1)
    body.open()
    memory = Memory()
    Life(body, mind, ArmingSettings(), companions=(memory,), stopwatch=SystemClock()).run(5)
    assert all(record.sent is None for record in memory.records)


def test_real_time_and_full_speed_live_the_same_life(mind: Mind) -> None:
    lives = []
    for wall in (None, SystemClock()):
        body = SimBody(seed=9)
        body.open()
        memory = Memory()
        Life(
            body,
            mind,
            ArmingSettings(),
            companions=(memory,),
            wall=wall,
            stopwatch=SystemClock(),
        ).run(12)
        lives.append(memory)
    assert lives[0].records == lives[1].records
    assert isinstance(body.clock, VirtualClock)


def test_a_log_can_be_the_body(recorded_life: Callable[..., Log], mind: Mind) -> None:
    logged = list(recorded_life(ticks=20).ticks())
    body = ReplayBody(record.sense for record in logged)
    body.open()
    memory = Memory()
    life = Life(body, mind, ArmingSettings(), companions=(memory,), stopwatch=SystemClock())
    summary = life.run(stopped=lambda: body.exhausted)
    assert summary.ticks == 20
    assert [r.requested for r in memory.records] == [r.requested for r in logged]
    assert all(r.sent is None for r in memory.records)


def test_an_empty_log_is_no_body() -> None:
    with pytest.raises(Exception, match="holds no tick"):
        ReplayBody(iter(())).open()
