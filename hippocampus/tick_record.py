"""What the log holds, as records: the header, every tick, its timing, events, the outer world.

A ``TickRecord`` holds nothing that depends on how fast the machine was: two lives with the same
seed have equal tick records, and ``ticks_digest`` is taken over them. How late a tick was and how
long it took is a ``TimingRecord`` beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from firmware_bridge.command import JointTargets, Mode, MotorCommand
from firmware_bridge.senses import BodySense, Fault


@dataclass(frozen=True, slots=True)
class GuidanceRecord:
    """What the cerebellum added to a tick before its command went out; a replay does it again."""

    front_correction_rad: float
    """Added to ``sense.doa.azimuth_rad`` before the network heard it, as the next one to
    ``mirror_rad``."""
    mirror_correction_rad: float
    variant: int
    """The way to correct that was chosen (``cerebellum.variants.CATALOGUE``)."""
    greedy: int
    """The best one so far. With ``randomisation`` e and K ways the propensity of way k was
    e / K + (1 - e) [k is greedy]."""
    randomisation: float
    fault_bits: Fault
    """What the cerebellum says is wrong; among ``TickRecord.fault_bits`` too."""
    probe_kind: int
    """Of the probe that altered the goal (``cerebellum.probe.ProbeKind``), 0 without one."""
    probe_part: int
    intent_rad: tuple[float, ...]
    """Nine goals before the probe; empty without one, for then they are ``goal_rad``."""
    frozen: bool
    """Learning was switched off, by a person or the settings."""


@dataclass(frozen=True, slots=True)
class TickRecord:
    """One tick: what was sensed, asked for, allowed and written."""

    tick: int
    sense: BodySense
    requested: MotorCommand
    """The network's five numbers, as they came out (they may be NaN; then COMMAND_INVALID), or on
    the way to them."""
    prediction: tuple[float, ...]
    """The network's prediction of its next senses."""
    confidence: float
    """0 to 1."""
    gates: tuple[float, ...]
    """Openness of the network's gates, 0 to 1."""
    mode: Mode
    fault_bits: Fault
    """Every fault that the failsafe saw in this tick."""
    goal_rad: tuple[float, ...]
    """Nine joint goals after kinematics and mode, before the gate."""
    gated: JointTargets
    """What the gate let through."""
    clip_bits: int
    """What the gate had to change (``firmware_bridge.gate.Clip``)."""
    sent: JointTargets | None
    """What ``Body.act`` says was written; None when nothing was."""
    stepped: bool = True
    """False: nothing had changed, the network did not step, and its last command stands; then
    ``prediction`` and ``gates`` are empty and ``confidence`` is that of its last step."""
    variance: tuple[float, ...] = ()
    """Of each number of ``prediction``; empty where the network does not say."""
    guidance: GuidanceRecord | None = None
    """None where no cerebellum was in the loop."""


@dataclass(frozen=True, slots=True)
class TouchRecord:
    """One answer of the skin; words as in ``cerebellum.felt``."""

    number: int
    """Answers with the same one are about the same touch."""
    since_ns: int
    phase: str
    place: str
    kind: str
    strength: str
    force_n: float
    confidence: float


@dataclass(frozen=True, slots=True)
class LookRecord:
    """A voice that was heard, looked for and found, and what was learned from it. Angles in rad."""

    heard_rad: float
    head_rad: float
    """Yaw of the head while it was heard."""
    seen_rad: float
    verdict: str
    """LEARNT, CONFIRMED, or why it was refused (``cerebellum.plasticity.Verdict``)."""
    error_rad: float
    """Heard and corrected by all that the table knew, less seen."""
    applied_rad: float
    """The correction by the chosen variant."""
    variant: int
    greedy: int
    randomisation: float
    reward: float
    """Of the chosen variant, 0 to 1."""
    room: int
    sure: float
    surprise: float


@dataclass(frozen=True, slots=True)
class ReachRecord:
    """A movement of the body that came to rest, and what was learned from it."""

    start_rad: float
    commanded_rad: float
    measured_rad: float
    verdict: str
    """LEARNT, CONFIRMED, or why it was refused (``cerebellum.reach_table.ReachVerdict``)."""


@dataclass(frozen=True, slots=True)
class LearningRecord:
    """What the cerebellum made of a tick, after its command was out."""

    tick: int
    t_mono_ns: int
    verdicts: tuple[int, ...]
    """Of body, head, right and left antenna (``cerebellum.agency.Verdict``)."""
    strangeness: tuple[float, ...]
    """Unexplained load on each, in parts of what makes a verdict."""
    lost: tuple[int, ...]
    """Indices of servos that hold no torque although told to."""
    hearing_counts: bool
    """The direction of sound is evidence: speech, louder than the own motors can be."""
    surprise: float
    """Largest residual of the forward model, in deviations."""
    touches: tuple[TouchRecord, ...] = ()
    look: LookRecord | None = None
    reach: ReachRecord | None = None
    predicted_rad: tuple[float, ...] = ()
    """Where the command before should have brought the nine joints by now; empty while every part
    rests untouched. With ``GuidanceRecord.intent_rad``, ``TickRecord.sent`` and the sense it is the
    record of a movement."""


@dataclass(frozen=True, slots=True)
class TimingRecord:
    """How late a tick was and where its time went, ns. Not part of a tick's content."""

    tick: int
    t_mono_ns: int
    lateness_ns: int
    missed_cycles: int
    sense_ns: int
    io_ns: int
    """Part of sense_ns and act_ns that was spent waiting for hardware."""
    think_ns: int
    """The pure tick: vector, network, failsafe, kinematics, gate."""
    act_ns: int
    record_ns: int
    dropped_records: int
    """Records that the bounded queue had to drop since start."""
    learn_ns: int = 0
    """The cerebellum, after the command was out."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something worth telling a person: a mode change, a fault raised or cleared, a touch."""

    t_mono_ns: int
    t_wall_ns: int
    tick: int
    level: int
    """1 debug, 2 info, 3 warning, 4 error, 5 fatal (foxglove.Log)."""
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class WorldRecord:
    """A change of the outer world that a simulation can play again.

    ``kind`` is one of the kinds of ``firmware_bridge.simulation.scenario``; ``values`` are its
    numbers in that kind's order, in SI units.
    """

    t_mono_ns: int
    kind: str
    who: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """The full state of the loop before tick ``tick``, so that a file replays alone."""

    tick: int
    t_mono_ns: int
    state: bytes
    cerebellum: bytes = b""
    """The cerebellum before that tick (``cerebellum.in_flight``); empty where there is none."""


@dataclass(frozen=True, slots=True)
class HeaderRecord:
    """First message of every file: who, what and when."""

    format_version: int
    ember_version: str
    session_id: str
    segment: int
    boot_id: str
    t_mono_ns: int
    t_wall_ns: int
    """Clock anchor: the two clocks read at the same moment."""
    body: str
    rate_hz: float
    seed: int
    config_toml: str
    scenario_toml: str
    bundle_name: str
    bundle_digest: str
    code_digest: str
    runtime: str
    """Version of ONNX Runtime and the machine's architecture."""
    event_driven: bool = False
    """The network stepped only when something changed, by this code's table of what is watched."""
    thinned: int = 0
    """Of a file that a night has thinned: of so many ticks one was kept, and each that tells of a
    touch, a look, a movement or an event. 0: every tick is there."""


Record: TypeAlias = (
    TickRecord
    | TimingRecord
    | EventRecord
    | WorldRecord
    | SnapshotRecord
    | HeaderRecord
    | LearningRecord
)
"""Everything that a log can hold."""
