"""What every gate of attention probabilities is: a pure step with its state as data.

    p', openness, load, state' = gate(p, dt, below, state)

``p`` are probabilities [..., H, Q, K] that sum to one over the keys; so do ``p'``. ``below`` is
what the layer below handed up, and ``load`` what this layer does. A gate without state takes any
number of ticks at once; one with state goes tick by tick (``over_ticks``). A causal sequence has
no ticks: there each row is one (``over_rows``), since its time runs along the queries.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

Parts = tuple[Tensor, ...]


class Gated(NamedTuple):
    """What a gate gives."""

    probabilities: Tensor
    openness: Tensor
    """Of the gate of each probability, [..., H, Q, K], 0 to 1."""
    load: Tensor | None
    """How much each key was attended to, [..., 1, 1 or Q, K]; only from gates that hand it up."""
    state: Parts


class Gate(nn.Module):
    """The base of all gates."""

    def __init__(self, heads: int, *, causal: bool) -> None:
        """``causal``: no query may know of a later one."""
        super().__init__()
        self.heads = heads
        self.causal = causal

    def state_shapes(self, tokens: int) -> dict[str, int]:  # noqa: ARG002
        """Name and width of each part of the state, [B, width]; none for most gates."""
        return {}

    def forward(self, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:
        """One tick.

        Args:
            p: probabilities, [..., H, Q, K].
            dt: time since the last tick, s, [..., 1].
            below: load of the layer below, [..., 1, 1 or Q, K]; None for the first.
            state: of the last tick, the parts of ``state_shapes``.
        """
        raise NotImplementedError

    def mix(self, mixed: Tensor, x: Tensor) -> Tensor:  # noqa: ARG002
        """What becomes of the attended values [..., N, E], given the normed tokens x."""
        return mixed


def over_ticks(gate: Gate, p: Tensor, dt: Tensor, below: Tensor | None, state: Parts) -> Gated:
    """T ticks: p [T, B, H, Q, K], dt [T, B, 1], below [T, ...]; the state is that after them."""
    if not state:
        return gate(p, dt, below, state)  # type: ignore[no-any-return]
    passed = []
    for t, (now, step) in enumerate(zip(p, dt, strict=True)):
        gated = gate(now, step, None if below is None else below[t], state)
        state = gated.state
        passed.append(gated)
    return _joined(passed, 0)


def over_rows(gate: Gate, p: Tensor, below: Tensor | None, row_s: float) -> Gated:
    """A causal sequence p [B, H, N, N]: each row is a tick of ``row_s``, from rest."""
    batch, _, rows, keys = p.shape
    dt = torch.full((batch, 1), row_s, dtype=p.dtype, device=p.device)
    state = tuple(p.new_zeros(batch, width) for width in gate.state_shapes(keys).values())
    if not state:
        return gate(p, dt, below, state)  # type: ignore[no-any-return]
    passed = []
    for row in range(rows):
        one = None if below is None else below[..., row : row + 1, :]
        gated = gate(p[..., row : row + 1, :], dt, one, state)
        state = gated.state
        passed.append(gated)
    return _joined(passed, -2)


def _joined(passed: list[Gated], dim: int) -> Gated:
    """Many steps as one; along a new dimension 0, or along the rows."""
    join = torch.stack if dim == 0 else torch.cat
    loads = [g.load for g in passed if g.load is not None]
    return Gated(
        join([g.probabilities for g in passed], dim=dim),
        join([g.openness for g in passed], dim=dim),
        join(loads, dim=dim) if loads else None,
        passed[-1].state,
    )


def column_load(p: Tensor, *, causal: bool) -> Tensor:
    """How much each key is attended to: the mean of p [..., Q, K] over the queries, [..., 1, K].

    In a causal sequence the mean over the queries before each one, [..., Q, K].
    """
    if not causal:
        return p.mean(dim=-2, keepdim=True)
    before = torch.cumsum(p, dim=-2) - p
    rows = torch.arange(p.shape[-2], dtype=p.dtype, device=p.device).clamp(min=1.0)
    return before / rows.unsqueeze(-1)
