"""Lives as an event-driven network lives them: only the ticks in which it steps."""

from __future__ import annotations

from dataclasses import fields

from ember_embodied.event_driven import thin
from ember_embodied.training.lives import Life


def thinned(life: Life) -> Life:
    """The ticks of ``life`` in which the network would have stepped, each with its lesson.

    Their ``dt`` is the time since the tick that was kept before; whole lives only, since the
    change detector starts anew.
    """
    keep, since_s = thin(life.senses, life.mask, life.dt)
    kept = {f.name: getattr(life, f.name)[keep] for f in fields(life)}
    return Life(**{**kept, "dt": since_s[keep]})
