"""What attention and core of a network do while it lives: its gates, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ember_embodied.cells.attention import Attention
from ember_embodied.cells.feedforward import FiringMlp
from ember_embodied.cells.gates.gate import Parts
from ember_embodied.network import Ember
from ember_embodied.training.ablation.gates import WHERE_TO_LOOK, with_attention, with_firing
from ember_embodied.training.ablation.task import LayerGates


def observe(network: Ember, lives: Mapping[str, Tensor]) -> list[LayerGates]:
    """Let the network live ``lives`` (senses, mask, dt: [T, B, width]); report by depth.

    Attention layers tell entropy and support of what they look at; a layer with a gate how often
    it fires. Openness g of a gate with a leak is turned back into its firing (g - leak)/(1 - leak).
    """
    seen: dict[nn.Module, tuple[Any, Any]] = {}
    layers = [module for module in network.modules() if isinstance(module, Attention)]
    mlps = [module for module in network.modules() if isinstance(module, FiringMlp)]
    hooks = [
        module.register_forward_hook(lambda m, given, output: seen.update({m: (given, output)}))
        for module in (*layers, *mlps)
    ]
    try:
        _, count, _ = lives["dt"].shape
        start = network.initial_state(count)
        lived = network.unroll(lives["senses"], lives["mask"], lives["dt"], start)
    finally:
        for hook in hooks:
            hook.remove()
    found: list[LayerGates] = []
    for number, layer in enumerate(layers):
        _, attended = seen[layer]
        gates = LayerGates(f"attention {number}", len(found))
        gates = with_attention(gates, attended.probabilities.numpy())
        # A gate for each head, query and key.
        found.append(_with_firing(gates, layer.gate, attended.openness.flatten(-3)))
        if isinstance(mlp := layer.feedforward, FiringMlp):
            firing = _firing_of(mlp, *seen[mlp][0])
            gates = LayerGates(f"mlp {number}", len(found))
            found.append(with_firing(gates, firing.numpy(), float(mlp.threshold)))
    core = LayerGates("core", len(found))
    fired = _with_firing(core, getattr(network.core, "gate", None), lived.output.lif_gate)
    if fired is not core:
        found.append(fired)
    places = lived.output.gaze_gate
    return [*found, with_attention(LayerGates(WHERE_TO_LOOK, len(found)), places.numpy())]


def _firing_of(mlp: FiringMlp, _: Tensor, added: Tensor, dt: Tensor, state: Parts) -> Tensor:
    """Firing of each token [T, B, N], from what the attention added to it."""
    (potential,), path = state, []
    charge, kept = added.abs().mean(dim=-1), torch.exp(dt * -torch.exp(-mlp.log_tau))
    for now, share in zip(charge, kept, strict=True):
        firing, potential = mlp.charge(now, share, potential)
        path.append(firing)
    return torch.stack(path)


def _with_firing(layer: LayerGates, gate: nn.Module | None, openness: Tensor) -> LayerGates:
    """The layer with what its gate did, unless it has none that could close."""
    threshold = getattr(gate, "threshold", None)
    if threshold is None:
        return layer
    leak_logit = getattr(gate, "leak_logit", None)
    if leak_logit is not None:
        leak = torch.sigmoid(leak_logit).flatten()
        leak = leak.repeat_interleave(openness.shape[-1] // len(leak))
        openness = (openness - leak) / (1.0 - leak)
    return with_firing(layer, openness.numpy(), float(threshold.mean()))
