"""A task: what is learned and how it is measured, whatever the conditions are.

To add a task is one file with these verbs and one line in ``TASKS``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from ember_embodied.errors import unknown

TASKS: Final = {"body": "ember_embodied.training.ablation.body:BodyTask"}
"""Name, and the class that is made from a spec's ``[sizes]``."""

Progress = Callable[[str, int, int], None]
"""Told (what, done, of how many) as the work goes on."""


class Measure(msgspec.Struct, frozen=True):
    """One number of a trained network."""

    name: str
    unit: str
    higher_is_better: bool
    says: str


class LayerGates(msgspec.Struct, frozen=True):
    """What the gates of one layer did on held-out data; None where a layer has no such thing.

    Attention: ``entropy`` of its weights in nats and ``support`` e^entropy, the number of tokens
    that it really looks at, both means. Gates: mean ``fire_rate`` (0 to 1) and ``threshold``, and
    the shares of gates that ``never_open`` and ``never_close``.
    """

    layer: str
    depth: int
    """0 nearest to the senses."""
    entropy: float | None = None
    support: float | None = None
    fire_rate: float | None = None
    threshold: float | None = None
    never_open: float | None = None
    never_close: float | None = None


class Outcome(msgspec.Struct, frozen=True):
    """One network, trained from one seed."""

    measures: dict[str, float]
    """By name; empty when training failed, and ``fault`` says how."""
    curve: list[tuple[int, float]] = []
    """Step and loss of training."""
    gates: list[LayerGates] = []
    parameters: int = 0
    train_s: float = 0.0
    fault: str = ""


class Task(Protocol):
    """The verbs of a task. Each run is a function of its arguments alone."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What ``run`` measures, in the order of the report."""

    @property
    def about(self) -> list[str]:
        """What a run is, in a few lines for the report."""

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raise ``UserError`` when no network can be made from a condition's settings."""

    def prepare(
        self, folder: Path, source: Path | None, jobs: int, progress: Progress
    ) -> dict[str, str]:
        """Make the data of all runs in ``folder``, once; return facts about it for the report.

        ``source``: where the data is taken from; None: it is made. The fact ``digest`` is the
        digest of all of it. Raises ``UserError`` on bad data.
        """

    def run(self, folder: Path, settings: Mapping[str, Any], seed: int) -> Outcome:
        """Build, train and measure one network with the data in ``folder``."""


def make_task(name: str, sizes: Mapping[str, Any]) -> Task:
    """The task of that name. Raises ``UserError`` on an unknown one or on wrong sizes."""
    if name not in TASKS:
        raise unknown("task", name, TASKS)
    module, _, attribute = TASKS[name].partition(":")
    task: Task = getattr(importlib.import_module(module), attribute).of(sizes)
    return task
