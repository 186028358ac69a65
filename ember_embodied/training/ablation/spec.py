"""The spec of an ablation: a task, conditions, pairs of them that are compared, and sizes.

A condition is a name and what it changes in the network; the task alone knows what that means.
The pairs are grouped in families: Holm's correction runs over the pairs of one family, so what is
asked is settled before anything is measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from ember_embodied.errors import UserError, existing_file, unknown

SPECS: Final = Path(__file__).parent / "specs"
FEWEST_SEEDS: Final = 2
MOST_SEEDS: Final = 16


class SpecError(UserError):
    """A spec that no study can be made of; one line names file and field."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One network: what it changes, and from how many seeds (0, 1, ...) it is trained."""

    name: str
    says: str
    """What it is, in a few words, for the report."""
    seeds: int = 5
    network: dict[str, Any] = {}


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question: pairs (ours, theirs) that are tested and corrected together."""

    name: str
    question: str
    pairs: tuple[tuple[str, str], ...]


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole study."""

    title: str
    task: str
    primary: str
    """The measure that decides; all others are shown beside it."""
    margin: float
    """Differences of the primary measure inside +-margin are as good as none."""
    condition: tuple[Condition, ...]
    family: tuple[Family, ...]
    sizes: dict[str, Any] = {}
    network: dict[str, Any] = {}
    """What all conditions share."""
    alpha: float = 0.05
    note: str = ""
    """What the reader of the report must know."""

    def conditions(self) -> dict[str, Condition]:
        """Conditions by name, in order."""
        return {condition.name: condition for condition in self.condition}

    def settings(self, name: str) -> dict[str, Any]:
        """Everything about the network of one condition."""
        return self.network | self.conditions()[name].network

    def limited(self, seeds: int | None) -> Spec:
        """The same study with at most so many seeds a condition."""
        if seeds is None:
            return self
        fewer = tuple(msgspec.structs.replace(c, seeds=min(c.seeds, seeds)) for c in self.condition)
        return msgspec.structs.replace(self, condition=fewer)


def shipped() -> list[str]:
    """Names of the specs that came with this install."""
    return sorted(path.stem for path in SPECS.glob("*.toml"))


def load_spec(name: str) -> Spec:
    """Read a shipped spec by name, or a file. Raises ``SpecError`` with one line."""
    path = SPECS / f"{name}.toml" if name in shipped() else Path(name)
    try:
        if not path.suffix:
            raise unknown("spec", name, shipped())
        text = existing_file(path, "spec").read_bytes()
    except UserError as error:
        raise SpecError(str(error)) from error
    try:
        spec = msgspec.toml.decode(text, type=Spec)
        _check(spec)
    except (msgspec.MsgspecError, UserError) as error:
        raise SpecError(f"{path}: {error}") from error
    return spec


def _check(spec: Spec) -> None:
    """Raise ``SpecError`` on what the types cannot say."""
    names = [condition.name for condition in spec.condition]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SpecError(f"condition {twice!r} is there twice")
    for condition in spec.condition:
        if not FEWEST_SEEDS <= condition.seeds <= MOST_SEEDS:
            raise SpecError(
                f"condition {condition.name!r}: seeds = {condition.seeds}, "
                f"expected {FEWEST_SEEDS} to {MOST_SEEDS}"
            )
    if not 0.0 < spec.alpha < 1.0 or not spec.margin > 0.0:
        raise SpecError(f"alpha = {spec.alpha}, margin = {spec.margin}: expected (0, 1), above 0")
    if not spec.family or not all(family.pairs for family in spec.family):
        raise SpecError("no family, or one without pairs: nothing is compared")
    for family in spec.family:
        for ours, theirs in family.pairs:
            for name in (ours, theirs):
                if name not in names:
                    raise SpecError(f"family {family.name!r}: {unknown('condition', name, names)}")
            if ours == theirs:
                raise SpecError(f"family {family.name!r}: {ours!r} is compared with itself")
    _check_differences(spec)


def _check_differences(spec: Spec) -> None:
    """Two names for one network would report that nothing makes a difference."""
    seen: dict[bytes, str] = {}
    for name in spec.conditions():
        settings = msgspec.json.encode(spec.settings(name), order="deterministic")
        if other := seen.get(settings):
            raise SpecError(f"conditions {other!r} and {name!r} are the same network")
        seen[settings] = name
