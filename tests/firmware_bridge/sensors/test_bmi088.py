"""The IMU driver through smbus2 itself, against a chip that answers the kernel's ioctls."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import smbus2.smbus2
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.clock import VirtualClock
from firmware_bridge.senses import HeadSense
from firmware_bridge.sensors.bmi088 import Bmi088, temperature_from_registers
from firmware_bridge.sensors.imu import ImuSettings
from firmware_bridge.sensors.orientation import conjugate, rotate
from firmware_bridge.sensors.reader import REOPEN_AFTER_NS, PoseHistory, SensorThread

GRAVITY = 9.80665
ACC, GYRO = 0x18, 0x69
SENSOR_TIME_STEP_NS = 39_062.5
Vector = tuple[float, float, float]


def _clamp16(value: float) -> bytes:
    return max(-32768, min(32767, round(value))).to_bytes(2, "little", signed=True)


class Accelerometer:
    """The accelerometer half: register map, suspend after reset, data by range."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.force_m_s2: Vector = (0.0, 0.0, GRAVITY)
        self.temperature_c = 30.0
        self.reset()

    def reset(self) -> None:
        self.registers = bytearray(0x80)
        self.registers[0x00] = 0x1E
        self.registers[0x22] = 0x80
        self.registers[0x40:0x42] = b"\xa8\x01"
        self.registers[0x7C] = 0x03
        self.asleep = True
        self.ready_ns = self.clock.mono_ns() + 1_000_000
        self.running_ns: int | None = None

    def write(self, register: int, value: int) -> None:
        now = self.clock.mono_ns()
        if now < self.ready_ns:
            raise OSError(errno.ENXIO, "busy")
        if register == 0x7E and value == 0xB6:
            self.reset()
        elif register in (0x40, 0x41, 0x7C, 0x7D):
            if self.registers[0x7C] == 0x03 and register != 0x7C:
                return
            self.registers[register] = value
            if register == 0x7C:
                self.ready_ns = now + 450_000
            if register == 0x7D:
                self.running_ns = now + 50_000_000 if value == 0x04 else None
        if self.registers[0x40] & 0x0F not in range(0x05, 0x0D):
            self.registers[0x02] |= 0x04

    def read(self, register: int, length: int) -> bytes:
        now = self.clock.mono_ns()
        if now < self.ready_ns:
            raise OSError(errno.ENXIO, "busy")
        if self.asleep:
            self.asleep = False
            return bytes(length)
        if self.running_ns is not None and now >= self.running_ns:
            self._measure(int((now - self.running_ns) / SENSOR_TIME_STEP_NS))
        return bytes(self.registers[register : register + length])

    def _measure(self, ticks: int) -> None:
        full_scale = 3 * GRAVITY * 2 ** self.registers[0x41]
        for axis, value in enumerate(self.force_m_s2):
            place = 0x12 + 2 * axis
            self.registers[place : place + 2] = _clamp16(value / full_scale * 32768)
        self.registers[0x18:0x1B] = (ticks & 0xFFFFFF).to_bytes(3, "little")
        raw = round((self.temperature_c - 23.0) / 0.125) & 0x7FF
        self.registers[0x22:0x24] = bytes((raw >> 3, (raw & 7) << 5))


class Gyroscope:
    """The gyroscope half: runs after reset, bit 7 of the bandwidth register reads one."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.rate_rad_s: Vector = (0.0, 0.0, 0.0)
        self.reset()

    def reset(self) -> None:
        self.registers = bytearray(0x40)
        self.registers[0x00] = 0x0F
        self.registers[0x10] = 0x80
        self.ready_ns = self.clock.mono_ns() + 30_000_000

    def write(self, register: int, value: int) -> None:
        if self.clock.mono_ns() < self.ready_ns:
            raise OSError(errno.ENXIO, "busy")
        if register == 0x14 and value == 0xB6:
            self.reset()
        elif register in (0x0F, 0x11):
            self.registers[register] = value
        elif register == 0x10:
            self.registers[register] = 0x80 | value

    def read(self, register: int, length: int) -> bytes:
        if self.clock.mono_ns() < self.ready_ns:
            raise OSError(errno.ENXIO, "busy")
        full_scale = math.radians(2000 / 2 ** self.registers[0x0F])
        for axis, value in enumerate(self.rate_rad_s):
            place = 0x02 + 2 * axis
            self.registers[place : place + 2] = _clamp16(value / full_scale * 32768)
        return bytes(self.registers[register : register + length])


class Kernel:
    """i2c-dev: the ioctls that smbus2 makes, turned into reads and writes of the chips."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.acc, self.gyro = Accelerometer(clock), Gyroscope(clock)
        self.chips: dict[int, Any] = {ACC: self.acc, GYRO: self.gyro}
        self.address = 0
        self.noise: Callable[[], bool] = lambda: False

    def ioctl(self, fd: int, request: int, argument: Any) -> int:
        os.fstat(fd)
        if request == smbus2.smbus2.I2C_FUNCS:
            argument.value = 0x0EFF0009
        elif request == smbus2.smbus2.I2C_SLAVE:
            self.address = argument
        else:
            assert request == smbus2.smbus2.I2C_SMBUS
            self._transfer(argument)
        return 0

    def _transfer(self, message: Any) -> None:
        self.clock.sleep_until_ns(self.clock.mono_ns() + 300_000)
        if self.address not in self.chips:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        if self.noise():
            raise OSError(errno.EIO, "Input/output error")
        chip, data = self.chips[self.address], message.data.contents
        if message.read_write == smbus2.smbus2.I2C_SMBUS_WRITE:
            assert message.size == smbus2.smbus2.I2C_SMBUS_BYTE_DATA
            chip.write(message.command, data.byte)
            return
        assert message.size == smbus2.smbus2.I2C_SMBUS_I2C_BLOCK_DATA
        for place, value in enumerate(chip.read(message.command, data.byte), start=1):
            data.block[place] = value


class Robot:
    def __init__(self, kernel: Kernel, clock: VirtualClock, device: Path) -> None:
        self.kernel, self.clock, self.device = kernel, clock, device
        self.history = PoseHistory()

    def reader(self, **settings: Any) -> SensorThread[Any, Any]:
        chip = Bmi088(ImuSettings(bus=str(self.device), **settings), self.clock, self.history)
        return SensorThread(chip, self.clock)

    def run(self, reader: SensorThread[Any, Any], seconds: float) -> Any:
        end_ns = self.clock.mono_ns() + round(seconds * 1e9)
        while self.clock.mono_ns() < end_ns:
            reader.poll()
            self.clock.sleep_until_ns(self.clock.mono_ns() + 10_000_000)
        return reader.latest(self.clock.mono_ns())


@pytest.fixture
def robot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Robot:
    clock = VirtualClock(mono_ns=10**9)
    kernel = Kernel(clock)
    monkeypatch.setattr(smbus2.smbus2, "ioctl", kernel.ioctl)
    device = tmp_path / "i2c-4"
    device.touch()
    clock.sleep_until_ns(2 * 10**9)
    return Robot(kernel, clock, device)


@pytest.mark.parametrize("range_g", [3, 6, 12, 24])
@pytest.mark.parametrize("range_dps", [2000, 1000, 500, 250, 125])
def test_reads_physical_values_in_every_range(robot: Robot, range_g: int, range_dps: int) -> None:
    robot.kernel.acc.force_m_s2 = (1.5, -2.5, 9.0)
    robot.kernel.gyro.rate_rad_s = (0.5, -1.0, 2.0)
    robot.kernel.acc.temperature_c = 11.5
    reader = robot.reader(accelerometer_range_g=range_g, gyroscope_range_dps=range_dps)
    sense = robot.run(reader, 0.2)
    assert reader.problem() is None
    assert sense.accelerometer_m_s2 == pytest.approx((1.5, -2.5, 9.0), abs=range_g * 3.1e-4)
    assert sense.gyroscope_rad_s == pytest.approx((0.5, -1.0, 2.0), abs=range_dps * 6e-7)
    assert sense.temperature_c == pytest.approx(11.5)
    assert sense.valid
    assert 10_000_000 <= sense.interval_ns <= 11_000_000


def test_follows_a_turn_through_registers(robot: Robot) -> None:
    """A quarter turn about x in a second, then rest: tilt within half a degree."""
    reader = robot.reader()
    robot.run(reader, 2.0)
    start_ns, end_ns = robot.clock.mono_ns(), robot.clock.mono_ns() + 10**9
    while robot.clock.mono_ns() < end_ns:
        angle = (robot.clock.mono_ns() - start_ns) * 1e-9 * math.pi / 2
        robot.kernel.gyro.rate_rad_s = (math.pi / 2, 0.0, 0.0)
        robot.kernel.acc.force_m_s2 = (0.0, GRAVITY * math.sin(angle), GRAVITY * math.cos(angle))
        reader.poll()
        robot.clock.sleep_until_ns(robot.clock.mono_ns() + 9_400_000)
    robot.kernel.gyro.rate_rad_s = (0.0, 0.0, 0.0)
    sense = robot.run(reader, 0.1)
    up = rotate(conjugate(sense.orientation_wxyz), (0.0, 0.0, 1.0))
    assert math.degrees(math.acos(up[1])) < 1.0


def test_mounting_and_head(robot: Robot) -> None:
    """Chip upside down in a head that looks 90 degrees left; the base frame stays level."""
    robot.kernel.acc.force_m_s2 = (0.0, 0.0, -GRAVITY)
    robot.kernel.gyro.rate_rad_s = (1.0, 0.0, 0.0)
    robot.history.record(robot.clock.mono_ns(), HeadSense(math.pi / 2, 0.0, 0.0, 0.0))
    reader = robot.reader(mounting_rpy_rad=(math.pi, 0.0, 0.0), mounted_on="head")
    sense = robot.run(reader, 0.12)
    assert sense.valid
    assert sense.accelerometer_m_s2 == pytest.approx((0.0, 0.0, GRAVITY), abs=0.01)
    assert sense.gyroscope_rad_s == pytest.approx((0.0, 1.0, 0.0), abs=0.001)
    later = robot.run(reader, 1.0)
    assert not later.valid, "nobody knows where the head is"


def test_a_hit_that_clips_is_not_valid(robot: Robot) -> None:
    robot.kernel.acc.force_m_s2 = (0.0, 0.0, 8 * GRAVITY)
    assert not robot.run(robot.reader(), 0.2).valid


def test_single_errors_are_retried_and_lasting_ones_told(robot: Robot) -> None:
    reader = robot.reader()
    robot.run(reader, 0.2)
    errors = iter([True, True, False] * 10)
    robot.kernel.noise = lambda: next(errors)
    reader.poll()
    assert reader.problem() is None
    robot.kernel.noise = lambda: True
    reader.poll()
    assert "0x18" in str(reader.problem())
    assert "EIO" in str(reader.problem())
    robot.kernel.noise = lambda: False
    robot.run(reader, 1.5)
    assert reader.problem() is None


def test_a_brown_out_is_seen_and_mended(robot: Robot) -> None:
    """The chip resets itself: without a look at its registers it would stay calm for ever."""
    reader = robot.reader()
    robot.run(reader, 0.5)
    robot.kernel.acc.reset()
    robot.clock.sleep_until_ns(robot.clock.mono_ns() + 2_000_000)
    reader.poll()
    assert "0x7c" in str(reader.problem())
    robot.kernel.acc.force_m_s2 = (GRAVITY, 0.0, 0.0)
    sense = robot.run(reader, REOPEN_AFTER_NS * 1e-9 + 0.3)
    assert reader.problem() is None
    assert sense.accelerometer_m_s2[0] == pytest.approx(GRAVITY, abs=0.01)


def test_a_missing_bus_and_a_wrong_chip_are_named(robot: Robot) -> None:
    robot.kernel.chips[GYRO] = robot.kernel.acc
    reader = robot.reader()
    reader.poll()
    assert "0x1e answers at 0x69" in str(reader.problem())
    robot.device.unlink()
    other = robot.reader()
    other.poll()
    assert str(robot.device) in str(other.problem())
    assert other.latest(robot.clock.mono_ns()) is None


def test_an_impossible_range_is_refused() -> None:
    with pytest.raises(ValueError, match="accelerometer_range_g"):
        ImuSettings(accelerometer_range_g=4)


@settings(deadline=None)
@given(st.floats(-40.0, 85.0))
def test_temperature_over_its_whole_range(temperature_c: float) -> None:
    raw = round((temperature_c - 23.0) / 0.125) & 0x7FF
    read = temperature_from_registers(raw >> 3, (raw & 7) << 5)
    assert read == pytest.approx(temperature_c, abs=0.063)


def test_temperature_examples_of_the_data_sheet() -> None:
    assert temperature_from_registers(0x3E, 0x00) == 85.0
    assert temperature_from_registers(0xC1, 0x00) == -40.0
    assert temperature_from_registers(0x00, 0x60) == 23.375
    assert temperature_from_registers(0x80, 0x00) is None
