"""Ember: senses that attend to each other, a core in continuous time, five motor commands.

One tick, batch B, senses S, streams M, six tokens of E numbers, neurons H, predicted senses P:

    x      = one token for each sense                                [B, 6, E]  what is felt
    x'     = norm(x + gated attention(x)), nobody asks the absent    [B, 6, E]  what belongs where
    b'     = map(x', dt, b)                                          [B, 2K]    who is where
    h'     = core([x', log b'], dt, h)                               [B, H]     what has happened
    phi'   = (phi + breath_hz dt) mod 1                              [B, 1]     breathing, turns
    o      = W_o [h', sin 2 pi phi', cos 2 pi phi']                             all heads at once

    place  = of the places there the one that draws most             [B, 2]  where to look
    c      = sigmoid(o_c)                                            [B, 1]  confidence in it
    gaze'  = place + e^(-c r d) (gaze - place)                       [B, 2]  gaze in mind
    trim'  = W_o .. + e^(-k dt) (trim - W_o ..)                      [B, 5]  droop, antennas at rest
    goal   = trim' + [gaze', 0, 0, s gaze'_yaw] + swing              [B, 5]  the head not too far
                                                                             ahead of the body
    command = goal + e^(-q dt) (last - goal)                         [B, 5]  a smooth step there

    next   ~ Normal(senses + change, e^v), v in LOG_VARIANCE         [B, P]  what will be felt
    touch  = skin(what was felt in this and three ticks before)      [B, 4]  no hand, or where
    e'     = excited by touch, fades in time; gives the swing        [B, 3]  answering a touch

The norm before the core (layer normalisation) keeps its neurons out of saturation, whatever the
weights grow to: without it they learn slowly, and rounding shows.

Confidence is the chance that the place is right, and the gaze goes there only as fast as it is
sure: a doubt moves little, a certainty goes at the full rate r. So the network may abstain from
turning, and says so. The rates r and q make every step a true function of ``dt``, but for the
gaze after a rest (``cells.heads.NEWS_S``). The trim of head
and body is slow, as droop is: it is learned from how far they lag behind, and a fast answer to a
lag that is itself late makes them swing for ever. A touch is answered by a central pattern
generator (``cells.pattern``): the network learns when to excite it, the rhythm is given. All state
is data: one tensor that goes in and comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from ember_embodied.cells.attention import Attention
from ember_embodied.cells.core import Parts, make_core
from ember_embodied.cells.heads import FACING, GAZE, JUMP, POSE, Heads, Kept, Views, Wish
from ember_embodied.cells.pattern import Pattern
from ember_embodied.cells.pointing import LAST_YAW, MEASURED, NEAR_BINS, THERE
from ember_embodied.cells.senses import TOKENS, Row, SenseReader, measure, sense
from ember_embodied.cells.skin import FELT, FELT_TICKS, Skin, window
from ember_embodied.cells.space_map import SHEETS, SpaceMap, map_view
from ember_embodied.command_space import (
    BREATH_HZ,
    COMMAND_LIMIT_RAD,
    COMMANDS,
    HEAD_LEAD_RAD,
    PLACES_TOUCHED,
)
from ember_embodied.sense_vector import PREDICTED

BODY_SHARE: Final = 0.9
"""How much of the gaze's yaw the body takes, s, before anything is learned."""
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
    feedforward: str = "none"
    """What follows the attention in a layer, of ``cells.feedforward.FEEDFORWARDS``."""
    token: int = 32
    heads: int = 4
    layers: int = 1
    backbone: int = 256
    neurons: int = 192
    skin: int = 128
    bins: int = 36
    """Directions of the map of the space around (``cells.space_map``); 0: no map."""
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
    places: Tensor
    """All places where it could go, [T, B, 6, 2] rad."""
    around: Tensor
    """Logits of the directions around, [T, B, K]."""
    state: State
    """After the last tick."""


def state_shapes(config: NetworkConfig) -> dict[str, int]:
    """Name and width of each part of the state, in order."""
    with torch.random.fork_rng(devices=[]):  # nothing is drawn for what is only asked
        return Ember(config).state_shapes


class Reach(NamedTuple):
    """The last command, and between which two the goals may lie, [..., 5] rad."""

    last: Tensor
    low: Tensor
    high: Tensor


class Prepared(NamedTuple):
    """What comes before the core: its input, views for the heads, states."""

    given: Parts
    views: Views
    reach: Reach
    felt: Tensor
    logs: Tensor
    looked: list[Parts]
    belief: Tensor


def _reach() -> tuple[tuple[Row, ...], ...]:
    """On a long way the head runs ahead of the body as far as the neck allows, and waits there."""
    last = tuple(measure(f"command.{name}") for name in COMMANDS)
    lead = {"head_yaw": "command.body_yaw"}
    bounds = (
        tuple(
            measure(lead[name], offset=sign * HEAD_LEAD_RAD)
            if name in lead
            else Row({}, {}, sign * limit)
            for name, limit in zip(COMMANDS, COMMAND_LIMIT_RAD, strict=True)
        )
        for sign in (-1.0, 1.0)
    )
    return (last, *bounds)


class Ember(nn.Module):
    """The network; ``forward`` is one pure step."""

    breath_hz: Tensor
    limit: Tensor
    goals_of_gaze: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        now = [sense(name) for name in PREDICTED]
        of_heads = (MEASURED, THERE, LAST_YAW, FACING, JUMP, now)
        self.reader = SenseReader(config.token, *of_heads, *_reach(), FELT, *map_view(config.bins))
        layers = [
            Attention(
                config.token,
                config.heads,
                config.attention,
                config.feedforward,
                layer=layer,
                layers=config.layers,
            )
            for layer in range(config.layers)
        ]
        self.attention = nn.ModuleList(layers)
        self.settle = nn.LayerNorm(config.token)
        inputs = len(TOKENS) * config.token
        self.map = SpaceMap(inputs, config.bins)
        inputs += SHEETS * config.bins
        self.core = make_core(config.core, inputs, config.backbone, config.neurons)
        self.heads = Heads(config.neurons, config.bins)
        self.skin = Skin(config.skin)
        self.pattern = Pattern()
        self.body_share = nn.Parameter(torch.tensor(BODY_SHARE))
        attention = [layer.state_shapes(len(TOKENS)) for layer in layers]
        self._counts = [len(self.core.state_shapes), *(len(shapes) for shapes in attention)]
        self.state_shapes = self.core.state_shapes | {
            **{f"{n}_{i}": w for i, shapes in enumerate(attention) for n, w in shapes.items()},
            "belief": SHEETS * config.bins,
            "pose": POSE,
            "phase": 1,
            "excitement": len(PLACES_TOUCHED),
            "felt": FELT_TICKS * len(FELT),
        }
        self._widths = list(self.state_shapes.values())
        follow = torch.zeros(2, len(COMMANDS))
        follow[0, COMMANDS.index("head_yaw")] = follow[1, COMMANDS.index("head_pitch")] = 1.0
        body = torch.zeros(2, len(COMMANDS))
        body[0, COMMANDS.index("body_yaw")] = 1.0
        self.register_buffer("goals_of_gaze", torch.stack((follow, body)), persistent=False)
        self.register_buffer("breath_hz", torch.tensor([[config.breath_hz]]), persistent=False)
        self.register_buffer("limit", torch.tensor(COMMAND_LIMIT_RAD), persistent=False)

    def initial_state(self, batch: int) -> State:
        """The state at the start of a life."""
        return torch.zeros(batch, sum(self._widths))

    def parts(self, state: State) -> dict[str, Tensor]:
        """The parts of a state [..., W] by their names in ``state_shapes``."""
        return dict(zip(self.state_shapes, torch.split(state, self._widths, dim=-1), strict=True))

    def forward(
        self, senses: Tensor, mask: Tensor, dt: Tensor, state: State
    ) -> tuple[Output, State]:
        """One step: senses [B, S], mask [B, M], dt [B, 1] s, state of the last step [B, W]."""
        parts = torch.split(state, self._widths, dim=-1)
        output, after = self.step(senses, mask, dt, parts)
        return output, torch.cat(after, dim=-1)

    def step(self, senses: Tensor, mask: Tensor, dt: Tensor, state: Parts) -> tuple[Output, Parts]:
        """``forward`` with each part of the state by itself, in the order of ``state_shapes``."""
        (core, *looked), (belief, pose, phase, excitement, past) = self._split(state)
        prepared = self._prepare(senses, mask, dt, looked, belief)
        given, views, reach, felt, logs, looked, belief = prepared
        y, openness, core = self.core.step(self.core.constants(), given, core)
        phase = self._breathe(phase, dt)
        wish = self.heads(y, phase, views, logs, self.map.reading(), dt)
        pose = self._near(wish.pose, wish.kept.pose, pose)
        felt = torch.cat((felt, past, mask), dim=-1)
        touch = torch.softmax(self.skin(felt), dim=-1)
        excitement = self.pattern.excite(excitement, touch, wish.kept.excitement)
        output = self._act(wish, pose, excitement, openness, reach)
        past = felt[..., : self.state_shapes["felt"]]
        after = (belief, pose, phase, excitement, past)
        return output, self._join((core, *looked), after)

    def unroll(self, senses: Tensor, mask: Tensor, dt: Tensor, state: State) -> Unrolled:
        """T steps: senses [T, B, S], mask [T, B, M], dt [T, B, 1] s.

        The same numbers as T calls of ``forward``, many times faster to train: only the core,
        the map, gaze, trim, breathing and excitement go tick by tick.
        """
        parts = torch.split(state, self._widths, dim=-1)
        (core, *looked), (belief, pose, phase, excitement, past) = self._split(parts)
        prepared = self._prepare(senses, mask, dt, looked, belief, ticks=True)
        given, views, reach, felt, logs, looked, belief = prepared
        felt = torch.cat((window(felt, past), mask), dim=-1)
        touch = torch.log_softmax(self.skin(felt), dim=-1)
        constants, hand = self.core.constants(), touch.exp()
        steps, poses = [], []
        for now, step in zip(zip(*given, strict=True), dt, strict=True):
            *stepped, core = self.core.step(constants, now, core)
            phase = self._breathe(phase, step)
            steps.append((*stepped, phase))
        y, openness, phases = (torch.stack(part) for part in zip(*steps, strict=True))
        wish = self.heads(y, phases, views, logs, self.map.reading(), dt)
        kept: Kept = wish.kept
        for goal, old, fire, fading in zip(
            wish.pose, kept.pose, hand, kept.excitement, strict=True
        ):
            pose = self._near(goal, old, pose)
            excitement = self.pattern.excite(excitement, fire, fading)
            poses.append((pose, excitement))
        all_poses, excitements = (torch.stack(part) for part in zip(*poses, strict=True))
        output = self._act(wish, all_poses, excitements, openness, reach)
        after = (belief, pose, phase, excitement, felt[-1, ..., : self.state_shapes["felt"]])
        return Unrolled(
            output=output,
            gaze=all_poses[..., :GAZE],
            place=wish.pose[..., :GAZE],
            touch=touch,
            places=torch.unflatten(wish.places, -1, (-1, GAZE)) * self.limit[:GAZE],
            around=wish.line[..., NEAR_BINS:-NEAR_BINS],
            state=torch.cat(self._join((core, *looked), after), dim=-1),
        )

    def _split(self, parts: Parts) -> tuple[list[Parts], Parts]:
        """The parts of core and of each layer of the attention, and the others."""
        cells, start = [], 0
        for count in self._counts:
            cells.append(parts[start : start + count])
            start += count
        return cells, parts[start:]

    def _join(self, cells: Sequence[Parts], others: Parts) -> Parts:
        return (*(part for parts in cells for part in parts), *others)

    def _prepare(
        self,
        senses: Tensor,
        mask: Tensor,
        dt: Tensor,
        state: list[Parts],
        belief: Tensor,
        *,
        ticks: bool = False,
    ) -> Prepared:
        """All that comes before the core, of one tick or of many."""
        tokens, bias, *read = self.reader(senses, mask)
        views, reach = Views._make(read[:6]), Reach._make(read[6:9])
        load, after = None, []
        for layer, parts in zip(self.attention, state, strict=True):
            tokens, _, _, load, parts = layer(tokens, bias, dt, parts, load, ticks=ticks)
            after.append(parts)
        flat = self.settle(tokens).flatten(-2)
        logs, belief = self.map(read[10:], flat, dt, belief, ticks=ticks)
        given = self.core.prepare(torch.cat((flat, logs), dim=-1), dt)
        return Prepared(given, views, reach, read[9], logs, after, belief)

    def _breathe(self, phase: Tensor, dt: Tensor) -> Tensor:
        return torch.fmod(dt @ self.breath_hz + phase, 1.0)

    def _near(self, goal: Tensor, kept: Tensor, now: Tensor) -> Tensor:
        """A step to the goal that leaves the share ``kept`` of the way."""
        return torch.addcmul(goal, kept, now - goal)

    def _act(
        self, wish: Wish, pose: Tensor, excitement: Tensor, lif_gate: Tensor, reach: Reach
    ) -> Output:
        """Five commands that follow gaze and touch; without a last command they jump to goals."""
        follow = self.goals_of_gaze[0] + self.body_share * self.goals_of_gaze[1]
        trim = torch.eye(len(COMMANDS), device=follow.device)
        goal = pose @ torch.cat((follow, trim)) + self.pattern(excitement, wish.beat)
        goal = torch.clamp(goal, reach.low, reach.high)
        command = self._near(goal, wish.kept.command, reach.last)
        return Output(
            command=torch.clamp(command, -self.limit, self.limit),
            prediction=wish.prediction,
            variance=wish.variance,
            confidence=wish.confidence,
            lif_gate=lif_gate,
            gaze_gate=wish.gaze_gate,
            answer_gate=excitement,
        )
