"""Nine servos in register units: firmware, electronics and heat, between goals and torque.

Registers, gains and units are those of the ROBOTIS e-manual (XL330 and XC330, Protocol 2.0). The
electronics are two equations: V = duty * rail and I = (V - ke w) / R. Where the manual is silent
the docstring of the constant says what is assumed.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import COUNTS_PER_TURN, JOINTS
from firmware_bridge.simulation.motor import (
    BACK_EMF_V_S,
    FRICTION_BASE_N_M,
    HEAT_CAPACITY_J_K,
    RESISTANCE_OHM,
    STANDBY_CURRENT_A,
    STANDBY_POWER_W,
    THERMAL_RESISTANCE_K_W,
    TORQUE_CONSTANT_N_M_A,
    ServoUnits,
    dry_friction,
)
from firmware_bridge.simulation.profile import Profile

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SERVO_COUNT: Final = len(JOINTS)
FULL_PWM: Final = 885
PULSES_PER_RAD: Final = COUNTS_PER_TURN / (2.0 * math.pi)
VELOCITY_UNIT_RAD_S: Final = 0.229 * 2.0 * math.pi / 60.0
PWM_SLOPE_UNIT_V_MS: Final = 1.977e-3
P_GAIN_DIVISOR: Final = 128.0
I_GAIN_DIVISOR: Final = 65536.0
D_GAIN_DIVISOR: Final = 16.0
FEEDFORWARD_DIVISOR: Final = 4.0
"""Feed-forwards act on pulses per ms and pulses per ms^2 (the manual names no unit)."""
VELOCITY_P_DIVISOR: Final = 128.0
VELOCITY_I_DIVISOR: Final = 65536.0
VELOCITY_P_GAIN: Final = 180
VELOCITY_I_GAIN: Final = 1600
TIME_BASED_PROFILE: Final = 4
REVERSE_DIRECTION: Final = 1
MOVING_THRESHOLD: Final = 10

CURRENT_MODE: Final = 0
VELOCITY_MODE: Final = 1
POSITION_MODE: Final = 3
CURRENT_POSITION_MODE: Final = 5
PWM_MODE: Final = 16

ERROR_INPUT_VOLTAGE: Final = 0x01
ERROR_OVERHEATING: Final = 0x04
ERROR_SHOCK: Final = 0x10
ERROR_OVERLOAD: Final = 0x20

SUPPLY_V: Final = 7.2
SUPPLY_RESISTANCE_OHM: Final = 0.12
"""Battery, cable and connectors: this project's estimate for two LiFePO4 cells."""
OVERLOAD_PWM: Final = 0.9
OVERLOAD_TIME_S: Final = 2.0
"""Overload: at least this share of the full duty with the shaft still for this long. The manual
only says that a load beyond the maximum output persists; both numbers are estimates."""
OVERLOAD_SPEED_RAD_S: Final = 0.2
SHOCK_V: Final = 3.0
"""Under this rail voltage the servo's own supply fails (register bit 0x10)."""
CONTACT_PLAY_SPEED_SHARE: Final = 1.0

_SHIPPED_HOMING: Final = np.array([joint.homing_offset_raw for joint in JOINTS], dtype=np.int64)
_HALF_TURN: Final = COUNTS_PER_TURN // 2


def _ints(value: int) -> Ints:
    return np.full(SERVO_COUNT, value, dtype=np.int64)


class ServoBank:
    """The nine servos' control tables and what runs on them. Arrays are in joint order.

    Anyone may write the writable arrays between steps; the bank reads them at the next step and
    refuses nothing (range and access rules belong to the bus). A goal that changes starts a
    profile; the same goal written again changes nothing.
    """

    def __init__(self, units: ServoUnits, supply_v: float = SUPPLY_V) -> None:
        self.units = units
        self.supply_v = supply_v
        self.silent: Bools = np.zeros(SERVO_COUNT, dtype=np.bool_)
        """Servos that answer nobody (a broken cable): for the bus or body to honour."""
        self._power_up_eeprom()
        self._power_up_ram()
        self.present_position = _ints(_HALF_TURN)
        self.present_velocity = _ints(0)
        self.present_current = _ints(0)
        self.present_pwm = _ints(0)
        self.velocity_trajectory = _ints(0)
        self.position_trajectory = _ints(_HALF_TURN)
        self.present_voltage = _ints(round(supply_v * 10))
        self.present_temperature = _ints(25)
        self.hardware_error = _ints(0)
        self.moving = _ints(0)
        self.registered = _ints(0)
        self.torque_constant_n_m_a: Array = TORQUE_CONSTANT_N_M_A * units.torque_scale
        self.friction_base_n_m: Array = FRICTION_BASE_N_M * units.friction_scale
        self.temperature_c: Array = units.ambient_c + STANDBY_POWER_W * THERMAL_RESISTANCE_K_W
        self.current_a: Array = np.zeros(SERVO_COUNT)
        self.rail_v = supply_v
        self.drive_torque_n_m: Array = np.zeros(SERVO_COUNT)
        """Torque of the voltage alone, the back-EMF left out (the plant takes that implicitly)."""
        self.damping_n_m_s: Array = np.zeros(SERVO_COUNT)
        """Back-EMF braking kt ke / R where the gears are in contact."""
        self.friction_n_m: Array = self.friction_base_n_m.copy()
        self._pwm: Array = np.zeros(SERVO_COUNT)
        self._integral: Array = np.zeros(SERVO_COUNT)
        self._gap: Array = np.zeros(SERVO_COUNT)
        self._overload_s: Array = np.zeros(SERVO_COUNT)
        self._profile = Profile(self.present_position.astype(np.float64))
        self._followed_goal = self.goal_position.copy()
        self._was_on: Bools = np.zeros(SERVO_COUNT, dtype=np.bool_)
        self._started = False

    def _power_up_eeprom(self) -> None:
        self.operating_mode = _ints(POSITION_MODE)
        self.drive_mode = _ints(0)
        self.homing_offset = _SHIPPED_HOMING.copy()
        self.min_position = np.array([joint.min_raw for joint in JOINTS], dtype=np.int64)
        self.max_position = np.array([joint.max_raw for joint in JOINTS], dtype=np.int64)
        self.pwm_limit = _ints(FULL_PWM)
        self.current_limit = _ints(1750)
        self.velocity_limit = _ints(445)
        self.pwm_slope = _ints(140)
        self.temperature_limit = _ints(70)
        self.max_voltage_limit = _ints(70)
        self.min_voltage_limit = _ints(35)
        self.shutdown = _ints(52)

    def _power_up_ram(self) -> None:
        self.torque_enable = _ints(0)
        self.goal_position = _ints(_HALF_TURN)
        self.goal_pwm = _ints(FULL_PWM)
        self.goal_current = _ints(1750)
        self.goal_velocity = _ints(0)
        self.position_p_gain = _ints(400)
        self.position_i_gain = _ints(0)
        self.position_d_gain = _ints(0)
        self.feedforward_1st = _ints(0)
        self.feedforward_2nd = _ints(0)
        self.profile_velocity = _ints(0)
        self.profile_acceleration = _ints(0)
        self.bus_watchdog_tripped = _ints(0)

    def reboot(self, index: int) -> None:
        """Restart one servo: torque off, errors cleared, RAM at its initial values."""
        fresh = ServoBank.__new__(ServoBank)
        fresh._power_up_ram()
        for name, values in vars(fresh).items():
            getattr(self, name)[index] = values[index]
        self.goal_position[index] = self.present_position[index]
        self.hardware_error[index] = 0
        self._overload_s[index] = 0.0
        self._integral[index] = 0.0

    def advance(self, position_rad: Array, velocity_rad_s: Array, dt_s: float) -> None:
        """Run the nine firmwares for ``dt_s`` on the true joint angles and speeds (each [9]).

        Leaves ``drive_torque_n_m``, ``damping_n_m_s`` and ``friction_n_m`` for the plant.
        """
        self._read_encoder(position_rad, velocity_rad_s)
        enabled = self.torque_enable != 0
        self._follow(enabled, dt_s)
        self._regulate(enabled, velocity_rad_s, dt_s)
        self._drive(enabled, velocity_rad_s, dt_s)
        self._protect(velocity_rad_s, dt_s)

    def _read_encoder(self, position_rad: Array, velocity_rad_s: Array) -> None:
        pulses = position_rad * PULSES_PER_RAD + self.units.offset_pulses
        position = np.rint(pulses).astype(np.int64)
        velocity = np.rint(velocity_rad_s / VELOCITY_UNIT_RAD_S).astype(np.int64)
        reverse = (self.drive_mode & REVERSE_DIRECTION) != 0
        if reverse.any():
            position = np.where(reverse, -position, position)
            velocity = np.where(reverse, -velocity, velocity)
        position += _HALF_TURN + self.homing_offset - _SHIPPED_HOMING
        self._position_step = position - self.present_position
        self.present_position[:] = position
        self.present_velocity[:] = velocity
        self.moving[:] = np.abs(velocity) > MOVING_THRESHOLD
        if not self._started:
            self._started = True
            self._position_step = np.zeros(SERVO_COUNT, dtype=np.int64)
            self._followed_goal[:] = self.goal_position
            self._profile.hold(np.ones(SERVO_COUNT, dtype=np.bool_), position.astype(np.float64))

    def _follow(self, enabled: Bools, dt_s: float) -> None:
        still = ~enabled | (self.bus_watchdog_tripped != 0)
        if still.any():
            self._profile.hold(still, self.present_position.astype(np.float64))
            self._integral[still] = 0.0
        new = enabled & ((self.goal_position != self._followed_goal) | ~self._was_on)
        new &= ~still
        if new.any():
            self._profile.retarget(
                new,
                self.goal_position,
                self.profile_velocity,
                self.profile_acceleration,
                (self.drive_mode & TIME_BASED_PROFILE) != 0,
            )
            self._followed_goal[new] = self.goal_position[new]
        self._was_on = ~still
        self._profile.advance(dt_s)
        self.position_trajectory[:] = np.rint(self._profile.position)
        self.velocity_trajectory[:] = self._profile.velocity * (60.0 / (0.229 * COUNTS_PER_TURN))

    def _regulate(self, enabled: Bools, velocity_rad_s: Array, dt_s: float) -> None:
        """PWM of the nine controllers, counts: limited, slewed, 0 without torque."""
        dt_ms = dt_s * 1e3
        limit = np.minimum(self.pwm_limit, self.goal_pwm).astype(np.float64)
        error = self._profile.position - self.present_position
        pwm = error * (self.position_p_gain / P_GAIN_DIVISOR)
        if self.position_i_gain.any():
            self._integral += error * (self.position_i_gain * (dt_ms / I_GAIN_DIVISOR))
            np.clip(self._integral, -limit, limit, out=self._integral)
            pwm += self._integral
        if self.position_d_gain.any():
            pwm -= self._position_step * (self.position_d_gain / (D_GAIN_DIVISOR * dt_ms))
        if self.feedforward_1st.any() or self.feedforward_2nd.any():
            pwm += self._profile.velocity * (self.feedforward_1st * (1e-3 / FEEDFORWARD_DIVISOR))
            pwm += self._profile.acceleration * (
                self.feedforward_2nd * (1e-6 / FEEDFORWARD_DIVISOR)
            )
        if (self.operating_mode != POSITION_MODE).any():
            pwm = self._other_modes(pwm, velocity_rad_s, dt_ms)
        np.clip(pwm, -limit, limit, out=pwm)
        slew = self.pwm_slope * (PWM_SLOPE_UNIT_V_MS * dt_ms * FULL_PWM / self.rail_v)
        pwm = np.clip(pwm, self._pwm - slew, self._pwm + slew)
        pwm[~enabled] = 0.0
        self._pwm = pwm
        self.present_pwm[:] = np.rint(pwm)

    def _other_modes(self, pwm: Array, velocity_rad_s: Array, dt_ms: float) -> Array:
        """PWM where a servo is not in plain position mode; the current loop is taken as ideal."""
        mode = self.operating_mode
        counts_per_volt = FULL_PWM / self.rail_v
        back_emf = BACK_EMF_V_S * velocity_rad_s
        current = np.clip(self.goal_current, -self.current_limit, self.current_limit) * 1e-3
        driven = (current * RESISTANCE_OHM + back_emf) * counts_per_volt
        held_low = (-np.abs(current) * RESISTANCE_OHM + back_emf) * counts_per_volt
        held_high = (np.abs(current) * RESISTANCE_OHM + back_emf) * counts_per_volt
        goal = np.clip(self.goal_velocity, -self.velocity_limit, self.velocity_limit)
        slip = np.where(self.bus_watchdog_tripped != 0, 0, goal) - self.present_velocity
        turning = mode == VELOCITY_MODE
        self._integral += np.where(
            turning, slip * (VELOCITY_I_GAIN * dt_ms / VELOCITY_I_DIVISOR), 0
        )
        np.clip(self._integral, -FULL_PWM, FULL_PWM, out=self._integral)
        turned = slip * (VELOCITY_P_GAIN / VELOCITY_P_DIVISOR) + self._integral
        return np.select(
            [mode == CURRENT_MODE, turning, mode == CURRENT_POSITION_MODE, mode == PWM_MODE],
            [driven, turned, np.clip(pwm, held_low, held_high), self.goal_pwm.astype(np.float64)],
            pwm,
        )

    def _drive(self, enabled: Bools, velocity_rad_s: Array, dt_s: float) -> None:
        """Voltage, current, gear play and friction."""
        reverse = (self.drive_mode & REVERSE_DIRECTION) != 0
        voltage = self._pwm * (self.rail_v / FULL_PWM)
        if reverse.any():
            voltage = np.where(reverse, -voltage, voltage)
        self.current_a = np.where(
            enabled, (voltage - BACK_EMF_V_S * velocity_rad_s) / RESISTANCE_OHM, 0.0
        )
        torque = self.torque_constant_n_m_a * self.current_a
        half = 0.5 * self.units.backlash_rad
        # Inside the play the rotor runs free at its no-load speed and drives nothing.
        slip = np.where(enabled, voltage / BACK_EMF_V_S - velocity_rad_s, -velocity_rad_s)
        gap = self._gap + slip * dt_s
        self._gap = np.clip(gap, -half, half)
        engaged = np.where(torque >= 0.0, gap >= half, gap <= -half) & enabled
        gain = np.where(engaged, self.torque_constant_n_m_a / RESISTANCE_OHM, 0.0)
        self.drive_torque_n_m = gain * voltage
        self.damping_n_m_s = gain * BACK_EMF_V_S
        self.friction_n_m = dry_friction(torque, velocity_rad_s, self.friction_base_n_m)
        drawn = np.abs(self._pwm) @ np.abs(self.current_a) / FULL_PWM
        drawn += SERVO_COUNT * STANDBY_CURRENT_A
        self.rail_v = self.supply_v - SUPPLY_RESISTANCE_OHM * float(drawn)
        sensed = np.where(reverse, -self.current_a, self.current_a)
        self.present_current[:] = np.rint(sensed * 1e3)
        self.present_voltage[:] = np.rint(self.rail_v * 10.0 * self.units.voltage_scale)

    def _protect(self, velocity_rad_s: Array, dt_s: float) -> None:
        """Heat, overload, voltage; a bit of the shutdown mask takes the torque until reboot."""
        heat = RESISTANCE_OHM * self.current_a**2 + STANDBY_POWER_W
        cooling = (self.temperature_c - self.units.ambient_c) / THERMAL_RESISTANCE_K_W
        self.temperature_c += (heat - cooling) * (dt_s / HEAT_CAPACITY_J_K)
        self.present_temperature[:] = self.temperature_c
        stalled = (np.abs(self._pwm) >= OVERLOAD_PWM * FULL_PWM) & (
            np.abs(velocity_rad_s) < OVERLOAD_SPEED_RAD_S
        )
        self._overload_s = np.where(stalled, self._overload_s + dt_s, 0.0)
        outside = self.present_voltage > self.max_voltage_limit
        outside |= self.present_voltage < self.min_voltage_limit
        error = self.hardware_error
        error |= outside * ERROR_INPUT_VOLTAGE
        error |= (self.present_temperature >= self.temperature_limit) * ERROR_OVERHEATING
        error |= (self._overload_s > OVERLOAD_TIME_S) * ERROR_OVERLOAD
        if self.rail_v < SHOCK_V:
            error |= ERROR_SHOCK
        tripped = (error & self.shutdown) != 0
        if tripped.any():
            self.torque_enable[tripped] = 0
