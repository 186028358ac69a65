"""Map of the space around: where voices and faces have been of late, by direction.

One reading of the array scatters by ten degrees and cannot tell front from back; a few of them,
taken while the head turns, can: what is there stays in its place, its mirror image wanders. So the
evidence of each tick is laid on a map in the base frame that forgets slowly, as the midbrain maps
space for ears and eyes together (Knudsen and Konishi, A neural map of auditory space in the owl,
Science 200, 1978; Stein and Meredith, The merging of the senses, 1993). With bins at theta_k:

    come_k = g_f e^(kappa (cos(theta_k - front) - 1))               a voice from the front,
           + g_m e^(kappa (cos(theta_k - mirror) - 1))              or from its mirror image,
           + g_s e^(-((theta_k - face) / FACE_RAD)^2)               and a face, where one is seen
    kept_k = e^(-dt (r + LOOK_HZ g_l e^(-((theta_k - head) / CONE_RAD)^2)))
    b'     = kept b + LAID_ON come                                   [B, K]  belief
    l      = s log(b'_k + FLOOR)                                     [B, K]  log belief, sharpened

The four gates g come from the tokens and from how fast each joint moves, v, in whatever direction:

    g      = sigmoid(W tokens + b - L v^2)                           own motors drown a voice

They say whether the array is to be believed now, and whether looking somewhere and finding nobody
wipes out what was believed. They, r and s are learned.
"""

from __future__ import annotations

from math import cos, sin
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.cells.pointing import centres_rad
from ember_embodied.cells.senses import Row, measure, sense
from firmware_bridge.joints import JOINTS

SHARPNESS: Final = 8.0
"""kappa: a voice is laid on with a deviation of 20 degrees, more than one reading scatters."""
FACE_RAD: Final = 0.15
CONE_RAD: Final = 0.55
"""Half of what the camera sees, and a little less."""
SEEN: Final = 0.01
"""A face of this confidence is there."""
LAID_ON: Final = 0.1
"""What one reading adds where it points: belief stays about 1."""
LOOK_HZ: Final = 20.0
"""How fast belief goes, at most, where somebody is looked for and not found."""
FLOOR: Final = 0.02
UNHEARD: Final = 20.0
"""Taken from the exponent while the array is absent."""
LOUD: Final = 4.0
"""L of a fresh network, for the two gates of the voices: at 1 rad/s a joint takes 1 from them."""
FORGETTING_HZ: Final = 0.3
POINTEDNESS: Final = 3.0
"""r and s of a fresh network."""


def map_view(bins: int) -> tuple[Row, ...]:
    """View of the senses for a map of so many bins: voices, face, head, seen, speeds."""
    voices = tuple(
        Row(
            {f"doa.{kind}_cos": SHARPNESS * cos(c), f"doa.{kind}_sin": SHARPNESS * sin(c)},
            {"doa": UNHEARD},
            -SHARPNESS - UNHEARD,
        )
        for kind in ("front", "mirror")
        for c in centres_rad(bins)
    )
    face, head = measure("camera.yaw"), measure("head.yaw")
    speeds = (sense(f"joints.{joint.name}.velocity") for joint in JOINTS)
    return (*voices, face, head, Row({"camera.confidence": 1.0 / SEEN}, {}), *speeds)


class SpaceMap(nn.Module):
    """The map's gates and constants; a map of no bins knows nothing."""

    centres: Tensor
    width: Tensor

    def __init__(self, inputs: int, bins: int) -> None:
        super().__init__()
        self.bins = bins
        self.gates = nn.Linear(inputs, 4)
        drowned = torch.tensor([LOUD, LOUD, 0.0, 0.0]).unsqueeze(-1)
        self.loud = nn.Parameter(-drowned.repeat(1, len(JOINTS)))
        self.log_rate = nn.Parameter(torch.tensor(FORGETTING_HZ).log())
        self.pointedness = nn.Parameter(torch.tensor(POINTEDNESS))
        self.register_buffer("centres", torch.tensor(centres_rad(bins)), persistent=False)
        width = torch.tensor([[FACE_RAD], [CONE_RAD]])
        self.register_buffer("width", width, persistent=False)

    def forward(
        self, view: Tensor, tokens: Tensor, dt: Tensor, belief: Tensor, *, ticks: bool = False
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One step, or many.

        Args:
            view: ``map_view`` of the senses.
            tokens: all tokens side by side, [..., inputs].
            dt: seconds since the last step, [..., 1].
            belief: of the last step, [B, bins].
            ticks: all but ``belief`` have T in front, for so many steps.

        Returns:
            Log belief [..., bins], the same sharpened, and the belief after the last step.
        """
        come, kept = self._evidence(view, tokens, dt)
        if ticks:
            path = []
            for more, share in zip(come, kept, strict=True):
                belief = belief * share + more
                path.append(belief)
            beliefs = torch.stack(path)
        else:
            belief = beliefs = belief * kept + come
        logs = torch.log(beliefs + FLOOR)
        return logs, self.pointedness * logs, belief

    def _evidence(self, view: Tensor, tokens: Tensor, dt: Tensor) -> tuple[Tensor, Tensor]:
        """What comes, and which share of the old is kept, each [..., bins]."""
        voices, middles, seen, speeds = torch.split(
            view, [2 * self.bins, 2, 1, len(JOINTS)], dim=-1
        )
        off = (self.centres - middles.unsqueeze(-1)) / self.width
        face, cone = torch.exp(-off * off).unbind(dim=-2)
        voices = torch.exp(torch.clamp(voices, max=0.0))  # a wild reading is no loud one
        from_front, from_mirror = torch.split(voices, [self.bins, self.bins], dim=-1)
        gates = self.gates(tokens) + functional.linear(speeds * speeds, self.loud)
        front, mirror, see, look = torch.split(torch.sigmoid(gates), 1, dim=-1)
        see = see * torch.clamp(seen, 0.0, 1.0)
        come = front * from_front + mirror * from_mirror + see * face
        rate = torch.exp(self.log_rate) + LOOK_HZ * look * cone
        return LAID_ON * come, torch.exp(-dt * rate)
