"""Heads: what the neurons say, in one product, and what it means in the world.

    o       = W_o [y, sin 2 pi phi, cos 2 pi phi] + b                [B, N]   all heads at once
    l       = log belief of the map + o_around                       [B, K]   who is where
    place   = one of the places there, or where l is strongest       see ``cells.pointing``
    c, r, q = sigmoid(o)                                             confidence, rates as shares
    kept    = e^(-c r min(dt, NEWS_S)) of the way to the place, e^(-q dt) of that to the goals
    next    ~ Normal(senses + o_change, e^v), v in LOG_VARIANCE      the senses of the next tick

The columns lie in the order of what is done to them, so that one tanh and one sigmoid serve all.
"""

from __future__ import annotations

from math import log, pi
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ember_embodied.cells.pointing import PLACES, RING, Pointer, Ring
from ember_embodied.command_space import COMMAND_LIMIT_RAD, COMMANDS
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
GAZE_RATE_START: Final = 0.18
MOTION_RATE_START: Final = 0.14
"""Shares of them that a fresh network takes."""
LOG_VARIANCE: Final = (-9.0, 1.0)
"""Bounds of the predicted senses' log variance: deviations from 0.01 to 1.6 of a sense's scale."""
SURE_AT_START: Final = 0.9
"""Confidence of a fresh network: sure enough to move, and so to learn."""
TURN: Final = 2.0 * pi

_MOVED: Final = ("head_yaw", "head_pitch", "body_yaw")
"""Commands whose rate is learned. The antennas have one of their own: they answer touches, of
which the lessons of their commands say nothing."""
ANTENNA_RATE_HZ: Final = 20.0
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
_BENT: Final = ("pitch", "trim", "log_variance")
"""Heads that go through tanh; the next three go through a sigmoid, the others are linear,
last of all the ring of directions."""
_SHARES: Final = ("confidence", "rate", "motion")


class Views(NamedTuple):
    """What the heads see of the senses without a neuron in between."""

    places: Tensor
    there: Tensor
    last: Tensor
    """The last command, rad [..., 5]."""
    commanded: Tensor
    """1 where there is one, [..., 1]."""
    now: Tensor
    """The senses that are foretold, [..., P]."""
    felt: Tensor
    around: Tensor
    """Log belief of the map of the space around, sharpened, [..., K]; [..., 0] without a map."""


class Wish(NamedTuple):
    """What the heads ask for, before gaze and command follow."""

    place: Tensor
    """Where to look, rad [..., 2]."""
    gaze_kept: Tensor
    """Share of the way there that is left after this tick, [..., 1]."""
    trim: Tensor
    """Learned part of the goals, rad [..., 5]."""
    command_kept: Tensor
    """Share of the way to each goal that is left after this tick [..., 5]."""
    confidence: Tensor
    prediction: Tensor
    variance: Tensor
    gaze_gate: Tensor
    places: Tensor
    """All places that the gaze could go to, rad [..., 6, 2]."""
    around: Tensor
    """Logits of the ring of directions, [..., K]."""


class Heads(nn.Module):
    """Everything that the neurons say, in one product, and what it means."""

    reach: Tensor
    middle: Tensor
    moved: Tensor
    given: Tensor

    def __init__(self, neurons: int, bins: int) -> None:
        """``bins`` of the map; without one the ring has ``RING`` directions of its own."""
        super().__init__()
        self.mapped = bins > 0
        self.ring, self.pointer = Ring(bins or RING), Pointer()
        self.weights = nn.Linear(neurons + 2, sum(_HEADS.values()) + self.ring.bins)
        low, high = LOG_VARIANCE
        reach = [COMMAND_LIMIT_RAD[1], *TRIM_RAD, *[(high - low) / 2.0] * len(PREDICTED)]
        middle = [0.0] * (len(reach) - len(PREDICTED)) + [(high + low) / 2.0] * len(PREDICTED)
        self.register_buffer("reach", torch.tensor(reach), persistent=False)
        self.register_buffer("middle", torch.tensor(middle), persistent=False)
        moved = torch.tensor([[float(name == c) for c in COMMANDS] for name in _MOVED])
        given = (1.0 - moved.sum(dim=0)) * -ANTENNA_RATE_HZ
        self.register_buffer("moved", moved * -MOTION_RATE_HZ, persistent=False)
        self.register_buffer("given", given, persistent=False)
        with torch.no_grad():
            for name, start in (
                ("confidence", SURE_AT_START),
                ("rate", GAZE_RATE_START),
                ("motion", MOTION_RATE_START),
            ):
                self.weights.bias[self.rows(name)] += log(start / (1.0 - start))

    @staticmethod
    def rows(name: str) -> slice:
        """Rows of ``weights`` that give this number."""
        first = sum(list(_HEADS.values())[: list(_HEADS).index(name)])
        return slice(first, first + _HEADS[name])

    def forward(self, y: Tensor, phase: Tensor, views: Views, dt: Tensor) -> Wish:
        """The wishes of neurons y [..., H] at ``phase`` [..., 1], for senses seen as ``views``."""
        angle = phase * TURN
        said = self.weights(torch.cat((y, torch.sin(angle), torch.cos(angle)), dim=-1))
        groups = [sum(_HEADS[n] for n in names) for names in (_BENT, _SHARES)]
        bent, shares, logits, change, around = torch.split(
            said, [*groups, _HEADS["place"], _HEADS["change"], self.ring.bins], dim=-1
        )
        bent = self.middle + self.reach * torch.tanh(bent)
        pitch, trim, log_variance = torch.split(bent, [_HEADS[n] for n in _BENT], dim=-1)
        shares = torch.sigmoid(shares)
        confidence, rate, motion = torch.split(shares, [_HEADS[n] for n in _SHARES], dim=-1)
        sure = confidence.detach()  # it is a chance, and no lesson in speed may bend it
        around = around + views.around if self.mapped else around
        last = views.last[..., :1]
        place, gaze_gate, places = self.pointer(
            logits, views.there, views.places, self.ring(around, last), pitch, last
        )
        return Wish(
            place=place,
            gaze_kept=torch.exp(sure * rate * (torch.clamp(dt, max=NEWS_S) * -GAZE_RATE_HZ)),
            trim=trim,
            command_kept=torch.exp(dt * (motion @ self.moved + self.given)) * views.commanded,
            confidence=confidence,
            prediction=views.now + change,
            variance=torch.exp(log_variance),
            gaze_gate=gaze_gate,
            places=places,
            around=around,
        )
