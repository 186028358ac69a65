"""Whether the gate in front of the ears keeps what people say and leaves out the own motors.

Each seed is another robot in another room of the standard suite, heard through the simulator's
array (its atlas, its firmware's flag, its motors' noise). First it idles with animations and nobody
is there: every reading that counts would be a turn to nobody. Then people talk to it while it
idles, and while it idles and dances: of the readings that the firmware flags as speech while
somebody speaks, those that count are kept. The same readings are judged by two simpler gates: every
flag counts; none counts while the motors move.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cerebellum.own_motion import LOUD_RAD_S, OwnMotion, OwnMotionState
from ember_embodied.bench.cerebellum.hands_tally import rate_claims
from ember_embodied.bench.cerebellum.progress import Progress, silent
from ember_embodied.bench.cerebellum.touched_lives import Life, Track, heard_life, read_motions
from ember_embodied.bench.claims import Claim, claim
from ember_embodied.bench.moves import DEFAULT_DATA

IDLED_S: Final = {10.0: 240.0, 50.0: 40.0}
"""Of a life alone, by the rate of the loop."""
TALKED_S: Final = 60.0
RISE_S: Final = 6.0
"""The robot gets up: nothing is judged."""
TURN_GAP_S: Final = 0.5
"""Readings that count within this time of each other would be one turn."""
_NS: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Flagged:
    """One reading that the array's firmware took for speech."""

    t_s: float
    counts: bool
    """By the gate."""
    speaks: bool
    """Somebody did."""
    moving: bool
    """The motors could be heard."""


Gate = Callable[[Flagged], bool]
GATES: Final[dict[str, Gate]] = {
    "": lambda reading: reading.counts,
    "every flag counts: ": lambda _: True,
    "deaf while it moves: ": lambda reading: not reading.moving,
}
"""The project's, and two to hold it against."""


@dataclass(slots=True)
class Tally:
    """What one gate made of many lives."""

    turns: int = 0
    idle_s: float = 0.0
    heard: int = 0
    flagged: int = 0
    heard_moving: int = 0
    flagged_moving: int = 0

    def add_alone(self, readings: Sequence[Flagged], seconds: float, gate: Gate) -> None:
        """A life in which every reading that counts is a false one."""
        counted = [reading.t_s for reading in readings if gate(reading)]
        self.turns += sum(
            after - before > TURN_GAP_S
            for before, after in zip([-math.inf, *counted], counted, strict=False)
        )
        self.idle_s += seconds - RISE_S

    def add_talk(self, readings: Sequence[Flagged], gate: Gate) -> None:
        """A life among people."""
        for reading in readings:
            if reading.speaks:
                kept = gate(reading)
                self.flagged += 1
                self.heard += kept
                self.flagged_moving += reading.moving
                self.heard_moving += reading.moving and kept


@dataclass(slots=True)
class Tallies:
    """By gate."""

    alone: dict[float, dict[str, Tally]] = field(default_factory=dict)
    idling: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in GATES})
    dancing: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in GATES})


def measure(seeds: range, progress: Progress = silent) -> tuple[Claim, ...]:
    """False turns alone, at each rate of the loop; speech kept among people."""
    folder = DEFAULT_DATA / "recorded_moves"
    motions = read_motions(folder) if folder.is_dir() else []
    tallies = Tallies({rate_hz: {name: Tally() for name in GATES} for rate_hz in IDLED_S})
    for done, seed in enumerate(seeds):
        progress("lives that listen", done, len(seeds))
        _live(seed, motions, tallies)
    claims: list[Claim] = []
    for name in GATES:
        asked = not name
        for rate_hz, of_gate in tallies.alone.items():
            what = f"{name}turns to nobody while it idles alone, {rate_hz:g} Hz"
            alone = of_gate[name]
            claims += rate_claims(what, alone.turns, alone.idle_s, "<= 1" if asked else None)
        claims += _kept(f"{name}true speech kept while it idles", tallies.idling[name], asked)
        if motions:
            claims += _kept(f"{name}the same, dances too", tallies.dancing[name], asked)
    return tuple(claims)


def _live(seed: int, motions: Sequence[Track], tallies: Tallies) -> None:
    for rate_hz, of_gate in tallies.alone.items():
        seconds = IDLED_S[rate_hz]
        alone = listen(heard_life(seed, seconds, rate_hz, (), people=False, doings=("idle",)))
        for name, tally in of_gate.items():
            tally.add_alone(alone, seconds, GATES[name])
    lives: list[tuple[dict[str, Tally], tuple[str, ...]]] = [(tallies.idling, ("idle",))]
    if motions:
        lives.append((tallies.dancing, ("idle", "dance")))
    for by_gate, doings in lives:
        talk = listen(heard_life(seed, TALKED_S, 10.0, motions, people=True, doings=doings))
        for name, tally in by_gate.items():
            tally.add_talk(talk, GATES[name])


def _kept(what: str, tally: Tally, asked: bool) -> list[Claim]:
    moving, moved = tally.heard_moving / max(1, tally.flagged_moving), tally.flagged_moving
    return [
        claim(
            what, tally.heard / max(1, tally.flagged), "share", ">= 0.9" if asked else None,
            n=tally.flagged,
        ),
        claim(f"{what}: readings while the motors are loud", moving, "share", n=moved),
    ]  # fmt: skip


def listen(life: Life) -> list[Flagged]:
    """The readings of a life that are flagged as speech, each once."""
    ears, sent, found = OwnMotion(OwnMotionState()), None, []
    for sense, after in zip(life.senses, life.sent, strict=True):
        hearing = ears.step(sense, sent)
        sent = after
        doa = sense.doa
        if doa is None or not hearing.fresh or not doa.speech or sense.t_mono_ns * _NS < RISE_S:
            continue
        t_s = doa.t_mono_ns * _NS
        speaks = any(first <= t_s <= last for first, last in life.speech)
        moving = hearing.loudness_rad_s > LOUD_RAD_S
        found.append(Flagged(t_s, hearing.counts, speaks, moving))
    return found
