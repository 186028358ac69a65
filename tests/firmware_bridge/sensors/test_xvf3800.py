"""The DOA driver through pyusb itself, against an array that answers at the backend's level."""

from __future__ import annotations

import errno
import math
import re
import struct
from array import array
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import usb.backend
import usb.core
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.clock import VirtualClock
from firmware_bridge.senses import DoaSense, HeadSense
from firmware_bridge.sensors.doa import DoaSample, DoaSettings, doa_in_base_frame, energy_share
from firmware_bridge.sensors.reader import (
    REOPEN_AFTER_NS,
    HeadPose,
    PoseHistory,
    SensorThread,
    wrap_angle,
)
from firmware_bridge.sensors.xvf3800 import USB_IDS, Xvf3800

RULES = Path(__file__).parents[3] / "tools" / "service" / "99-ember.rules"


class Array(usb.backend.IBackend):
    """An XVF3800 on the bus: its descriptor, its vendor requests, its moods."""

    def __init__(self, clock: VirtualClock, ids: tuple[int, int] = USB_IDS[0]) -> None:
        self.clock, self.ids = clock, ids
        self.plugged = True
        self.permitted = True
        self.busy = 0
        self.silent = 0
        self.handles = 0
        self.angle_rad, self.speech, self.energy = math.pi / 2, 0.0, 0.0

    def enumerate_devices(self) -> list[int]:
        return [1, 2] if self.plugged else [1]

    def get_device_descriptor(self, dev: int) -> SimpleNamespace:
        vendor, product = self.ids if dev == 2 else (0x1D6B, 0x0002)
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0200,
            bDeviceClass=239,
            bDeviceSubClass=2,
            bDeviceProtocol=1,
            bMaxPacketSize0=64,
            idVendor=vendor,
            idProduct=product,
            bcdDevice=0x0213,
            iManufacturer=1,
            iProduct=2,
            iSerialNumber=3,
            bNumConfigurations=1,
            address=dev,
            bus=1,
            port_number=1,
            port_numbers=(1,),
            speed=3,
        )

    def open_device(self, dev: int) -> int:
        if not self.permitted:
            raise usb.core.USBError("Access denied", -3, errno.EACCES)
        self.handles += 1
        return dev

    def close_device(self, dev_handle: int) -> None:
        self.handles -= 1

    def ctrl_transfer(
        self,
        dev_handle: int,
        request_type: int,
        request: int,
        value: int,
        index: int,
        data: array[int],
        timeout: int,
    ) -> int:
        if not self.plugged:
            raise usb.core.USBError("No such device (it may have been disconnected)", -4, 19)
        self.clock.sleep_until_ns(self.clock.mono_ns() + 1_000_000)
        if self.silent:
            self.silent -= 1
            self.clock.sleep_until_ns(self.clock.mono_ns() + timeout * 1_000_000)
            raise usb.core.USBTimeoutError("Operation timed out", -7, 110)
        assert (request_type, request, value & 0x80) == (0xC0, 0, 0x80)
        body = self._answer(index, value & 0x7F, len(data) - 1)
        data[: len(body)] = array("B", body)
        return len(body)

    def _answer(self, servicer: int, command: int, length: int) -> bytes:
        values: tuple[float, ...]
        if (servicer, command) == (20, 19):
            values = (self.angle_rad, self.speech)
        elif (servicer, command) == (33, 80):
            values = (0.1, 0.2, 0.3, self.energy)
        else:
            return bytes([3]) + bytes(length)
        if self.busy:
            self.busy -= 1
            return bytes([64]) + bytes(length)
        return struct.pack(f"<B{len(values)}f", 0, *values)


class Desk:
    def __init__(self, ids: tuple[int, int] = USB_IDS[0]) -> None:
        self.clock = VirtualClock(mono_ns=10**9)
        self.array = Array(self.clock, ids)
        self.history = PoseHistory()
        device = Xvf3800(DoaSettings(), self.clock, self.history, self.array)
        self.reader: SensorThread[DoaSample, DoaSense] = SensorThread(device, self.clock)

    def run(self, seconds: float) -> DoaSense | None:
        end_ns = self.clock.mono_ns() + round(seconds * 1e9)
        while self.clock.mono_ns() < end_ns:
            head = HeadSense(0.4, 0.1, 0.0, 0.0)
            self.history.record(self.clock.mono_ns(), head)
            self.reader.poll()
            self.clock.sleep_until_ns(self.clock.mono_ns() + 48_000_000)
        return self.reader.latest(self.clock.mono_ns())


@pytest.mark.parametrize("ids", USB_IDS)
def test_turns_the_angle_into_the_base_frame(ids: tuple[int, int]) -> None:
    desk = Desk(ids)
    desk.array.angle_rad, desk.array.speech, desk.array.energy = 0.3, 1.0, 2e6
    sense = desk.run(1.0)
    assert sense is not None
    assert sense.valid
    assert sense.speech
    assert sense.azimuth_rad == pytest.approx(0.4 + math.pi / 2 - 0.3, abs=1e-6)
    assert sense.mirror_rad == pytest.approx(wrap_angle(0.4 + math.pi / 2 + 0.3), abs=1e-6)
    assert sense.energy == pytest.approx(2 / 3)
    assert sense.interval_ns == pytest.approx(50e6, rel=0.05)
    desk.reader.stop()


def test_asks_again_while_the_array_is_busy_but_not_for_ever() -> None:
    desk = Desk()
    desk.array.busy = 7
    assert desk.run(0.1) is not None
    assert desk.reader.problem() is None
    desk.array.busy = 10**6
    start_ns = desk.clock.mono_ns()
    desk.reader.poll()
    assert desk.clock.mono_ns() - start_ns < 300_000_000
    assert "no answer in 250 ms" in str(desk.reader.problem())


def test_a_lost_transfer_costs_a_tenth_of_a_second_not_a_hundred() -> None:
    desk = Desk()
    desk.run(0.2)
    desk.array.silent = 1
    start_ns = desk.clock.mono_ns()
    desk.reader.poll()
    assert desk.clock.mono_ns() - start_ns < 120_000_000
    assert desk.reader.problem() is None


def test_comes_back_after_the_cable_did() -> None:
    desk = Desk()
    before = desk.run(0.5)
    desk.array.plugged = False
    lost = desk.run(0.5)
    assert "cable" in str(desk.reader.problem())
    assert before is not None
    assert lost is not None
    assert lost.t_mono_ns <= desk.clock.mono_ns() - 400_000_000, "the old sample, with its old time"
    assert desk.array.handles == 0
    desk.run(1.0)
    assert "38fb:1001" in str(desk.reader.problem())
    desk.array.plugged = True
    desk.run(REOPEN_AFTER_NS * 1e-9 + 0.1)
    assert desk.reader.problem() is None
    assert desk.array.handles == 1


def test_names_the_rule_that_gives_permission() -> None:
    desk = Desk()
    desk.array.permitted = False
    desk.run(0.1)
    assert "99-ember.rules" in str(desk.reader.problem())


@pytest.mark.parametrize("angle", [math.nan, math.inf, 2.0 * math.pi, -0.5])
def test_an_angle_that_cannot_be_is_not_valid(angle: float) -> None:
    desk = Desk()
    desk.array.angle_rad = angle
    sense = desk.run(0.1)
    assert sense is not None
    assert not sense.valid
    assert math.isfinite(sense.azimuth_rad + sense.mirror_rad)


@settings(deadline=None)
@given(st.floats(0.0, math.pi), st.floats(-math.pi, math.pi))
def test_both_hypotheses_make_the_same_angle_with_the_row(angle: float, head_yaw: float) -> None:
    """The row points to the head's left; a wave from either side meets it at the same angle."""
    pose = HeadPose(head_yaw, 0.0, 0.0, 0.0, known=True)
    sense = doa_in_base_frame(DoaSample(0, angle, True, 0.5), pose, 0)
    for azimuth in (sense.azimuth_rad, sense.mirror_rad):
        assert -math.pi < azimuth <= math.pi
        assert math.cos(azimuth - (head_yaw + math.pi / 2)) == pytest.approx(math.cos(angle))
    assert math.cos(sense.azimuth_rad - head_yaw) >= -1e-9, "the first is in front"


@settings(deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True))
def test_energy_is_a_share(raw: float) -> None:
    assert 0.0 <= energy_share(raw, 1e6) <= 1.0


def test_udev_rules_name_every_id_in_lower_case() -> None:
    text = RULES.read_text()
    found = re.findall(r'idVendor\}=="(\w+)", ATTR\{idProduct\}=="(\w+)"', text)
    assert found == [(f"{vendor:04x}", f"{product:04x}") for vendor, product in USB_IDS]


def test_without_libusb_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_backend(**_: Any) -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(usb.core, "find", no_backend)
    desk = Desk()
    desk.reader.poll()
    assert "libusb-1.0-0" in str(desk.reader.problem())
