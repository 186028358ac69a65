"""What attention and core of a network do while it lives: its gates, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ember_embodied.network import Ember
from ember_embodied.training.ablation.gates import attention_gates, firing_gates
from ember_embodied.training.ablation.task import LayerGates


def observe(network: Ember, lives: Mapping[str, Tensor]) -> list[LayerGates]:
    """Let the network live ``lives`` (senses, mask, dt: [T, B, width]); report by depth.

    Attention layers tell entropy and support of what they look at; a layer with a gate how often
    it fires. Openness g of a gate with a leak is turned back into its firing (g - leak)/(1 - leak).
    """
    seen: list[tuple[nn.Module, Any]] = []
    hooks = [
        module.register_forward_hook(lambda m, _, output: seen.append((m, output)))
        for module in network.modules()
    ]
    try:
        _, count, _ = lives["dt"].shape
        start = network.initial_state(count)
        lived = network.unroll(lives["senses"], lives["mask"], lives["dt"], start)
    finally:
        for hook in hooks:
            hook.remove()
    found: list[LayerGates] = []
    for module, output in seen:
        if hasattr(output, "probabilities"):
            layer, depth = f"attention {len(found)}", len(found)
            looked = attention_gates(layer, depth, output.probabilities.numpy())
            # A gate for each head, query and key.
            openness = output.openness.flatten(-3)
            found.append(_with_firing(looked, getattr(module, "gate", None), openness))
    depth = len(found)
    core = LayerGates("core", depth)
    fired = _with_firing(core, getattr(network.core, "gate", None), lived.output.lif_gate)
    if fired is not core:
        found.append(fired)
    places = lived.output.gaze_gate
    return [*found, attention_gates("where to look", depth + 1, places.numpy())]


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
    return firing_gates(layer, openness.numpy(), float(threshold.mean()))
