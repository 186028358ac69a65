"""``ember doctor``: every check of body and host, what was found, how to mend it; no motion."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Final

import typer

from ember_embodied.bodies import BodyRequest, embody
from ember_embodied.cli.options import AsJson, ConfigFile, print_json
from ember_embodied.config import Config, ConfigError, load_config
from ember_embodied.host import host_checks
from firmware_bridge.body import BodyError, Check
from firmware_bridge.clock import SystemClock

EXIT_UNFIT: Final = 1


class BodyName(Enum):
    """The bodies that can be looked at."""

    SIM = "sim"
    SERVOS = "servos"
    DAEMON = "daemon"


def command(
    body: Annotated[BodyName, typer.Option(help="The body to look at.")] = BodyName.SIM,
    config: ConfigFile = None,
    bundle: Annotated[str, typer.Option(help="The network: a bundle's name or folder.")] = "live",
    as_json: AsJson = False,
) -> None:
    """Check body and host, and say how to mend what is wrong. Nothing moves.

    Exit code 1 when a required check fails: the robot would not arm.

    Examples:
      ember doctor --body servos
      ember doctor --body sim --json
    """
    checks = examine(body, config, bundle)
    fit = all(check.passed for check in checks if check.required)
    if as_json:
        print_json({"fit": fit, "checks": checks})
    else:
        print("\n".join(map(check_line, checks)))
    if not fit:
        raise typer.Exit(EXIT_UNFIT)


def examine(body: BodyName, config: ConfigFile, bundle: str) -> tuple[Check, ...]:
    """Every check; a configuration that cannot be used is one, and the defaults stand in."""
    try:
        settings, found = load_config(config), "sound" if config else "defaults"
        configured = Check("configuration", passed=True, found=found, remedy="")
    except ConfigError as error:
        settings = Config()
        remedy = "ember config example prints every key"
        configured = Check("configuration", passed=False, found=str(error), remedy=remedy)
    host = host_checks(settings, bundle, SystemClock())
    return (configured, *host, *body_checks(body, settings))


def body_checks(name: BodyName, settings: Config) -> tuple[Check, ...]:
    """Open the body, ask for its checks, let go of it."""
    body = embody(name.value, settings, BodyRequest()).body
    try:
        body.open()
    except BodyError as error:
        found, _, remedy = str(error).partition("; ")
        return (Check("body", passed=False, found=found, remedy=remedy or "see what it says"),)
    try:
        return body.checks()
    finally:
        body.close()


def check_line(check: Check) -> str:
    """One check in one line, with the remedy when there is something to mend."""
    verdict = "ok" if check.passed else "FAIL" if check.required else "warn"
    remedy = "" if check.passed else f"\n{'':27}-> {check.remedy}"
    return f"{verdict:<5} {check.name:<20} {check.found}{remedy}"
