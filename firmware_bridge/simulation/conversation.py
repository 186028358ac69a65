"""The talk of a drawn life: who speaks when, who interrupts, who looks where.

Turns follow each other after gaps around 0.2 s, short ones are frequent, and about four in ten
overlap (Heldner and Edlund 2010; Levinson and Torreira 2015). The ranges of a suite say how much
of that a life has.
"""

from __future__ import annotations

from typing import Final

from firmware_bridge.simulation.chance import Chance, Positive, Ranges, ShareSpan, Span
from firmware_bridge.simulation.company import Attendance
from firmware_bridge.simulation.scenario import Look, Share, Speech

SHORTEST_S: Final = 0.4
"""No voice is shorter: a "yes"."""
EXCHANGE_S: Final = (0.4, 1.2)
EXCHANGE_TURNS: Final = (2, 3, 4)
OVERLAP_S: Final = (0.3, 1.5)
"""An interruption begins this long before the end of the other's turn."""
EMPTY_S: Final = 2.0
"""With nobody there, look again after this time."""
AT_ROBOT_DEG: Final = (0.0, 20.0)
AT_OTHERS_DEG: Final = (30.0, 100.0)
AWAY_DEG: Final = (70.0, 180.0)
LISTENS: Final = 0.7
"""Share of listeners who turn to the speaker; the others look at the robot."""


class Talk(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[talk]``: how much and how people speak; level 1 is loud speech at one metre."""

    share: ShareSpan = (0.0, 0.0)
    """Of the time that somebody is there."""
    turn_s: tuple[Positive, Positive] = (0.8, 8.0)
    gap_s: Span = (0.05, 1.0)
    turns: Span = (2.0, 8.0)
    """Of one conversation; then comes a silence."""
    level: ShareSpan = (0.35, 0.9)
    interruption_share: Share = 0.1
    """Of turns that the next speaker does not wait for."""
    exchange_share: Share = 0.1
    """Of turns after which a few short ones follow quickly."""
    to_robot_share: Share = 0.6
    """Of turns that are spoken to the robot; the others to another person."""
    away_share: Share = 0.3
    """Of people who look somewhere else when a conversation is over."""


def draw_talk(
    talk: Talk, everybody: list[Attendance], seconds: float, chance: Chance
) -> tuple[Speech, ...]:
    """All speech of a life; writes into ``everybody`` where they look meanwhile."""
    said: list[Speech] = []
    share = chance.between(talk.share)
    now = chance.between(OVERLAP_S) + chance.between(talk.gap_s)
    while share > 0.0 and now < seconds:
        began, last = now, None
        for _ in range(round(chance.between(talk.turns))):
            for length in _lengths(talk, chance):
                turn = _turn(talk, everybody, last, now, length, chance)
                if turn is None or now >= seconds:
                    break
                said.append(turn)
                last, end_s = turn.who, now + turn.seconds
                early = len(everybody) > 1 and chance.happens(talk.interruption_share)
                now = end_s + (-chance.between(OVERLAP_S) if early else chance.between(talk.gap_s))
                now = round(max(now, turn.at_s + SHORTEST_S), 3)
        _look_away(talk, everybody, now, chance)
        silence_s = chance.after((now - began) * (1.0 / share - 1.0)) if share < 1.0 else 0.0
        now = round(now + max(silence_s, EMPTY_S if now == began else 0.0), 3)
    return tuple(_one_voice_each(said))


def _lengths(talk: Talk, chance: Chance) -> list[float]:
    """A turn, or a turn with a quick exchange after it."""
    lengths = [max(SHORTEST_S, chance.around(talk.turn_s))]
    if chance.happens(talk.exchange_share):
        lengths += [chance.between(EXCHANGE_S) for _ in range(chance.one_of(EXCHANGE_TURNS))]
    return lengths


def _turn(
    talk: Talk,
    everybody: list[Attendance],
    last: str | None,
    at_s: float,
    length_s: float,
    chance: Chance,
) -> Speech | None:
    """Somebody else's turn, if anybody is there; the others turn to them."""
    present = [who for who in everybody if who.there(at_s, at_s + SHORTEST_S)]
    if not present:
        return None
    others = [who for who in present if who.name != last]
    speaker = chance.one_of(others or present)
    to_robot = len(present) == 1 or chance.happens(talk.to_robot_share)
    for who in present:
        listens = who is not speaker and chance.happens(LISTENS)
        aside = listens or (who is speaker and not to_robot)
        turned = chance.between(AT_OTHERS_DEG if aside else AT_ROBOT_DEG)
        who.looks.append(Look(at_s, turned))
    left_s = length_s if speaker.until_s is None else min(length_s, speaker.until_s - at_s)
    return Speech(speaker.name, at_s, round(left_s, 3), chance.between(talk.level))


def _look_away(talk: Talk, everybody: list[Attendance], at_s: float, chance: Chance) -> None:
    for who in everybody:
        if who.there(at_s, at_s):
            away = chance.happens(talk.away_share)
            who.looks.append(Look(at_s, chance.between(AWAY_DEG if away else AT_ROBOT_DEG)))


def _one_voice_each(said: list[Speech]) -> list[Speech]:
    """Nobody speaks over themselves: who begins again has ended before."""
    kept: list[Speech] = []
    latest: dict[str, int] = {}
    for turn in said:
        before = latest.get(turn.who)
        if before is not None and kept[before].at_s + kept[before].seconds > turn.at_s:
            old = kept[before]
            kept[before] = Speech(old.who, old.at_s, round(turn.at_s - old.at_s, 3), old.level)
        latest[turn.who] = len(kept)
        kept.append(turn)
    return kept
