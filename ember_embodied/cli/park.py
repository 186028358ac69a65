"""``ember park``: the robot slowly to its rest pose, torque off; what the service ends with."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from ember_embodied.cli.options import AsJson, ConfigFile, print_json
from ember_embodied.config import load_config
from firmware_bridge.body import BodyError
from firmware_bridge.clock import SystemClock
from firmware_bridge.dynamixel.bus import ServoBus
from firmware_bridge.dynamixel.parking import park
from firmware_bridge.dynamixel.port import PortError
from firmware_bridge.joints import JOINTS


def command(
    port: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Servo port; default: the configuration's.")
    ] = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Move slowly to the rest pose, then let go: each servo as well as it can.

    A servo in overload, or one that is silent, does not keep the others from parking.

    Examples:
      ember park
      ember park --port /tmp/servos
    """
    settings = load_config(config).servos
    settings = replace(settings, port=port) if port else settings
    clock = SystemClock()
    ids = [joint.servo_id for joint in JOINTS]
    bus = ServoBus(settings.port, ids, settings.baud_rate, settings.answer_slack_ns, clock)
    try:
        bus.port.open()
    except PortError as error:
        raise BodyError(str(error)) from error
    parked = park(bus, clock, settings)
    bus.port.close()
    if json:
        print_json(parked)
        return
    print(f"moved to rest: {', '.join(parked.moved) or 'none, none was holding'}")
    print(f"torque off: {', '.join(parked.released) or 'none answered'}")
    if parked.silent:
        print(f"no answer: {', '.join(parked.silent)}")
