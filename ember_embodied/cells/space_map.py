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

The four exponentials are pictures of the space around. What comes, what is spared by what comes,
and how fast the old goes are, on each of the sheets, mixtures of them: one product (``MIXED``).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

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
_PICTURES: Final = ("front", "mirror", "face", "cone")
_GATES: Final = ("front", "mirror", "seen", "looked", "missed")


class Share(NamedTuple):
    """How much of a picture is in a mixture: so much of a gate, which is only open if ``seen``."""

    gate: str
    strength: float
    if_seen: bool = False


MIXED: Final[tuple[tuple[str, dict[str, Share]], ...]] = (
    ("come", {"front": Share("front", LAID_ON), "mirror": Share("mirror", LAID_ON)}),
    ("come", {"face": Share("seen", 1.0, if_seen=True)}),
    ("spared", {}),
    ("spared", {"face": Share("seen", -1.0, if_seen=True)}),
    ("rate", {"cone": Share("looked", -LOOK_HZ)}),
    ("rate", {"cone": Share("missed", -MISS_HZ)}),
)
"""The six mixtures: what comes to voices and people, what is spared of them, and how fast they
change beside their own rate, 1/s."""


def map_view(bins: int) -> tuple[tuple[Row, ...], ...]:
    """Views of the senses for a map of so many bins.

    Exponents of voices, how far off face and head are in widths of their pictures, whether a face
    is seen, speeds.
    """
    voices = tuple(
        Row(
            {f"doa.{kind}_cos": SHARPNESS * cos(c), f"doa.{kind}_sin": SHARPNESS * sin(c)},
            {"doa": UNHEARD},
            -SHARPNESS - UNHEARD,
        )
        for kind in ("front", "mirror")
        for c in centres_rad(bins)
    )
    off = tuple(
        measure(name, -width, c / width)
        for name, width in (("camera.yaw", FACE_RAD), ("head.yaw", CONE_RAD))
        for c in centres_rad(bins)
    )
    seen = (Row({"camera.confidence": 1.0 / SEEN}, {}),)
    speeds = tuple(sense(f"joints.{joint.name}.velocity") for joint in JOINTS)
    return voices, off, seen, speeds


class SpaceMap(nn.Module):
    """The map's gates and constants; a map of no bins knows nothing."""

    gate: Tensor
    strength: Tensor
    strength_if_seen: Tensor

    def __init__(self, inputs: int, bins: int) -> None:
        super().__init__()
        self.bins = bins
        self.gates = nn.Linear(inputs, len(_GATES))
        drowned = torch.tensor([LOUD, LOUD, *[0.0] * (len(_GATES) - 2)]).unsqueeze(-1)
        self.loud = nn.Parameter(-drowned.repeat(1, len(JOINTS)))
        self.log_rate = nn.Parameter(torch.tensor(FORGETTING_HZ).log())
        self.pointedness = nn.Parameter(torch.tensor(POINTEDNESS))
        closed = Share(_GATES[0], 0.0)
        shares = [shares.get(name, closed) for _, shares in MIXED for name in _PICTURES]
        gate = torch.tensor([_GATES.index(share.gate) for share in shares])
        strength = torch.tensor([[share.strength * (not share.if_seen) for share in shares]])
        if_seen = torch.tensor([[share.strength * share.if_seen for share in shares]])
        self.register_buffer("gate", gate, persistent=False)
        self.register_buffer("strength", strength, persistent=False)
        self.register_buffer("strength_if_seen", if_seen, persistent=False)

    def forward(
        self,
        views: Sequence[Tensor],
        tokens: Tensor,
        dt: Tensor,
        belief: Tensor,
        *,
        ticks: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """One step, or many.

        Args:
            views: ``map_view`` of the senses.
            tokens: all tokens side by side, [..., inputs].
            dt: seconds since the last step, [..., 1].
            belief: of the last step, [B, 2 bins]: voices, then people.
            ticks: all but ``belief`` have T in front, for so many steps.

        Returns:
            Log belief [..., 2 bins], and the belief after the last step.
        """
        come, kept = self._evidence(views, tokens, dt)
        if ticks:
            path = []
            for more, share in zip(come, kept, strict=True):
                belief = belief * share + more
                path.append(belief)
            beliefs = torch.stack(path)
        else:
            belief = beliefs = belief * kept + come
        return torch.log(beliefs + FLOOR), belief

    def reading(self) -> Tensor:
        """What the log belief [..., 2 bins] says of each direction: both sheets in one, sharpened.

        A matrix [bins, 2 bins].
        """
        each = torch.eye(self.bins, device=self.pointedness.device)
        return torch.cat([sharpness * each for sharpness in self.pointedness.unbind()], dim=-1)

    def _evidence(
        self, views: Sequence[Tensor], tokens: Tensor, dt: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What comes, and which share of the old is kept, each [..., 2 bins]."""
        voices, off, seen, speeds = views
        exponents = torch.cat((voices, -(off * off)), dim=-1)
        pictures = torch.exp(torch.clamp(exponents, max=0.0))  # a wild reading is no loud one
        drowned = (speeds * speeds) @ self.loud[self.gate].T + self.gates.bias[self.gate]
        gates = torch.sigmoid(tokens @ self.gates.weight[self.gate].T + drowned)
        share = gates * (torch.clamp(seen, 0.0, 1.0) @ self.strength_if_seen + self.strength)
        shares = torch.unflatten(share, -1, (len(MIXED), len(_PICTURES)))
        mixed = shares @ torch.unflatten(pictures, -1, (len(_PICTURES), -1)) + self._base()
        come, spared, rate = torch.split(mixed.flatten(-2), [SHEETS * self.bins] * 3, dim=-1)
        return come, torch.exp(dt * rate) * spared

    def _base(self) -> Tensor:
        """The mixtures of nothing, [6, 1]."""
        rates = -torch.exp(self.log_rate)
        base = torch.cat((torch.zeros_like(rates), torch.ones_like(rates), rates))
        return base.unsqueeze(-1)
