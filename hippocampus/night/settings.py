"""What a night may be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SleepSettings:
    """The night: where its fruits go, and how much of a day stays."""

    nights: Path = Path("nights")
    """Folder of episodes, days and diaries."""
    memory: Path = Path("memory")
    """Folder of the associative memory."""
    raw_bytes: int = 300_000_000
    """Of a day's log so much stays whole, the most salient files; a robot at 10 Hz makes a
    thousand million bytes a day."""
    thinned_bytes: int = 150_000_000
    """Of what does not stay whole so much stays with fewer ticks; the rest is forgotten, and only
    its labels are left."""
    thin_every: int = 10
    """A thinned file keeps one of so many ticks, and each that tells something."""
    remember: int = 50
    """The most salient episodes of a day that the associative memory takes."""
    remember_from: float = 0.3
    """The least salience, 0 to 1, of an episode that is remembered."""
    processes: int = 2
    """Processes that read the log side by side."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a setting that cannot work."""
        for name in ("raw_bytes", "thinned_bytes", "remember"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        if self.thin_every < 2:
            raise ValueError(f"thin_every must be 2 or more, got {self.thin_every}")
        if not 0.0 <= self.remember_from <= 1.0:
            raise ValueError(f"remember_from must be 0 to 1, got {self.remember_from}")
        if self.processes < 1:
            raise ValueError(f"processes must be 1 or more, got {self.processes}")
