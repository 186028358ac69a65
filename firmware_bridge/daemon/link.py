"""The wires to the vendor's daemon: three WebSockets on one thread of their own.

``/ws/sdk`` pushes joint positions (50 Hz), the IMU and the daemon's status, and takes targets and
the motor mode. ``/api/state/ws/full`` pushes the direction of sound. ``/api/move/ws/raw/write``
hands one Dynamixel packet to the servo bus and gives back whatever bytes came in meanwhile, which
may be late or cut short: it is the only way to currents, temperatures, voltages and errors.

The daemon (1.12.0) keeps Python's lock while it waits for those bytes, and its serial thread needs
that lock to log a retry: then it stands still for good. So packets are few, fewer still after a bad
answer, and the first that never comes back is the last.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from firmware_bridge.clock import Clock
from firmware_bridge.daemon.messages import (
    DaemonSettings,
    Goal,
    ImuMessage,
    JointMessage,
    JointsSample,
    StateMessage,
    StatusMessage,
)
from firmware_bridge.daemon.packets import find_answer, read_packet
from firmware_bridge.daemon.streams import ImuStream, JointStream, Spacing
from firmware_bridge.dynamixel.servo_state import HEALTH, TELEMETRY, ServoState
from firmware_bridge.joints import JOINTS
from firmware_bridge.sensors.doa import DoaSample
from firmware_bridge.sensors.imu import ImuSample
from firmware_bridge.sensors.orientation import Vector

SDK: Final = "/ws/sdk"
SOUND: Final = (
    "/api/state/ws/full?frequency=15&with_doa=true"
    "&with_head_pose=false&with_body_yaw=false&with_antenna_positions=false"
)
RAW: Final = "/api/move/ws/raw/write"
SEND_PERIOD_NS: Final = 20_000_000
"""The daemon writes its targets to the servos as often."""
RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 10.0
"""The daemon logs an exception each time that it is asked for servos and has none to offer."""
OPEN_TIMEOUT_S: Final = 2.0
CLOSE_TIMEOUT_S: Final = 0.2
PING_S: Final = 10.0
"""The daemon's event loop stands still for seconds when its servo bus does not answer."""
ANSWER_S: Final = 3.0
SLOW_ANSWER_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
"""Between servo packets while their answers are slow or missing: asking makes it worse."""
HEALTH_EVERY: Final = 5
"""One packet in so many asks for torque, errors and gains instead of currents."""
JOIN_TIMEOUT_S: Final = 3.0


class DaemonLink:
    """The newest of everything the daemon says. The loop reads attributes, each replaced whole."""

    def __init__(self, settings: DaemonSettings, clock: Clock, imu_rpy_rad: Vector) -> None:
        """``imu_rpy_rad`` turns the IMU's axes into those of the part it is on."""
        self.joints: JointsSample | None = None
        self.imu: tuple[ImuSample, int] | None = None
        """Sample, and spacing in ns; ``sound`` likewise."""
        self.sound: tuple[DoaSample, int] | None = None
        self.status: StatusMessage | None = None
        self.motor_mode = ""
        self.connections = 0
        """How often ``/ws/sdk`` came up."""
        self.servos: tuple[ServoState, ...] = tuple(ServoState(joint) for joint in JOINTS)
        """Registers of each servo; a new reading is a new record."""
        self.health_ns = [0] * len(JOINTS)
        """When each servo last told torque and errors; 0: never."""
        self.asked = self.answered = 0
        """Servo packets sent, and those that brought a whole answer."""
        self.problem: str | None = "the daemon is not connected"
        self.wedged = False
        """A servo packet never came back; since then none is sent."""
        self._settings, self._clock = settings, clock
        self._joint_stream = JointStream()
        self._imu_stream = ImuStream(imu_rpy_rad)
        self._sound_spacing = Spacing()
        self._goal: Goal | None = None
        self._mode_order: str | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._ordered = asyncio.Event()
        self._pushed = msgspec.json.Decoder(JointMessage | ImuMessage | StatusMessage)
        self._state = msgspec.json.Decoder(StateMessage)

    def start(self) -> None:
        """Connect in the background and stay connected."""
        self._stopping, self._ordered = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._serve, args=(self._loop,), name="daemon link", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Hang up. Motors are left as they are."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(JOIN_TIMEOUT_S)
            self._loop = self._thread = None

    def order(self, goal: Goal | None = None, motor_mode: str | None = None) -> None:
        """Set the motors' mode, then move along ``goal`` and no other. Returns at once."""
        if motor_mode is not None:
            self._mode_order = motor_mode
        self._goal = goal
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ordered.set)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        links = [
            asyncio.create_task(self._keep(SDK, self._talk, RETRY_S)),
            asyncio.create_task(self._keep(SOUND, self._listen, RETRY_S)),
        ]
        if self._settings.telemetry_hz > 0.0:
            links.append(asyncio.create_task(self._keep(RAW, self._ask_servos, LAST_RETRY_S)))
        await self._stopping.wait()
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _keep(
        self, path: str, talk: Callable[[ClientConnection], Awaitable[None]], last_retry_s: float
    ) -> None:
        """Keep one WebSocket up and talk over it; rarer and rarer tries while it only fails."""
        where = f"{self._settings.host}:{self._settings.port}"
        retry_s = RETRY_S
        while not (path == RAW and self.wedged):
            answered = self.answered
            try:
                async with connect(
                    f"ws://{where}{path}",
                    compression=None,
                    proxy=None,
                    open_timeout=OPEN_TIMEOUT_S,
                    close_timeout=CLOSE_TIMEOUT_S,
                    ping_interval=PING_S,
                    ping_timeout=PING_S,
                ) as socket:
                    await talk(socket)
            except (OSError, WebSocketException) as error:
                if path == SDK:
                    self.problem = f"no daemon at {where} ({error or type(error).__name__})"
            retry_s = min(2.0 * retry_s, last_retry_s) if self.answered == answered else RETRY_S
            await asyncio.sleep(retry_s)

    async def _talk(self, socket: ClientConnection) -> None:
        self.connections += 1
        self.problem = None
        self._mode_order = self._goal = None
        self._ordered.clear()
        sender = asyncio.create_task(self._send(socket))
        try:
            async for text in socket:
                self._take(text)
        finally:
            sender.cancel()
            self.problem = "the daemon hung up"

    def _take(self, text: str | bytes) -> None:
        now_ns = self._clock.mono_ns()
        try:
            message = self._pushed.decode(text)
        except msgspec.DecodeError:
            return  # One of the daemon's other messages.
        if isinstance(message, JointMessage):
            self.joints = self._joint_stream.take(now_ns, message) or self.joints
        elif isinstance(message, ImuMessage):
            self.imu = self._imu_stream.take(now_ns, message)
        else:
            self.status = message
            if message.backend_status is not None:
                self.motor_mode = message.backend_status.motor_control_mode

    async def _send(self, socket: ClientConnection) -> None:
        """Obey orders until the socket closes; ``_talk`` notices that."""
        with suppress(ConnectionClosed):
            while True:
                await self._ordered.wait()
                self._ordered.clear()
                if self._mode_order is not None:
                    mode, self._mode_order = self._mode_order, None
                    await _say(socket, {"type": "set_motor_mode", "mode": mode})
                if self._goal is not None:
                    await self._stream(socket, self._goal)

    async def _stream(self, socket: ClientConnection, goal: Goal) -> None:
        """Send where the goal is at the end of each period, until it is reached or replaced."""
        while not self._ordered.is_set():
            then_ns = self._clock.mono_ns() + SEND_PERIOD_NS
            joints = goal.at(then_ns)
            await _say(socket, {"type": "set_head_joints", "joints": joints[:7]})
            await _say(socket, {"type": "set_antennas", "antennas": joints[7:]})
            if then_ns >= goal.end_ns:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ordered.wait(), SEND_PERIOD_NS * 1e-9)

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            try:
                message = self._state.decode(text)
            except msgspec.DecodeError:
                continue
            now_ns = self._clock.mono_ns()
            if message.control_mode is not None:
                self.motor_mode = message.control_mode
            if message.doa is not None:
                speech = message.doa.speech_detected
                sample = DoaSample(now_ns, message.doa.angle, speech, float(speech))
                self.sound = (sample, self._sound_spacing.add(now_ns))

    async def _ask_servos(self, socket: ClientConnection) -> None:
        """One servo a packet, in turn: a long answer would come back cut short."""
        loop = asyncio.get_running_loop()
        period_s = pause_s = 1.0 / self._settings.telemetry_hz
        for turn in count():
            if self.wedged:
                return
            index = turn % len(JOINTS)
            begin_s, answered = loop.time(), self.answered
            healthy = turn % HEALTH_EVERY == 0 or self.servos[index].alert
            await self._ask_servo(socket, index, healthy=healthy)
            spent_s = loop.time() - begin_s
            if self.answered > answered and spent_s < SLOW_ANSWER_S:
                pause_s = period_s
            else:
                pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)
            await asyncio.sleep(max(0.0, pause_s - spent_s))

    async def _ask_servo(self, socket: ClientConnection, index: int, *, healthy: bool) -> None:
        address, length = HEALTH if healthy else TELEMETRY
        servo_id = JOINTS[index].servo_id
        await socket.send(read_packet(servo_id, address, length))
        self.asked += 1
        try:
            reply = await asyncio.wait_for(socket.recv(), ANSWER_S)
        except TimeoutError:
            self.wedged = True
            return
        reading = find_answer(reply, servo_id, length) if isinstance(reply, bytes) else None
        if reading is None:
            return
        self.answered += 1
        servo = replace(self.servos[index])
        if healthy:
            servo.take_health(reading, 0)
            self.health_ns[index] = self._clock.mono_ns()
        else:
            servo.take_telemetry(reading, self._clock.mono_ns())
        self.servos = (*self.servos[:index], servo, *self.servos[index + 1 :])


async def _say(socket: ClientConnection, message: dict[str, object]) -> None:
    await socket.send(msgspec.json.encode(message).decode())
