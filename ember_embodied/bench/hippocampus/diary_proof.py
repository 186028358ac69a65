"""The template's sentences judged without the diary's own reading: by their form and the labels.

Every form that the template has is here as a pattern, with a count of labels beside it, written
apart from ``hippocampus.diary`` and without its grammar. A sentence of no known form is not proven.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from math import cos, sin
from typing import Final

from hippocampus.night.episode import Day
from hippocampus.night.label import Label, LabelKind

K = LabelKind
_SURE: Final = 0.5
_NUMBERS: Final = "zero one two three four five six seven eight nine ten eleven twelve"
_WORDS: Final = {word: number for number, word in enumerate(_NUMBERS.split())}
_PARTS: Final = {
    "small hours": (0, 300),
    "morning": (300, 720),
    "afternoon": (720, 1080),
    "evening": (1080, 1320),
    "late evening": (1320, 1440),
}
_DONE: Final = {
    "tapped": {K.TAP},
    "stroked": {K.STROKE},
    "held": {K.HOLD},
    "pushed": {K.PUSH, K.PUSHED},
    "tilted": {K.TILT},
    "turned": {K.TURN},
    "bumped": {K.BUMP},
    "moved": {K.MOVED},
    "lifted": {K.LIFT},
    "picked up": {K.LIFT},
}
_TOUCHED: Final = {
    *(K.TOUCH, K.TAP, K.STROKE, K.HOLD, K.PUSH, K.MOVED, K.LIFT),
    *(K.TILT, K.TURN, K.BUMP, K.SET_DOWN),
}
_TROUBLE: Final = {
    *(K.VOICE, K.PERSON, K.PUSHED, K.STARTLED, K.FAULT, K.HOT),
    *(K.LOW_VOLTAGE, K.TORQUE_LOST, K.BLOCKED),
}
_QUIET_MOST: Final = 9
_T: Final = r"(?P<t>\d+:\d\d)"
_P: Final = r"(?:my (?P<p>left antenna|right antenna|head|body|leg \d)|(?P<me>me))"
_V: Final = r"(?P<g>gently )?(?P<v>tapped|stroked|held|pushed|tilted|turned|bumped|moved)"
_N: Final = r"(?P<n>once|twice|\w+ times)"
_PART: Final = r"(?P<part>small hours|morning|afternoon|evening|late evening)"
_IN: Final = rf"(?:In the {_PART} )?"
_SIDE: Final = r"(?P<s> on my left| on my right| in front of me| behind me)?"
_WHO: Final = r"(?P<who>[Ss]omebody|[^\W\d_][^\W\d_' -]*(?:[' -][^\W\d_]+)*?)"
_FIRST: Final = rf"(?:, the first time at {_T})?"
_LONG: Final = r"(?P<d>\w+ (?:second|minute|hour)s?(?: and \w+ minutes?)?)"

Said = dict[str, str | None]


class Proof:
    """What is in a day, for judging sentences about it."""

    def __init__(self, day: Day) -> None:
        told = [label for episode in day.episodes for label in episode.labels]
        self.every: Final = [*day.background, *told]
        self.sure: Final = [label for label in self.every if label.confidence >= _SURE]
        self.totals: Final = day.totals

    def holds(self, sentence: str) -> bool | None:
        """Whether the sentence is so; None where it has no known form."""
        known = None
        for pattern, judge in FORMS:
            found = pattern.fullmatch(sentence)
            if found is not None:
                known = known or judge(self, found.groupdict())
        return known

    def some(self, kinds: set[LabelKind], said: Said) -> list[Label]:
        """Labels of the kinds that are as the sentence has it, in their order."""
        found = [label for label in self.sure if label.kind in kinds and _as_said(label, said)]
        return sorted(found, key=lambda label: label.span.start_ns)


def _minute(t_ns: int) -> int:
    at = datetime.fromtimestamp(t_ns // 1_000_000_000, UTC)
    return at.hour * 60 + at.minute


def _said_minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _as_said(label: Label, said: Said) -> bool:
    at = said.get("at")
    if at is not None and not _covers(label, _said_minute(at), _said_minute(at) + 1):
        return False
    part = said.get("part")
    if part is not None and not _covers(label, *_PARTS[part]):
        return False
    place = said.get("p")
    if place is not None and label.place not in _places(place):
        return False
    who = said.get("who")
    if who is not None and who.lower() != "somebody" and label.person != who:
        return False
    if said.get("g") and (label.strength is None or label.strength > 0.5):
        return False
    side = said.get("s")
    return side is None or _on(label, side.strip())


def _covers(label: Label, first: int, last: int) -> bool:
    """Whether it goes on in some minute from ``first`` to before ``last``."""
    begin_s = label.span.start_ns // 1_000_000_000 % 86_400
    begin = begin_s / 60
    end = begin + (label.span.end_ns - label.span.start_ns) / 60e9
    return (begin < last and end >= first) or (begin < last + 1440 and end >= first + 1440)


def _places(words: str) -> set[str]:
    if words == "body":
        return {"body", "body_yaw"}
    if words.startswith("leg"):
        return {"stewart_" + words[-1]}
    return {words.replace(" ", "_")}


def _on(label: Label, side: str) -> bool:
    """By the components of the direction: x forward, y left."""
    if label.bearing_rad is None:
        return False
    forward, left = cos(label.bearing_rad), sin(label.bearing_rad)
    limits = {
        "on my left": left > sin(0.17),
        "on my right": left < -sin(0.17),
        "in front of me": forward > cos(0.53),
        "behind me": forward < -cos(0.53),
    }
    return limits[side]


def _number(text: str) -> int:
    word = {"once": "one", "twice": "two"}.get(text, text.split(" ")[0])
    return _WORDS[word] if word in _WORDS else int(word)


def _often(labels: Iterable[Label]) -> int:
    """Events: a push that two parts of the mind felt at one place and time is one."""
    seen = sorted(labels, key=lambda label: label.span.start_ns)
    count = 0
    for index, label in enumerate(seen):
        last: dict[LabelKind, Label] = {}
        for other in seen[:index]:
            if other.place == label.place:
                last[other.kind] = other
        count += not any(
            kind is not label.kind and other.span.end_ns >= label.span.start_ns
            for kind, other in last.items()
        )
    return count


def _lasted(seconds: float, text: str) -> bool:
    """Whether rounding ``seconds`` as finely as it is told gives ``text``."""
    pairs = re.findall(r"(\w+) (second|minute|hour)", text)
    unit = {"second": 1, "minute": 60, "hour": 3600}
    told = sum(_number(n) * unit[name] for n, name in pairs)
    return abs(seconds - told) <= unit[pairs[-1][1]] / 2 + 1e-6


def _counted(kinds: set[LabelKind]) -> Callable[[Proof, Said], bool]:
    def judge(proof: Proof, said: Said) -> bool:
        labels = proof.some(kinds, said)
        if _often(labels) != _number(str(said["n"])):
            return False
        at = said.get("t")
        return at is None or _covers(labels[0], _said_minute(at), _said_minute(at) + 1)

    return judge


def _there(kinds: set[LabelKind]) -> Callable[[Proof, Said], bool]:
    return lambda proof, said: bool(proof.some(kinds, {**said, "at": said["t"]}))


def _touch(proof: Proof, said: Said) -> bool:
    return bool(proof.some(_DONE[str(said["v"])], {**said, "at": said["t"]}))


def _touches(proof: Proof, said: Said) -> bool:
    return _counted(_DONE[str(said["v"])])(proof, said)


def _two_touches(proof: Proof, said: Said) -> bool:
    second = {"v": said["v2"], "p": said["p2"], "n": said["n2"]}
    return _touches(proof, said) and _touches(proof, {**said, **second})


def _voices(proof: Proof, said: Said) -> bool:
    labels = proof.some({K.VOICE}, {"part": said["part"]})
    mine = [label for label in labels if said["s"] is None or _on(label, str(said["s"]).strip())]
    return len(labels) == _number(str(said["n"])) and 2 * len(mine) > len(labels)


def _looks(proof: Proof, said: Said) -> bool:
    looks = proof.some({K.TURNED}, {"part": said["part"]})
    if len(looks) != _number(str(said["n"])):
        return False
    face = [x for x in looks if x.found is (said["what"] == "a face")]
    return said["f"] is None or len(face) == _number(str(said["f"]))


def _look(proof: Proof, said: Said) -> bool:
    looks = proof.some({K.TURNED}, {"at": said["t"], "s": said["s"]})
    return any(said["what"] is None or x.found is (said["what"] == "a face") for x in looks)


def _put_down(proof: Proof, said: Said) -> bool:
    lifts = proof.some({K.LIFT}, {"at": said["t"]})
    return any(
        _lasted((down.span.start_ns - moment) * 1e-9, str(said["d"]))
        for lift in lifts
        for down in proof.some({K.SET_DOWN}, {})
        for moment in (lift.span.start_ns, lift.span.end_ns)
    )


def _slept(proof: Proof, said: Said) -> bool:
    return any(
        _minute(x.span.start_ns) == _said_minute(str(said["a"]))
        and _minute(x.span.end_ns) == _said_minute(str(said["b"]))
        for x in proof.some({K.SLEEP}, {})
    )


def _followed(proof: Proof, said: Said) -> bool:
    found = proof.some({K.FOLLOWED}, {"at": said["t"]})
    return _lasted(sum(x.span.seconds for x in found), str(said["d"]))


def _hot(proof: Proof, said: Said) -> bool:
    found = proof.some({K.HOT}, {"p": said["p"], "at": said["t"]})
    return any(
        said["c"] is None or (x.amount is not None and round(x.amount) == int(said["c"]))
        for x in found
    )


def _voltage(proof: Proof, said: Said) -> bool:
    found = proof.some({K.LOW_VOLTAGE}, {"at": said["t"]})
    return any(x.amount is not None and f"{x.amount:.1f}" == said["c"] for x in found)


def _fault(proof: Proof, said: Said) -> bool:
    wanted = {**said, "at": said.get("t")}
    found = [
        x
        for x in proof.some({K.FAULT}, wanted)
        if (x.text or "").lower().replace("_", " ") == said["name"]
    ]
    return len(found) == _number(str(said["n"])) if said.get("n") else bool(found)


def _company(proof: Proof, said: Said) -> bool:
    found = proof.some({K.PERSON}, {"who": said["who"]})
    seconds = sum(x.span.seconds if x.amount is None else x.amount for x in found)
    return bool(found) and _lasted(seconds, str(said["d"]))


def _none(kinds: set[LabelKind]) -> Callable[[Proof, Said], bool]:
    return lambda proof, _: not any(label.kind in kinds for label in proof.every)


def _quiet(proof: Proof, _: Said) -> bool:
    events = [label for label in proof.sure if label.kind in _TOUCHED | _TROUBLE]
    return _often(events) <= _QUIET_MOST


def _both(main: str, tail: str = "") -> str:
    """The part of the day in front or behind."""
    first = main[:1].upper() if main[:1].isalpha() else main[:1]
    behind = f"{first}{main[1:]}"
    either = rf"{_IN}{main}|{_again(behind)} in the (?P<part_>{_bare(_PART)})"
    return rf"(?:{either}){tail}\."


def _again(pattern: str) -> str:
    """A pattern whose groups have names of their own, since a name stands once."""
    return re.sub(r"\(\?P<(\w+)>", r"(?P<\1_>", pattern)


def _bare(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


_N2: Final = _N.replace("<n>", "<n2>")
_V2: Final = _V.replace("<g>", "<g2>").replace("<v>", "<v2>")
_P2: Final = _P.replace("<p>", "<p2>").replace("<me>", "<me2>")
_TURNED: Final = r"(?: and found (?P<what>a face|nobody there)(?: (?P<f>once|twice|\w+ times))?)?"
_RAW: Final[tuple[tuple[str, Callable[[Proof, Said], bool]], ...]] = (
    (
        rf"(?:Today I was awake for {_LONG}|I was awake for {_again(_LONG)} today)\.",
        lambda p, s: _lasted(p.totals.awake_s, str(s["d"])),
    ),
    (r"It was an? (?:quiet|uneventful) day\.|The day was calm\.", _quiet),
    (rf"I woke up at {_T}\.|At {_again(_T)} I woke up\.", _there({K.RESTART})),
    (_both(rf"I woke up {_N}", _FIRST), _counted({K.RESTART})),
    (r"I (?:slept|rested) from (?P<a>\d+:\d\d) (?:until|to) (?P<b>\d+:\d\d)\.", _slept),
    (_both(rf"I slept {_N}"), _counted({K.SLEEP})),
    (rf"At {_T} {_WHO} {_V} {_P}\.", _touch),
    (rf"At {_T} (?:I|{_P}) was {_V}\.", _touch),
    (rf"{_IN}{_WHO} {_V} {_P} {_N} and {_V2} {_P2} {_N2}\.", _two_touches),
    (_both(rf"{_WHO} {_V} {_P} {_N}", _FIRST), _touches),
    (_both(rf"{_P.replace('my ', '[Mm]y ')} was {_V} {_N}", _FIRST), _touches),
    (rf"At {_T} I was lifted\.|Somebody lifted me at {_again(_T)}\.", _there({K.LIFT})),
    (_both(rf"I was (?:lifted|picked up) {_N}", _FIRST), _counted({K.LIFT})),
    (rf"At {_T} somebody lifted me and set me down again {_LONG} later\.", _put_down),
    (rf"At {_T} I was picked up, and set down again {_LONG} later\.", _put_down),
    (rf"At {_T} I heard a voice{_SIDE}\.", _there({K.VOICE})),
    (rf"I heard somebody speak at {_T}{_SIDE}\.", _there({K.VOICE})),
    (_both(r"I heard (?P<n>\w+) voices", rf"(?:, most of them{_SIDE})?"), _voices),
    (rf"At {_T} I turned to a voice{_SIDE}{_TURNED}\.", _look),
    (rf"{_IN}I turned to (?P<n>\w+) voices{_TURNED}\.", _looks),
    (rf"At {_T} I followed a face for {_LONG}\.", _followed),
    (_both(rf"I followed a face {_N}"), _counted({K.FOLLOWED})),
    (rf"At {_T} something startled me\.|I was startled at {_again(_T)}\.", _there({K.STARTLED})),
    (_both(rf"I was startled {_N}"), _counted({K.STARTLED})),
    (rf"At {_T} {_P} got hot(?: and reached (?P<c>\d+) degrees)?\.", _hot),
    (rf"At {_T} {_P} lost torque\.", _there({K.TORQUE_LOST})),
    (rf"At {_T} {_P} was blocked\.", _there({K.BLOCKED})),
    (rf"At {_T} the voltage dropped to (?P<c>\d+\.\d) volts\.", _voltage),
    (rf"At {_T} there was a (?P<name>[a-z ]+) fault\.", _fault),
    (rf"{_IN}[Tt]here were (?P<n>\w+) (?P<name>[a-z ]+) faults\.", _fault),
    (rf"At {_T} there is a gap in my memory\.", _there({K.GAP})),
    (rf"{_IN}[Tt]here were (?P<n>\w+) gaps in my memory\.", _counted({K.GAP})),
    (rf"All in all {_WHO} was in sight for {_LONG}\.", _company),
    (rf"I saw {_WHO} at {_T}\.", _there({K.PERSON})),
    (rf"A face was in sight for {_LONG}\.", lambda p, s: _lasted(p.totals.people_s, str(s["d"]))),
    (rf"I saw a face {_N}\.", _counted({K.PERSON})),
    (r"Nobody touched me\.|I was not touched\.", _none(_TOUCHED)),
    (r"I heard no voice\.|I heard nobody\.", _none({K.VOICE})),
    (r"I saw nobody all day\.|I saw no face today\.", _none({K.PERSON})),
    (
        r"My warmest servo reached (?P<c>\d+) degrees\.",
        lambda p, s: round(p.totals.max_temperature_c or 0) == int(str(s["c"])),
    ),
)


def _joined(judge: Callable[[Proof, Said], bool]) -> Callable[[Proof, Said], bool]:
    """Both names of a group are one."""

    def judged(proof: Proof, said: Said) -> bool:
        one = {name: said[name] or said.get(f"{name}_") for name in said if name[-1] != "_"}
        return judge(proof, one)

    return judged


FORMS: Final = tuple((re.compile(pattern), _joined(judge)) for pattern, judge in _RAW)
