"""Ember: senses that attend to each other, a core in continuous time, five motor commands.

One tick, batch B, senses S, streams M, six tokens of E numbers, neurons H, predicted senses P:

    x      = one token for each sense                                [B, 6, E]  what is felt
    x'     = x + gated attention(x), nobody asks an absent sense     [B, 6, E]  what belongs where
    h'     = core(x', dt, h)                                         [B, H]     what has happened
    phase' = (phase + 2 pi breath_hz dt) mod 2 pi                    [B, 1]     breathing
    o      = W_o [h', sin phase', cos phase']                                   all heads at once

    w      = softmax(logits over those places that are there)        [B, 6]  where to look
    c      = sigmoid(o_c)                                            [B, 1]  confidence in it
    s      = c^2 (3 - 2 c)                                           [B, 1]  resolve
    gaze'  = gaze + (1 - e^(-s r dt)) (sum_k w_k place_k - gaze)     [B, 2]  gaze in mind
    goal   = [gaze' + trim, antennas, share * gaze'_yaw + trim]      [B, 5]  clamped to limits
    command = last + (1 - e^(-q dt)) (goal - last)                   [B, 5]  a smooth step there

    next   ~ Normal(senses + change, e^v), v in LOG_VARIANCE         [B, P]  what will be felt
    touch  = skin(what was felt in this and three ticks before)      [B, 4]  no hand, or where
    e'     = excite(e, touch, dt)                                    [B, 3]  answering a touch

Confidence is the chance that the place is right, and the gaze goes only as far as it is: a doubt
moves nothing, since ``s`` is flat at 0, and a certainty goes at the full rate r. So the network
may abstain from turning, and says so. The rates r and q make every step a true function of
``dt``. A touch is answered by a central pattern generator (``cells.pattern``): the network learns
when to excite it, the rhythm is given. All state is data: one tensor that goes in and comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Final, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.cells.attention import Attention
from ember_embodied.cells.core import Parts, make_core
from ember_embodied.cells.pattern import excite, move
from ember_embodied.cells.pointing import PLACES, Pointing
from ember_embodied.cells.senses import TOKENS, SenseTokens
from ember_embodied.cells.skin import FELT_WIDTH, Skin
from ember_embodied.command_space import BREATH_HZ, COMMAND_LIMIT_RAD, COMMANDS, PLACES_TOUCHED
from ember_embodied.sense_vector import INDEX, PREDICTED, PREDICTED_INDEX, SENSES, STREAMS

TRIM_RAD: Final = (0.35, 0.25, 0.35)
"""Reach of the learned trim of head yaw, head pitch and body yaw: more than the servos' droop."""
ANTENNA_REACH_RAD: Final = 1.5
GAZE_RATE_HZ: Final = 3.0
MOTION_RATE_HZ: Final = 8.0
"""Rates r and q are these times a softplus that starts near 0.7."""
LOG_VARIANCE: Final = (-9.0, 1.0)
"""Bounds of the predicted senses' log variance: deviations from 0.01 to 1.6 of a sense's scale."""
SURE_AT_START: Final = 2.0
"""Logit of the confidence of a fresh network: sure enough to move, and so to learn."""
TURN: Final = 2.0 * pi
_HEADS: Final[dict[str, int]] = {
    "place": len(PLACES),
    "free": 2,
    "rate": 1,
    "trim": 3,
    "antennas": 2,
    "share": 1,
    "motion": 5,
    "confidence": 1,
    "change": len(PREDICTED),
    "log_variance": len(PREDICTED),
}

State: TypeAlias = Tensor
"""[B, W]: everything that a tick hands to the next one, the parts of ``state_shapes`` side by
side; all zero at the start of a life."""


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Cells by name, their sizes, and what of the network's life is not learned."""

    attention: str = "lif_learnable"
    """A gate of ``cells.gates.GATES``."""
    core: str = "cfc_lif"
    """A core of ``cells.core.CORES``."""
    token: int = 32
    heads: int = 4
    layers: int = 1
    backbone: int = 256
    neurons: int = 192
    skin: int = 64
    breath_hz: float = BREATH_HZ


class Output(NamedTuple):
    """One tick's result: command [B, 5] rad, prediction and variance [B, P], confidence, gates."""

    command: Tensor
    prediction: Tensor
    variance: Tensor
    confidence: Tensor
    lif_gate: Tensor
    gaze_gate: Tensor
    answer_gate: Tensor


class Unrolled(NamedTuple):
    """T ticks: outputs [T, B, ...], and what training asks for beside them."""

    output: Output
    gaze: Tensor
    """Where the gaze in mind is, [T, B, 2] rad."""
    place: Tensor
    """Where it goes to, [T, B, 2] rad."""
    touch: Tensor
    """Log probabilities of no hand and of one at each place, [T, B, 4]."""
    state: State
    """After the last tick."""


class Wish(NamedTuple):
    """What the heads ask for, before the gaze in mind follows."""

    place: Tensor
    """Where to look, rad [..., 2]."""
    toward: Tensor
    """Share of the way there that this tick takes [..., 1]."""
    gaze_gate: Tensor
    trim: Tensor
    antennas: Tensor
    share: Tensor
    motion: Tensor
    confidence: Tensor
    change: Tensor
    variance: Tensor


def state_shapes(config: NetworkConfig) -> dict[str, int]:
    """Name and width of each part of the state, in order."""
    return _state_shapes(make_core(config.core, 1, 1, config.neurons).state_shapes)


def _state_shapes(core: dict[str, int]) -> dict[str, int]:
    own = {"gaze": 2, "phase": 1, "excitement": len(PLACES_TOUCHED), "felt": FELT_WIDTH}
    return core | own


class Ember(nn.Module):
    """The network; ``forward`` is one pure step."""

    scale: Tensor
    limit: Tensor
    trim: Tensor
    predicted: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = SenseTokens(config.token)
        self.attention = nn.ModuleList(
            Attention(config.token, config.heads, config.attention) for _ in range(config.layers)
        )
        inputs = len(TOKENS) * config.token
        self.core = make_core(config.core, inputs, config.backbone, config.neurons)
        self.heads = nn.Linear(config.neurons + 2, sum(_HEADS.values()))
        self.pointing = Pointing()
        self.skin = Skin(config.skin)
        self.state_shapes = _state_shapes(self.core.state_shapes)
        self._widths = list(self.state_shapes.values())
        with torch.no_grad():
            self.heads.bias[self.head_rows("confidence")] += SURE_AT_START
        last = INDEX["command.head_yaw"]
        scale = torch.tensor([s.scale for s in SENSES[last : last + len(COMMANDS)]])
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("limit", torch.tensor(COMMAND_LIMIT_RAD), persistent=False)
        self.register_buffer("trim", torch.tensor(TRIM_RAD), persistent=False)
        self.register_buffer("predicted", torch.from_numpy(PREDICTED_INDEX), persistent=False)

    def initial_state(self, batch: int) -> State:
        """The state at the start of a life."""
        return torch.zeros(batch, sum(self._widths))

    def parts(self, state: State) -> dict[str, Tensor]:
        """The parts of a state [..., W] by their names in ``state_shapes``."""
        return dict(zip(self.state_shapes, torch.split(state, self._widths, dim=-1), strict=True))

    @staticmethod
    def head_rows(name: str) -> slice:
        """Rows of ``heads`` that give this number."""
        before = list(_HEADS).index(name)
        first = sum(list(_HEADS.values())[:before])
        return slice(first, first + _HEADS[name])

    def forward(
        self, senses: Tensor, mask: Tensor, dt: Tensor, state: State
    ) -> tuple[Output, State]:
        """One step: senses [B, S], mask [B, M], dt [B, 1] s, state of the last step [B, W]."""
        *core, gaze, phase, excitement, felt = torch.split(state, self._widths, dim=-1)
        senses = self.tokens.present(senses, mask)
        y, openness, core_parts = self.core.step(self._prepare(senses, mask, dt), tuple(core))
        phase = self._breathe(phase, dt)
        wish = self._wish(y, phase, senses, mask, dt)
        gaze = torch.lerp(gaze, wish.place, wish.toward)
        touch, felt = self.skin(senses, mask, felt)
        excitement = excite(excitement, touch, dt)
        output = self._act(wish, (gaze, phase, excitement), openness, senses, mask, dt)
        return output, torch.cat((*core_parts, gaze, phase, excitement, felt), dim=-1)

    def unroll(self, senses: Tensor, mask: Tensor, dt: Tensor, state: State) -> Unrolled:
        """T steps: senses [T, B, S], mask [T, B, M], dt [T, B, 1] s.

        The same numbers as T calls of ``forward``, many times faster to train: only the core,
        the gaze, the breathing and the excitement go tick by tick.
        """
        *core, gaze, phase, excitement, felt = torch.split(state, self._widths, dim=-1)
        senses = self.tokens.present(senses, mask)
        touch, felt = self.skin.unroll(senses, mask, felt)
        parts: Parts = tuple(core)
        steps, lived = [], []
        for given in zip(*self._prepare(senses, mask, dt), strict=True):
            stepped = self.core.step(given, parts)
            parts = stepped.state
            steps.append(stepped[:2])
        y, openness = (torch.stack(part) for part in zip(*steps, strict=True))
        phases = []
        for step in dt:
            phase = self._breathe(phase, step)
            phases.append(phase)
        wish = self._wish(y, torch.stack(phases), senses, mask, dt)
        for place, toward, hand, step in zip(wish.place, wish.toward, touch, dt, strict=True):
            gaze = torch.lerp(gaze, place, toward)
            excitement = excite(excitement, hand, step)
            lived.append((gaze, excitement))
        gazes, excitements = (torch.stack(part) for part in zip(*lived, strict=True))
        pose = (gazes, torch.stack(phases), excitements)
        output = self._act(wish, pose, openness, senses, mask, dt)
        after = torch.cat((*parts, gaze, phase, excitement, felt), dim=-1)
        return Unrolled(output, gazes, wish.place, touch, after)

    def _prepare(self, senses: Tensor, mask: Tensor, dt: Tensor) -> Parts:
        """Tokens, attention, and what of the core needs no state."""
        tokens, bias = self.tokens(senses, mask)
        for layer in self.attention:
            tokens = layer(tokens, bias).tokens
        return self.core.prepare(tokens.flatten(-2), dt)

    def _breathe(self, phase: Tensor, dt: Tensor) -> Tensor:
        phase = phase + dt * (TURN * self.config.breath_hz)
        return phase - TURN * torch.floor(phase / TURN)

    def _wish(self, y: Tensor, phase: Tensor, senses: Tensor, mask: Tensor, dt: Tensor) -> Wish:
        heads = self.heads(torch.cat((y, torch.sin(phase), torch.cos(phase)), dim=-1))
        logits, free, rate, trim, antennas, share, motion, confidence, change, spread = heads.split(
            tuple(_HEADS.values()), dim=-1
        )
        places, absent = self.pointing(senses, mask, self.limit[:2] * torch.tanh(free))
        gaze_gate = torch.softmax(logits + absent, dim=-1)
        confidence = torch.sigmoid(confidence)
        resolve = confidence * confidence * (3.0 - 2.0 * confidence)
        least, most = LOG_VARIANCE
        return Wish(
            place=(gaze_gate.unsqueeze(-1) * places).sum(dim=-2),
            toward=_share(GAZE_RATE_HZ, rate, resolve * dt),
            gaze_gate=gaze_gate,
            trim=self.trim * torch.tanh(trim),
            antennas=ANTENNA_REACH_RAD * torch.tanh(antennas),
            share=torch.sigmoid(share),
            motion=motion,
            confidence=confidence,
            change=change,
            variance=torch.exp(least + (most - least) * torch.sigmoid(spread)),
        )

    def _act(
        self, wish: Wish, pose: Parts, lif_gate: Tensor, senses: Tensor, mask: Tensor, dt: Tensor
    ) -> Output:
        """Five commands that follow gaze and touch; without a last command they jump to goals."""
        gaze, phase, excitement = pose
        head = gaze + wish.trim[..., :2]
        body = wish.share * gaze[..., :1] + wish.trim[..., 2:]
        antennas = move(wish.antennas, excitement, phase)
        goal = torch.clamp(torch.cat((head, antennas, body), dim=-1), -self.limit, self.limit)
        first, bit = INDEX["command.head_yaw"], STREAMS.index("command")
        last = senses[..., first : first + len(COMMANDS)] * self.scale
        step = 1.0 - mask[..., bit : bit + 1] * (1.0 - _share(MOTION_RATE_HZ, wish.motion, dt))
        return Output(
            command=torch.clamp(torch.lerp(last, goal, step), -self.limit, self.limit),
            prediction=senses.index_select(-1, self.predicted) + wish.change,
            variance=wish.variance,
            confidence=wish.confidence,
            lif_gate=lif_gate,
            gaze_gate=wish.gaze_gate,
            answer_gate=excitement,
        )


def _share(unit_hz: float, rate: Tensor, dt: Tensor) -> Tensor:
    """Share of a way that a first-order step takes in dt: ``1 - e^(-unit softplus(rate) dt)``."""
    return 1.0 - torch.exp(-unit_hz * functional.softplus(rate) * dt)
