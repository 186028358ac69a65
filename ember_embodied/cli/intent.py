"""``ember intent``: one message to a running robot."""

from __future__ import annotations

from math import radians
from typing import Annotated

import typer

from ember_embodied.cli.options import ConfigFile
from ember_embodied.config import load_config
from ember_embodied.errors import UserError
from firmware_bridge.senses import ModeRequest
from firmware_bridge.wire import WIRE_VERSION, Intent, WireError, send_intent

CONNECT_TIMEOUT_S = 1.0


Yaw = Annotated[
    float | None,
    typer.Option(metavar="DEG", help="Where to look, left positive.", min=-180, max=180),
]
Pitch = Annotated[
    float | None,
    typer.Option(metavar="DEG", help="Where to look, down positive.", min=-90, max=90),
]
Arousal = Annotated[
    float, typer.Option(metavar="0..1", help="0 calm, 1 excited.", min=0.0, max=1.0)
]


def command(
    gaze_yaw: Yaw = None,
    gaze_pitch: Pitch = None,
    arousal: Arousal = 0.0,
    arm: Annotated[bool, typer.Option("--arm", help="Start to move.")] = False,
    rest: Annotated[bool, typer.Option("--rest", help="Go to the rest pose, let go.")] = False,
    clear: Annotated[
        bool, typer.Option("--clear", help="The fault was seen to: LIMP may be left.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Tell a running robot where to look, how excited to be, or to arm, rest or clear.

    The latest message wins and holds for a few seconds.

    Examples:
      ember intent --gaze-yaw 30 --arousal 0.7
      ember intent --rest
    """
    if arm + rest + clear > 1:
        raise UserError("--arm, --rest and --clear exclude each other")
    request = ModeRequest.ARM if arm else ModeRequest.REST if rest else ModeRequest.NONE
    intent = Intent(
        version=WIRE_VERSION,
        gaze_yaw_rad=radians(gaze_yaw or 0.0),
        gaze_pitch_rad=radians(gaze_pitch or 0.0),
        gaze_weight=0.0 if gaze_yaw is None and gaze_pitch is None else 1.0,
        arousal=arousal,
        request=ModeRequest.CLEAR if clear else request,
    )
    try:
        send_intent(load_config(config).wire.intent_endpoint, intent, CONNECT_TIMEOUT_S)
    except WireError as error:
        raise UserError(str(error)) from error
