"""One life of the robot: armed, ticking at its pace, parked. What is pure is in ``loop``.

Order of a cycle: wait, sense, think, act; only then record, learn, publish, show. Nothing after
``act`` can delay the movement of its own tick, and each of them is bounded for the next one.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from cerebellum import in_flight
from cerebellum.cerebellum import Cerebellum, Learnt
from cerebellum.felt import Phase as TouchPhase
from ember_embodied.arming import Arming, ArmingSettings
from ember_embodied.bodies import WorldSource, no_world
from ember_embodied.guidance import learn, learning_record
from ember_embodied.keeper import Keeper
from ember_embodied.loop import Mind, initial_state, tick
from ember_embodied.tick_state import TickState, to_bytes
from firmware_bridge.body import Body
from firmware_bridge.clock import Clock, Pacer, VirtualClock
from firmware_bridge.command import Mode
from firmware_bridge.senses import BodySense, Fault, IntentSense, ModeRequest
from hippocampus.recorder import Recorder
from hippocampus.session import Phase
from hippocampus.tick_record import (
    EventRecord,
    SnapshotRecord,
    TickRecord,
    TimingRecord,
)

INFO: Final = 2
WARNING: Final = 3
ERROR: Final = 4
_COLLECT_EVERY_TICKS: Final = 100
_SECOND_NS: Final = 1_000_000_000


class Companion(Protocol):
    """Something that follows every tick: the wire, the terminal view, the service manager."""

    def follow(self, record: TickRecord, timing: TimingRecord, events: list[EventRecord]) -> None:
        """Take note of a finished tick; bounded work only."""
        ...


IntentSource = Callable[[], IntentSense | None]


def _no_intent() -> IntentSense | None:
    return None


def _nothing() -> None:
    return None


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class LifeSummary:
    """What a life amounted to."""

    ticks: int
    lived_s: float
    """By the body's clock."""
    modes: dict[str, int]
    """Ticks in each mode."""
    faults: dict[str, int]
    """Ticks with each fault."""
    skipped_ticks: int
    """Ticks in which nothing had changed and the network did not step."""
    clipped_ticks: int
    missed_cycles: int
    dropped_records: int


class Life:
    """Runs one body with one mind until it is told to stop."""

    def __init__(
        self,
        body: Body,
        mind: Mind,
        arming: ArmingSettings,
        *,
        recorder: Recorder | None = None,
        intents: IntentSource = _no_intent,
        world: WorldSource = no_world,
        companions: tuple[Companion, ...] = (),
        wall: Clock | None = None,
        stopwatch: Clock,
        parking: Callable[[], None] = _nothing,
        cerebellum: Cerebellum | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        """``body`` is open.

        ``wall`` paces a body that lives in virtual time to the real one; without it such a body
        lives as fast as it can. ``stopwatch`` measures where the time of a tick goes. ``parking``
        is called when the last tick is done, before the body is parked. ``keeper`` keeps what
        the ``cerebellum`` learns.
        """
        self._body = body
        self._mind = mind
        self._arming = Arming(body, arming)
        self._recorder = recorder
        self._intents = intents
        self._world = world
        self._companions = companions
        self._stopwatch = stopwatch
        self._parking = parking
        self._cerebellum = cerebellum
        self._keeper = keeper
        self._pacers = [Pacer(body.clock, mind.period_ns)]
        if wall is not None and isinstance(body.clock, VirtualClock):
            self._pacers.append(Pacer(wall, mind.period_ns))
        self._state: TickState = initial_state(mind)
        self._faults = Fault.NONE
        self._phase = Phase.RECORDING
        self._modes: dict[Mode, int] = {}
        self._fault_ticks: dict[Fault, int] = {}
        self._skipped = 0
        self._clipped = 0
        self._missed = 0

    def run(self, ticks: int | None = None, stopped: Callable[[], bool] = _never) -> LifeSummary:
        """Live ``ticks`` ticks (None: for ever) or until ``stopped``; then park."""
        start_ns = self._body.clock.mono_ns()
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            while not stopped() and (ticks is None or self._state.tick < ticks):
                self._cycle()
        finally:
            gc.enable()
            gc.unfreeze()
            self._parking()
            self._body.park()
        return self._summary(start_ns)

    def _cycle(self) -> None:
        for pacer in self._pacers:
            cycle = pacer.wait()
        self._missed += cycle.missed
        read = self._stopwatch.mono_ns
        io_before, woken_ns = self._body.io_ns, read()
        sense = self._asked(self._body.sense())
        sensed_ns = read()
        before = self._state
        if self._cerebellum is not None and self._keeper is not None:
            self._cerebellum.frozen = self._keeper.frozen
        record, self._state = tick(sense, before, self._mind, self._cerebellum)
        thought_ns = read()
        sent = self._body.act(record.gated)
        acted_ns = read()
        record = replace(record, sent=sent)
        events = self._events(record, before)
        told_ns = read()
        self._record(record, before, events)
        recorded_ns = read()
        events += self._learn(record)
        learnt_ns = read()
        timing = TimingRecord(
            tick=record.tick,
            t_mono_ns=sense.t_mono_ns,
            lateness_ns=cycle.lateness_ns,
            missed_cycles=cycle.missed,
            sense_ns=sensed_ns - woken_ns,
            io_ns=self._body.io_ns - io_before,
            think_ns=thought_ns - sensed_ns,
            act_ns=acted_ns - thought_ns,
            record_ns=recorded_ns - told_ns,
            dropped_records=self._recorder.dropped if self._recorder else 0,
            learn_ns=learnt_ns - recorded_ns,
        )
        if self._recorder is not None:
            self._recorder.put(timing)
        for companion in self._companions:
            companion.follow(record, timing, events)
        self._count(record)
        if record.tick % _COLLECT_EVERY_TICKS == _COLLECT_EVERY_TICKS - 1:
            gc.collect(1)

    def _asked(self, sense: BodySense) -> BodySense:
        """Merge the intents of body and wire, and let ARM through only where it may."""
        wired, own = self._intents(), sense.intent
        intent = own
        if wired is not None and (own is None or wired.t_mono_ns >= own.t_mono_ns):
            intent = wired
        asked = intent.request if intent is not None else ModeRequest.NONE
        mode = self._state.failsafe.mode
        request = self._arming.request(mode, asked, sense.t_mono_ns)
        if request is asked and intent is own:
            return sense
        if request is not asked:
            intent = replace(intent or _wish_of_nobody(sense.t_mono_ns), request=request)
        return replace(sense, intent=intent)

    def _record(self, record: TickRecord, before: TickState, events: list[EventRecord]) -> None:
        if self._recorder is None:
            return
        t_mono_ns = record.sense.t_mono_ns
        if self._recorder.wants_snapshot(t_mono_ns):
            whole = b"" if self._cerebellum is None else in_flight.to_bytes(self._cerebellum)
            self._recorder.put(SnapshotRecord(record.tick, t_mono_ns, to_bytes(before), whole))
        self._recorder.put(record)
        for change in self._world():
            self._recorder.put(change)
        for event in events:
            self._recorder.put(event)

    def _learn(self, record: TickRecord) -> list[EventRecord]:
        """Let the cerebellum learn from a tick whose command is out; what it has to tell."""
        if self._cerebellum is None:
            return []
        learnt = learn(self._cerebellum, record)
        trouble: tuple[str, ...] = ()
        if self._keeper is not None:
            trouble = self._keeper.follow(self._cerebellum, record.sense)
        sense = record.sense
        events = [
            EventRecord(sense.t_mono_ns, sense.t_wall_ns, record.tick, level, name, text)
            for level, name, text in (
                *_told(learnt),
                *((ERROR, "cerebellum", text) for text in trouble),
            )
        ]
        if self._recorder is not None:
            self._recorder.put(learning_record(record, learnt))
            for event in events:
                self._recorder.put(event)
        return events

    def _events(self, record: TickRecord, before: TickState) -> list[EventRecord]:
        """What a person would like to be told about this tick; mostly nothing."""
        events: list[EventRecord] = []

        def tell(level: int, name: str, text: str) -> None:
            sense = record.sense
            events.append(
                EventRecord(sense.t_mono_ns, sense.t_wall_ns, record.tick, level, name, text)
            )

        if record.mode is not before.failsafe.mode:
            level = INFO if record.mode in (Mode.RUN, Mode.OFF, Mode.REST) else WARNING
            tell(level, "mode", f"{before.failsafe.mode.name} -> {record.mode.name}")
        changed = record.fault_bits ^ self._faults
        for fault in changed:
            came = fault in record.fault_bits
            tell(WARNING if came else INFO, "fault", f"{fault.name} {'came' if came else 'went'}")
        self._faults = record.fault_bits
        if self._arming.refusals:
            for check in self._arming.refusals:
                tell(ERROR, "not armed", f"{check.name}: {check.found}; {check.remedy}")
            self._arming.refusals = ()
        if self._recorder is not None and self._recorder.state.phase is not self._phase:
            self._phase = self._recorder.state.phase
            level = INFO if self._phase is Phase.RECORDING else ERROR
            tell(level, "log", f"{self._phase.value} {self._recorder.state.reason}".strip())
        return events

    def _count(self, record: TickRecord) -> None:
        self._modes[record.mode] = self._modes.get(record.mode, 0) + 1
        self._skipped += not record.stepped
        self._clipped += bool(record.clip_bits)
        for fault in record.fault_bits:
            self._fault_ticks[fault] = self._fault_ticks.get(fault, 0) + 1

    def _summary(self, start_ns: int) -> LifeSummary:
        return LifeSummary(
            ticks=self._state.tick,
            lived_s=(self._state.t_mono_ns - start_ns) / _SECOND_NS if self._state.tick else 0.0,
            modes={mode.name: count for mode, count in self._modes.items()},
            faults={str(fault.name): count for fault, count in self._fault_ticks.items()},
            skipped_ticks=self._skipped,
            clipped_ticks=self._clipped,
            missed_cycles=self._missed,
            dropped_records=self._recorder.dropped if self._recorder else 0,
        )


def _told(learnt: Learnt) -> Iterator[tuple[int, str, str]]:
    """Level, name and text of what a person would like to know of a tick's learning."""
    for touch in learnt.touches:
        if touch.phase is TouchPhase.OVER:
            place = touch.place.value.replace("_", " ")
            yield INFO, "touch", f"{place}: {touch.kind.value.replace('_', ' ')}, {touch.strength}"
    if learnt.moved:
        yield (
            INFO,
            "cerebellum",
            "carried: it may be in another room, which the next looks will tell",
        )


def _wish_of_nobody(now_ns: int) -> IntentSense:
    """Carries a request of the loop itself; not valid, so that the network does not see it."""
    return IntentSense(now_ns, 0, False, 0.0, 0.0, 0.0, 0.0, ModeRequest.NONE)  # noqa: FBT003
