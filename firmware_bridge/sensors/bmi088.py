"""BMI088: accelerometer and gyroscope at two I2C addresses of one bus.

Registers, scales and delays: Bosch Sensortec, BMI088 data sheet BST-BMI088-DS001, chapters 4
and 5. After power-on the accelerometer is suspended and its data registers do not move; it is
woken here and everything written is read back.
"""

from __future__ import annotations

import errno
import math
import struct
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from smbus2 import SMBus

from firmware_bridge.clock import Clock
from firmware_bridge.senses import ImuSense
from firmware_bridge.sensors.imu import (
    ACC_RANGES_G,
    GYRO_RANGES_DPS,
    ImuSample,
    ImuSettings,
    imu_in_base_frame,
)
from firmware_bridge.sensors.orientation import (
    OrientationFilter,
    Vector,
    from_roll_pitch_yaw,
    rotate,
)
from firmware_bridge.sensors.reader import PoseHistory, SensorError

ResultT = TypeVar("ResultT")

GRAVITY_M_S2: Final = 9.80665
FULL_SCALE: Final = 32768
ATTEMPTS: Final = 3
MILLISECOND_NS: Final = 1_000_000

ACC_CHIP_ID: Final = 0x00
ACC_CHIP_ID_VALUE: Final = 0x1E
ACC_ERR_REG: Final = 0x02
ACC_ERR_MASK: Final = 0b0001_1101
"""Fatal error, or an error code of the configuration."""
ACC_DATA: Final = 0x12
ACC_BLOCK: Final = struct.Struct("<3h3B7xBB")
"""0x12 to 0x23 in one read: three axes, the sensor's own time, temperature."""
ACC_CONF: Final = 0x40
ACC_CONF_200_HZ: Final = 0x99
"""Two-fold oversampling at 200 Hz: 38 Hz of bandwidth."""
ACC_RANGE: Final = 0x41
ACC_PWR_CONF: Final = 0x7C
ACC_PWR_CONF_ACTIVE: Final = 0x00
ACC_PWR_CTRL: Final = 0x7D
ACC_PWR_CTRL_ON: Final = 0x04
ACC_SOFTRESET: Final = 0x7E
ACC_WAKE_NS: Final = 5 * MILLISECOND_NS
ACC_START_NS: Final = 50 * MILLISECOND_NS

GYRO_CHIP_ID: Final = 0x00
GYRO_CHIP_ID_VALUE: Final = 0x0F
GYRO_DATA: Final = 0x02
GYRO_BLOCK: Final = struct.Struct("<3h")
GYRO_RANGE: Final = 0x0F
GYRO_BANDWIDTH: Final = 0x10
GYRO_BANDWIDTH_200_HZ: Final = 0x04
"""200 Hz with 23 Hz of bandwidth."""
GYRO_BANDWIDTH_MASK: Final = 0x7F
"""Bit 7 always reads as one."""
GYRO_LPM1: Final = 0x11
GYRO_LPM1_NORMAL: Final = 0x00
GYRO_SOFTRESET: Final = 0x14
SOFTRESET: Final = 0xB6
RESET_NS: Final = 35 * MILLISECOND_NS
"""30 ms by the data sheet."""

TEMPERATURE_STEP_C: Final = 0.125
TEMPERATURE_REFERENCE_C: Final = 23.0
TEMPERATURE_INVALID_MSB: Final = 0x80


class Bus(Protocol):
    """The part of ``smbus2.SMBus`` that is used."""

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        """Read ``length`` bytes from ``register`` on. Raises ``OSError``."""
        ...

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write one byte. Raises ``OSError``."""
        ...

    def close(self) -> None:
        """Close the bus."""
        ...


def temperature_from_registers(msb: int, lsb: int) -> float | None:
    """Registers 0x22 and 0x23 (11 bits, two's complement) to deg C; None when not measured yet."""
    if msb == TEMPERATURE_INVALID_MSB:
        return None
    raw = msb * 8 + lsb // 32
    return (raw - 2048 if raw > 1023 else raw) * TEMPERATURE_STEP_C + TEMPERATURE_REFERENCE_C


class Bmi088:
    """The chip as a ``Device``: woken, configured, checked, read in two transfers a sample."""

    name = "IMU"

    def __init__(
        self,
        settings: ImuSettings,
        clock: Clock,
        history: PoseHistory,
        open_bus: Callable[[int | str], Bus] = SMBus,
    ) -> None:
        """``open_bus`` opens a bus by number or path and raises ``OSError``."""
        self.period_ns = round(1e9 / settings.rate_hz)
        self._settings = settings
        self._clock = clock
        self._history = history
        self._open_bus = open_bus
        self._bus: Bus | None = None
        self._mounting = from_roll_pitch_yaw(*settings.mounting_rpy_rad)
        self._acceleration_step = settings.accelerometer_range_g * GRAVITY_M_S2 / FULL_SCALE
        self._rate_step = math.radians(settings.gyroscope_range_dps) / FULL_SCALE
        self._filter = OrientationFilter()
        self._last_ns: int | None = None
        self._sensor_time = -1
        self._temperature_c = TEMPERATURE_REFERENCE_C

    def open(self) -> None:
        """Check both chips, reset them, wake the accelerometer, set ranges and rates."""
        where = self._settings.bus
        path = f"/dev/i2c-{where}" if isinstance(where, int) else where
        try:
            self._bus = self._open_bus(where)
        except OSError as error:
            raise SensorError(
                f"{path} cannot be opened ({error.strerror}); switch I2C on, give the user"
                " the group i2c, or leave the IMU out on a robot without one"
            ) from error
        self._check_identity()
        acc, gyro = self._settings.accelerometer_address, self._settings.gyroscope_address
        self._write(acc, ACC_SOFTRESET, SOFTRESET)
        self._write(gyro, GYRO_SOFTRESET, SOFTRESET)
        self._wait(RESET_NS)
        self._write(acc, ACC_PWR_CONF, ACC_PWR_CONF_ACTIVE)
        self._wait(ACC_WAKE_NS)
        self._write(acc, ACC_PWR_CTRL, ACC_PWR_CTRL_ON)
        self._wait(ACC_START_NS)
        for address, register, value, _ in self._configuration()[2:]:
            self._write(address, register, value)
            self._wait(MILLISECOND_NS)
        self._check_configuration()
        self._last_ns, self._sensor_time = None, -1

    def sample(self) -> ImuSample:
        """One reading through the orientation filter, with the true time since the last one."""
        before_ns = self._clock.mono_ns()
        acc_bytes = self._read(self._settings.accelerometer_address, ACC_DATA, ACC_BLOCK.size)
        gyro_bytes = self._read(self._settings.gyroscope_address, GYRO_DATA, GYRO_BLOCK.size)
        t_ns = (before_ns + self._clock.mono_ns()) // 2
        *axes, time_0, time_1, time_2, msb, lsb = ACC_BLOCK.unpack(acc_bytes)
        sensor_time = time_0 | time_1 << 8 | time_2 << 16
        rates = GYRO_BLOCK.unpack(gyro_bytes)
        if sensor_time <= self._sensor_time:
            # A brown-out puts the chip back to sleep, and its frozen values look like calm.
            self._check_configuration()
        self._sensor_time = sensor_time
        temperature_c = temperature_from_registers(msb, lsb)
        if temperature_c is not None:
            self._temperature_c = temperature_c
        acceleration = rotate(self._mounting, _scaled(axes, self._acceleration_step))
        rate = rotate(self._mounting, _scaled(rates, self._rate_step))
        dt_s = math.inf if self._last_ns is None else (t_ns - self._last_ns) * 1e-9
        self._last_ns = t_ns
        return ImuSample(
            t_mono_ns=t_ns,
            valid=max(map(abs, (*axes, *rates))) < FULL_SCALE - 1,
            accelerometer_m_s2=acceleration,
            gyroscope_rad_s=rate,
            orientation=self._filter.update(rate, acceleration, dt_s),
            temperature_c=self._temperature_c,
        )

    def close(self) -> None:
        """Close the bus."""
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    def sense(self, sample: ImuSample, interval_ns: int) -> ImuSense:
        """The sample in the base frame's axes, by the pose at the moment of capture."""
        return imu_in_base_frame(sample, interval_ns, self._settings.mounted_on, self._history)

    def _configuration(self) -> tuple[tuple[int, int, int, int], ...]:
        """Address, register, value and mask of everything that must read back as written."""
        acc, gyro = self._settings.accelerometer_address, self._settings.gyroscope_address
        acc_range = ACC_RANGES_G[self._settings.accelerometer_range_g]
        gyro_range = GYRO_RANGES_DPS[self._settings.gyroscope_range_dps]
        return (
            (acc, ACC_PWR_CONF, ACC_PWR_CONF_ACTIVE, 0xFF),
            (acc, ACC_PWR_CTRL, ACC_PWR_CTRL_ON, 0xFF),
            (acc, ACC_CONF, ACC_CONF_200_HZ, 0xFF),
            (acc, ACC_RANGE, acc_range, 0b11),
            (gyro, GYRO_LPM1, GYRO_LPM1_NORMAL, 0xFF),
            (gyro, GYRO_RANGE, gyro_range, 0xFF),
            (gyro, GYRO_BANDWIDTH, GYRO_BANDWIDTH_200_HZ, GYRO_BANDWIDTH_MASK),
        )

    def _check_identity(self) -> None:
        acc, gyro = self._settings.accelerometer_address, self._settings.gyroscope_address
        for part, address, register, expected in (
            ("accelerometer", acc, ACC_CHIP_ID, ACC_CHIP_ID_VALUE),
            ("gyroscope", gyro, GYRO_CHIP_ID, GYRO_CHIP_ID_VALUE),
        ):
            # The first read after power-on may find the chip not awake yet.
            found = [self._read(address, register, 1)[0] for _ in range(ATTEMPTS)]
            if expected not in found:
                raise SensorError(
                    f"chip {found[-1]:#04x} answers at {address:#04x} where the BMI088's {part}"
                    f" ({expected:#04x}) should be; check the IMU's addresses"
                )

    def _check_configuration(self) -> None:
        for address, register, value, mask in self._configuration():
            found = self._read(address, register, 1)[0]
            if found & mask != value:
                raise SensorError(
                    f"register {register:#04x} at {address:#04x} reads {found:#04x} instead of"
                    f" {value:#04x}: the chip was reset or does not take its settings"
                )
        error = self._read(self._settings.accelerometer_address, ACC_ERR_REG, 1)[0]
        if error & ACC_ERR_MASK:
            raise SensorError(f"the accelerometer reports error {error:#04x}; power-cycle it")

    def _read(self, address: int, register: int, length: int) -> bytes:
        return bytes(
            self._transfer(address, lambda bus: bus.read_i2c_block_data(address, register, length))
        )

    def _write(self, address: int, register: int, value: int) -> None:
        self._transfer(address, lambda bus: bus.write_byte_data(address, register, value))

    def _transfer(self, address: int, action: Callable[[Bus], ResultT]) -> ResultT:
        if self._bus is None:
            raise SensorError("the bus is closed")
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return action(self._bus)
            except OSError as error:
                if attempt == ATTEMPTS:
                    name = errno.errorcode.get(error.errno or 0, "error")
                    raise SensorError(
                        f"no answer from {address:#04x} on bus {self._settings.bus} in"
                        f" {ATTEMPTS} tries ({name}); check the wiring"
                    ) from error
        raise AssertionError("unreachable")

    def _wait(self, duration_ns: int) -> None:
        self._clock.sleep_until_ns(self._clock.mono_ns() + duration_ns)


def _scaled(raw: list[int] | tuple[int, ...], step: float) -> Vector:
    return (raw[0] * step, raw[1] * step, raw[2] * step)
