"""Settings, statistics and the snapshot of the selector, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, Final

import msgspec
import numpy as np

UCB1: Final = sqrt(2.0)
"""The constant of UCB1, for rewards in [0, 1] (Auer, Cesa-Bianchi and Fischer 2002)."""
ROUNDING: Final = 1e-9
GENERATORS: Final = {"PCG64": np.random.PCG64, "PCG64DXSM": np.random.PCG64DXSM}
"""Generators whose whole state is a few integers; ``numpy.random.default_rng`` gives the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorSettings:
    """What the selector does besides UCB1; a zero or None switches it off.

    Raises ``ValueError`` on a setting out of its range.
    """

    exploration: float | None = None
    """c of ``mean + c sqrt(ln N / n)``, >= 0; None tunes itself."""
    randomisation: float = 0.005
    """Probability, in [0, 1), that a choice is drawn evenly from all variants."""
    false_alarm: float | None = 0.01
    """Probability, in (0, 1), of ever finding a change where there is none."""
    persistence: float | None = 400.0
    """Choices, > 0, that a variant's mean is expected to last; None: no choice is forced."""
    co_occurrence: float = 0.0
    """Bonus (malus) per reward above (below) its mean that it brings right after another; >= 0."""
    cool_down: float = 0.0
    """What a variant loses of its index right after it was used; >= 0, rewards are in [0, 1]."""
    cool_down_length: int = 4
    """Choices, >= 1, until nothing is lost any more."""
    window: int = 32
    """Rewards in a variant's recent mean, >= 0."""
    assume_normalized: bool = False
    """Rewards are known to be in [0, 1] and are not checked."""

    def __post_init__(self) -> None:
        alarm, lasting = self.false_alarm, self.persistence
        for name, fine in (
            ("exploration", self.exploration is None or 0.0 <= self.exploration < np.inf),
            ("randomisation", 0.0 <= self.randomisation < 1.0),
            ("false_alarm", alarm is None or 0.0 < alarm < 1.0),
            ("persistence", lasting is None or 0.0 < lasting < np.inf),
            ("co_occurrence", 0.0 <= self.co_occurrence < np.inf),
            ("cool_down", 0.0 <= self.cool_down < np.inf),
            ("cool_down_length", self.cool_down_length >= 1),
            ("window", self.window >= 0),
        ):
            if not fine:
                raise ValueError(f"{name} = {getattr(self, name)} is out of its range")


TEXTBOOK: Final = SelectorSettings(
    exploration=UCB1, randomisation=0.0, false_alarm=None, persistence=None, window=0
)
"""UCB1 and nothing else."""


@dataclass(frozen=True, slots=True)
class VariantStatistics:
    """What is known of one variant."""

    variant: int
    count: float
    """Rewards that count; fewer than it ever had after a change."""
    mean: float
    """Of those; 0 when there are none."""
    variance: float
    exploration: float
    """Its constant c_i."""
    recent_mean: float | None
    """Of the last ``window`` rewards whatever has changed; None without any."""
    index: float | None
    """Its upper confidence bound now; None while it is unplayed."""


@dataclass(frozen=True, slots=True)
class SelectorState:
    """All that the next choices depend on; columns have one entry for each variant."""

    KIND: ClassVar[str] = "selector"
    VERSION: ClassVar[int] = 2

    settings: SelectorSettings
    count: tuple[float, ...]
    total: tuple[float, ...]
    """Sum of rewards."""
    squares: tuple[float, ...]
    """Sum of squared rewards."""
    scale: tuple[float, ...]
    everything: float
    """Sum of ``count``: the N of the index."""
    renewal: float
    """The N at which all tuned constants are renewed."""
    pulls: tuple[int, ...]
    ring: tuple[float, ...]
    """``window`` last rewards of each variant, each ring one after the other."""
    ring_sum: tuple[float, ...]
    latest: tuple[float, ...]
    """Number of the last choice of each that brought a reward; 0 before the first."""
    next_forced: float | None
    """The choice from which on one may be forced; None for never."""
    visited: int
    """The variant that is forced now; -1 for none."""
    visit: tuple[float, float, float]
    """Rewards of the visit, their sum, and the mean that they are held against."""
    due: tuple[float, ...]
    marks: tuple[tuple[tuple[float, float], ...], ...]
    bindings: tuple[tuple[int, int, float, float], ...]
    effects: tuple[tuple[int, int, float], ...]
    recent: tuple[int, ...]
    """Variants of the latest rewards, the oldest first, for the cool-down."""
    previous: int
    """The variant of the latest reward; -1 before the first."""
    chosen: int
    greedy: int
    """Of the last choice; -1 before the first."""
    choices: int
    next_random: int
    """The number of the choice that will be random; 0 for none."""
    resets: int
    generator: str
    """Name of the generator's algorithm."""
    generator_numbers: tuple[str, str]
    """Its state and increment, 128 bits each, in hexadecimal."""
    generator_half: tuple[int, int]
    """Whether it keeps a half of its last number, and that half."""


def to_json(state: SelectorState) -> bytes:
    """The state as JSON text; every number is written so that it is read back to the bit."""
    return msgspec.json.encode(state)


def from_json(text: bytes | str) -> SelectorState:
    """Read what ``to_json`` wrote. Raises ``ValueError``, in one line, on anything else."""
    try:
        return msgspec.json.decode(text, type=SelectorState)
    except msgspec.DecodeError as error:
        raise ValueError(f"it is not a state of the selector: {error}") from error


def check(state: SelectorState) -> None:
    """Raise ``ValueError`` on a state whose parts do not fit together."""
    size, settings = len(state.count), state.settings
    tested = size if settings.false_alarm is not None else 0
    lengths = {
        "total": (state.total, size),
        "squares": (state.squares, size),
        "scale": (state.scale, size),
        "pulls": (state.pulls, size),
        "latest": (state.latest, size),
        "ring": (state.ring, size * settings.window),
        "ring_sum": (state.ring_sum, size),
        "due": (state.due, tested),
        "marks": (state.marks, tested),
    }
    for name, (column, length) in lengths.items():
        if len(column) != length:
            raise ValueError(f"{name} has {len(column)} entries instead of {length}")
    for total, count in zip(state.total, state.count, strict=True):
        if not 0.0 <= total <= count * (1.0 + ROUNDING):
            raise ValueError(f"a sum of rewards of {total} for {count} rewards: not in [0, 1] each")
    numbers = [n for first, second, *_ in state.bindings for n in (first, second)]
    numbers += [*state.recent, *(n for first, second, _ in state.effects for n in (first, second))]
    if any(not 0 <= n < size for n in numbers) or not all(
        -1 <= variant < size for variant in (state.previous, state.visited)
    ):
        raise ValueError(f"it names a variant that is not one of {size}")


def generator_state(
    rng: np.random.Generator,
) -> tuple[str, tuple[str, str], tuple[int, int]]:
    """Name, numbers and half of a generator. Raises ``TypeError`` for one not of ``GENERATORS``."""
    state = rng.bit_generator.state
    name = str(state["bit_generator"])
    if name not in GENERATORS:
        raise TypeError(f"generator {name} cannot be saved; use one of {sorted(GENERATORS)}")
    numbers = (f"{state['state']['state']:x}", f"{state['state']['inc']:x}")
    return name, numbers, (int(state["has_uint32"]), int(state["uinteger"]))


def restored_generator(state: SelectorState) -> np.random.Generator:
    """The generator as it was. Raises ``ValueError`` when it is none of ``GENERATORS``."""
    if state.generator not in GENERATORS:
        raise ValueError(f"generator {state.generator!r} is unknown")
    bits = GENERATORS[state.generator](0)
    number, increment = (int(text, 16) for text in state.generator_numbers)
    has_half, half = state.generator_half
    bits.state = {
        "bit_generator": state.generator,
        "state": {"state": number, "inc": increment},
        "has_uint32": has_half,
        "uinteger": half,
    }
    return np.random.Generator(bits)
