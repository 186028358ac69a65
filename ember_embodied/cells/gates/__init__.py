"""Gates of attention by name: one table, one file for each kind.

Text is read one token at a time, and each token sees only those before it; the senses of a tick
come all at once. Every gate serves both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ember_embodied.cells.gates.adaptation import AdaptationGate, PowerLawGate
from ember_embodied.cells.gates.gate import Gate
from ember_embodied.cells.gates.head_state import HeadStateGate
from ember_embodied.cells.gates.refractory import (
    RefractoryAcrossGate,
    RefractoryGate,
    RefractoryGradientGate,
)
from ember_embodied.cells.gates.softmax import OutputGate, SoftmaxGate
from ember_embodied.cells.gates.threshold import FixedGate, LearnableGate

GATES: Final[dict[str, Callable[..., Gate]]] = {
    "softmax": SoftmaxGate,
    "output_gate": OutputGate,
    "lif_fixed": FixedGate,
    "lif_learnable": LearnableGate,
    "lif_selective": LearnableGate,
    "lif_refractory": RefractoryGate,
    "lif_refractory_across": RefractoryAcrossGate,
    "lif_refractory_gradient": RefractoryGradientGate,
    "lif_adaptation": AdaptationGate,
    "lif_power_law": PowerLawGate,
    "lif_head_state": HeadStateGate,
}
"""``lif_selective`` gates only the deeper half of the layers; the others are plain softmax."""


def make_gate(
    name: str, heads: int, width: int, *, causal: bool = False, layer: int = 0, layers: int = 1
) -> Gate:
    """The gate of that name for one layer of ``layers``, with tokens of ``width`` numbers.

    Raises ``ValueError`` naming those there are.
    """
    if name not in GATES:
        raise ValueError(f"no attention {name!r}; there are {', '.join(GATES)}")
    if name == "lif_selective" and layer < layers // 2:
        return SoftmaxGate(heads, causal=causal)
    if name == "output_gate":
        return OutputGate(heads, causal=causal, width=width)
    return GATES[name](heads, causal=causal)
