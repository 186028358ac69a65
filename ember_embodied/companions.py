"""Who follows every tick: the wire, the terminal and the service manager."""

from __future__ import annotations

from collections import deque
from typing import Final

from ember_embodied.live_view import LiveView, SkippedShare
from ember_embodied.notify import Notifier
from ember_embodied.picture import fault_names
from firmware_bridge.wire import WIRE_VERSION, StatePublisher, WireState
from hippocampus.recorder import Recorder
from hippocampus.session import Phase
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord

_RATE_WINDOW_TICKS: Final = 20


class Shown:
    """Shows ticks and events in the terminal."""

    def __init__(self, view: LiveView) -> None:
        self._view = view

    def follow(self, record: TickRecord, timing: TimingRecord, events: list[EventRecord]) -> None:
        """Hand the references over; the view draws in its own thread."""
        for event in events:
            self._view.event(event)
        self._view.show(record, timing)


class Watched:
    """Feeds the service manager's watchdog with finished ticks, never from a timer."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    def follow(self, record: TickRecord, timing: TimingRecord, events: list[EventRecord]) -> None:  # noqa: ARG002
        """READY with the first tick, then WATCHDOG with each; STATUS when something changes."""
        if record.tick == 0:
            self._notifier.ready()
        self._notifier.watchdog()
        if events:
            faults = f", {fault_names(record.fault_bits)}" if record.fault_bits else ""
            self._notifier.status(f"{record.mode.name}{faults}")


class Broadcast:
    """Publishes every tick on the wire."""

    def __init__(
        self, publisher: StatePublisher, body: str, bundle: str, recorder: Recorder | None
    ) -> None:
        self._publisher = publisher
        self._body = body
        self._bundle = bundle
        self._recorder = recorder
        self._missed = 0
        self._times_ns: deque[int] = deque(maxlen=_RATE_WINDOW_TICKS)
        self._skipped = SkippedShare()

    def follow(self, record: TickRecord, timing: TimingRecord, events: list[EventRecord]) -> None:  # noqa: ARG002
        """Send one message; never waits."""
        self._missed += timing.missed_cycles
        self._times_ns.append(timing.t_mono_ns)
        span_ns = self._times_ns[-1] - self._times_ns[0]
        error = ""
        if self._recorder is not None and self._recorder.state.phase is not Phase.RECORDING:
            error = self._recorder.state.reason
        self._publisher.publish(
            WireState(
                version=WIRE_VERSION,
                tick=record.tick,
                sense=record.sense,
                requested=record.requested,
                sent=record.sent,
                mode=record.mode,
                fault_bits=record.fault_bits,
                clip_bits=record.clip_bits,
                rate_hz=(len(self._times_ns) - 1) * 1e9 / span_ns if span_ns else 0.0,
                lateness_ns=timing.lateness_ns,
                missed_cycles=self._missed,
                dropped_records=timing.dropped_records,
                body=self._body,
                bundle=self._bundle,
                log_path=str(self._recorder.folder) if self._recorder is not None else "",
                log_error=error,
                skipped_share=self._skipped.after(record),
            )
        )
