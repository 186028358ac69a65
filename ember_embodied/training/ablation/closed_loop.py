"""A network that is no bundle yet drives the simulated robot, and is judged as all others are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ember_embodied.network import Ember
from ember_embodied.training.ablation.task import Measure
from ember_embodied.training.course import silent
from ember_embodied.training.export import Provenance, write_bundle
from ember_embodied.training.rollouts import RolloutSettings
from ember_embodied.trials.contest import judge
from ember_embodied.trials.measures import MEASURES as WORTH
from ember_embodied.trials.measures import utility

PARITY_STEPS: Final = 10
DRAFT: Final = Provenance(name="draft", trained=False, rate_hz=10.0, command="", data_sha256="")
COMPOSITE: Final = "composite"
SHOWN: Final = (
    "on_speaker_share",
    "following_error_mean",
    "touch_answered_share",
    "false_turns",
    "effort",
)
"""Of all that makes up the composite, what is shown beside it."""
_SHOWN: Final = tuple(worth for worth in WORTH if worth.name in SHOWN)
MEASURES: Final = (
    Measure(
        COMPOSITE,
        "1",
        higher_is_better=True,
        says="worth in closed loop, from 0 (stands still) to 1 (the teacher, who knows all)",
    ),
    *(Measure(worth.name, worth.unit, worth.shape == "share", worth.meaning) for worth in _SHOWN),
)


def drive(
    network: Ember, seeds: Sequence[int], settings: RolloutSettings, idle: float, teacher: float
) -> dict[str, float]:
    """Let the network, exported as for a robot, live ``seeds``.

    Returns its composite between two known utilities, and ``SHOWN``; a measure that these lives
    have no event for is left out.
    """
    with TemporaryDirectory() as folder:
        bundle = write_bundle(network, Path(folder) / "draft", DRAFT, parity_steps=PARITY_STEPS)
        lives = judge(str(bundle.path), seeds, settings, 1, silent)
    measured = {COMPOSITE: (utility(lives) - idle) / (teacher - idle)}
    for worth in _SHOWN:
        pooled = worth.pool(lives)
        if pooled is not None and pooled.value is not None:
            measured[worth.name] = pooled.value
    return measured
