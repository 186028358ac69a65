"""Chance with a seed, and the ranges that it draws from.

A pair ``[low, high]`` is drawn evenly. A ``..._share`` is a probability, a weight a share before
it is divided by the sum of all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

import msgspec
import numpy as np

from firmware_bridge.simulation.scenario import Share

NotNegative = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
Positive = Annotated[float, msgspec.Meta(gt=0.0, le=1e6)]
Weight = NotNegative
Span = tuple[NotNegative, NotNegative]
"""A range of numbers that are not negative."""
Rate = Annotated[float, msgspec.Meta(ge=0.0, le=60.0)]
PerMinute = tuple[Rate, Rate]
ShareSpan = tuple[Share, Share]
FIRST_EVENT_S: Final = 1.0
"""Nothing happens before: the robot is being switched on."""

ChoiceT = TypeVar("ChoiceT")


class Ranges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of ranges; pairs must rise and weights must not all be zero."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` with the name of the key that is wrong."""
        for field in msgspec.structs.fields(type(self)):
            value = getattr(self, field.name)
            if get_origin(field.type) is not tuple:
                continue
            if Ellipsis in get_args(field.type):
                if not value:
                    raise ValueError(f"{field.name} is empty: it needs one choice at least")
                if field.name.endswith("weights") and sum(value) <= 0.0:
                    raise ValueError(f"{field.name} are all zero: one must be greater")
            elif value[0] > value[1]:
                raise ValueError(
                    f"{field.name} = [{value[0]:g}, {value[1]:g}] runs backwards: "
                    "write the lower number first"
                )


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often each of some things, by name; only their ratio counts."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` when nothing could be drawn."""
        if sum(msgspec.structs.astuple(self)) <= 0.0:
            raise ValueError("all weights are zero: one must be greater")


def _rounded(value: float, span: tuple[float, float]) -> float:
    """The value to thousandths, but never outside the range."""
    return min(max(round(value, 3), span[0]), span[1])


class Chance:
    """Draws for one part of a life; all numbers are rounded to thousandths, for readable files."""

    def __init__(self, seed: int, stream: int) -> None:
        """``stream`` tells the parts of a life apart: one changes, the others stay."""
        self._generator = np.random.default_rng([seed, stream])

    def between(self, span: tuple[float, float]) -> float:
        """A number in the range, evenly."""
        return _rounded(float(self._generator.uniform(*span)), span)

    def around(self, span: tuple[float, float]) -> float:
        """A number in the range, evenly on a logarithmic scale: short ones are frequent."""
        low, high = span
        share = float(self._generator.random())
        return _rounded(low * math.exp(share * math.log(high / low)), span)

    def happens(self, share: float) -> bool:
        """True with this probability."""
        return bool(self._generator.random() < share)

    def after(self, mean: float) -> float:
        """Waiting time of a process without memory."""
        return round(float(self._generator.exponential(mean)), 3)

    def sign(self) -> float:
        """1 or -1."""
        return 1.0 if self.happens(0.5) else -1.0

    def one_of(self, choices: Sequence[ChoiceT], weights: Sequence[float] | None = None) -> ChoiceT:
        """One of the choices."""
        if weights is None:
            return choices[int(self._generator.integers(len(choices)))]
        shares = np.asarray(weights, dtype=np.float64)
        return choices[int(self._generator.choice(len(choices), p=shares / shares.sum()))]

    def name(self, weights: Weights) -> Any:
        """The name of one of the weights."""
        return self.one_of(weights.__struct_fields__, msgspec.structs.astuple(weights))

    def times(self, per_minute: tuple[float, float], seconds: float) -> list[float]:
        """Moments of a Poisson process whose rate is drawn from the range."""
        rate = self.between(per_minute)
        times: list[float] = []
        now = FIRST_EVENT_S
        while rate > 0.0:
            now += self.after(60.0 / rate)
            if now >= seconds:
                break
            times.append(round(now, 3))
        return times
