"""A recorded day lived again: the same outer world, a simulated robot, the loop afresh.

A log of a simulated life holds the changes of its world, and they are played as they were. A log
of a real robot holds only what it sensed; then the world is guessed from that: whoever was seen
stood there, whoever was heard spoke there. Touches cannot be told from own movement yet, so a
guessed world has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import degrees, hypot, sqrt, tan
from typing import Final

from cerebellum.cerebellum import Cerebellum
from ember_embodied.arming import ArmingSettings
from ember_embodied.life import Life
from ember_embodied.loop import Mind
from firmware_bridge.clock import SystemClock
from firmware_bridge.command import Mode
from firmware_bridge.senses import CAMERA_STREAM, DOA_STREAM, BodySense, usable
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.scenario import Scenario, WorldChange
from firmware_bridge.simulation.timeline import scenario_from_world
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord, WorldRecord

FACE_WIDTH_M: Final = 0.16
"""Breadth of a grown-up's head: turns the angle of a face into a distance."""
SEEN_GAP_NS: Final = 2_000_000_000
"""A face that is away for longer has left."""
HEARD_GAP_NS: Final = 500_000_000
"""Speech that pauses for longer is a new utterance."""
_NEAR_M: Final = 0.3
_FAR_M: Final = 5.0
_VOICE_LEVEL: Final = 0.6


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of how two lives differ."""

    measure: str
    unit: str
    logged: float
    relived: float


def world_of_log(world: Iterable[WorldRecord], ticks: Iterable[TickRecord]) -> list[WorldChange]:
    """The outer world of a log: as recorded, or guessed from the senses where it was not."""
    recorded = [WorldChange(w.t_mono_ns, w.kind, w.who, w.values) for w in world]
    return recorded or sorted(_guessed(ticks), key=lambda change: change.t_mono_ns)


def relive(
    changes: Sequence[WorldChange],
    room: Scenario | None,
    start_ns: int,
    ticks: int,
    mind: Mind,
    seed: int,
    progress: Callable[[int], None],
    cerebellum: Cerebellum | None = None,
) -> list[TickRecord]:
    """Live ``ticks`` ticks in a world that plays ``changes``; what came of it.

    ``room`` gives robot and room where the log knows them; ``start_ns`` is when that life began.
    ``cerebellum`` is what the robot knew then.
    """
    body = SimBody(scenario_from_world(changes, room, start_ns), seed)
    body.open()
    memory = _Memory(progress)
    life = Life(
        body,
        mind,
        ArmingSettings(),
        companions=(memory,),
        stopwatch=SystemClock(),
        cerebellum=cerebellum,
    )
    life.run(ticks)
    body.close()
    return memory.records


def compare(logged: Sequence[TickRecord], relived: Sequence[TickRecord]) -> list[Comparison]:
    """How two lives of equal length differ: each on its own, then one against the other."""
    rows = [
        Comparison(measure, unit, _mean(logged, of), _mean(relived, of))
        for measure, unit, of in (
            ("ticks in RUN", "share", lambda r: float(r.mode is Mode.RUN)),
            ("ticks with a fault", "share", lambda r: float(bool(r.fault_bits))),
            ("ticks clipped by the gate", "share", lambda r: float(bool(r.clip_bits))),
            ("speech heard", "share", _hears),
            ("face seen", "share", _sees),
            ("face off the line of sight", "deg", _off_sight),
            ("current, mean of nine", "A", _current),
            ("head yaw, absolute", "deg", lambda r: degrees(abs(r.sense.head.yaw_rad))),
        )
    ]
    heads = [(a.sense.head, b.sense.head) for a, b in zip(logged, relived, strict=False)]
    yaws = [degrees(a.yaw_rad - b.yaw_rad) for a, b in heads]
    pitches = [degrees(a.pitch_rad - b.pitch_rad) for a, b in heads]
    return [
        *rows,
        Comparison("head yaw apart, rms", "deg", 0.0, _rms(yaws)),
        Comparison("head pitch apart, rms", "deg", 0.0, _rms(pitches)),
    ]


class _Memory:
    def __init__(self, progress: Callable[[int], None]) -> None:
        self.records: list[TickRecord] = []
        self._progress = progress

    def follow(self, record: TickRecord, timing: TimingRecord, events: list[EventRecord]) -> None:  # noqa: ARG002
        """Keep the record of one tick, and tell how many there are."""
        self.records.append(record)
        self._progress(len(self.records))


def _mean(records: Sequence[TickRecord], of: Callable[[TickRecord], float | None]) -> float:
    values = [value for record in records if (value := of(record)) is not None]
    return sum(values) / len(values) if values else 0.0


def _rms(values: Sequence[float]) -> float:
    return sqrt(sum(value * value for value in values) / len(values)) if values else 0.0


def _hears(record: TickRecord) -> float:
    doa = record.sense.doa
    return float(doa is not None and doa.speech)


def _sees(record: TickRecord) -> float:
    camera = record.sense.camera
    return float(camera is not None and camera.confidence > 0.0)


def _off_sight(record: TickRecord) -> float | None:
    camera, head = record.sense.camera, record.sense.head
    if camera is None or camera.confidence <= 0.0:
        return None
    return degrees(
        hypot(camera.face_yaw_rad - head.yaw_rad, camera.face_pitch_rad - head.pitch_rad)
    )


def _current(record: TickRecord) -> float | None:
    if record.sense.joints is None:
        return None
    joints = record.sense.joints.joints
    return sum(abs(joint.current_a) for joint in joints) / len(joints)


def _guessed(ticks: Iterable[TickRecord]) -> Iterator[WorldChange]:
    seen = _Person("seen", SEEN_GAP_NS)
    heard = _Person("heard", HEARD_GAP_NS)
    for record in ticks:
        sense = record.sense
        yield from seen.note(sense, _face(sense))
        yield from heard.note(sense, _voice(sense))
    yield from seen.end()
    yield from heard.end()


def _face(sense: BodySense) -> tuple[float, float] | None:
    """Bearing and distance of whoever is seen now."""
    camera = sense.camera
    if camera is None or not usable(camera, CAMERA_STREAM, sense.t_mono_ns):
        return None
    if camera.confidence <= 0.0 or camera.size_rad <= 0.0:
        return None
    distance = FACE_WIDTH_M / (2.0 * tan(camera.size_rad / 2.0))
    return camera.face_yaw_rad, min(_FAR_M, max(_NEAR_M, distance))


def _voice(sense: BodySense) -> tuple[float, float] | None:
    """Bearing of whoever is heard now, at a usual distance."""
    doa = sense.doa
    if doa is None or not doa.speech or not usable(doa, DOA_STREAM, sense.t_mono_ns):
        return None
    return doa.azimuth_rad, 1.2


class _Person:
    """Gathers moments of one guessed person into a stay, and its sound into an utterance."""

    def __init__(self, name: str, gap_ns: int) -> None:
        self._name = name
        self._gap_ns = gap_ns
        self._stay: list[tuple[int, float, float]] = []

    def note(self, sense: BodySense, place: tuple[float, float] | None) -> Iterator[WorldChange]:
        """Take in where the person is, (rad, m), or None; give a stay that is over."""
        now_ns = sense.t_mono_ns
        if self._stay and now_ns - self._stay[-1][0] > self._gap_ns:
            yield from self.end()
        if place is not None:
            self._stay.append((now_ns, *place))

    def end(self) -> Iterator[WorldChange]:
        """Give the stay that was gathered, at its median place; nothing where there is none."""
        if not self._stay:
            return
        first_ns, last_ns = self._stay[0][0], self._stay[-1][0]
        bearing = sorted(b for _, b, _ in self._stay)[len(self._stay) // 2]
        distance = sorted(d for _, _, d in self._stay)[len(self._stay) // 2]
        self._stay = []
        yield WorldChange(first_ns, "person", self._name, (bearing, distance, 0.4))
        if self._name == "heard":
            seconds = max(0.1, (last_ns - first_ns) * 1e-9)
            yield WorldChange(first_ns, "speech", self._name, (seconds, _VOICE_LEVEL))
        yield WorldChange(last_ns, "leave", self._name, ())
