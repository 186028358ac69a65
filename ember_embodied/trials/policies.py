"""Who may drive a life: one table of rules, the teacher, and any bundle.

Each has the two verbs of ``Runtime``, so all of them go through the same loop, failsafe,
kinematics and gate, on the same senses. Only the teacher is told the truth: all of it, or
(``teacher@3``) of a voice only what is within earshot.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from ember_embodied import bundle as bundles
from ember_embodied.bundle import BundleError
from ember_embodied.errors import UserError, nearest
from ember_embodied.event_driven import network_of
from ember_embodied.runtime import Policy, State, Step
from ember_embodied.training.earshot import Earshot
from ember_embodied.trials.pid import Pid
from ember_embodied.trials.senses import Array, plain_step
from ember_embodied.trials.stock import Stock

IDLE_COMMAND: Final = (0.0, 0.0, 0.17, -0.17, 0.0)


class Idle:
    """Looks straight ahead and does nothing: the floor."""

    def initial_state(self) -> State:
        """Nothing to remember."""
        return ()

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:  # noqa: ARG002
        """Straight ahead, antennas at rest."""
        return plain_step(np.array(IDLE_COMMAND, dtype=np.float32))


TEACHER: Final = "teacher"
WITHIN_EARSHOT: Final = f"{TEACHER}@"
"""Before a number of readings: the teacher is told of a voice when so many have shown it."""
EVENT_DRIVEN: Final = "@event-driven"
"""Behind the name of a bundle: its network steps only when something changes."""
RULES: Final[dict[str, Callable[[], Policy]]] = {
    "idle": Idle,
    "stock": Stock,
    "pid": Pid,
}
"""Name and maker of every policy that is rules on the senses."""


def policy(name: str) -> Policy | Earshot | None:
    """A policy by name: the teacher (None: it drives by itself), rules, or a bundle.

    Raises ``UserError`` that lists what there is.
    """
    if name == TEACHER:
        return None
    if name in RULES:
        return RULES[name]()
    if name.startswith(WITHIN_EARSHOT):
        return Earshot(_readings(name))
    bundle = bundles.load(name.removesuffix(EVENT_DRIVEN))
    return network_of(bundle, event_driven=name.endswith(EVENT_DRIVEN))


def digest_of(name: str) -> str:
    """What a policy is: its name where it is code, the bundle's digest otherwise.

    Raises ``UserError`` that lists what there is.
    """
    if name == TEACHER or name in RULES:
        return name
    if name.startswith(WITHIN_EARSHOT):
        return f"{WITHIN_EARSHOT}{_readings(name)}"
    folder = name.removesuffix(EVENT_DRIVEN)
    try:
        return bundles.load(folder).digest + name.removeprefix(folder)
    except BundleError as error:
        if Path(folder).is_dir() or folder in bundles.shipped():
            raise
        known = (TEACHER, *RULES, *bundles.shipped())
        hint = nearest(name, known)
        listed = f"; known: {', '.join(known)}, or the folder of a bundle"
        raise UserError(f"no policy {name!r}{hint}{listed}") from error


def _readings(name: str) -> int:
    number = name.removeprefix(WITHIN_EARSHOT)
    if number.isascii() and number.isdecimal() and int(number) > 0:
        return int(number)
    raise UserError(f"{name!r}: after {WITHIN_EARSHOT} comes how many readings, as in teacher@3")
