"""The people of a drawn life: where they sit and stand, how they walk, come and go."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from firmware_bridge.simulation.chance import (
    Chance,
    PerMinute,
    Ranges,
    Span,
    Weight,
)
from firmware_bridge.simulation.room import Path
from firmware_bridge.simulation.scenario import Distance, Height, Look, Person, Rise, Share, Walk

Speed = Annotated[float, msgspec.Meta(gt=0.0, le=3.0)]
STANDING_M: Final = 0.8
"""Nobody stands nearer than this: the robot is on a table."""
GET_UP_S: Final = 1.0
"""From the wish to walk to the first step; sitting to standing takes about 1.5 s."""
DOOR_M: Final = (2.5, 4.0)
APART_M: Final = 0.5
"""People keep at least this far apart where there is room."""
TRIES: Final = 8
LEAVE_WITHIN: Final = (0.3, 0.95)
"""Part of the life in which somebody leaves for good."""


class Company(Ranges, frozen=True, forbid_unknown_fields=True):
    """``[people]``: who is there. Heights are of the face above the table."""

    count_weights: tuple[Weight, ...] = (1.0,)
    """Weights of nobody, one, two, three ... who are there from the start."""
    distance_m: tuple[Distance, Distance] = (0.5, 2.2)
    sitting_height_m: tuple[Height, Height] = (0.3, 0.55)
    standing_height_m: tuple[Height, Height] = (0.7, 1.0)
    standing_share: Share = 0.3
    front_share: Share = 0.8
    front_deg: Annotated[float, msgspec.Meta(gt=0.0, lt=180.0)] = 100.0
    """In front means within this bearing to either side; all others are behind."""
    walks_per_minute: PerMinute = (0.0, 0.0)
    """Of each person."""
    walk_speed_m_s: tuple[Speed, Speed] = (0.4, 1.2)
    leave_share: Share = 0.0
    visits_per_minute: PerMinute = (0.0, 0.0)
    """People who come in by a door and go again."""
    visit_s: Span = (8.0, 60.0)


@dataclass(slots=True)
class Attendance:
    """One person of a life in the making."""

    name: str
    place: tuple[float, float]
    """Bearing, deg, and distance, m, where they are last."""
    start: tuple[float, float]
    height_m: float
    sits: bool
    from_s: float = 0.0
    until_s: float | None = None
    free_s: float = 0.0
    """Until when they are walking."""
    walks: list[Walk] = field(default_factory=list)
    rises: list[Rise] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def there(self, from_s: float, until_s: float) -> bool:
        """Whether they are in the room all this time."""
        return self.from_s <= from_s and (self.until_s is None or until_s <= self.until_s)

    def person(self) -> Person:
        """The person for the scenario."""
        return Person(
            name=self.name,
            bearing_deg=self.start[0],
            distance_m=self.start[1],
            height_m=self.height_m,
            from_s=self.from_s,
            until_s=self.until_s,
            walks=tuple(self.walks),
            rises=tuple(self.rises),
            looks=tuple(sorted(self.looks, key=lambda look: look.at_s)),
        )


def draw_company(company: Company, seconds: float, chance: Chance) -> list[Attendance]:
    """Everybody of a life of this length, with their ways."""
    door = (chance.between((-180.0, 180.0)), chance.between(DOOR_M))
    count = chance.one_of(range(len(company.count_weights)), company.count_weights)
    everybody: list[Attendance] = []
    for number in range(1, count + 1):
        sits = not chance.happens(company.standing_share)
        place = _free_place(company, everybody, chance, sits=sits)
        height = chance.between(_heights(company, sits=sits))
        someone = Attendance(f"person_{number}", place, place, height, sits)
        everybody.append(someone)
        leaves = chance.happens(company.leave_share)
        end_s = seconds * chance.between(LEAVE_WITHIN) if leaves else seconds
        for at_s in chance.times(company.walks_per_minute, end_s):
            if at_s >= someone.free_s:
                rests = not chance.happens(company.standing_share)
                place = _free_place(company, everybody, chance, sits=rests)
                _walk(someone, at_s, place, company, chance, rests=rests)
        if leaves:
            _go(someone, round(max(end_s, someone.free_s), 3), door, company, chance, seconds)
    for number, at_s in enumerate(chance.times(company.visits_per_minute, seconds), start=1):
        height = chance.between(company.standing_height_m)
        guest = Attendance(f"visitor_{number}", door, door, height, sits=False, from_s=at_s)
        everybody.append(guest)
        place = _free_place(company, everybody, chance, sits=False)
        _walk(guest, at_s, place, company, chance, rests=False)
        end_s = round(max(at_s + chance.between(company.visit_s), guest.free_s), 3)
        _go(guest, end_s, door, company, chance, seconds)
    return everybody


def _heights(company: Company, *, sits: bool) -> tuple[float, float]:
    return company.sitting_height_m if sits else company.standing_height_m


def _free_place(
    company: Company, everybody: list[Attendance], chance: Chance, *, sits: bool
) -> tuple[float, float]:
    """A place in front or behind that is not somebody else's, if one is found soon."""
    low, high = company.distance_m
    low = low if sits else min(high, max(low, STANDING_M))
    for _ in range(TRIES):
        if chance.happens(company.front_share):
            bearing = chance.between((-company.front_deg, company.front_deg))
        else:
            bearing = chance.sign() * chance.between((company.front_deg, 180.0))
        place = (bearing, chance.between((low, high)))
        if all(_apart_m(place, other.place) >= APART_M for other in everybody):
            break
    return place


def _apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    turn = math.radians(one[0] - other[0])
    return math.sqrt(
        max(0.0, one[1] ** 2 + other[1] ** 2 - 2.0 * one[1] * other[1] * math.cos(turn))
    )


def _walk(
    who: Attendance,
    at_s: float,
    place: tuple[float, float],
    company: Company,
    chance: Chance,
    *,
    rests: bool,
) -> None:
    """Get up if need be, go to the place, and sit down there if ``rests``."""
    if who.sits:
        who.rises.append(Rise(at_s, chance.between(company.standing_height_m)))
        at_s = round(at_s + GET_UP_S, 3)
    speed = chance.between(company.walk_speed_m_s)
    who.walks.append(Walk(at_s, *place, speed))
    start, end = ((math.radians(bearing), far) for bearing, far in (who.place, place))
    who.free_s = round(at_s + Path(start, end, speed).seconds, 3)
    who.place, who.sits = place, rests
    if rests:
        who.rises.append(Rise(who.free_s, chance.between(company.sitting_height_m)))


def _go(
    who: Attendance,
    at_s: float,
    door: tuple[float, float],
    company: Company,
    chance: Chance,
    seconds: float,
) -> None:
    """Leave by the door, unless the life is over by then."""
    if at_s < seconds:
        _walk(who, at_s, door, company, chance, rests=False)
        who.until_s = who.free_s
