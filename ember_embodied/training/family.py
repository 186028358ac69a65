"""The family by name: what may be trained, and what it is compared with."""

from __future__ import annotations

from typing import Final

from ember_embodied.network import NetworkConfig

FAMILY: Final[dict[str, NetworkConfig]] = {
    "ember": NetworkConfig(),
    "softmax": NetworkConfig(attention="softmax"),
    "cfc": NetworkConfig(layers=0, core="cfc"),
    "gru": NetworkConfig(layers=0, core="gru"),
    "mlp": NetworkConfig(layers=0, core="mlp"),
}
"""``softmax`` is Ember without the gate of its attention; the other three have no attention either
and a plain core, and ``mlp`` remembers nothing. Heads and skin are the same in all."""
EMBER: Final = "ember"
