"""Heads: what the neurons say, in one product, and what it means in the world.

    w       = sin phi, cos phi, cos 6 phi, sin y, cos y              [B, 5]   see ``FACING``
    o       = W_o [y, w, log belief] + b                             [B, N]   all heads at once
    l       = s log belief + o_around                                [B, K]   who is where
    place   = one of the places there, or where l is strongest       see ``cells.pointing``
    c, r, q = sigmoid(o) = (1 + tanh(o / 2)) / 2                     confidence, rates as shares,
                                                                     r at least ``LEAST_SHARE``
    kept    = e^(-rate dt): what is left of each way after this tick                  [B, 15]
              c r min(dt, NEWS_S) to the place, k dt to the trim, q dt to the goals
    next    ~ Normal(senses + o_change, e^v), v in LOG_VARIANCE      the senses of the next tick

The rows of the product lie in the order of what is done to them: one tanh serves all that are
bent, one exponential all that decays.
"""

from __future__ import annotations

from math import inf, log, pi
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.cells.pattern import EXCITED_S, FLUTTERS_A_BREATH
from ember_embodied.cells.pointing import PLACES, RING, Pointer, Ring
from ember_embodied.cells.senses import NOTHING, Row, measure, stream
from ember_embodied.command_space import COMMAND_LIMIT_RAD, COMMANDS, PLACES_TOUCHED
from ember_embodied.sense_vector import PREDICTED

TRIM_RAD: Final = (0.35, 0.25, 1.5, 1.5, 0.35)
"""Reach of the learned part of each goal: for head and body more than the servos' droop, for the
antennas all of it."""
GAZE_RATE_HZ: Final = 12.0
NEWS_S: Final = 0.12
"""What ends a rest is true from now on, not since the rest began: a first doubtful reading after a
long step draws the gaze no farther than one in the midst of a conversation."""
MOTION_RATE_HZ: Final = 40.0
"""Largest rates r and q of what is learned."""
LEAST_SHARE: Final = 0.4
"""Of the gaze's largest rate: a lesson that cannot be foreseen teaches to hesitate, and a gaze that
creeps from one place to the other is where surely nobody is."""
GAZE_RATE_START: Final = 0.18
MOTION_RATE_START: Final = 0.14
"""Shares of them that a fresh network takes."""
LOG_VARIANCE: Final = (-9.0, 1.0)
"""Bounds of the predicted senses' log variance: deviations from 0.01 to 1.6 of a sense's scale."""
SURE_AT_START: Final = 0.9
"""Confidence of a fresh network: sure enough to move, and so to learn."""
TRIM_RATE_HZ: Final = 0.5
"""How fast the trim of head and body follows what is learned, k; the antennas' does at once."""
ANTENNA_RATE_HZ: Final = 20.0
AT_ONCE_HZ: Final = 1e9
"""Nothing of the way is left after any step."""
TURN: Final = 2.0 * pi


_MOVED: Final = ("head_yaw", "head_pitch", "body_yaw")
"""Commands whose rate is learned. The antennas have one of their own: they answer touches, of
which the lessons of their commands say nothing."""
_HEADS: Final[dict[str, int]] = {
    "pitch": 1,
    "trim": len(COMMANDS),
    "log_variance": len(PREDICTED),
    "confidence": 1,
    "rate": 1,
    "motion": len(_MOVED),
    "place": len(PLACES),
    "change": len(PREDICTED),
}
"""Heads and how many numbers each says, in the order of the weights; last of all the ring."""


class Bend(NamedTuple):
    """Some heads through a tanh: ``middle + reach tanh(slope o)``, each with its own reach."""

    head: str
    slope: float
    reach: tuple[float, ...]
    middle: float = 0.0


def _share(head: str, least: float = 0.0) -> Bend:
    """A sigmoid from ``least`` to 1, as a tanh."""
    return Bend(head, 0.5, ((1.0 - least) / 2.0,) * _HEADS[head], (1.0 + least) / 2.0)


_SPREAD: Final = (LOG_VARIANCE[1] - LOG_VARIANCE[0]) / 2.0
_GAZE: Final = Bend("", 0.0, (0.0, 0.0))
"""Yaw and pitch of the gaze: no head says them, their room is kept beside the trim."""
_CERTAIN: Final = Bend("", 0.0, (0.0,), 1.0)
_BENT: Final[tuple[tuple[Bend, ...], ...]] = (
    (_GAZE, Bend("trim", 1.0, TRIM_RAD)),
    (Bend("pitch", 1.0, (COMMAND_LIMIT_RAD[1],)),),
    (_share("rate", LEAST_SHARE), _share("motion"), _CERTAIN),
    (_share("confidence"), *(_CERTAIN,) * (len(_MOVED) + 1)),
    (_share("confidence"),),
    (Bend("log_variance", 1.0, (_SPREAD,) * len(PREDICTED), sum(LOG_VARIANCE) / 2.0),),
)
"""Trim, pitch, how fast, how surely so fast, confidence, log variance. Only the rate of the gaze
is doubted; for all that decays at a fixed rate there is a certain 1."""

GAZE: Final = 2
POSE: Final = GAZE + len(COMMANDS)
"""Gaze, yaw and pitch, and trim."""
_KEPT: Final = [POSE, len(COMMANDS), len(PLACES_TOUCHED)]
WAVES: Final = (TURN, TURN, FLUTTERS_A_BREATH * TURN, 0.0, 0.0)
FACING: Final = (
    Row({}, {}, -pi / 2.0),
    *(NOTHING, NOTHING),
    measure("command.head_yaw", offset=-pi / 2.0),
    measure("command.head_yaw"),
)
"""View of the senses, rad, to which ``WAVES`` times the phase are added; the cosines of the sum
are sine and cosine of breathing, the flutter, and sine and cosine of the yaw last commanded."""
JUMP: Final = (
    *(NOTHING,) * POSE,
    *(stream("command", present=0.0, absent=-AT_ONCE_HZ),) * len(COMMANDS),
    *(NOTHING,) * len(PLACES_TOUCHED),
)
"""View of the senses, Hz: without a last command there is nothing to go on from."""


class Views(NamedTuple):
    """What the heads see of the senses without a neuron in between."""

    places: Tensor
    there: Tensor
    last_yaw: Tensor
    facing: Tensor
    jump: Tensor
    now: Tensor
    """The senses that are foretold, [..., P]."""


class Kept(NamedTuple):
    """Shares of each way that are left after this tick."""

    pose: Tensor
    """To where the gaze goes, and the trim, [..., 7]."""
    command: Tensor
    """To each goal, [..., 5]."""
    excitement: Tensor
    """To rest, [..., 3]."""


class Wish(NamedTuple):
    """What the heads ask for, before gaze and command follow."""

    pose: Tensor
    """Where to look and the learned part of the goals, rad [..., 7]."""
    kept: Kept
    beat: Tensor
    """Of the flutter, -1 to 1, [..., 1]."""
    confidence: Tensor
    prediction: Tensor
    variance: Tensor
    gaze_gate: Tensor
    places: Tensor
    """All places that the gaze could go to, each by its limit, [..., 12]."""
    line: Tensor
    """Logits of the directions around, [..., L], see ``cells.pointing.Ring``."""


class Heads(nn.Module):
    """Everything that the neurons say, in one product, and what it means."""

    order: Tensor
    slope: Tensor
    reach: Tensor
    middle: Tensor
    waves: Tensor
    looking: Tensor
    rates: Tensor
    longest: Tensor

    def __init__(self, neurons: int, bins: int) -> None:
        """``bins`` of the map; without one the ring has ``RING`` directions of its own."""
        super().__init__()
        bins = bins or RING
        self.ring, self.pointer = Ring(bins), Pointer(bins)
        self.weights = nn.Linear(neurons + 2, sum(_HEADS.values()) + bins)
        with torch.no_grad():
            for name, start in (
                ("confidence", SURE_AT_START),
                ("rate", GAZE_RATE_START),
                ("motion", MOTION_RATE_START),
            ):
                self.weights.bias[self.rows(name)] += log(start / (1.0 - start))
        bends = [bend for group in _BENT for bend in group]
        self._bent = [sum(len(bend.reach) for bend in group) for group in _BENT]
        self._said = [sum(self._bent), _HEADS["place"], _HEADS["change"], len(self.ring.line)]
        rows = torch.arange(len(self.weights.bias))
        named = [rows[self.rows(b.head)] if b.head else rows[: len(b.reach)] for b in bends]
        named += [rows[self.rows("place")], rows[self.rows("change")]]
        slopes = [bend.slope for bend in bends for _ in bend.reach]
        for name, tensor in (
            ("order", torch.cat((*named, sum(_HEADS.values()) + self.ring.line))),
            ("slope", torch.tensor(slopes + [1.0] * sum(self._said[1:])).unsqueeze(-1)),
            ("reach", torch.tensor([reach for bend in bends for reach in bend.reach])),
            ("middle", torch.tensor([bend.middle for bend in bends for _ in bend.reach])),
            ("waves", torch.tensor(WAVES).unsqueeze(0)),
            ("looking", functional.pad(self.pointer.pairs, (0, len(COMMANDS)))),
            ("rates", -_rates_hz()),
            ("longest", torch.tensor([NEWS_S] * GAZE + [inf] * (sum(_KEPT) - GAZE))),
        ):
            self.register_buffer(name, tensor, persistent=False)

    @staticmethod
    def rows(name: str) -> slice:
        """Rows of ``weights`` that give this number."""
        first = sum(list(_HEADS.values())[: list(_HEADS).index(name)])
        return slice(first, first + _HEADS[name])

    def forward(
        self, y: Tensor, phase: Tensor, views: Views, logs: Tensor, reading: Tensor, dt: Tensor
    ) -> Wish:
        """The wishes of neurons y [..., H] at ``phase`` [..., 1], for senses seen as ``views``.

        ``logs`` [..., C] is the map's log belief, and ``reading`` [K, C] what it says of each
        direction; without a map both are empty.
        """
        wave = torch.cos(phase @ self.waves + views.facing)
        said = functional.linear(torch.cat((y, wave, logs), dim=-1), *self._product(reading))
        bent, logits, change, line = torch.split(said, self._said, dim=-1)
        bent = torch.addcmul(self.middle, self.reach, torch.tanh(bent))
        trim, pitch, speed, sure, confidence, log_variance = torch.split(bent, self._bent, dim=-1)
        near = self.ring(line, wave)
        place, gaze_gate, places = self.pointer(
            logits, views.there, views.places, near, pitch, views.last_yaw
        )
        # Confidence is a chance, and no lesson in speed may bend it.
        rates = (speed * sure.detach()) @ self.rates + views.jump
        kept = torch.exp(rates * torch.minimum(dt, self.longest))
        return Wish(
            pose=place @ self.looking + trim,
            kept=Kept._make(torch.split(kept, _KEPT, dim=-1)),
            beat=wave[..., 2:3],
            confidence=confidence,
            prediction=views.now + change,
            variance=torch.exp(log_variance),
            gaze_gate=gaze_gate,
            places=places,
            line=line,
        )

    def _product(self, reading: Tensor) -> tuple[Tensor, Tensor]:
        """Weight and bias of all that is said, from the learned ones and the map's reading."""
        learned, bias = self.weights.weight, self.weights.bias
        others = len(WAVES) - 2  # the neurons' heads hear of breathing only
        unread = len(learned) - len(reading)
        weight = torch.cat(
            (
                functional.pad(learned, (0, others)),
                functional.pad(reading, (0, 0, unread, 0)),
            ),
            dim=-1,
        )
        return self.slope * weight[self.order], self.slope.squeeze(-1) * bias[self.order]


def _rates_hz() -> Tensor:
    """How fast each number of ``Kept`` fades, Hz, for each speed of ``_BENT`` [5, 15]."""
    rates = torch.zeros(2 + len(_MOVED), sum(_KEPT))
    rates[0, :GAZE] = GAZE_RATE_HZ
    for i, command in enumerate(COMMANDS):
        slow = "antenna" not in command
        rates[-1, GAZE + i] = TRIM_RATE_HZ if slow else AT_ONCE_HZ
        if slow:
            rates[1 + _MOVED.index(command), POSE + i] = MOTION_RATE_HZ
        else:
            rates[-1, POSE + i] = ANTENNA_RATE_HZ
    rates[-1, -len(PLACES_TOUCHED) :] = 1.0 / EXCITED_S
    return rates
