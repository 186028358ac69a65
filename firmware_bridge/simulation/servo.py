"""Nine servos in register units: firmware, electronics and heat, between goals and torque.

Registers, gains and units are those of the ROBOTIS e-manual (XL330 and XC330, Protocol 2.0). The
electronics are two equations: V = duty * rail and I = (V - ke w) / R. Where the manual is silent
the docstring of the constant says what is assumed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.simulation.motor import (
    BACK_EMF_V_S,
    FRICTION_BASE_N_M,
    HEAT_CAPACITY_J_K,
    LOOSE_FRICTION_N_M,
    RESISTANCE_OHM,
    STANDBY_CURRENT_A,
    STANDBY_POWER_W,
    TABLE_VOLTAGE_V,
    THERMAL_RESISTANCE_K_W,
    TORQUE_CONSTANT_N_M_A,
    ServoUnits,
    dry_friction,
)
from firmware_bridge.simulation.profile import VELOCITY_UNIT_PULSES_S, Profile
from firmware_bridge.simulation.servo_registers import (
    CURRENT_MODE,
    CURRENT_POSITION_MODE,
    ERROR_INPUT_VOLTAGE,
    ERROR_OVERHEATING,
    ERROR_OVERLOAD,
    ERROR_SHOCK,
    FULL_PWM,
    HALF_TURN,
    POSITION_MODE,
    PULSES_PER_RAD,
    PWM_MODE,
    REVERSE_DIRECTION,
    SERVO_COUNT,
    SHIPPED_HOMING,
    TIME_BASED_PROFILE,
    VELOCITY_MODE,
    VELOCITY_UNIT_RAD_S,
    ServoRegisters,
)

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

PWM_SLOPE_UNIT_V_MS: Final = 1.977e-3
P_GAIN_DIVISOR: Final = 128.0
I_GAIN_DIVISOR: Final = 65536.0
D_GAIN_DIVISOR: Final = 16.0
FEEDFORWARD_DIVISOR: Final = 4.0
"""Feed-forwards act on pulses per ms and pulses per ms^2 (the manual names no unit)."""
VELOCITY_P_GAIN: Final = 180
VELOCITY_I_GAIN: Final = 1600
MOVING_THRESHOLD: Final = 10

FREE_SPEED_RAD_S_V: Final = 1.0 / BACK_EMF_V_S
IDLE_CURRENT_A: Final = SERVO_COUNT * STANDBY_CURRENT_A

SUPPLY_V: Final = 7.2
OVERLOAD_CURRENT_A: Final = 0.9 * TABLE_VOLTAGE_V / RESISTANCE_OHM
OVERLOAD_TIME_S: Final = 2.0
"""Overload: nearly the stall current of the maker's table at 5 V, for this long, with the shaft
still. The manual only says that a load beyond the maximum output persists; these are estimates."""
OVERLOAD_SPEED_RAD_S: Final = 0.2
PROTECTION_PERIOD_S: Final = 0.05
"""How often a servo looks at its own heat, load and supply."""
SHOCK_V: Final = 3.0
"""Under this rail voltage the servo's own supply fails (register bit 0x10)."""


class ServoBank(ServoRegisters):
    """The nine servos' control tables and what runs on them. Arrays are in joint order.

    Anyone may write the writable arrays between steps; the bank reads them at the next step and
    refuses nothing (range and access rules belong to the bus). A goal that changes starts a
    profile; the same goal written again changes nothing. ``begin``, any number of ``advance``,
    ``publish`` make one step; registers are taken over by the first and written by the last.
    """

    def __init__(self, units: ServoUnits, supply_v: float = SUPPLY_V) -> None:
        super().__init__()
        self.units = units
        self.supply_v = supply_v
        self.silent: Bools = np.zeros(SERVO_COUNT, dtype=np.bool_)
        """Servos that answer nobody (a broken cable): for the bus or body to honour."""
        self.unpowered: Bools = np.zeros(SERVO_COUNT, dtype=np.bool_)
        """Servos whose motor gets no current, while firmware and registers go on as if it did."""
        self.torque_constant_n_m_a: Array = TORQUE_CONSTANT_N_M_A * units.torque_scale
        self.friction_base_n_m: Array = FRICTION_BASE_N_M * units.friction_scale
        self.temperature_c: Array = units.ambient_c + STANDBY_POWER_W * THERMAL_RESISTANCE_K_W
        self.current_a: Array = np.zeros(SERVO_COUNT)
        self.rail_v = supply_v
        self.energy_j = 0.0
        """What the nine motors drew from the rail so far (V I), less what they gave back braking;
        the standby current of the electronics is not in it."""
        self.drive_torque_n_m: Array = np.zeros(SERVO_COUNT)
        """Torque of the voltage alone, the back-EMF left out (the plant takes that implicitly)."""
        self.damping_n_m_s: Array = np.zeros(SERVO_COUNT)
        """Back-EMF braking kt ke / R where the gears are in contact."""
        self.friction_n_m: Array = self.friction_base_n_m.copy()
        self._position: Array = np.full(SERVO_COUNT, float(HALF_TURN))
        self._velocity_rad_s: Array = np.zeros(SERVO_COUNT)
        self._pwm: Array = np.zeros(SERVO_COUNT)
        self._integral: Array = np.zeros(SERVO_COUNT)
        self._gap: Array = np.zeros(SERVO_COUNT)
        self._half_gap: Array = 0.5 * units.backlash_rad
        self._far_gap: Array = -self._half_gap
        self._per_gap: Array = 1.0 / self._half_gap
        self._loose_n_m: Array = LOOSE_FRICTION_N_M * units.friction_scale
        self._overload_s: Array = np.zeros(SERVO_COUNT)
        self._since_check_s = 0.0
        self._profile = Profile(self._position)
        self._followed_goal = self.goal_position.copy()
        self._was_following: Bools = np.zeros(SERVO_COUNT, dtype=np.bool_)
        self.begin()

    def reboot(self, index: int) -> None:
        """Restart one servo: torque off, errors cleared, RAM at its initial values."""
        self.forget(index)
        self._overload_s[index] = 0.0
        self._integral[index] = 0.0

    def place(self, position_rad: Array) -> None:
        """Power up at these joint angles: the encoders read them and the goals stand there."""
        self.begin()
        self._position = np.rint(position_rad * self._scale + self._zero)
        self._profile.hold(np.ones(SERVO_COUNT, dtype=np.bool_), self._position)
        self.publish()
        self.goal_position[:] = self.present_position
        self._followed_goal[:] = self.goal_position

    def begin(self) -> None:
        """Take the registers over into the firmwares: once before a run of substeps."""
        self.torque_enable[(self.hardware_error & self.shutdown) != 0] = 0
        self._enabled = self.torque_enable != 0
        reverse = (self.drive_mode & REVERSE_DIRECTION) != 0
        sign = np.where(reverse, -1.0, 1.0)
        self._sign: Array | None = sign if reverse.any() else None
        self._conductance_s: Array = (self._enabled & ~self.unpowered) / RESISTANCE_OHM
        self._torque_per_volt: Array = self.torque_constant_n_m_a * self._conductance_s
        self._scale: Array = sign * PULSES_PER_RAD
        self._zero: Array = (
            sign * self.units.offset_pulses + HALF_TURN + self.homing_offset - SHIPPED_HOMING
        )
        self._limit: Array = (
            np.minimum(self.pwm_limit, np.abs(self.goal_pwm)) * self._enabled
        ).astype(np.float64)
        self._lower: Array = -self._limit
        self._p_gain: Array = self.position_p_gain / P_GAIN_DIVISOR
        self._i_gain: Array = self.position_i_gain / I_GAIN_DIVISOR
        self._d_gain: Array = self.position_d_gain / D_GAIN_DIVISOR
        volts_per_unit = PWM_SLOPE_UNIT_V_MS * 1e3
        self._slope_counts_s: Array = self.pwm_slope / (self.supply_v / (FULL_PWM * volts_per_unit))
        feedforward = self.feedforward_1st.any() or self.feedforward_2nd.any()
        self._plain = not (
            feedforward
            or self.position_i_gain.any()
            or self.position_d_gain.any()
            or (self.operating_mode != POSITION_MODE).any()
        )
        self._follow()

    def _follow(self) -> None:
        """Start the profiles of new goals; without torque the trajectory is where the shaft is."""
        following = self._enabled & (self.bus_watchdog_tripped == 0)
        if not following.all():
            self._profile.hold(~following, self._position)
            self._integral[~self._enabled] = 0.0
        new = following & ((self.goal_position != self._followed_goal) | ~self._was_following)
        if new.any():
            self._profile.retarget(
                new,
                self.goal_position,
                self.profile_velocity,
                self.profile_acceleration,
                (self.drive_mode & TIME_BASED_PROFILE) != 0,
            )
            self._followed_goal[new] = self.goal_position[new]
        self._was_following = following

    def advance(self, position_rad: Array, velocity_rad_s: Array, dt_s: float) -> None:
        """Run the nine firmwares for ``dt_s`` on the true joint angles and speeds (each [9]).

        Leaves ``drive_torque_n_m``, ``damping_n_m_s`` and ``friction_n_m`` for the plant.
        """
        self._velocity_rad_s = velocity_rad_s
        position = position_rad * self._scale
        position += self._zero
        np.rint(position, out=position)
        self._profile.advance(dt_s)
        pwm = self._profile.position - position
        pwm *= self._p_gain
        if not self._plain:
            pwm = self._full_law(pwm, position, velocity_rad_s, dt_s * 1e3)
        self._position = position
        slew = self._slope_counts_s * dt_s
        np.maximum(pwm, self._pwm - slew, out=pwm)
        np.minimum(pwm, self._pwm + slew, out=pwm)
        np.maximum(pwm, self._lower, out=pwm)
        self._pwm = np.minimum(pwm, self._limit, out=pwm)
        self._drive(velocity_rad_s, dt_s)
        self._since_check_s += dt_s
        if self._since_check_s >= PROTECTION_PERIOD_S:
            self._protect(self._since_check_s)
            self._since_check_s = 0.0

    def _full_law(self, pwm: Array, position: Array, speed_rad_s: Array, dt_ms: float) -> Array:
        """The whole control law: integral, derivative, feed-forwards and the other modes."""
        error = self._profile.position - position
        self._integral += error * self._i_gain * dt_ms
        np.clip(self._integral, -self._limit, self._limit, out=self._integral)
        pwm = pwm + self._integral - (position - self._position) * self._d_gain / dt_ms
        pwm += self._profile.velocity * self.feedforward_1st * (1e-3 / FEEDFORWARD_DIVISOR)
        pwm += self._profile.acceleration * self.feedforward_2nd * (1e-6 / FEEDFORWARD_DIVISOR)
        mode = self.operating_mode
        if (mode == POSITION_MODE).all():
            return pwm
        speed = speed_rad_s if self._sign is None else speed_rad_s * self._sign
        counts_per_volt = FULL_PWM / self.rail_v
        back_emf = BACK_EMF_V_S * speed
        current = np.minimum(np.abs(self.goal_current), self.current_limit) * 1e-3
        push = current * RESISTANCE_OHM
        driven = (np.sign(self.goal_current) * push + back_emf) * counts_per_volt
        held = np.clip(
            pwm, (back_emf - push) * counts_per_volt, (back_emf + push) * counts_per_volt
        )
        goal = np.clip(self.goal_velocity, -self.velocity_limit, self.velocity_limit)
        slip = np.where(self.bus_watchdog_tripped != 0, 0, goal) - speed / VELOCITY_UNIT_RAD_S
        turning = mode == VELOCITY_MODE
        self._integral += np.where(turning, slip * (VELOCITY_I_GAIN * dt_ms / I_GAIN_DIVISOR), 0.0)
        turned = slip * (VELOCITY_P_GAIN / P_GAIN_DIVISOR) + self._integral
        return np.select(
            [mode == CURRENT_MODE, turning, mode == CURRENT_POSITION_MODE, mode == PWM_MODE],
            [driven, turned, held, self.goal_pwm.astype(np.float64)],
            pwm,
        )

    def _drive(self, velocity_rad_s: Array, dt_s: float) -> None:
        """Voltage, current, gear play and friction, in the joint's direction."""
        voltage = self._pwm * (self.rail_v / FULL_PWM)
        if self._sign is not None:
            voltage *= self._sign
        current = voltage - BACK_EMF_V_S * velocity_rad_s
        current *= self._conductance_s
        torque = self.torque_constant_n_m_a * current
        # Inside the play the rotor runs free at its no-load speed and drives nothing.
        gap = voltage * FREE_SPEED_RAD_S_V
        gap -= velocity_rad_s
        gap *= dt_s
        gap += self._gap
        engaged = np.copysign(gap, gap * torque) >= self._half_gap
        np.maximum(gap, self._far_gap, out=gap)
        self._gap = np.minimum(gap, self._half_gap, out=gap)
        gain = self._torque_per_volt * engaged
        self.drive_torque_n_m = gain * voltage
        self.damping_n_m_s = gain * BACK_EMF_V_S
        # Towards the middle of the play fewer of the gears turn with the shaft.
        friction = dry_friction(torque, velocity_rad_s, self.friction_base_n_m)
        friction -= self._loose_n_m
        friction *= np.abs(gap) * self._per_gap
        friction += self._loose_n_m
        self.friction_n_m = friction
        self.current_a = current
        power_w = float(voltage @ current)
        self.energy_j += power_w * dt_s
        drawn_a = power_w / self.rail_v
        self.rail_v = self.supply_v - self.units.supply_ohm * (drawn_a + IDLE_CURRENT_A)

    def _protect(self, dt_s: float) -> None:
        """Heat, overload, voltage; a bit of the shutdown mask takes the torque until reboot."""
        heat_w = RESISTANCE_OHM * self.current_a**2 + STANDBY_POWER_W
        cooling_w = (self.temperature_c - self.units.ambient_c) / THERMAL_RESISTANCE_K_W
        self.temperature_c += (heat_w - cooling_w) * (dt_s / HEAT_CAPACITY_J_K)
        stalled = (np.abs(self.current_a) >= OVERLOAD_CURRENT_A) & (
            np.abs(self._velocity_rad_s) < OVERLOAD_SPEED_RAD_S
        )
        self._overload_s = np.where(stalled, self._overload_s + dt_s, 0.0)
        sensed = self.rail_v * 10.0 * self.units.voltage_scale
        outside = (sensed > self.max_voltage_limit) | (sensed < self.min_voltage_limit)
        error = self.hardware_error
        error |= outside * ERROR_INPUT_VOLTAGE
        error |= (self.temperature_c >= self.temperature_limit) * ERROR_OVERHEATING
        error |= (self._overload_s > OVERLOAD_TIME_S) * ERROR_OVERLOAD
        if self.rail_v < SHOCK_V:
            error |= ERROR_SHOCK
        if (((error & self.shutdown) != 0) & self._enabled).any():
            self.begin()

    def publish(self) -> None:
        """Write the readable registers: once after a run of substeps."""
        sign = 1.0 if self._sign is None else self._sign
        self.present_position[:] = self._position
        self.present_velocity[:] = np.rint(self._velocity_rad_s * sign / VELOCITY_UNIT_RAD_S)
        self.moving[:] = np.abs(self.present_velocity) > MOVING_THRESHOLD
        self.present_pwm[:] = np.rint(self._pwm)
        self.present_current[:] = np.rint(self.current_a * sign * 1e3)
        self.present_voltage[:] = np.rint(self.rail_v * 10.0 * self.units.voltage_scale)
        self.present_temperature[:] = self.temperature_c
        self.position_trajectory[:] = np.rint(self._profile.position)
        self.velocity_trajectory[:] = np.rint(self._profile.velocity / VELOCITY_UNIT_PULSES_S)
