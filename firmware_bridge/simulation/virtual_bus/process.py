"""The virtual bus as a process: pty in, physics in real time, answers when the wire brings them."""

from __future__ import annotations

import contextlib
import heapq
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

import numpy as np

from firmware_bridge.clock import Clock
from firmware_bridge.simulation.motor import ServoUnits
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.scenario import Scenario
from firmware_bridge.simulation.virtual_bus.bus import VirtualBus
from firmware_bridge.simulation.virtual_bus.faults import Fault, FaultPlan
from firmware_bridge.simulation.virtual_bus.packet import Packet, Parser
from firmware_bridge.simulation.virtual_bus.terminal import Terminal
from firmware_bridge.simulation.world import World

SLICE_NS: Final = 5_000_000
"""Physics goes on in slices this long, so that a question never waits for a long one."""
LONGEST_LAG_NS: Final = 100_000_000
"""A machine that was asleep for longer does not catch up: the lost time is skipped."""
SETTLE_NS: Final = 3_000_000_000
"""A limp head has come to rest by then."""
LATENCY_NS: Final = 1_000_000
"""Answers reach the host in bursts, as through a USB adapter with its timer at 1 ms."""
NEVER_NS: Final = 2**63
BREATH_S: Final = 2e-4
"""Left to others after each slice by a machine that is behind."""
PRIORITY: Final = -10
HALF_PACKET_NS: Final = 50_000_000
"""Silence after which half a packet is given up."""


@dataclass(frozen=True, slots=True)
class BusSettings:
    """What the process is started with."""

    pty: Path
    faults: tuple[Fault, ...] = ()
    seed: int = 0
    spread: float = 0.0
    """How different the nine servos are from the table: 0 nominal, 1 a usual batch."""
    supply_v: float = 6.9
    """The robot's rail is 6.8 to 7.6 V. Above 7.0 V every answer carries the alert bit of an input
    voltage error, which many a client takes for a failure."""
    scenario: Scenario | None = None
    """What happens around the robot: hands touch and lift it, servos fail. It then says how much
    servos differ and what the supply gives."""
    trace: Path | None = None
    """A file that gets every packet: nanoseconds, direction, bytes in hex."""


class BusProcess:
    """One run of the bus, from ``start`` to a signal."""

    def __init__(self, settings: BusSettings, clock: Clock) -> None:
        """Raises ``TerminalError`` when the link cannot be made."""
        units, noise = np.random.SeedSequence(settings.seed).spawn(2)
        self._clock = clock
        self._terminal = Terminal(settings.pty)
        self._plant = _plant(settings, np.random.default_rng(units))
        self._start_ns = self._plant_ns = self._heard_ns = clock.mono_ns()
        self._bus = VirtualBus(self._plant.servos, self._start_ns)
        self._faults = FaultPlan(
            settings.faults, np.random.default_rng(noise), self._plant.servos.supply_v
        )
        self._parser = Parser()
        self._due: list[tuple[int, int, bytes]] = []
        self._sent = 0
        self._stopping = False
        self._trace: TextIO | None = settings.trace.open("w") if settings.trace else None

    @property
    def path(self) -> str:
        """The pty's own name."""
        return self._terminal.path

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping:
            self._turn()
        self._terminal.close()
        if self._trace:
            self._trace.close()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _turn(self) -> None:
        """One round: send what is due, hear what has come, move the world on, wait."""
        now_ns = self._clock.mono_ns()
        self._send(now_ns)
        data = self._terminal.read()
        if data:
            self._hear(data, now_ns)
        elif now_ns - self._plant_ns >= SLICE_NS:
            self._advance(now_ns)
            if now_ns - self._plant_ns >= SLICE_NS:
                self._terminal.wait(BREATH_S)
        else:
            next_ns = min(self._plant_ns + SLICE_NS, self._due_ns())
            self._terminal.wait((next_ns - self._clock.mono_ns()) * 1e-9)

    def _send(self, now_ns: int) -> None:
        if now_ns < self._due_ns():
            return
        burst = b""
        while self._due and self._due[0][0] <= now_ns:
            _, _, data = heapq.heappop(self._due)
            burst += data
            self._note(now_ns, "<", data)
        self._terminal.write(burst)

    def _due_ns(self) -> int:
        """When the next burst goes out: with the last answer within a latency of the first."""
        if not self._due:
            return NEVER_NS
        end_ns = self._due[0][0] + LATENCY_NS
        return max(due_ns for due_ns, _, _ in self._due if due_ns <= end_ns)

    def _hear(self, data: bytes, now_ns: int) -> None:
        if self._parser.waiting and now_ns - self._heard_ns > HALF_PACKET_NS:
            self._parser.reset()
        self._heard_ns = now_ns
        baud_rate = self._terminal.baud_rate()
        for packet in self._parser.feed(data):
            self._answer(packet, now_ns, baud_rate)

    def _answer(self, packet: Packet, now_ns: int, baud_rate: int) -> None:
        self._note(now_ns, ">", packet.raw)
        answers = self._bus.handle(packet, now_ns, baud_rate)
        for answer in self._faults.spoil(answers, self._seconds(now_ns)):
            self._sent += 1
            heapq.heappush(self._due, (answer.due_ns, self._sent, answer.data))

    def _advance(self, now_ns: int) -> None:
        now_s = self._seconds(now_ns)
        if self._faults.port_lost(now_s) == self._terminal.is_open:
            self._switch_port()
        if now_ns - self._plant_ns > LONGEST_LAG_NS:
            self._plant_ns = now_ns - LONGEST_LAG_NS
        self._faults.strike(self._bus, self._plant.servos, now_s, now_ns)
        self._plant.step_ns(SLICE_NS)
        self._plant_ns += SLICE_NS
        self._bus.check_watchdogs(now_ns)

    def _switch_port(self) -> None:
        self._parser.reset()
        self._due.clear()
        if self._terminal.is_open:
            self._terminal.close()
        else:
            self._terminal.open()

    def _seconds(self, now_ns: int) -> float:
        return (now_ns - self._start_ns) * 1e-9

    def _note(self, now_ns: int, direction: str, data: bytes) -> None:
        if self._trace:
            self._trace.write(f"{now_ns} {direction} {data.hex()}\n")
            self._trace.flush()


def _take_precedence() -> None:
    """Servos share no processor with anyone: answer at once, where the system allows it."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)


def _plant(settings: BusSettings, generator: np.random.Generator) -> Plant:
    """The robot as it lies there when it is switched on: limp, and at rest."""
    if settings.scenario is not None:
        plant = World(settings.scenario, settings.seed).plant
    else:
        plant = Plant(ServoUnits.draw(generator, settings.spread), supply_v=settings.supply_v)
    life, plant.before_substep = plant.before_substep, None
    plant.step_ns(SETTLE_NS)
    plant.before_substep, plant.t_ns = life, 0
    return plant


def serve(settings: BusSettings, clock: Clock, announce: Callable[[str], None]) -> None:
    """Run the bus; tell ``announce`` the pty's own name when it is ready.

    Raises ``TerminalError``.
    """
    _take_precedence()
    process = BusProcess(settings, clock)
    announce(process.path)
    process.run()
