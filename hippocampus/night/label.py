"""What can be said of a stretch of a log: a kind, where in the log it is, and what was measured.

A label holds only what the log holds. What is not known is None; nothing is guessed and no number
is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one session's log.

    Ticks are numbered through a session, so a span may go on in the files after ``log``.
    """

    log: str
    """File in which it begins, under the folder of the logs, with "/": ``SESSION/000012.mcap``."""
    first_tick: int
    last_tick: int
    """Included."""
    start_ns: int
    """Unix time of the first tick."""
    end_ns: int
    """Unix time of the last tick."""

    @property
    def session(self) -> str:
        """The session's folder."""
        return self.log.rpartition("/")[0]

    @property
    def seconds(self) -> float:
        """From its first tick to its last, s."""
        return (self.end_ns - self.start_ns) * 1e-9


class LabelKind(StrEnum):
    """What happened."""

    TOUCH = "touch"
    """Touched, and it was not known how."""
    TAP = "tap"
    STROKE = "stroke"
    HOLD = "hold"
    PUSH = "push"
    MOVED = "moved"
    """The whole robot was moved, and it was not known how."""
    LIFT = "lift"
    TILT = "tilt"
    TURN = "turn"
    """The whole robot was turned by somebody."""
    BUMP = "bump"
    SET_DOWN = "set_down"

    VOICE = "voice"
    """Somebody spoke; ``bearing_rad`` is where from, as corrected by what was learned."""
    PERSON = "person"
    """A face was seen."""
    TURNED = "turned"
    """The head turned to a voice; ``found``: a face was there."""
    FOLLOWED = "followed"
    """The head kept a moving face in sight."""

    OWN_MOVEMENT = "own_movement"
    PUSHED = "pushed"
    """A part was moved by somebody."""
    BLOCKED = "blocked"
    """Something stood in the way of a part."""
    TORQUE_LOST = "torque_lost"

    FAULT = "fault"
    """``text`` is the fault's name (``firmware_bridge.senses.Fault``)."""
    HOT = "hot"
    LOW_VOLTAGE = "low_voltage"
    SLEEP = "sleep"
    """No torque, or laid down to rest."""
    STARTLED = "startled"
    """Much that the forward model did not expect."""
    RESTART = "restart"
    """A session began."""
    GAP = "gap"
    """Ticks are missing from the log, or damaged."""


TOUCHES: Final = frozenset(
    {
        LabelKind.TOUCH,
        LabelKind.TAP,
        LabelKind.STROKE,
        LabelKind.HOLD,
        LabelKind.PUSH,
        LabelKind.MOVED,
        LabelKind.LIFT,
        LabelKind.TILT,
        LabelKind.TURN,
        LabelKind.BUMP,
        LabelKind.SET_DOWN,
    }
)
"""What the skin says, by the names that the log has of it (``cerebellum.felt.Kind``)."""


@dataclass(frozen=True, slots=True)
class Label:
    """One thing that happened."""

    kind: LabelKind
    span: Span
    place: str | None = None
    """Part of the robot: head, left_antenna, right_antenna, body, robot; of heat and torque the
    joint's name."""
    bearing_rad: float | None = None
    """In the base frame, left positive: of a voice, a face, a look."""
    strength: float | None = None
    """0 to 1; of a touch 1/3 gentle, 2/3 notice, 1 strong; of a voice its energy."""
    amount: float | None = None
    """By the kind; the others have none:

    a touch         N, rough, the largest
    VOICE           s of speech that was heard
    PERSON          s in sight
    TURNED          reward of the look, 0 to 1
    FOLLOWED        rad that the face moved, from edge to edge
    OWN_MOVEMENT    rad of head yaw, head pitch and body yaw together
    PUSHED, BLOCKED strangeness, the largest; 1 is what makes a verdict
    TORQUE_LOST     number of servos
    HOT             degrees Celsius, the highest
    LOW_VOLTAGE     V, the lowest
    SLEEP           s
    STARTLED        deviations, the largest
    GAP             ticks that are missing
    """
    confidence: float = 1.0
    """0 to 1."""
    person: str | None = None
    """Name, where somebody told it; the robot itself knows no names."""
    text: str | None = None
    """One word of the log's own: a fault's name, a touch's strength, a look's verdict."""
    found: bool | None = None
    """Of ``TURNED``: whether a face was there."""
