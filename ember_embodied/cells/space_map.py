"""Map of the space around: where voices come from and where people are, by direction.

One reading of the array scatters by ten degrees and cannot tell front from back; a few of them,
taken while the head turns, can: what is there stays in its place, its mirror image wanders. And
who speaks next is mostly somebody who was there before. So the evidence of each tick is laid on two
sheets in the base frame, one of voices that forgets soon and one of people that forgets slowly, and
the two meet in a product: a doubtful voice is given to a person who is known to be there. So does
the midbrain map space for ears and eyes (Knudsen and Konishi, A neural map of auditory space in the
owl, Science 200, 1978; Stein and Meredith, The merging of the senses, 1993). With bins at theta_k:

    heard_k = g_f e^(kappa (cos(theta_k - front) - 1))              a voice from the front,
            + g_m e^(kappa (cos(theta_k - mirror) - 1))             or from its mirror image
    seen_k  = g_s e^(-((theta_k - face) / FACE_RAD)^2)              a face, where one is seen
    cone_k  = e^(-((theta_k - head) / CONE_RAD)^2)                  what is in the picture
    v'      = e^(-dt (r_v + LOOK_HZ g_l cone)) v + LAID_ON heard    [B, K]  voices
    p'      = (1 - seen) e^(-dt (r_p + MISS_HZ g_n cone)) p + seen  [B, K]  people, 0 to 1
    l       = s_v log(v' + FLOOR) + s_p log(p' + FLOOR)             [B, K]  log belief, sharpened

The five gates g come from the tokens and from how fast each joint moves, u, in whatever direction:

    g       = sigmoid(W tokens + b - L u^2)                         own motors drown a voice

They say whether the array is to be believed now, and whether looking somewhere and finding nobody
wipes out what was heard there, and who was thought to be there. They, r and s are learned.
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
MISS_HZ: Final = 4.0
"""How fast a voice and a person go, at most, where they are looked for and not found."""
FLOOR: Final = 0.02
UNHEARD: Final = 20.0
"""Taken from the exponent while the array is absent."""
LOUD: Final = 4.0
"""L of a fresh network, for the two gates of the voices: at 1 rad/s a joint takes 1 from them."""
FORGETTING_HZ: Final = (0.3, 0.025)
POINTEDNESS: Final = (3.0, 1.0)
"""r and s of a fresh network, of voices and of people."""
SHEETS: Final = len(FORGETTING_HZ)
_GATES: Final = 5


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
    fastest: Tensor

    def __init__(self, inputs: int, bins: int) -> None:
        super().__init__()
        self.bins = bins
        self.gates = nn.Linear(inputs, _GATES)
        drowned = torch.tensor([LOUD, LOUD, *[0.0] * (_GATES - 2)]).unsqueeze(-1)
        self.loud = nn.Parameter(-drowned.repeat(1, len(JOINTS)))
        self.log_rate = nn.Parameter(torch.tensor(FORGETTING_HZ).log())
        self.pointedness = nn.Parameter(torch.tensor(POINTEDNESS))
        self.register_buffer("fastest", torch.tensor([LOOK_HZ, MISS_HZ]), persistent=False)
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
            belief: of the last step, [B, 2 bins]: voices, then people.
            ticks: all but ``belief`` have T in front, for so many steps.

        Returns:
            Log belief [..., 2 bins], both sheets in one, sharpened [..., bins], and the belief
            after the last step.
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
        sheets = torch.unflatten(logs, -1, (SHEETS, self.bins))
        return logs, self.pointedness @ sheets, belief

    def _evidence(self, view: Tensor, tokens: Tensor, dt: Tensor) -> tuple[Tensor, Tensor]:
        """What comes, and which share of the old is kept, each [..., 2 bins]."""
        voices, middles, seen, speeds = torch.split(
            view, [2 * self.bins, 2, 1, len(JOINTS)], dim=-1
        )
        off = (self.centres - middles.unsqueeze(-1)) / self.width
        face, cone = torch.exp(-off * off).unbind(dim=-2)
        voices = torch.exp(torch.clamp(voices, max=0.0))  # a wild reading is no loud one
        from_front, from_mirror = torch.split(voices, [self.bins, self.bins], dim=-1)
        gates = self.gates(tokens) + functional.linear(speeds * speeds, self.loud)
        front, mirror, see, look = torch.split(torch.sigmoid(gates), [1, 1, 1, SHEETS], dim=-1)
        face = see * torch.clamp(seen, 0.0, 1.0) * face
        come = torch.cat((LAID_ON * (front * from_front + mirror * from_mirror), face), dim=-1)
        wiped = (self.fastest * look).unsqueeze(-1) * cone.unsqueeze(-2)
        rate = torch.exp(self.log_rate).unsqueeze(-1) + wiped
        kept = torch.exp(-dt.unsqueeze(-1) * rate)
        spared = torch.stack((torch.ones_like(face), 1.0 - face), dim=-2)
        return come, torch.flatten(kept * spared, -2)
