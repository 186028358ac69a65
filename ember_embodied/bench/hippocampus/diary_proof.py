"""The template's sentences judged without the diary's own reading: by their form and the labels.

Every form that the template has is here as a pattern, with a count of labels beside it, written
apart from ``hippocampus.diary`` and without its grammar. A sentence of no known form is not proven.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ember_embodied.bench.hippocampus.diary_witness import (
    Said,
    Witness,
    covers,
    lasted,
    minute,
    number,
    often,
    on,
    said_minute,
)
from hippocampus.night.label import LabelKind

K = LabelKind
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


class Proof(Witness):
    """A day, for judging sentences about it."""

    def holds(self, sentence: str) -> bool | None:
        """Whether the sentence is so; None where it has no known form."""
        known = None
        for pattern, judge in FORMS:
            found = pattern.fullmatch(sentence)
            if found is not None:
                known = known or judge(self, found.groupdict())
        return known


def _counted(kinds: set[LabelKind]) -> Callable[[Proof, Said], bool]:
    def judge(proof: Proof, said: Said) -> bool:
        labels = proof.some(kinds, said)
        if often(labels) != number(str(said["n"])):
            return False
        at = said.get("t")
        return at is None or covers(labels[0], said_minute(at), said_minute(at) + 1)

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
    mine = [label for label in labels if said["s"] is None or on(label, str(said["s"]).strip())]
    return len(labels) == number(str(said["n"])) and 2 * len(mine) > len(labels)


def _looks(proof: Proof, said: Said) -> bool:
    looks = proof.some({K.TURNED}, {"part": said["part"]})
    if len(looks) != number(str(said["n"])):
        return False
    face = [x for x in looks if x.found is (said["what"] == "a face")]
    return said["f"] is None or len(face) == number(str(said["f"]))


def _look(proof: Proof, said: Said) -> bool:
    looks = proof.some({K.TURNED}, {"at": said["t"], "s": said["s"]})
    return any(said["what"] is None or x.found is (said["what"] == "a face") for x in looks)


def _put_down(proof: Proof, said: Said) -> bool:
    lifts = proof.some({K.LIFT}, {"at": said["t"]})
    return any(
        lasted((down.span.start_ns - moment) * 1e-9, str(said["d"]))
        for lift in lifts
        for down in proof.some({K.SET_DOWN}, {})
        for moment in (lift.span.start_ns, lift.span.end_ns)
    )


def _slept(proof: Proof, said: Said) -> bool:
    return any(
        minute(x.span.start_ns) == said_minute(str(said["a"]))
        and minute(x.span.end_ns) == said_minute(str(said["b"]))
        for x in proof.some({K.SLEEP}, {})
    )


def _followed(proof: Proof, said: Said) -> bool:
    found = proof.some({K.FOLLOWED}, {"at": said["t"]})
    return lasted(sum(x.span.seconds for x in found), str(said["d"]))


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
    return len(found) == number(str(said["n"])) if said.get("n") else bool(found)


def _company(proof: Proof, said: Said) -> bool:
    found = proof.some({K.PERSON}, {"who": said["who"]})
    seconds = sum(x.span.seconds if x.amount is None else x.amount for x in found)
    return bool(found) and lasted(seconds, str(said["d"]))


def _none(kinds: set[LabelKind]) -> Callable[[Proof, Said], bool]:
    return lambda proof, _: not any(label.kind in kinds for label in proof.every)


def _quiet(proof: Proof, _: Said) -> bool:
    events = [label for label in proof.sure if label.kind in _TOUCHED | _TROUBLE]
    return often(events) <= _QUIET_MOST


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
        lambda p, s: lasted(p.totals.awake_s, str(s["d"])),
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
    (rf"A face was in sight for {_LONG}\.", lambda p, s: lasted(p.totals.people_s, str(s["d"]))),
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
