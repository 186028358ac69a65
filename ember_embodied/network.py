"""Ember: a continuous-time core with LIF gates between the senses and five motor commands.

One tick, batch B, senses S, streams M, neurons H, predicted senses P:

    x      = silu(W [senses, mask])                                  [B, E]  what is felt
    h'     = CfC(x, dt, h)                                           [B, H]  what has happened
    y      = LIF(h', dt)                                             [B, H]  what matters now
    phase' = (phase + 2 pi breath_hz dt) mod 2 pi                    [B, 1]  breathing
    o      = W_o [y, sin phase', cos phase']                                 all heads at once

    w      = softmax(logits over those places that are there)        [B, 6]  where to look
    gaze'  = gaze + (1 - e^(-r dt)) (sum_k w_k place_k - gaze)       [B, 2]  gaze in mind
    goal   = [gaze' + trim, antennas, share * gaze'_yaw + trim]      [B, 5]  clamped to limits
    command = last + (1 - e^(-q dt)) (goal - last)                   [B, 5]  a smooth step there

    touch  = softmax(MLP(what was felt in this and two ticks before)) [B, 4]  no hand, or where
    e'     = excite(e, touch, dt)                                    [B, 3]  answering a touch

The places are home, the face, both hypotheses of the sound, the intent's target and one that
the network makes up. Pointing at what the senses measured, instead of drawing an angle out of H
neurons, is what lets a net this small be exact; the rates r and q make every step a true function
of ``dt``. A touch is answered by a central pattern generator (``cells.pattern``): the network
learns when to excite it, the rhythm is given. All state is data: it goes in and comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ember_embodied.cells.cfc import CfcCell
from ember_embodied.cells.lif import LifGate, LifState
from ember_embodied.cells.pattern import excite, move
from ember_embodied.command_space import (
    BREATH_HZ,
    COMMAND_LIMIT_RAD,
    PLACES_TOUCHED,
)
from ember_embodied.sense_vector import (
    INDEX,
    MASK_COUNT,
    PREDICTED,
    PREDICTED_INDEX,
    SENSE_COUNT,
    SENSES,
    STREAMS,
)

PLACES: Final = ("home", "face", "sound_front", "sound_mirror", "intent", "free")
TRIM_RAD: Final = (0.35, 0.25, 0.35)
"""Reach of the learned trim of head yaw, head pitch and body yaw: more than the servos' droop."""
ANTENNA_REACH_RAD: Final = 1.5
FELT: Final = tuple(
    sense.name
    for sense in SENSES
    if sense.stream in ("command", "imu")
    or (sense.stream == "joints" and sense.name.endswith(("velocity", "current")))
)
FELT_TICKS: Final = 3
"""What a hand on the robot shows in, and for how many ticks before this one it is remembered."""
GAZE_RATE_HZ: Final = 3.0
MOTION_RATE_HZ: Final = 8.0
"""Rates r and q are these times a softplus that starts near 0.7."""
ABSENT: Final = 1e4
"""Taken from the logit of a place that is not there; e^-10000 is exactly 0 in float32."""
TURN: Final = 2.0 * pi


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Sizes of the network, and what of its life is not learned."""

    embedding: int = 64
    backbone: int = 96
    neurons: int = 96
    skin: int = 64
    breath_hz: float = BREATH_HZ


class State(NamedTuple):
    """Everything that a tick hands to the next one; all zero at the start of a life."""

    hidden: Tensor
    membrane: Tensor
    refractory: Tensor
    gaze: Tensor
    phase: Tensor
    excitement: Tensor
    felt: Tensor


class Output(NamedTuple):
    """One tick's result: command [B, 5] rad, prediction [B, P], confidence [B, 1], gates."""

    command: Tensor
    prediction: Tensor
    confidence: Tensor
    lif_gate: Tensor
    gaze_gate: Tensor
    answer_gate: Tensor


class Unrolled(NamedTuple):
    """T ticks: outputs [T, B, ...], gaze [T, B, 2], log touch [T, B, 4], state after them."""

    output: Output
    gaze: Tensor
    touch: Tensor
    state: State


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


def state_shapes(config: NetworkConfig) -> dict[str, int]:
    """Name and width of each state tensor, in order."""
    n = config.neurons
    return {
        "hidden": n,
        "membrane": n,
        "refractory": n,
        "gaze": 2,
        "phase": 1,
        "excitement": len(PLACES_TOUCHED),
        "felt": FELT_TICKS * len(FELT),
    }


class Ember(nn.Module):
    """The network; ``forward`` is one pure step."""

    scale: Tensor
    limit: Tensor
    trim: Tensor
    predicted: Tensor
    felt: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Linear(SENSE_COUNT + MASK_COUNT, config.embedding)
        self.core = CfcCell(config.embedding, config.backbone, config.neurons)
        self.gate = LifGate(config.neurons)
        self.widths = (len(PLACES), 2, 1, 3, 2, 1, 5, 1, len(PREDICTED))
        self.heads = nn.Linear(config.neurons + 2, sum(self.widths))
        skin = (1 + FELT_TICKS) * len(FELT) + MASK_COUNT
        self.skin = nn.Sequential(
            nn.Linear(skin, config.skin), nn.SiLU(), nn.Linear(config.skin, 1 + len(PLACES_TOUCHED))
        )
        self.register_buffer("scale", torch.tensor([s.scale for s in SENSES]), persistent=False)
        self.register_buffer("limit", torch.tensor(COMMAND_LIMIT_RAD), persistent=False)
        self.register_buffer("trim", torch.tensor(TRIM_RAD), persistent=False)
        self.register_buffer("predicted", torch.from_numpy(PREDICTED_INDEX), persistent=False)
        self.register_buffer("felt", torch.tensor([INDEX[n] for n in FELT]), persistent=False)

    def initial_state(self, batch: int) -> State:
        """The state at the start of a life."""
        return State(*(torch.zeros(batch, width) for width in state_shapes(self.config).values()))

    def forward(
        self, senses: Tensor, mask: Tensor, dt: Tensor, state: State
    ) -> tuple[Output, State]:
        """One step: senses [B, S], mask [B, M], dt [B, 1] s, state of the last step."""
        y, lif_gate, state = self._core(self._feel(senses, mask), dt, state)
        wish = self._wish(y, state.phase, senses, mask, dt)
        gaze = state.gaze + wish.toward * (wish.place - state.gaze)
        touch, felt = self._touch(senses, mask, state.felt)
        excitement = excite(state.excitement, touch, dt)
        state = state._replace(gaze=gaze, excitement=excitement, felt=felt)
        return self._act(wish, state, lif_gate, senses, mask, dt), state

    def unroll(self, senses: Tensor, mask: Tensor, dt: Tensor, state: State) -> Unrolled:
        """T steps: senses [T, B, S], mask [T, B, M], dt [T, B, 1] s.

        The same numbers as T calls of ``forward``, several times faster to train: only the core,
        the gaze and the excitement go tick by tick.
        """
        cores, gazes, excitements = [], [], []
        touch, felt = self._touches(senses, mask, state.felt)
        for x, step in zip(self._feel(senses, mask), dt, strict=True):
            y, lif_gate, state = self._core(x, step, state)
            cores.append((y, lif_gate, state.phase))
        y, lif_gate, phase = (torch.stack(part) for part in zip(*cores, strict=True))
        wish = self._wish(y, phase, senses, mask, dt)
        for t, step in enumerate(dt):
            state = state._replace(
                gaze=state.gaze + wish.toward[t] * (wish.place[t] - state.gaze),
                excitement=excite(state.excitement, touch[t], step),
            )
            gazes.append(state.gaze)
            excitements.append(state.excitement)
        path = torch.stack(gazes)
        lived = state._replace(gaze=path, phase=phase, excitement=torch.stack(excitements))
        output = self._act(wish, lived, lif_gate, senses, mask, dt)
        return Unrolled(output, path, touch, state._replace(felt=felt))

    def _feel(self, senses: Tensor, mask: Tensor) -> Tensor:
        return functional.silu(self.embed(torch.cat((senses, mask), dim=-1)))

    def _touch(self, senses: Tensor, mask: Tensor, felt: Tensor) -> tuple[Tensor, Tensor]:
        """Log probabilities [B, 4] of a hand, from this tick and those before; what is felt now."""
        now = torch.cat((senses.index_select(-1, self.felt), felt), dim=-1)
        touch = torch.log_softmax(self.skin(torch.cat((now, mask), dim=-1)), dim=-1)
        return touch, now[..., : FELT_TICKS * len(FELT)]

    def _touches(self, senses: Tensor, mask: Tensor, felt: Tensor) -> tuple[Tensor, Tensor]:
        """``_touch`` over T ticks at once."""
        width = len(FELT)
        past = [felt[..., i * width : (i + 1) * width] for i in reversed(range(FELT_TICKS))]
        row = torch.cat((torch.stack(past), senses.index_select(-1, self.felt)))
        ticks = len(senses)
        window = [row[FELT_TICKS - i : FELT_TICKS - i + ticks] for i in range(1 + FELT_TICKS)]
        now = torch.cat(window, dim=-1)
        touch = torch.log_softmax(self.skin(torch.cat((now, mask), dim=-1)), dim=-1)
        return touch, now[-1, :, : FELT_TICKS * width]

    def _core(self, x: Tensor, dt: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Hidden state, gates and breathing move on by dt; the gaze is left as it is."""
        hidden = self.core(x, dt, state.hidden)
        y, lif_gate, lif = self.gate(hidden, dt, LifState(state.membrane, state.refractory))
        phase = state.phase + dt * (TURN * self.config.breath_hz)
        phase = phase - TURN * torch.floor(phase / TURN)
        moved = state._replace(
            hidden=hidden, membrane=lif.membrane, refractory=lif.refractory, phase=phase
        )
        return y, lif_gate, moved

    def _wish(self, y: Tensor, phase: Tensor, senses: Tensor, mask: Tensor, dt: Tensor) -> Wish:
        heads = self.heads(torch.cat((y, torch.sin(phase), torch.cos(phase)), dim=-1))
        logits, free, rate, trim, antennas, share, motion, confidence, change = heads.split(
            self.widths, dim=-1
        )
        places, there = self._places(senses, mask, free)
        gaze_gate = torch.softmax(logits - ABSENT * (1.0 - there), dim=-1)
        return Wish(
            place=(gaze_gate.unsqueeze(-1) * places).sum(dim=-2),
            toward=_share(GAZE_RATE_HZ, rate, dt),
            gaze_gate=gaze_gate,
            trim=self.trim * torch.tanh(trim),
            antennas=ANTENNA_REACH_RAD * torch.tanh(antennas),
            share=torch.sigmoid(share),
            motion=motion,
            confidence=torch.sigmoid(confidence),
            change=change,
        )

    def _act(
        self, wish: Wish, state: State, lif_gate: Tensor, senses: Tensor, mask: Tensor, dt: Tensor
    ) -> Output:
        """Five commands that follow gaze and touch; without a last command they jump to goals."""
        head = state.gaze + wish.trim[..., :2]
        body = wish.share * state.gaze[..., :1] + wish.trim[..., 2:]
        antennas = move(wish.antennas, state.excitement, state.phase)
        goal = torch.clamp(torch.cat((head, antennas, body), dim=-1), -self.limit, self.limit)
        first, known = INDEX["command.head_yaw"], mask[..., _bit("command")]
        last = senses[..., first : first + 5] * self.scale[first : first + 5]
        step = 1.0 - known * (1.0 - _share(MOTION_RATE_HZ, wish.motion, dt))
        return Output(
            command=torch.clamp(last + step * (goal - last), -self.limit, self.limit),
            prediction=senses.index_select(-1, self.predicted) + wish.change,
            confidence=wish.confidence,
            lif_gate=lif_gate,
            gaze_gate=wish.gaze_gate,
            answer_gate=state.excitement,
        )

    def _places(self, senses: Tensor, mask: Tensor, free: Tensor) -> tuple[Tensor, Tensor]:
        """Where one could look, [..., 6, 2] (yaw, pitch in rad), and which are there, [..., 6]."""

        def radians(name: str) -> Tensor:
            i = INDEX[name]
            return senses[..., i : i + 1] * self.scale[i]

        nothing = torch.zeros_like(mask[..., :1])
        always = torch.ones_like(nothing)
        free = torch.tanh(free) * self.limit[:2]
        rows = (
            torch.cat((nothing, nothing), dim=-1),
            torch.cat((radians("camera.yaw"), radians("camera.pitch")), dim=-1),
            torch.cat((radians("doa.front"), nothing), dim=-1),
            torch.cat((radians("doa.mirror"), nothing), dim=-1),
            torch.cat((radians("intent.yaw"), radians("intent.pitch")), dim=-1),
            free,
        )
        seen = (radians("camera.confidence") > 0.0).to(mask.dtype)
        heard, told = mask[..., _bit("doa")], mask[..., _bit("intent")]
        there = torch.cat((always, seen, heard, heard, told, always), dim=-1)
        return torch.stack(rows, dim=-2), there


def _share(unit_hz: float, rate: Tensor, dt: Tensor) -> Tensor:
    """Share of a way that a first-order step takes in dt: ``1 - e^(-unit softplus(rate) dt)``."""
    return 1.0 - torch.exp(-unit_hz * functional.softplus(rate) * dt)


def _bit(stream: str) -> slice:
    """Column of a stream's mask bit, kept as a column."""
    i = STREAMS.index(stream)
    return slice(i, i + 1)
