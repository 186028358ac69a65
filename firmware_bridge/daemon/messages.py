"""What the vendor's daemon (version 1.12) says and is told, and what can be set about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from firmware_bridge.sensors.reader import within


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """The vendor's daemon: where it listens, and how much is asked of it."""

    host: str = "127.0.0.1"
    port: int = 8000
    telemetry_hz: float = 10.0
    """Servo packets a second through the daemon, for currents, temperatures, voltages and errors.
    Each stops all of the daemon's Python for some 6 ms, and for good when its serial thread retries
    a read in that moment: fewer packets make that rarer. 0: none."""
    silent_after_s: float = 0.3
    """No joint positions for so long is a lost bus."""
    voltage_low_v: float = 4.5
    park_s: float = 2.5
    """Longest ramp to the rest pose."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` naming the field that is out of range."""
        within("port", self.port, 1, 65535)
        within("telemetry_hz", self.telemetry_hz, 0.0, 50.0)
        within("silent_after_s", self.silent_after_s, 0.05, 5.0)
        within("voltage_low_v", self.voltage_low_v, 3.0, 7.0)
        within("park_s", self.park_s, 0.5, 10.0)


class JointMessage(msgspec.Struct, tag="joint_positions"):
    """Body yaw and six legs; right and left antenna; rad."""

    head_joint_positions: Annotated[list[float], msgspec.Meta(min_length=7, max_length=7)]
    antennas_joint_positions: Annotated[list[float], msgspec.Meta(min_length=2, max_length=2)]


class ImuMessage(msgspec.Struct, tag="imu_data"):
    """m/s^2, rad/s, deg C. The daemon's quaternion takes a wrong time step and is left out."""

    accelerometer: tuple[float, float, float]
    gyroscope: tuple[float, float, float]
    temperature: float


class BackendStatus(msgspec.Struct):
    """What the daemon says of its motors."""

    motor_control_mode: str = ""
    error: str | None = None


class StatusMessage(msgspec.Struct, tag="daemon_status"):
    """Once a second."""

    state: str
    version: str | None = None
    error: str | None = None
    backend_status: BackendStatus | None = None


class SoundMessage(msgspec.Struct):
    """Angle in rad as the array gives it."""

    angle: float
    speech_detected: bool


class StateMessage(msgspec.Struct):
    """The part of the full state that is asked for."""

    control_mode: str | None = None
    doa: SoundMessage | None = None


@dataclass(frozen=True, slots=True)
class JointsSample:
    """Nine joints in table order."""

    t_mono_ns: int
    interval_ns: int
    position_rad: tuple[float, ...]
    velocity_rad_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Goal:
    """A straight move of nine joints from one moment to another."""

    start_ns: int
    end_ns: int
    start_rad: tuple[float, ...]
    end_rad: tuple[float, ...]

    def at(self, now_ns: int) -> tuple[float, ...]:
        """Joint positions at ``now_ns``, held before and after."""
        if now_ns >= self.end_ns:
            return self.end_rad
        share = max(0.0, (now_ns - self.start_ns) / (self.end_ns - self.start_ns))
        pairs = zip(self.start_rad, self.end_rad, strict=True)
        return tuple(start + share * (end - start) for start, end in pairs)
