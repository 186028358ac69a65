"""Messages to and from other processes over ZeroMQ: state out, intents in, never in the way.

State goes out on a PUB socket, one msgpack map a tick, in the field names of ``WireState``; a
subscriber that is slow or gone costs the loop nothing. Intents come in on a PULL socket; the
latest sound one wins, a malformed one is counted and forgotten. Both sockets bind to loopback:
anyone who may reach the intent socket may move the robot, so another interface has to be allowed
by name (``allow_remote``). On a robot with several users ``ipc://`` endpoints in a folder that
only they may enter are the stricter choice.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, replace
from typing import Annotated, Final

import msgspec
import zmq

from firmware_bridge.clock import Clock
from firmware_bridge.command import JointTargets, Mode, MotorCommand
from firmware_bridge.senses import BodySense, Fault, IntentSense, ModeRequest

WIRE_VERSION: Final = 1
"""Schema version in every message; a receiver refuses any other."""

SEND_QUEUE_MESSAGES: Final = 32
"""Ticks that wait for one slow subscriber before the oldest connection starts to lose some."""
INTENT_MAX_BYTES: Final = 1024
INTENTS_PER_POLL: Final = 1000
"""Upper bound of the work in one ``latest``: about a millisecond of messages."""
SPACING_SMOOTHING: Final = 0.2
"""Weight of the newest spacing in the running mean ``interval_ns``."""

_LOOPBACK: Final = re.compile(
    r"(ipc://.+|inproc://.+|tcp://(127(\.\d{1,3}){3}|localhost|\[::1\]):.+)"
)

_UNSOUND: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Everything that msgspec raises on bytes that are not the message: also on text that is no UTF-8,
and on arrays in arrays without end."""


class WireError(Exception):
    """A socket cannot be opened or a peer speaks another version; one line for a person."""


@dataclass(frozen=True, slots=True)
class WireSettings:
    """Where the two sockets are. Raises ``ValueError`` for an open door that nobody asked for."""

    enabled: bool = True
    state_endpoint: str = "tcp://127.0.0.1:7781"
    """PUB: one ``WireState`` a tick."""
    intent_endpoint: str = "tcp://127.0.0.1:7782"
    """PULL: ``Intent`` messages, the latest wins."""
    allow_remote: bool = False
    """True: endpoints may be reachable from other machines, and anyone there may move the robot."""

    def __post_init__(self) -> None:
        """Check that both endpoints are local, or that remote ones are allowed."""
        for name in ("state_endpoint", "intent_endpoint"):
            endpoint = getattr(self, name)
            if "://" not in endpoint:
                raise ValueError(f"{name} is {endpoint!r}; write it like tcp://127.0.0.1:7781")
            if not self.allow_remote and not _LOOPBACK.fullmatch(endpoint):
                raise ValueError(
                    f"{name} {endpoint!r} is not on this machine; "
                    "allow_remote = true lets others in"
                )


@dataclass(frozen=True, slots=True)
class WireState:
    """One tick for others to see. Asked for, sent and measured are three fields.

    ``sense`` holds what was measured, ``requested`` what the network asked for, ``sent`` what the
    body says was written (None: nothing was).
    """

    version: int
    tick: int
    sense: BodySense
    requested: MotorCommand
    sent: JointTargets | None
    mode: Mode
    fault_bits: Fault
    clip_bits: int
    rate_hz: float
    lateness_ns: int
    missed_cycles: int
    dropped_records: int
    body: str
    bundle: str
    log_path: str
    """"" when nothing is recorded."""
    log_error: str
    """Why the log has stopped; "" while it is well."""
    skipped_share: float = 0.0
    """Share of the last 600 ticks in which nothing had changed and the network did not step."""


Fraction = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Intent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a sender wants; the ranges are checked when the message is decoded."""

    version: int
    gaze_yaw_rad: Annotated[float, msgspec.Meta(ge=-3.15, le=3.15)] = 0.0
    gaze_pitch_rad: Annotated[float, msgspec.Meta(ge=-1.58, le=1.58)] = 0.0
    gaze_weight: Fraction = 0.0
    arousal: Fraction = 0.0
    request: ModeRequest = ModeRequest.NONE


def _socket(kind: int, endpoint: str, *, bind: bool, **options: int) -> zmq.Socket[bytes]:
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    for name, value in options.items():
        socket.setsockopt(getattr(zmq, name), value)
    try:
        (socket.bind if bind else socket.connect)(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        hint = "; does another ember run here?" if error.errno == zmq.EADDRINUSE else ""
        raise WireError(f"cannot open {endpoint}: {error.strerror}{hint}") from error
    return socket


class StatePublisher:
    """Sends every tick to whoever listens; never waits and never raises once it is open."""

    def __init__(self, settings: WireSettings) -> None:
        """Bind. Raises ``WireError``."""
        self._socket = _socket(
            zmq.PUB, settings.state_endpoint, bind=True, SNDHWM=SEND_QUEUE_MESSAGES
        )
        # A numpy scalar is a float to Python but not to msgspec.
        self._encoder = msgspec.msgpack.Encoder(enc_hook=float)

    def publish(self, state: WireState) -> None:
        """Send one tick; a subscriber whose queue is full misses it."""
        self._socket.send(self._encoder.encode(state), zmq.NOBLOCK)

    def close(self) -> None:
        """Close the socket; what was not yet sent is lost."""
        self._socket.close()


class StateSubscriber:
    """Follows a running robot: always the newest tick, older ones are skipped."""

    def __init__(self, endpoint: str) -> None:
        """Connect; nothing needs to be there yet. Raises ``WireError`` for a bad endpoint."""
        self._socket = _socket(zmq.SUB, endpoint, bind=False, CONFLATE=1)
        self._socket.setsockopt(zmq.SUBSCRIBE, b"")
        self._decoder = msgspec.msgpack.Decoder(WireState)

    def receive(self, timeout_s: float) -> WireState | None:
        """The newest tick, or None when none came in time. Raises ``WireError``."""
        if not self._socket.poll(int(timeout_s * 1000)):
            return None
        try:
            state = self._decoder.decode(self._socket.recv())
        except _UNSOUND as error:
            raise WireError(f"the robot speaks another version of ember: {error}") from error
        if state.version != WIRE_VERSION:
            raise WireError(f"the robot speaks version {state.version}, this is {WIRE_VERSION}")
        return state

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class IntentReceiver:
    """Holds the latest sound intent; a mode request is handed out once."""

    def __init__(self, settings: WireSettings, clock: Clock) -> None:
        """Bind. Raises ``WireError``."""
        self._clock = clock
        self._socket = _socket(
            zmq.PULL,
            settings.intent_endpoint,
            bind=True,
            RCVHWM=INTENTS_PER_POLL,
            MAXMSGSIZE=INTENT_MAX_BYTES,
        )
        self._decoder = msgspec.msgpack.Decoder(Intent)
        self._latest: IntentSense | None = None
        self.refused = 0
        """Malformed messages since start."""
        self.last_refusal = ""
        """Why the last one was refused."""

    def latest(self) -> IntentSense | None:
        """Read what has come; the newest sound intent since start, None before the first.

        The request is the newest one that came since the last call, so that a stream of gaze
        targets does not swallow it, and NONE in the calls after. Never blocks, never raises.
        """
        intents = [intent for intent in map(self._decode, self._drain()) if intent is not None]
        if intents:
            self._latest = self._sense(intents)
        elif self._latest is not None and self._latest.request is not ModeRequest.NONE:
            self._latest = replace(self._latest, request=ModeRequest.NONE)
        return self._latest

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _drain(self) -> deque[bytes]:
        messages: deque[bytes] = deque()
        try:
            while len(messages) < INTENTS_PER_POLL:
                messages.append(self._socket.recv(zmq.NOBLOCK))
        except zmq.Again:
            pass
        return messages

    def _decode(self, message: bytes) -> Intent | None:
        try:
            intent = self._decoder.decode(message)
        except _UNSOUND as error:
            self.last_refusal = str(error)
        else:
            if intent.version == WIRE_VERSION:
                return intent
            self.last_refusal = f"version {intent.version}, this is {WIRE_VERSION}"
        self.refused += 1
        return None

    def _sense(self, intents: list[Intent]) -> IntentSense:
        now_ns = self._clock.mono_ns()
        newest = intents[-1]
        requests = [i.request for i in intents if i.request is not ModeRequest.NONE]
        interval_ns = 0
        if self._latest is not None:
            spacing_ns = (now_ns - self._latest.t_mono_ns) // len(intents)
            before_ns = self._latest.interval_ns or spacing_ns
            interval_ns = int(before_ns + SPACING_SMOOTHING * (spacing_ns - before_ns))
        return IntentSense(
            t_mono_ns=now_ns,
            interval_ns=interval_ns,
            valid=True,
            gaze_yaw_rad=newest.gaze_yaw_rad,
            gaze_pitch_rad=newest.gaze_pitch_rad,
            gaze_weight=newest.gaze_weight,
            arousal=newest.arousal,
            request=requests[-1] if requests else ModeRequest.NONE,
        )


def send_intent(endpoint: str, intent: Intent, timeout_s: float) -> None:
    """Send one intent to the robot at ``endpoint``. Raises ``WireError`` when none is there."""
    timeout_ms = int(timeout_s * 1000)
    socket = _socket(zmq.PUSH, endpoint, bind=False, IMMEDIATE=1, SNDTIMEO=timeout_ms)
    try:
        socket.send(msgspec.msgpack.encode(intent))
        socket.close(linger=timeout_ms)
    except zmq.Again as error:
        raise WireError(f"no robot listens at {endpoint}; start one with 'ember run'") from error
    finally:
        socket.close()
