"""What a person sees of ``ember run``: a picture in a terminal, one line a second elsewhere.

The loop only stores a reference (``show``); a thread of its own turns the newest tick into text.
The text is formatted by hand and given to rich as one block: laying out a rich table holds the
interpreter for several milliseconds, and the loop would feel that.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TextIO

from ember_embodied.picture import Frame, event_line, milliseconds, picture, plain_line
from firmware_bridge.command import Mode
from firmware_bridge.senses import BodySense
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord

REFRESH_S: Final = 0.25
PLAIN_PERIOD_S: Final = 1.0
CLOSING_TIMEOUT_S: Final = 2.0
EVENTS_SHOWN: Final = 5
RATE_WINDOW_TICKS: Final = 20
SKIPPED_WINDOW_TICKS: Final = 600
MODE_STYLES: Final = {
    Mode.RUN: "bold green",
    Mode.DEGRADED: "bold yellow",
    Mode.HOLD: "bold yellow",
    Mode.REST: "bold cyan",
    Mode.OFF: "bold",
    Mode.LIMP: "bold red",
}


class SkippedShare:
    """Share of the last ticks in which the network did not step: of a minute, at 10 Hz."""

    def __init__(self) -> None:
        self._skipped: deque[bool] = deque(maxlen=SKIPPED_WINDOW_TICKS)

    def after(self, tick: TickRecord) -> float:
        """The share with this tick, 0 to 1."""
        self._skipped.append(not tick.stepped)
        return sum(self._skipped) / len(self._skipped)


class LiveView:
    """Draws the loop's newest tick in a thread; a context manager around the loop."""

    def __init__(
        self, out: TextIO, title: str, log_place: str, *, events_only: bool = False
    ) -> None:
        """``title``: body and bundle; ``log_place``: the log's path, or why there is none.

        ``events_only`` is for a journal: a line for each event and nothing in between.
        """
        self.log_place = log_place
        self._out = out
        self._title = title
        self._latest: tuple[TickRecord, TimingRecord] | None = None
        self._first_ns = 0
        self._worst_ns = 0
        self._missed = 0
        self._tick_times_ns: deque[int] = deque(maxlen=RATE_WINDOW_TICKS)
        self._skipped = SkippedShare()
        self._skipped_share = 0.0
        self._new_events: deque[EventRecord] = deque(maxlen=100)
        self._events: deque[EventRecord] = deque(maxlen=EVENTS_SHOWN)
        self._ended = threading.Event()
        self._events_only = events_only
        draw = self._draw_picture if out.isatty() and not events_only else self._draw_lines
        self._thread = threading.Thread(target=draw, name="live-view", daemon=True)

    def show(self, tick: TickRecord, timing: TimingRecord) -> None:
        """Take the tick as the newest one; only references are kept."""
        if self._latest is None:
            self._first_ns = timing.t_mono_ns
        self._tick_times_ns.append(timing.t_mono_ns)
        self._skipped_share = self._skipped.after(tick)
        # Last, since the drawing thread takes a tick that is there as complete.
        self._latest = (tick, timing)
        self._missed += timing.missed_cycles
        if timing.lateness_ns > self._worst_ns:
            self._worst_ns = timing.lateness_ns

    def event(self, event: EventRecord) -> None:
        """Show an event with the next picture."""
        self._new_events.append(event)

    def __enter__(self) -> Self:
        """Start to draw."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Draw the last tick and give the terminal back."""
        self._ended.set()
        self._thread.join(CLOSING_TIMEOUT_S)

    def _frame(self) -> Frame | None:
        if self._latest is None:
            return None
        tick, timing = self._latest
        times_ns = self._tick_times_ns.copy()
        span_s = (times_ns[-1] - times_ns[0]) * 1e-9
        rate_hz = (len(times_ns) - 1) / span_s if span_s > 0 else 0.0
        worst = f"(worst {milliseconds(self._worst_ns)})"
        dropped = f", {timing.dropped_records} records dropped" if timing.dropped_records else ""
        return Frame(
            title=self._title,
            mode=tick.mode,
            fault_bits=tick.fault_bits,
            sense=tick.sense,
            requested=tick.requested,
            sent=tick.sent,
            loop=(
                f"{rate_hz:.1f} Hz, late {milliseconds(timing.lateness_ns)} ms {worst}, "
                f"{self._missed} missed, work {milliseconds(_work_ns(timing))} ms, "
                f"{self._skipped_share:.0%} skipped"
            ),
            log=self.log_place + dropped,
            elapsed_s=(timing.t_mono_ns - self._first_ns) * 1e-9,
            events=tuple(self._events),
        )

    def _every(self, period_s: float, draw: Callable[[], None]) -> None:
        """Call ``draw`` until the loop has ended, and once more for its last tick."""
        try:
            while not self._ended.wait(period_s):
                draw()
            draw()
        except OSError:
            # Whoever read our output has gone; the robot runs on.
            return

    def _draw_picture(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        def draw() -> None:
            """Take in new events, then draw the whole picture again."""
            while self._new_events:
                self._events.append(self._new_events.popleft())
            if (frame := self._frame()) is not None:
                text = Text("\n".join(picture(frame)), no_wrap=True, overflow="crop")
                text.stylize(MODE_STYLES[frame.mode], 0, text.plain.index("\n"))
                live.update(text, refresh=True)

        with Live(console=Console(file=self._out), auto_refresh=False) as live:
            self._every(REFRESH_S, draw)

    def _draw_lines(self) -> None:
        drawn: BodySense | None = None

        def draw() -> None:
            """Print new events, and one line where a newer sense has come."""
            nonlocal drawn
            while self._new_events:
                self._write(event_line(self._new_events.popleft()))
            if self._events_only:
                return
            if (frame := self._frame()) is not None and frame.sense is not drawn:
                if drawn is None:
                    self._write(f"log      {frame.log}")
                drawn = frame.sense
                self._write(plain_line(frame))

        self._every(PLAIN_PERIOD_S, draw)

    def _write(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


def _work_ns(timing: TimingRecord) -> int:
    work = timing.sense_ns + timing.think_ns + timing.act_ns + timing.record_ns
    return work + timing.learn_ns - timing.io_ns
