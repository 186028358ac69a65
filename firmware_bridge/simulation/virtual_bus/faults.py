"""Faults that the virtual bus can have, and the words that ask for them.

``KIND[:SERVO[:VALUE]][@T[+DURATION]]``: SERVO is an id, a joint's name or ``*`` (all nine, the
default), T the seconds after the start (default 0), DURATION how long it lasts (default: for
good; for ``port_lost`` 1 s; ``torque_lost`` and ``brownout`` happen once).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from firmware_bridge.dynamixel.registers import HardwareError
from firmware_bridge.joints import JOINTS
from firmware_bridge.simulation.servo import ServoBank
from firmware_bridge.simulation.virtual_bus.bus import Answer, VirtualBus


class Kind(StrEnum):
    """What can go wrong."""

    SERVO_SILENT = "servo_silent"
    OVERLOAD = "overload"
    OVERHEAT = "overheat"
    SHOCK = "shock"
    VOLTAGE_LOW = "voltage_low"
    TORQUE_LOST = "torque_lost"
    CRC = "crc"
    DROP = "drop"
    GARBAGE = "garbage"
    SLOW = "slow"
    PORT_LOST = "port_lost"
    STUCK = "stuck"
    BROWNOUT = "brownout"


@dataclass(frozen=True, slots=True)
class _Line:
    default: float | None
    """Value when none is given; None: the kind takes no value."""
    lower: float
    upper: float
    meaning: str


KINDS: Final[dict[Kind, _Line]] = {
    Kind.SERVO_SILENT: _Line(None, 0, 0, "the servo does not answer"),
    Kind.OVERLOAD: _Line(None, 0, 0, "hardware error 0x20"),
    Kind.OVERHEAT: _Line(75, 0, 150, "the servo is VALUE degrees warm"),
    Kind.SHOCK: _Line(None, 0, 0, "hardware error 0x10"),
    Kind.VOLTAGE_LOW: _Line(3.4, 0, 12, "the supply gives VALUE volts"),
    Kind.TORQUE_LOST: _Line(None, 0, 0, "torque goes off with no error"),
    Kind.CRC: _Line(0.1, 0, 1, "a share VALUE of the answers arrives damaged"),
    Kind.DROP: _Line(0.1, 0, 1, "a share VALUE of the answers is lost on the way"),
    Kind.GARBAGE: _Line(0.1, 0, 1, "noise before a share VALUE of the answers"),
    Kind.SLOW: _Line(5, 0, 1000, "answers come VALUE ms later"),
    Kind.PORT_LOST: _Line(None, 0, 0, "the pty goes away and comes back"),
    Kind.STUCK: _Line(None, 0, 0, "the position reads frozen"),
    Kind.BROWNOUT: _Line(None, 0, 0, "all servos restart"),
}
_BUS_WIDE: Final = (Kind.VOLTAGE_LOW, Kind.PORT_LOST, Kind.BROWNOUT)
"""They concern all servos and name none."""
_ONCE: Final = (Kind.TORQUE_LOST, Kind.BROWNOUT)
_PORT_LOST_S: Final = 1.0
_FOREVER_S: Final = float("inf")
_NOISE_BYTES: Final = 12
_FORM: Final = re.compile(
    r"(?P<kind>[^:@]+)(:(?P<servo>[^:@]+)(:(?P<value>[^:@]+))?)?(@(?P<at>[^+]+)(\+(?P<for>.+))?)?"
)


def kinds_help() -> str:
    """The kinds of fault, one a line, for a help text."""
    return "\n".join(f"  {kind.value:<13}{line.meaning}" for kind, line in KINDS.items())


class FaultError(ValueError):
    """The words ask for no fault that there is; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what, on which servos (indices), how much, from when for how long."""

    kind: Kind
    servos: tuple[int, ...]
    value: float
    start_s: float
    duration_s: float

    def active(self, now_s: float) -> bool:
        """Whether it holds at ``now_s`` seconds after the start."""
        return self.start_s <= now_s < self.start_s + self.duration_s


def parse_fault(text: str) -> Fault:
    """Read one fault. Raises ``FaultError``."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise FaultError(f"fault {text!r}: write KIND[:SERVO[:VALUE]][@T[+DURATION]]")
    kinds = [kind.value for kind in Kind]
    if match["kind"] not in kinds:
        near = difflib.get_close_matches(match["kind"], kinds, 1)
        hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(kinds)}"
        raise FaultError(f"fault {text!r}: unknown kind {match['kind']!r}; {hint}")
    kind = Kind(match["kind"])
    line = KINDS[kind]
    servos = _servos(text, match["servo"])
    if kind in _BUS_WIDE and match["servo"] not in (None, "*"):
        raise FaultError(f"fault {text!r}: {kind} concerns the whole bus; leave the servo out")
    if line.default is None and match["value"] is not None:
        raise FaultError(f"fault {text!r}: {kind} takes no value")
    value = line.default or 0.0
    if match["value"] is not None:
        value = _number(text, match["value"])
        if not line.lower <= value <= line.upper:
            raise FaultError(f"fault {text!r}: value must be {line.lower:g} to {line.upper:g}")
    lasting = _PORT_LOST_S if kind is Kind.PORT_LOST else _FOREVER_S
    start_s = _number(text, match["at"]) if match["at"] else 0.0
    duration_s = _number(text, match["for"]) if match["for"] else lasting
    if start_s < 0.0 or duration_s <= 0.0:
        raise FaultError(f"fault {text!r}: times must be positive seconds")
    return Fault(kind, servos, value, start_s, duration_s)


def _servos(text: str, name: str | None) -> tuple[int, ...]:
    if name is None or name == "*":
        return tuple(range(len(JOINTS)))
    for index, joint in enumerate(JOINTS):
        if name in (joint.name, str(joint.servo_id)):
            return (index,)
    known = f"{JOINTS[0].servo_id} to {JOINTS[-1].servo_id}, *, " + ", ".join(
        joint.name for joint in JOINTS
    )
    raise FaultError(f"fault {text!r}: unknown servo {name!r}; known: {known}")


def _number(text: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not abs(value) < _FOREVER_S:
        raise FaultError(f"fault {text!r}: {word!r} is not a number")
    return value


class FaultPlan:
    """The faults of one run: who is hit when, and what becomes of each answer."""

    def __init__(
        self, faults: Sequence[Fault], generator: np.random.Generator, supply_v: float
    ) -> None:
        self._faults = tuple(faults)
        self._generator = generator
        self._done: set[Fault] = set()
        self._supply_v = supply_v
        self._supply_low = False

    def port_lost(self, now_s: float) -> bool:
        """Whether the port is away."""
        return any(f.kind is Kind.PORT_LOST and f.active(now_s) for f in self._faults)

    def strike(self, bus: VirtualBus, bank: ServoBank, now_s: float, now_ns: int) -> None:
        """Bring servos and supply into the state that the faults of this moment ask for."""
        active = [fault for fault in self._faults if fault.active(now_s)]
        silent = _hit(active, Kind.SERVO_SILENT)
        stuck = _hit(active, Kind.STUCK)
        for servo in bus.servos:
            servo.frozen = servo.index in stuck
        for index in _hit(self._faults, Kind.SERVO_SILENT):
            bank.silent[index] = index in silent
        bank.hardware_error[list(_hit(active, Kind.OVERLOAD))] |= int(HardwareError.OVERLOAD)
        bank.hardware_error[list(_hit(active, Kind.SHOCK))] |= int(HardwareError.SHOCK)
        supplies = [fault.value for fault in active if fault.kind is Kind.VOLTAGE_LOW]
        if supplies or self._supply_low:
            bank.supply_v = min(supplies, default=self._supply_v)
        self._supply_low = bool(supplies)
        for fault in active:
            if fault.kind is Kind.OVERHEAT:
                bank.temperature_c[list(fault.servos)] = fault.value
            if fault.kind in _ONCE and fault not in self._done:
                self._done.add(fault)
                for index in fault.servos:
                    if fault.kind is Kind.BROWNOUT:
                        bus.servos[index].reboot(now_ns)
                    else:
                        bank.torque_enable[index] = 0

    def spoil(self, answers: Sequence[Answer], now_s: float) -> list[Answer]:
        """What the host gets of these answers."""
        active = [fault for fault in self._faults if fault.active(now_s)]
        spoiled = []
        for answer in answers:
            data, due_ns, lost = answer.data, answer.due_ns, False
            for fault in active:
                if answer.servo not in fault.servos:
                    continue
                if fault.kind is Kind.SLOW:
                    due_ns += round(fault.value * 1e6)
                elif fault.kind in (Kind.CRC, Kind.DROP, Kind.GARBAGE):
                    if self._generator.random() >= fault.value:
                        continue
                    lost = lost or fault.kind is Kind.DROP
                    if fault.kind is Kind.CRC:
                        data = self._damaged(data)
                    elif fault.kind is Kind.GARBAGE:
                        data = self._generator.bytes(_NOISE_BYTES) + data
            if not lost:
                spoiled.append(Answer(answer.servo, due_ns, data))
        return spoiled

    def _damaged(self, data: bytes) -> bytes:
        at = int(self._generator.integers(len(data)))
        flip = int(self._generator.integers(1, 256))
        return data[:at] + bytes((data[at] ^ flip,)) + data[at + 1 :]


def _hit(active: Sequence[Fault], kind: Kind) -> set[int]:
    return {index for fault in active if fault.kind is kind for index in fault.servos}
