"""Direction of arrival of sound from the XMOS XVF3800, a row of four microphones in the head.

Control transfers: XMOS XVF3800 user guide, "Control Commands", and the host code that ships with
the array. A reply is one status byte, 0 for done and 64 for "ask again", then the values in
little endian.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass
from typing import Any, Final

import usb.core
import usb.util

from firmware_bridge.clock import Clock
from firmware_bridge.senses import DoaSense
from firmware_bridge.sensors.doa import DoaSample, DoaSettings, doa_in_base_frame, energy_share
from firmware_bridge.sensors.reader import PoseHistory, SensorError

USB_IDS: Final = ((0x38FB, 0x1001), (0x2886, 0x001A))
"""Firmware 2.1.3 and newer, and before."""
READ: Final = 0x80
"""Bit of the command byte."""
STATUS_DONE: Final = 0
STATUS_RETRY: Final = 64
RETRY_AFTER_NS: Final = 5_000_000
TIMEOUT_MS: Final = 100
BUDGET_NS: Final = 250_000_000
"""Time that one value may take, retries and time-outs together."""
AUTO_SELECTED_BEAM: Final = 3


@dataclass(frozen=True, slots=True)
class Command:
    """One readable parameter of the array: servicer, number, how many float32."""

    servicer: int
    number: int
    values: int


DOA_VALUE_RADIANS: Final = Command(20, 19, 2)
"""Angle in rad, speech flag."""
AEC_SPENERGY_VALUES: Final = Command(33, 80, 4)
"""Speech energy of two focused beams, the free-running and the auto-selected one."""


class Xvf3800:
    """The array as a ``Device``: two control transfers a sample, each in bounded time."""

    name = "DOA"

    def __init__(
        self, settings: DoaSettings, clock: Clock, history: PoseHistory, backend: Any = None
    ) -> None:
        """``backend`` is a ``usb.backend.IBackend``; None takes the machine's libusb."""
        self.period_ns = round(1e9 / settings.rate_hz)
        self._settings = settings
        self._clock = clock
        self._history = history
        self._backend = backend
        self._array: Any = None

    def open(self) -> None:
        """Find the array under either USB id."""
        try:
            for vendor, product in USB_IDS:
                self._array = usb.core.find(
                    idVendor=vendor, idProduct=product, backend=self._backend
                )
                if self._array is not None:
                    return
        except usb.core.NoBackendError as error:
            raise SensorError("libusb is missing; install libusb-1.0-0") from error
        except usb.core.USBError as error:
            raise SensorError(f"USB cannot be searched ({error.strerror})") from error
        raise SensorError("no microphone array on USB (38fb:1001 or 2886:001a); plug it in")

    def sample(self) -> DoaSample:
        """Angle, speech flag and energy. Raises ``SensorError``."""
        before_ns = self._clock.mono_ns()
        direction = self._read(DOA_VALUE_RADIANS)
        if direction is None:
            raise SensorError("the array does not know DOA_VALUE_RADIANS; update its firmware")
        t_ns = (before_ns + self._clock.mono_ns()) // 2
        angle_rad, speech = direction[0], direction[1] != 0.0
        energies = self._read(AEC_SPENERGY_VALUES)
        if energies is None:
            energy = float(speech)
        else:
            energy = energy_share(energies[AUTO_SELECTED_BEAM], self._settings.half_energy)
        return DoaSample(t_ns, angle_rad, speech, energy)

    def close(self) -> None:
        """Let go of the array."""
        if self._array is not None:
            usb.util.dispose_resources(self._array)
            self._array = None

    def sense(self, sample: DoaSample, interval_ns: int) -> DoaSense:
        """The sample in the base frame, by the head's yaw at the moment of capture."""
        return doa_in_base_frame(sample, self._history.at(sample.t_mono_ns), interval_ns)

    def _read(self, command: Command) -> tuple[float, ...] | None:
        """The values of ``command``; None when this firmware does not have it."""
        layout = struct.Struct(f"<B{command.values}f")
        deadline_ns = self._clock.mono_ns() + BUDGET_NS
        while self._clock.mono_ns() < deadline_ns:
            reply = self._transfer(command, layout.size)
            if reply is not None:
                if len(reply) != layout.size:
                    raise SensorError(f"{len(reply)} of {layout.size} bytes came; replug the array")
                status, *values = layout.unpack(reply)
                if status == STATUS_DONE:
                    return tuple(values)
                if status != STATUS_RETRY:
                    return None
            self._clock.sleep_until_ns(self._clock.mono_ns() + RETRY_AFTER_NS)
        raise SensorError(f"no answer in {BUDGET_NS // 1_000_000} ms; replug the array")

    def _transfer(self, command: Command, length: int) -> bytes | None:
        """One control transfer; None on a time-out, which is asked again."""
        try:
            reply = self._array.ctrl_transfer(
                usb.util.CTRL_IN | usb.util.CTRL_TYPE_VENDOR | usb.util.CTRL_RECIPIENT_DEVICE,
                0,
                READ | command.number,
                command.servicer,
                length,
                TIMEOUT_MS,
            )
        except usb.core.USBTimeoutError:
            return None
        except usb.core.USBError as error:
            if error.errno == errno.EACCES:
                raise SensorError(
                    "no permission for the microphone array; install tools/service/99-ember.rules"
                ) from error
            raise SensorError(f"the array is gone ({error.strerror}); check its cable") from error
        return bytes(reply)
