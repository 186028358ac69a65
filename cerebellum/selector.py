"""Which of many variants is used next: a bandit that learns while the robot lives.

The index of each variant is UCB1's (``upper_bound``). On top of it, each on its own switch:

* ``exploration`` None: the constant of each variant tunes itself (``exploration``).
* ``randomisation``: UCB1 is deterministic, so its log alone cannot tell what another choice would
  have been worth. With this probability the choice is drawn evenly from all; ``choice`` gives
  what is to be logged, and ``off_policy`` reads it.
* ``false_alarm``: a change-point test of each variant's rewards (``change_point``). A variant
  whose mean has changed keeps only its rewards since. If they became less, the world has changed
  for the worse, and what is known of all others counts for at most ``KEPT`` rewards: their order
  is kept as a guess, their certainty is not (a soft global restart; local and global ones are
  compared by Besson et al. 2022. Garivier and Moulines, On upper-confidence bound policies for
  switching bandit problems, ALT 2011, discount all the time instead, and pay for it when nothing
  changes).
* ``persistence``: a variant that was not chosen for long is tried again (``forced_exploration``),
  or nobody would know that it has become better.
* ``co_occurrence``: a Hebbian bonus for "B right after A" (``cooccurrence``).
* ``cool_down``: what was just used is used again only if it is better by so much (``cool_down``).

Nothing draws a number but the given generator, whose state is part of the snapshot: save, kill,
resume gives the same choices, to the bit.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from math import fsum, isinf, log
from typing import Final

import numpy as np

from cerebellum.change_point import ChangePoints, Shift
from cerebellum.cooccurrence import CoOccurrence
from cerebellum.cool_down import CoolDown
from cerebellum.exploration import FIRST, OFTEN, SELDOM, tuned
from cerebellum.forced_exploration import LONGEST, ForcedExploration
from cerebellum.off_policy import Choice
from cerebellum.rolling import RollingMeans
from cerebellum.selector_state import (
    SelectorSettings,
    SelectorState,
    VariantStatistics,
    check,
    generator_state,
    restored_generator,
)
from cerebellum.upper_bound import UpperBounds

KEPT: Final = 1.0
"""Rewards that the evidence on other variants counts for after a regression."""
FIRST_RENEWAL: Final = 2.0
"""The N at which all constants are tuned first; then whenever it has doubled."""


class SynapticSelector:
    """A bandit over ``size`` variants, numbered from 0; rewards are in [0, 1]."""

    __slots__ = (
        "_adjusts",
        "_bindings",
        "_bounds",
        "_changes",
        "_choices",
        "_chosen",
        "_cooling",
        "_count",
        "_forced",
        "_greedy",
        "_mean",
        "_next_random",
        "_previous",
        "_renewal",
        "_rng",
        "_rolling",
        "_squares",
        "_total",
        "_totals",
        "resets",
        "settings",
        "size",
    )

    def __init__(
        self, size: int, rng: np.random.Generator, settings: SelectorSettings | None = None
    ) -> None:
        """Begin without any reward. ``rng`` is drawn from only when a choice is random."""
        if size < 1:
            raise ValueError(f"{size} variants: at least one is needed")
        self.settings = settings = settings or SelectorSettings()
        self.size = size
        scale = FIRST if settings.exploration is None else settings.exploration
        self._bounds = UpperBounds(size, scale)
        self._count, self._mean = self._bounds.count, self._bounds.mean
        self._totals = array("d", bytes(8 * size))
        self._squares = array("d", bytes(8 * size))
        self._total = 0.0
        self._renewal = FIRST_RENEWAL
        self._rolling = RollingMeans(size, settings.window)
        self._changes = (
            None if settings.false_alarm is None else ChangePoints(size, settings.false_alarm)
        )
        self._forced = ForcedExploration(
            size, settings.persistence, 1.0 if settings.cool_down else LONGEST
        )
        self._bindings = CoOccurrence(settings.co_occurrence) if settings.co_occurrence else None
        self._cooling = CoolDown(settings.cool_down, settings.cool_down_length)
        self._adjusts = bool(settings.co_occurrence or settings.cool_down)
        self._rng = rng
        self._choices = 0
        self._next_random = self._draw_gap()
        self._chosen = self._greedy = self._previous = -1
        self.resets = 0

    def select(self) -> int:
        """The variant to use now."""
        self._choices += 1
        adjusts, bounds = self._adjusts, self._bounds
        chosen = self._largest_adjusted() if adjusts else bounds.largest(self._total)
        if self._choices >= self._forced.next_at:
            chosen = self._forced.variant(self._choices, chosen, *self._moments(chosen))
        self._greedy = chosen
        if self._choices == self._next_random:
            chosen = self._draw(chosen)
        self._chosen = chosen
        return chosen

    def update(self, variant: int, reward: float) -> None:
        """Learn that ``variant`` brought ``reward``, of whatever choice it was.

        Raises ``ValueError`` on a reward outside [0, 1], NaN too, unless ``assume_normalized``
        says that the caller has made sure of that; ``IndexError`` on an unknown variant.
        """
        settings = self.settings
        if not settings.assume_normalized and not 0.0 <= reward <= 1.0:
            raise ValueError(f"a reward of {reward} for variant {variant}: not in [0, 1]")
        bounds = self._bounds
        before = self._mean[variant]
        count = self._count[variant] = self._count[variant] + 1.0
        total = self._totals[variant] = self._totals[variant] + reward
        mean = self._mean[variant] = total / count
        squares = self._squares[variant] = self._squares[variant] + reward * reward
        self._total = everything = self._total + 1.0
        if settings.exploration is None:
            if count < OFTEN or not count % SELDOM:
                variance = squares / count - mean * mean
                bounds.scale[variant] = tuned(count, variance, everything, self.size)
            if everything >= self._renewal:
                self._renew()
        bounds.changed(variant)
        self._forced.latest[variant] = self._choices
        if variant == self._forced.visited:
            self._forced.rewarded(self._choices, reward)
        if settings.window:
            self._rolling.add(variant, reward)
        if self._changes is not None and count >= self._changes.due[variant]:
            shift = self._changes.test(variant, count, total, squares)
            if shift is not None:
                self._begin_anew(variant, shift)
        if self._adjusts:
            self._remember(variant, reward - before, count)

    def state(self) -> SelectorState:
        """All that the next choices depend on."""
        changes, bindings = self._changes, self._bindings
        name, numbers, half = generator_state(self._rng)
        pulls, ring, ring_sum = self._rolling.state()
        return SelectorState(
            settings=self.settings,
            count=tuple(self._count),
            total=tuple(self._totals),
            squares=tuple(self._squares),
            scale=tuple(self._bounds.scale),
            everything=self._total,
            renewal=self._renewal,
            pulls=pulls,
            ring=ring,
            ring_sum=ring_sum,
            latest=tuple(self._forced.latest),
            next_forced=None if isinf(self._forced.next_at) else self._forced.next_at,
            visited=self._forced.visited,
            visit=self._forced.visit(),
            due=tuple(changes.due) if changes else (),
            marks=tuple(tuple(marks) for marks in changes.marks) if changes else (),
            bindings=tuple(bindings.bindings()) if bindings else (),
            effects=tuple(bindings.effects()) if bindings else (),
            recent=tuple(self._cooling.recent),
            previous=self._previous,
            chosen=self._chosen,
            greedy=self._greedy,
            choices=self._choices,
            next_random=self._next_random,
            resets=self.resets,
            generator=name,
            generator_numbers=numbers,
            generator_half=half,
        )

    @classmethod
    def from_state(cls, state: SelectorState) -> SynapticSelector:
        """Go on from a state; it then chooses as the one that gave it would have.

        Raises ``ValueError`` on a state whose parts do not fit together.
        """
        check(state)
        size = len(state.count)
        new = cls(size, np.random.default_rng(0), state.settings)
        for column, values in (
            (new._count, state.count),
            (new._totals, state.total),
            (new._squares, state.squares),
            (new._bounds.scale, state.scale),
        ):
            column[:] = array("d", values)
        for i, (count, total) in enumerate(zip(state.count, state.total, strict=True)):
            new._mean[i] = total / count if count else 0.0
        new._bounds.forget()
        new._total, new._renewal = state.everything, state.renewal
        new._rolling.restore(state.pulls, state.ring, state.ring_sum)
        new._forced.restore(state.latest, state.next_forced, state.visited, state.visit)
        if new._changes is not None:
            new._changes.due = list(state.due)
            new._changes.marks = [list(marks) for marks in state.marks]
        if new._bindings is not None:
            new._bindings.restore(state.bindings, state.effects)
        new._cooling.recent.extend(state.recent)
        new._previous, new._chosen, new._greedy = state.previous, state.chosen, state.greedy
        new._choices, new._next_random = state.choices, state.next_random
        new.resets = state.resets
        new._rng = restored_generator(state)
        return new

    def choice(self) -> Choice:
        """What is to be logged of the last ``select``: with it, each variant's propensity."""
        return Choice(self._chosen, self._greedy, self.settings.randomisation)

    def statistics(self) -> tuple[VariantStatistics, ...]:
        """What is known of each variant."""
        return tuple(self._statistics_of(i) for i in range(self.size))

    def _statistics_of(self, variant: int) -> VariantStatistics:
        count, mean = self._count[variant], self._mean[variant]
        return VariantStatistics(
            variant=variant,
            count=count,
            mean=mean,
            variance=max(0.0, self._squares[variant] / count - mean * mean) if count else 0.0,
            exploration=self._bounds.scale[variant],
            recent_mean=self._rolling.mean(variant),
            index=self._bounds.index(variant, log(self._total)) if count else None,
        )

    def _largest_adjusted(self) -> int:
        bonus: Mapping[int, float] = {}
        penalty: Mapping[int, float] = {}
        if self._bindings is not None:
            bonus = self._bindings.bonuses(self._previous)
            penalty = self._bindings.maluses(self._previous)
        if cooling := self._cooling.penalties():
            penalty = {v: penalty.get(v, 0.0) + cooling.get(v, 0.0) for v in (*penalty, *cooling)}
        return self._bounds.largest_adjusted(self._total, bonus, penalty)

    def _draw(self, greedy: int) -> int:
        """A variant by chance, and when that is next."""
        chosen = int(self._rng.integers(self.size))
        self._next_random = self._choices + self._draw_gap()
        if chosen != greedy:
            self._forced.begin(chosen, self._moments(greedy)[0])
        return chosen

    def _moments(self, variant: int) -> tuple[float, float]:
        """Mean and variance of its rewards; 1 and 0 before the first: nothing can be better."""
        count = self._count[variant]
        if not count:
            return 1.0, 0.0
        mean = self._mean[variant]
        return mean, self._squares[variant] / count - mean * mean

    def _remember(self, variant: int, surprise: float, count: float) -> None:
        if self._bindings is not None and self._previous >= 0 and count > 1.0:
            self._bindings.learn(self._previous, variant, surprise)
        self._previous = variant
        self._cooling.recent.append(variant)

    def _begin_anew(self, variant: int, shift: Shift) -> None:
        """Keep of the past what still holds after a change."""
        assert self._changes is not None
        self.resets += 1
        self._forced.end(self._choices)
        mean = shift.total / shift.count
        self._keep(variant, shift.count, shift.total, shift.variance + mean * mean)
        if shift.is_regression:
            for other in range(self.size):
                if other != variant and (count := self._count[other]) > KEPT:
                    mean_square = self._squares[other] / count
                    self._keep(other, KEPT, KEPT * self._mean[other], mean_square)
            if self._bindings is not None:
                self._bindings.forget()
        self._total = fsum(self._count)
        if self.settings.exploration is None:
            self._renew()
        self._bounds.forget()

    def _keep(self, variant: int, count: float, total: float, mean_square: float) -> None:
        assert self._changes is not None
        self._count[variant] = count
        self._totals[variant] = total
        self._mean[variant] = total / count
        self._squares[variant] = mean_square * count
        self._changes.forget(variant, count)

    def _renew(self) -> None:
        """Tune all constants for the present N."""
        self._renewal = 2.0 * self._total
        for variant, count in enumerate(self._count):
            if count:
                mean = self._mean[variant]
                variance = self._squares[variant] / count - mean * mean
                self._bounds.scale[variant] = tuned(count, variance, self._total, self.size)
        self._bounds.forget()

    def _draw_gap(self) -> int:
        """Choices until the next random one: each is random by itself with that probability."""
        share = self.settings.randomisation
        return int(self._rng.geometric(share)) if share > 0.0 else 0
