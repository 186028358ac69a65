"""The ``ember`` command: one table of verbs, loaded only when asked for, and one process edge.

A verb's module is imported when the verb is used, so that ``ember --help`` is instant and
``ember run`` pays for nothing that it does not use. To add a verb is one file and one line here.
"""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from ember_embodied import __version__
from ember_embodied.errors import UserError

EXIT_FAILED: Final = 1
EXIT_MISUSED: Final = 2


@dataclass(frozen=True, slots=True)
class Verb:
    """One line of the table: ``target`` is ``module:attribute`` under ``ember_embodied.cli``.

    The attribute is a function with typer's annotations, or a ``typer.Typer`` for a verb that
    has verbs of its own.
    """

    name: str
    target: str
    section: str
    help: str


DOORS: Final = "The doors"
BODY: Final = "The body"
SERVICE: Final = "The service on a robot"
MEMORY: Final = "Log and model"

VERBS: Final[tuple[Verb, ...]] = (
    Verb("run", "run:command", DOORS, "Run the robot: sense, think, move, record every tick."),
    Verb("replay", "replay:command", DOORS, "Play a log through the model or the simulator."),
    Verb("export", "export:command", DOORS, "Turn logs into datasets that other tools load."),
    Verb("doctor", "doctor:command", BODY, "Check body and host without motion; say how to mend."),
    Verb("park", "park:command", BODY, "Move slowly to the rest pose, then let go."),
    Verb("bus", "bus:command", BODY, "Nine virtual servos on a pty, in a process of their own."),
    Verb("status", "status:command", SERVICE, "What a running robot does: asked, sent, measured."),
    Verb("intent", "intent:command", SERVICE, "Tell a running robot where to look, or to rest."),
    Verb("service", "service:app", SERVICE, "Install, remove or look at the systemd service."),
    Verb("config", "config:app", SERVICE, "Print the effective or a commented configuration."),
    Verb("diary", "diary:command", MEMORY, "A day in words, each sentence with its proof."),
    Verb("sleep", "sleep:app", MEMORY, "Sleep on the day: label, keep, remember, tell; undo."),
    Verb("report", "report:command", MEMORY, "A day as one page: what happened, what was kept."),
    Verb("recall", "recall:command", MEMORY, "Find memories by a word or by how the body felt."),
    Verb("memory", "memory:app", MEMORY, "Look into the memories; add, forget, check, undo."),
    Verb("forget", "forget:command", MEMORY, "Erase a person or a time from all that is kept."),
    Verb("log", "log:app", MEMORY, "Look into, verify, mend or follow a log."),
    Verb("dataset", "dataset:app", MEMORY, "Check a dataset for training."),
    Verb(
        "train", "train:command", MEMORY, "Make a bundle again: teacher, rollouts, cloning, card."
    ),
    Verb("model", "model:app", MEMORY, "Look into bundles, check and measure them."),
    Verb("ablate", "ablate:command", MEMORY, "Measure what each part of the network is worth."),
    Verb(
        "cerebellum", "cerebellum:app", MEMORY, "What it has learned: show, reset, freeze, history."
    ),
    Verb("regard", "regard:command", MEMORY, "Let it find out what of the moving world is itself."),
    Verb("bench", "bench:app", MEMORY, "Measure the claims and print them with their bounds."),
)

EPILOG: Final = """\
Examples:
  ember run --body sim --seconds 60        a simulated robot for a minute
  ember run --body servos --log /var/log/ember
  ember replay LOG --in model              the same commands again, bit for bit
  ember doctor --body servos               what is wrong, and how to mend it
  ember log info LOG --json
"""


def load(verb: Verb) -> TyperCommand | TyperGroup:
    """Import the verb's module and turn its attribute into a command with the table's name."""
    module_name, attribute = verb.target.split(":")
    found = getattr(importlib.import_module(f"ember_embodied.cli.{module_name}"), attribute)
    if isinstance(found, typer.Typer):
        app = found
    else:
        app = typer.Typer(add_completion=False)
        app.command()(found)
    app._add_completion = False
    command = cast("TyperCommand | TyperGroup", typer.main.get_command(app))
    command.name = verb.name
    _plain(command)
    return command


def _plain(command: TyperCommand | TyperGroup) -> None:
    """Help as plain text, all the way down: it is read in logs and pipes too."""
    command.rich_markup_mode = None
    command.help = _keep_examples(command.help or "")
    if isinstance(command, TyperGroup):
        command.no_args_is_help = False
        for child in command.commands.values():
            _plain(cast("TyperCommand | TyperGroup", child))


def _keep_examples(text: str) -> str:
    """Mark a paragraph that begins with "Example" as one that must not be wrapped."""
    return re.sub(r"^(?=Examples?:$)", "\b\n", text, flags=re.MULTILINE)


class VerbTable(TyperGroup):
    """The top group: knows every verb by name and help, imports one when it is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for verb in VERBS:
            self.commands[verb.name] = TyperCommand(verb.name, help=verb.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Swap the verb's line in the table for the verb itself."""
        name, command, rest = super().resolve_command(ctx, args)
        verb = next((verb for verb in VERBS if verb.name == name), None)
        return name, load(verb) if verb else command, rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """The table, section by section."""
        for section in dict.fromkeys(verb.section for verb in VERBS):
            with formatter.section(section):
                formatter.write_dl([(v.name, v.help) for v in VERBS if v.section == section])


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ember {__version__}")
        raise typer.Exit


def build() -> TyperGroup:
    """The whole command, verbs not yet imported."""
    app = typer.Typer(cls=VerbTable, rich_markup_mode=None, no_args_is_help=False)

    @app.callback(epilog=_keep_examples(EPILOG))
    def ember(
        version: Annotated[
            bool,
            typer.Option(
                "--version", help="Print the version.", callback=_print_version, is_eager=True
            ),
        ] = False,
        debug: Annotated[
            bool, typer.Option("--debug", help="Show the traceback of an error.")
        ] = False,
    ) -> None:
        """A cerebellum for an expressive desk robot: it senses, moves, and records every tick."""

    return cast("TyperGroup", typer.main.get_command(app))


def complain(message: str) -> None:
    """One line to the person at the terminal."""
    print(f"ember: {' '.join(message.split())}", file=sys.stderr)


def _explain(error: Exception) -> int:
    """Tell what happened in one line; return the exit code."""
    from firmware_bridge.body import BodyError

    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        where = f" (see '{context.command_path} --help')" if context else ""
        complain(error.format_message().replace("Value error, ", "") + where)
        return error.exit_code
    if isinstance(error, UserError):
        complain(str(error))
        return EXIT_MISUSED
    if isinstance(error, BodyError | OSError):
        complain(str(error))
        return EXIT_FAILED
    complain(f"{type(error).__name__}: {error} (a defect; --debug shows where)")
    return EXIT_FAILED


def main() -> None:
    """Entry point and process edge: whatever happens, one clear line and an exit code."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        code = build()(
            [argument for argument in arguments if argument != "--debug"] or ["--help"],
            prog_name="ember",
            standalone_mode=False,
        )
    except Exception as error:
        if debug:
            raise
        code = _explain(error)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
